"""Tokens that are refused before they end: rows of this service's database, and a copy of them in each API process.

A token is denied by its id, or with all that were issued to somebody until a moment; the whole of a person, or in one
role and tenant. The copy is read anew every second, so that no request asks the database who is denied.
"""

import asyncio
import contextlib
import logging
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from sqlalchemy import bindparam, text
from sqlalchemy.dialects.postgresql import TIMESTAMP
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection

from common.acting import THE_SERVICE
from common.auth import Principal, TokenRefused
from common.db import Database, DatabaseUnavailable, Transaction

_POLL_SECONDS = 1.0
_FIRST_LOAD_SECONDS = 2.0
_BLIND_AFTER_SECONDS = 60.0

# The moment is real time and lies a little ahead: an issuer that was asked just before this transaction commits would
# sign just after, and its clock need not be ours.
_DENY = text(
    """
    INSERT INTO token_denial (issuer, subject, role, tenant, token_id, issued_until)
    VALUES (:issuer, :subject, :role, :tenant, :token_id,
            coalesce(:issued_until, clock_timestamp() + interval '5 seconds'))
    RETURNING issued_until
    """
).bindparams(bindparam("issued_until", type_=TIMESTAMP(timezone=True)))
# No token lives longer than fifteen minutes, so that older rows deny nothing any more.
_IN_FORCE = text(
    """
    SELECT issuer, subject, role, tenant, token_id, extract(epoch FROM issued_until)::float8 AS issued_until
    FROM token_denial WHERE issued_until > now() - interval '20 minutes'
    """
)

_log = logging.getLogger(__name__)


class Denied(Protocol):
    """Which tokens: the one of `token_id`, or those of `subject`, in one role and tenant if they are named."""

    @property
    def issuer(self) -> str: ...
    @property
    def subject(self) -> str | None: ...
    @property
    def role(self) -> str | None: ...
    @property
    def tenant(self) -> str | None: ...
    @property
    def token_id(self) -> str | None: ...


class DenialsUnknown(Exception):
    """The copy is too old to tell whether a token is denied."""


@dataclass(frozen=True, slots=True)
class _Until:
    role: str | None
    tenant: str | None
    issued_until: float

    def covers(self, caller: Principal) -> bool:
        return (
            caller.issued_at <= self.issued_until
            and self.role in (None, caller.role)
            and self.tenant in (None, caller.tenant)
        )


async def deny(tx: Transaction, denied: Denied, *, issued_until: datetime | None = None) -> datetime:
    """Refuse these tokens as soon as this commits and is read, for good; return the moment, by default the present."""
    row = {
        "issuer": denied.issuer,
        "subject": denied.subject,
        "role": denied.role,
        "tenant": denied.tenant,
        "token_id": denied.token_id,
        "issued_until": issued_until,
    }
    until: datetime = (await tx.execute(_DENY, row)).scalar_one()
    return until


class Denials:
    """This process's copy of what is denied."""

    def __init__(self, database: Database, *, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._database, self._monotonic = database, monotonic
        self._subjects: dict[tuple[str, str], list[_Until]] = {}
        self._tokens: set[tuple[str, str]] = set()
        self._loaded_at: float | None = None
        self._loaded = asyncio.Event()

    def check(self, caller: Principal) -> None:
        """Raise `TokenRefused` for a denied token, and `DenialsUnknown` when nobody can tell."""
        if self._blind():
            raise DenialsUnknown(self.complaint())
        if (caller.issuer, caller.token_id) in self._tokens:
            raise TokenRefused("the token is denied")
        for until in self._subjects.get((caller.issuer, caller.subject), ()):
            if until.covers(caller):
                raise TokenRefused("the subject's tokens are denied")

    @property
    def in_force(self) -> int:
        """How many tokens and subjects the copy holds."""
        return len(self._tokens) + len(self._subjects)

    def complaint(self) -> str:
        """Why nobody can be let in, or nothing."""
        blind = "which tokens are denied has not been read for a minute: callers hear 503 until it is"
        return blind if self._blind() else ""

    @contextlib.asynccontextmanager
    async def followed(self) -> AsyncIterator[None]:
        """Keep the copy fresh in the block; waits for the first reading, but not for a database that is away."""
        following = asyncio.create_task(self._follow(), name="token denials")
        try:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_FIRST_LOAD_SECONDS):
                    await self._loaded.wait()
            yield
        finally:
            following.cancel()
            await asyncio.wait({following})

    def _blind(self) -> bool:
        return self._loaded_at is None or self._monotonic() - self._loaded_at > _BLIND_AFTER_SECONDS

    async def _follow(self) -> None:
        while True:
            try:
                # A connection of its own: the copy must not age because all of the pool's are busy.
                async with self._database.dedicated(acting=THE_SERVICE) as connection:
                    while True:
                        await self._load(connection)
                        await asyncio.sleep(_POLL_SECONDS)
            except (DBAPIError, DatabaseUnavailable, OSError) as error:
                _log.warning("which tokens are denied could not be read: %s", type(error).__name__)
                await asyncio.sleep(_POLL_SECONDS)

    async def _load(self, connection: AsyncConnection) -> None:
        asked_at = self._monotonic()
        subjects: dict[tuple[str, str], list[_Until]] = {}
        tokens: set[tuple[str, str]] = set()
        for row in await connection.execute(_IN_FORCE):
            if row.token_id is not None:
                tokens.add((row.issuer, row.token_id))
            else:
                subjects.setdefault((row.issuer, row.subject), []).append(
                    _Until(row.role, row.tenant, row.issued_until)
                )
        self._subjects, self._tokens, self._loaded_at = subjects, tokens, asked_at
        self._loaded.set()
