"""One effect per Idempotency-Key: the key's row is written in the transaction of the effect, with the answer.

Whoever comes second with the same key waits on the row until the first is done, and is then given the first's answer.
A crash takes the key and the effect with it, so the next try simply runs.
"""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import ColumnElement, and_, bindparam, delete, func, select
from sqlalchemy.dialects.postgresql import insert

from common import last_words
from common.auth import Principal
from common.db import Transaction
from common.forgetting import Forgetting
from common.prepared import Prepared
from common.schema import idempotency_key

KEPT_FOR_DAYS = 7
"""How long an answer is replayed: a public officer may come back after a long weekend."""

_ACCEPTABLE = re.compile(r"[\x21-\x7e]{16,255}")
_QUOTED = re.compile(r'"([^"]*)"')

_KEY = idempotency_key.c
_IDENTITY = ("issuer", "subject", "method", "route", "key")


def _is_this_key() -> ColumnElement[bool]:
    return and_(*(_KEY[name] == bindparam(f"k_{name}") for name in _IDENTITY))


_CLAIM = Prepared(
    insert(idempotency_key)
    .values({name: bindparam(f"k_{name}") for name in _IDENTITY} | {"fingerprint": bindparam("fingerprint")})
    .on_conflict_do_nothing()
    .returning(_KEY.key)
)
_STORED = select(_KEY.fingerprint, _KEY.status, _KEY.headers, _KEY.body).where(_is_this_key())
_OLD = (
    select(*(_KEY[name] for name in _IDENTITY))
    .where(_KEY.created_at < func.now() - timedelta(days=KEPT_FOR_DAYS))
    .order_by(_KEY.created_at)
    .limit(bindparam("most"))
    .with_for_update(skip_locked=True)
    .cte("old")
)
_FORGET = delete(idempotency_key).where(and_(*(_KEY[name] == _OLD.c[name] for name in _IDENTITY)))


@dataclass(frozen=True, slots=True)
class Claim:
    """One caller's key for one route. The role and the tenant are part of who the caller is."""

    issuer: str
    subject: str
    method: str
    route: str
    key: str

    @classmethod
    def of(cls, caller: Principal, *, method: str, route: str, key: str) -> "Claim":
        return cls(issuer=caller.issuer, subject=caller.actor, method=method, route=route, key=key)

    def parameters(self) -> dict[str, object]:
        return {f"k_{name}": getattr(self, name) for name in _IDENTITY}


@dataclass(frozen=True, slots=True)
class StoredAnswer:
    """What the first request with a key was answered."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class KeyReused(Exception):
    """The key belongs to a request with other content."""


def well_formed(header: str) -> str | None:
    """The key in an Idempotency-Key header, quoted or plain, or none when it cannot be one."""
    quoted = _QUOTED.fullmatch(header)
    key = quoted[1] if quoted else header
    return key if _ACCEPTABLE.fullmatch(key) else None


def fingerprint(*, method: str, path: str, query: str, content_type: str, body: bytes) -> bytes:
    """What makes two requests the same one."""
    digest = hashlib.sha256()
    for part in (method.encode(), path.encode(), query.encode(), content_type.encode(), body):
        digest.update(len(part).to_bytes(8, "big"))
        digest.update(part)
    return digest.digest()


async def claim(tx: Transaction, wanted: Claim, fingerprint_: bytes) -> StoredAnswer | None:
    """Take the key for this transaction, or return the stored answer; raise `KeyReused` for other content.

    Waits while another transaction holds the key, at most for `lock_timeout`.
    """
    parameters = wanted.parameters()
    if await _CLAIM.first(tx, parameters | {"fingerprint": fingerprint_}) is not None:
        return None
    row = (await tx.execute(_STORED, parameters)).one()
    if row.fingerprint != fingerprint_:
        raise KeyReused
    return StoredAnswer(status=row.status, headers=row.headers, body=row.body)


async def store(tx: Transaction, taken: Claim, answer: StoredAnswer) -> None:
    """Keep the answer beside the key, in the same transaction; it is written last."""
    values = {"answer_status": answer.status, "answer_headers": dict(answer.headers), "answer_body": answer.body}
    last_words.of(tx).answers.append(taken.parameters() | values)


class ForgetOldKeys(Forgetting):
    """The worker's job that removes keys past their time."""

    async def forget(self, tx: Transaction, *, most: int) -> int:
        return (await tx.execute(_FORGET, {"most": most})).rowcount
