"""Begin a session, use it, renew its token and end it. Real time counts."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from common.auth import Principal
from common.db import Transaction
from metrics.sessions import domain, store
from metrics.sessions.domain import Session

_RENEWING = timedelta(seconds=12)
"""Longer than the issuer may take to answer; whoever dies meanwhile leaves the renewal to the next one after it."""
_ASK_AGAIN = timedelta(seconds=5)


@dataclass(frozen=True, slots=True)
class Denied:
    """A session that ended because its person, or one of its tokens, was denied; its row is gone."""

    session: Session


async def begin_session(
    tx: Transaction, id_hash: bytes, principal: Principal, sealed: str, *, now: datetime, lasts: timedelta
) -> None:
    """Keep who signed in. The moment is the token's own, since it is that which a denial is compared with."""
    signed_in_at = datetime.fromtimestamp(principal.issued_at, tz=now.tzinfo)
    await store.add(
        tx,
        Session(
            id_hash=id_hash,
            issuer=principal.issuer,
            subject=principal.subject,
            role=principal.role,
            tenant=principal.tenant or "",
            sealed=sealed,
            signed_in_at=signed_in_at,
            used_at=now,
            token_ends_at=datetime.fromtimestamp(principal.expires_at, tz=now.tzinfo),
            ends_at=now + lasts,
            renewing_until=None,
            version=1,
            token_ids=[principal.token_id],
        ),
    )


async def use_session(tx: Transaction, id_hash: bytes, *, now: datetime, idle: timedelta) -> Session | Denied | None:
    """The session of a browser, unless it is over or denied: then it is removed at once."""
    session = await store.get(tx, id_hash)
    if session is None:
        return None
    if domain.is_over(session, now=now, idle=idle):
        await store.remove(tx, id_hash)
        return None
    if await store.is_denied(tx, session):
        await store.remove(tx, id_hash)
        return Denied(session)
    if domain.use_is_due(session, now=now):
        await store.note_used(tx, id_hash, used_at=now)
    return session


async def claim_renewal(tx: Transaction, session: Session, *, now: datetime) -> Session | None:
    """The session if it is the caller who asks for the next token: of many requests and processes it is one."""
    return await store.claim(tx, session, renewing_until=now + _RENEWING)


async def renew_session(tx: Transaction, claimed: Session, principal: Principal, sealed: str) -> bool:
    """Keep the next token; not when the session has ended, or has newer ones of another request by now."""
    return await store.save_tokens(
        tx,
        claimed,
        sealed=sealed,
        role=principal.role,
        tenant=principal.tenant or "",
        token_ends_at=datetime.fromtimestamp(principal.expires_at, tz=claimed.token_ends_at.tzinfo),
        renewing_until=None,
        token_ids=domain.with_token(claimed, principal.token_id),
    )


async def put_renewal_off(tx: Transaction, claimed: Session, *, now: datetime) -> bool:
    """The issuer gave no answer: not every request asks it again at once. Whether nobody else has renewed it."""
    return await store.save(tx, claimed, renewing_until=now + _ASK_AGAIN)


async def keep_unproved(tx: Transaction, claimed: Session, sealed: str, *, now: datetime) -> bool:
    """Keep what renews it next, as what there was is used up; the token itself nobody can check now.

    Not when the session has ended, or has newer tokens by now. After a moment the issuer is asked anew.
    """
    return await store.save_tokens(tx, claimed, sealed=sealed, renewing_until=now + _ASK_AGAIN)


async def use_up(tx: Transaction, claimed: Session) -> None:
    """The issuer renews it no more: it goes on until its token ends, and then the issuer is asked a last time."""
    await store.save(tx, claimed, renewing_until=claimed.token_ends_at)


async def end_session(tx: Transaction, id_hash: bytes) -> None:
    """Whoever has the browser's cookie has nothing from now on."""
    await store.remove(tx, id_hash)


async def end_as_read(tx: Transaction, session: Session) -> bool:
    """The same because its tokens were refused: not when others have taken their place, or somebody asks for them."""
    return await store.remove_as_read(tx, session)


async def forget_sessions(tx: Transaction, *, now: datetime, most: int) -> int:
    """Remove sessions that have run their time; who comes back to one removes it too."""
    return await store.forget(tx, ended_before=now, most=most)
