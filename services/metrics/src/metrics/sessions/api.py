"""Sessions as pages use them: whose browser asks, with which token, and what a form of theirs carries.

The browser has nothing but a random number. The row is found by its hash and opened with it, so that neither a copy of
the table nor the key of the installation alone gives anybody's tokens.
"""

import asyncio
import hashlib
import hmac
import json
import logging
import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any, NoReturn, cast
from urllib.parse import urlencode

from fastapi import Request

from common.acting import THE_SERVICE
from common.auth import KeysUnavailable, KeyUnknown, Principal, TokenRefused
from common.clock import SystemClock
from common.denials import DenialsUnknown
from common.openid import ProviderAway, Registration, RelyingParty, SignInRefused, Tokens
from common.sealing import NotSealed, derived, seal, unseal
from common.web.runtime import Runtime, runtime_of
from metrics.sessions import commands
from metrics.sessions.commands import Denied
from metrics.sessions.domain import Session, own_path, renewal_is_due
from metrics.settings import Settings

__all__ = ["ProviderAway", "Sessions", "SignInRefused", "SignedIn", "own_path", "sessions_of"]

_ID_BYTES = 32
_MOST_ID = 64
_WAITS, _WAIT_SECONDS = 20, 0.2
_AWAY_SECONDS = 5.0
_real_time = SystemClock()
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedIn:
    """Who asks, proved as on every route of the API; with the token other services are asked with on their behalf."""

    principal: Principal
    name: str
    access_token: str
    form_token: str
    """What each form of theirs carries, so that no other site can send one in their name."""
    form_owner: str
    """What a form carries besides that is kept for them when it comes too late: whose it is, told to nobody."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Kept:
    access_token: str
    refresh_token: str | None
    name: str


class _RenewedElsewhere(Exception):
    """Nothing is wrong: another request has the next token in a moment."""


class Sessions:
    """All sessions, as one process of the API sees them; `sessions_of` gives it."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        settings = cast("Settings", runtime.settings)
        self.origin = settings.pages_origin
        self._key = settings.session_key.get_secret_value().encode()
        self._lasts = timedelta(hours=settings.session_hours)
        self._client_id = settings.sign_in_client_id
        self._idle = timedelta(minutes=settings.session_idle_minutes)
        self.provider = RelyingParty(
            Registration(
                issuer=settings.issuer,
                discovery_url=settings.sign_in_discovery_url,
                client_id=settings.sign_in_client_id,
                client_secret=settings.sign_in_client_secret.get_secret_value(),
                redirect_uri=f"{settings.pages_origin}/signed-in",
            ),
            runtime.verifier,
        )
        self._away_until = self._tokenless_until = 0.0

    async def open_for(self, tokens: Tokens) -> str:
        """A session for whom the tokens prove, and what their browser is to keep; raises `SignInRefused`."""
        try:
            principal = await self._proved(tokens.access_token)
        except TokenRefused as refused:
            raise SignInRefused(f"access token: {refused.reason}") from None
        if tokens.subject != principal.subject:
            raise SignInRefused("the two tokens are about two people")
        browser_id = secrets.token_urlsafe(_ID_BYTES)
        kept = _Kept(
            access_token=tokens.access_token,
            refresh_token=tokens.refresh_token,
            name=tokens.name or principal.subject,
        )
        async with self._runtime.database.transaction(acting=THE_SERVICE) as tx:
            await commands.begin_session(
                tx,
                _hash(browser_id),
                principal,
                self._sealed(kept, browser_id),
                now=_real_time.now(),
                lasts=self._lasts,
            )
        return browser_id

    async def find(self, browser_id: str) -> SignedIn | None:
        """Whose browser this is; nobody's when the session is over, denied or unknown.

        Raises `ProviderAway` or `KeysUnavailable`.
        """
        if not 0 < len(browser_id) <= _MOST_ID or not browser_id.isascii():
            return None
        for _ in range(_WAITS):
            session = await self._used(browser_id)
            kept = None if session is None else self._opened(session, browser_id)
            if session is None or kept is None:
                return None
            try:
                kept = await self._with_live_token(session, kept, browser_id)
                return None if kept is None else await self._shown(session, kept, browser_id)
            except _RenewedElsewhere:
                await asyncio.sleep(_WAIT_SECONDS)
        raise ProviderAway("the next token did not come")

    async def end(self, browser_id: str) -> None:
        """End the session here, and tell the issuer."""
        session = await self._used(browser_id)
        kept = None if session is None else self._opened(session, browser_id)
        await self._end(browser_id)
        if kept is not None and kept.refresh_token is not None:
            await self.provider.revoke(kept.refresh_token)

    async def end_address(self) -> str | None:
        """Where the issuer ends its own session, if it has such a page; it asks the person, as no token is shown."""
        try:
            endpoint = (await self.provider.provider()).end_session_endpoint
        except ProviderAway:
            return None
        if endpoint is None:
            return None
        asked = {"client_id": self._client_id, "post_logout_redirect_uri": f"{self.origin}/signed-out"}
        return f"{endpoint}{'&' if '?' in endpoint else '?'}{urlencode(asked)}"

    def form_token(self, browser_id: str) -> str:
        """What a form of this session carries."""
        return hmac.new(derived(self._key, "form"), browser_id.encode(), hashlib.sha256).hexdigest()

    def form_owner(self, principal: Principal) -> str:
        """What says whom a form was given to: nobody else can make it, and nobody read it."""
        said = json.dumps([principal.issuer, principal.subject, principal.role, principal.tenant])
        owner = hmac.new(derived(self._key, "form owner"), said.encode(), hashlib.sha256).hexdigest()
        return f"{owner}.{self._vouched(owner)}"

    def owner_of(self, form_owner: str) -> str | None:
        """Whom a form was given to, always by the same name; nobody if that was not said here."""
        owner, _, voucher = form_owner.partition(".")
        return owner if hmac.compare_digest(voucher.encode(), self._vouched(owner).encode()) else None

    def seal(self, content: Mapping[str, Any], *, use: str, lasts: timedelta) -> str:
        """Something for the browser to keep that it cannot read or change, for so long."""
        until = (_real_time.now() + lasts).timestamp()
        told = json.dumps({"until": until, "content": content}, ensure_ascii=False, separators=(",", ":"))
        return seal(told.encode(), key=self._key, use=use)

    def unseal(self, sealed: str | None, *, use: str) -> Mapping[str, Any] | None:
        """What the browser kept; nothing if it is too old, or was not sealed by us for this use."""
        if not sealed:
            return None
        try:
            told = json.loads(unseal(sealed, key=self._key, use=use))
        except NotSealed:
            return None
        if told["until"] < _real_time.now().timestamp():
            return None
        content: Mapping[str, Any] = told["content"]
        return content

    def _vouched(self, owner: str) -> str:
        return hmac.new(derived(self._key, "form owner is ours"), owner.encode(), hashlib.sha256).hexdigest()

    async def _used(self, browser_id: str) -> Session | None:
        async with self._runtime.database.transaction(acting=THE_SERVICE) as tx:
            used = await commands.use_session(tx, _hash(browser_id), now=_real_time.now(), idle=self._idle)
        if isinstance(used, Denied):
            await self._end_at_the_issuer(used.session, browser_id)
            return None
        return used

    async def _end_at_the_issuer(self, session: Session, browser_id: str) -> None:
        """What renews a denied token is of no use either, whoever has it."""
        _log.info("a session ended: it was denied")
        kept = self._opened(session, browser_id)
        if kept is not None:
            await self._revoked(kept)

    async def _revoked(self, kept: _Kept) -> None:
        """Nobody renews these tokens any more; an issuer that is away is not waited for."""
        if kept.refresh_token is not None and time.monotonic() >= self._away_until:
            await self.provider.revoke(kept.refresh_token)

    async def _with_live_token(self, session: Session, kept: _Kept, browser_id: str) -> _Kept | None:
        """The session with its token, or with the next one; nothing when it has ended."""
        now = _real_time.now()
        if kept.refresh_token is None:
            return kept
        if renewal_is_due(session, now=now):
            async with self._runtime.database.transaction(acting=THE_SERVICE) as tx:
                claimed = await commands.claim_renewal(tx, session, now=now)
            if claimed is not None:
                return await self._renewed(claimed, kept, kept.refresh_token, browser_id)
        if now < session.token_ends_at:
            return kept
        if time.monotonic() < self._tokenless_until:
            # Nobody is about to bring the next token: to wait for it would only make each page slow.
            raise ProviderAway("no token that can be checked came a moment ago")
        raise _RenewedElsewhere

    async def _renewed(self, claimed: Session, kept: _Kept, refresh_token: str, browser_id: str) -> _Kept | None:
        """The session with the next token; what others have stored or claimed meanwhile is left as it is."""
        database = self._runtime.database
        try:
            tokens = await self.provider.refresh(refresh_token)
        except ProviderAway as away:
            # From when it is known, as an issuer that hangs has taken its time by then.
            self._away_until, now = time.monotonic() + _AWAY_SECONDS, _real_time.now()
            async with database.transaction(acting=THE_SERVICE) as tx:
                as_claimed = await commands.put_renewal_off(tx, claimed, now=now)
            if not as_claimed:
                raise _RenewedElsewhere from None
            return self._without_the_next(claimed, kept, away)
        except SignInRefused as refused:
            # Perhaps only because the answer before was lost with the next token: what the person has is good so long.
            if _real_time.now() < claimed.token_ends_at:
                _log.info("a session is not renewed: %s", refused.reason)
                async with database.transaction(acting=THE_SERVICE) as tx:
                    await commands.use_up(tx, claimed)
                return kept
            await self._ended(claimed, kept, browser_id, refused.reason)
            return None
        self._away_until = 0.0
        next_ = replace(kept, access_token=tokens.access_token, refresh_token=tokens.refresh_token or refresh_token)
        try:
            principal = await self._proved(next_.access_token)
            if principal.subject != claimed.subject:
                raise TokenRefused("the next token is somebody else's")
        except (KeysUnavailable, KeyUnknown, DenialsUnknown) as fault:
            _log.warning("the next token of a session cannot be checked now: %s", fault)
            return await self._unproved(claimed, replace(kept, refresh_token=next_.refresh_token), browser_id, fault)
        except TokenRefused as refused:
            await self._ended(claimed, next_, browser_id, refused.reason)
            return None
        self._tokenless_until = 0.0
        async with database.transaction(acting=THE_SERVICE) as tx:
            stored = await commands.renew_session(tx, claimed, principal, self._sealed(next_, browser_id))
        if not stored:
            await self._too_late(next_, browser_id)
        return next_

    async def _unproved(self, claimed: Session, kept: _Kept, browser_id: str, fault: Exception) -> _Kept:
        """The session as it was, with what renews it next: to lose that would sign the person out."""
        now = _real_time.now()
        async with self._runtime.database.transaction(acting=THE_SERVICE) as tx:
            stored = await commands.keep_unproved(tx, claimed, self._sealed(kept, browser_id), now=now)
        if not stored:
            await self._too_late(kept, browser_id)
        return self._without_the_next(claimed, kept, fault)

    def _without_the_next(self, claimed: Session, kept: _Kept, fault: Exception) -> _Kept:
        """What there is while nobody can bring the next token; raises `ProviderAway` once that has ended."""
        self._tokenless_until = time.monotonic() + _AWAY_SECONDS
        if _real_time.now() < claimed.token_ends_at:
            return kept
        raise ProviderAway(str(fault)) from None

    async def _too_late(self, kept: _Kept, browser_id: str) -> NoReturn:
        """The row is not what it was: it is read again. If it has ended, tokens that it never held end too."""
        if await self._used(browser_id) is None:
            await self._revoked(kept)
        raise _RenewedElsewhere

    async def _shown(self, session: Session, kept: _Kept, browser_id: str) -> SignedIn | None:
        try:
            principal = await self._proved(kept.access_token)
        except TokenRefused as refused:
            await self._ended(session, kept, browser_id, refused.reason)
            return None
        return SignedIn(
            principal=principal,
            name=kept.name,
            access_token=kept.access_token,
            form_token=self.form_token(browser_id),
            form_owner=self.form_owner(principal),
        )

    async def _proved(self, access_token: str) -> Principal:
        """Whom a token speaks for, checked as `common.web.access` does."""
        principal = await self._runtime.verifier.verify(access_token)
        if not self._runtime.tenant_fits(principal.role, principal.tenant):
            raise TokenRefused("the tenant does not fit the role")
        self._runtime.denials.check(principal)
        return principal

    async def _ended(self, session: Session, kept: _Kept, browser_id: str, reason: str) -> None:
        """Its tokens were refused: it ends here and at the issuer, unless it has others by now, or is about to."""
        async with self._runtime.database.transaction(acting=THE_SERVICE) as tx:
            ended = await commands.end_as_read(tx, session)
        if not ended:
            await self._too_late(kept, browser_id)
        _log.info("a session ended: %s", reason)
        await self._revoked(kept)

    async def _end(self, browser_id: str) -> None:
        async with self._runtime.database.transaction(acting=THE_SERVICE) as tx:
            await commands.end_session(tx, _hash(browser_id))

    def _sealed(self, kept: _Kept, browser_id: str) -> str:
        told = {"access_token": kept.access_token, "refresh_token": kept.refresh_token, "name": kept.name}
        return seal(json.dumps(told).encode(), key=self._key, use=f"session {browser_id}")

    def _opened(self, session: Session, browser_id: str) -> _Kept | None:
        try:
            return _Kept(**json.loads(unseal(session.sealed, key=self._key, use=f"session {browser_id}")))
        except NotSealed:
            _log.warning("a session was sealed with another key: whoever has it signs in again")
            return None


def sessions_of(request: Request) -> Sessions:
    """The process's one, made when the first page asks."""
    state = request.app.state
    if not hasattr(state, "sessions"):
        state.sessions = Sessions(runtime_of(request))
    found: Sessions = state.sessions
    return found


def _hash(browser_id: str) -> bytes:
    return hashlib.sha256(browser_id.encode()).digest()
