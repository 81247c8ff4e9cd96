"""Access tokens (RFC 9068) checked against the one issuer's keys, and the principal that comes out.

Nothing in a token's header chooses how it is checked: the algorithm, the issuer, the audience and the place of the keys
come from configuration. Times here are real time, never programme time.
"""

import asyncio
import base64
import binascii
import hashlib
import json
import logging
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import ECKey

from common.auth import SERVICE_ROLE, KeysUnavailable, KeyUnknown, Principal, TokenRefused
from common.http import HttpClient, HttpFault

ALGORITHM = "ES256"

_MAX_TOKEN_BYTES = 8192
_LEEWAY_SECONDS = 60
_MAX_LIFETIME_SECONDS = 900
_REFRESH_EVERY_SECONDS = 240.0
_UNASKED_AT_MOST_SECONDS = 290.0  # a key that the issuer has revoked is refused within five minutes (promise R24)
_REFRESH_AT_MOST_EVERY_SECONDS = 10.0
_STALE_FOR_SECONDS = 3600.0
_MAX_TEXT = 255
_TYPES: frozenset[str | None] = frozenset({"at+jwt", "application/at+jwt"})
_ID_TOKEN_TYPES: frozenset[str | None] = frozenset({"jwt", None})
_FOREIGN_KEY_HEADERS = ("jku", "x5u", "jwk", "x5c", "crit", "b64", "zip", "enc", "cty")
_MOST_CHECKED = 10_000
_SEGMENT = re.compile(r"[A-Za-z0-9_-]+")
_SEGMENTS = 3

_log = logging.getLogger(__name__)


class Keys(Protocol):
    """Finds the issuer's key by its id."""

    async def find(self, kid: str) -> ECKey | None: ...


class TokenVerifier:
    """Turns a bearer token into a principal, or refuses it."""

    def __init__(self, keys: Keys, *, issuer: str, audience: str, real_time: Callable[[], float] = time.time) -> None:
        self._keys, self._issuer, self._audience, self._real_time = keys, issuer, audience, real_time
        self._checked: dict[bytes, _Checked] = {}

    async def verify(self, token: str) -> Principal:
        """Return who the token speaks for; raise `TokenRefused` or `KeysUnavailable`."""
        digest = hashlib.sha256(token.encode(errors="surrogatepass")).digest()
        checked = self._checked.get(digest)
        if checked is None or checked.key is not await self._keys.find(checked.kid):
            checked = await self._check(token)
            self._remember(digest, checked)
        now = self._real_time()
        if checked.principal is None:
            checked.principal = checked_claims(checked.claims, issuer=self._issuer, audience=self._audience, now=now)
        else:
            _checked_times(checked.claims, now=now)
        return checked.principal

    async def verify_id_token(self, token: str, *, client_id: str, nonce: str) -> Mapping[str, Any]:
        """The claims of an ID token that answers this client's own request (OpenID Connect Core, 3.1.3.7)."""
        claims = (await self._check(token, _ID_TOKEN_TYPES)).claims
        if claims.get("iss") != self._issuer:
            raise TokenRefused("iss is another issuer")
        if claims.get("aud") not in (client_id, [client_id]):
            raise TokenRefused("aud is another client")
        if claims.get("azp", client_id) != client_id:
            raise TokenRefused("azp is another client")
        # How long it lives is the issuer's own affair: it is looked at once, when it comes.
        now = self._real_time()
        if _instant(claims, "exp") <= now - _LEEWAY_SECONDS or _instant(claims, "iat") > now + _LEEWAY_SECONDS:
            raise TokenRefused("expired, or issued in the future")
        if claims.get("nonce") != nonce:
            raise TokenRefused("nonce is another request's")
        _text(claims, "sub")
        return claims

    async def _check(self, token: str, types: frozenset[str | None] = _TYPES) -> "_Checked":
        kid, content = checked_header(token, types)
        key = await self._keys.find(kid)
        if key is None:
            raise KeyUnknown("unknown kid")
        _check_signature(token, key)
        return _Checked(kid, key, _json_object(content, part="claims"))

    def _remember(self, digest: bytes, checked: "_Checked") -> None:
        if len(self._checked) >= _MOST_CHECKED:
            for oldest in list(self._checked)[: _MOST_CHECKED // 2]:
                del self._checked[oldest]
        self._checked[digest] = checked


@dataclass(slots=True)
class _Checked:
    """What a token's bytes say, its signature found good by this key, and whom they named when all of it was good.

    Only that is remembered: whether the key is still the issuer's, and what the time makes of it, is asked each time.
    """

    kid: str
    key: ECKey
    claims: Mapping[str, Any]
    principal: Principal | None = None


def checked_header(token: str, types: frozenset[str | None] = _TYPES) -> tuple[str, bytes]:
    """Check all that can be said of a token before its signature is looked at; return the key id and the content."""
    if len(token) > _MAX_TOKEN_BYTES or not token.isascii():
        raise TokenRefused("larger than 8 KiB or not ASCII")
    segments = token.split(".")
    if len(segments) != _SEGMENTS:
        raise TokenRefused("not three parts")
    first, content, _ = (_decoded(each) for each in segments)
    header = _json_object(first, part="header")
    if header.get("alg") != ALGORITHM:
        raise TokenRefused(f"alg is not {ALGORITHM}")
    kind = header.get("typ")
    if (kind.lower() if isinstance(kind, str) else kind) not in types:
        raise TokenRefused(f"typ is not {' or '.join(sorted(each for each in types if each))}")
    foreign = [name for name in _FOREIGN_KEY_HEADERS if name in header]
    if foreign:
        raise TokenRefused(f"header brings {', '.join(foreign)}")
    kid = header.get("kid")
    if not isinstance(kid, str) or not 0 < len(kid) <= _MAX_TEXT:
        raise TokenRefused("kid missing")
    return kid, content


def checked_claims(claims: Mapping[str, Any], *, issuer: str, audience: str, now: float) -> Principal:
    """Check the claims of a token whose signature is good."""
    if claims.get("iss") != issuer:
        raise TokenRefused("iss is another issuer")
    if claims.get("aud") not in (audience, [audience]):
        raise TokenRefused("aud is another audience")
    issued_at, expires_at = _checked_times(claims, now=now)
    role = _text(claims, "role")
    if role == SERVICE_ROLE:
        raise TokenRefused("the role is the services' own")
    return Principal(
        issuer=issuer,
        subject=_text(claims, "sub"),
        role=role,
        # Whoever is of no tenant would be one whom no rule about tenants holds back.
        tenant=_text(claims, "tenant"),
        token_id=_text(claims, "jti"),
        issued_at=issued_at,
        expires_at=expires_at,
    )


class JwksCache:
    """The issuer's published keys: fetched once for many waiters, never more often than every ten seconds.

    When the issuer is down, the last keys serve on for an hour.
    """

    def __init__(self, client: HttpClient, path: str, *, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._client, self._path, self._monotonic = client, path, monotonic
        self._keys: dict[str, ECKey] = {}
        self._fetched_at: float | None = None
        self._tried_at: float | None = None
        self._answered_at: float | None = None
        self._refreshing: asyncio.Task[None] | None = None

    async def find(self, kid: str) -> ECKey | None:
        """Return the key, asking the issuer when it is unknown or the keys have aged; raise `KeysUnavailable`."""
        known = kid in self._keys
        if not known or self._age() > _REFRESH_EVERY_SECONDS:
            fetch = self._refreshing_now()
            if fetch is not None and not (known and self._serves_meanwhile()):
                # Shielded: a caller that gives up must not take the fetch away from the others who wait for it.
                await asyncio.shield(fetch)
        if self._age() > _STALE_FOR_SECONDS:
            raise KeysUnavailable("the issuer's keys could not be fetched within the hour")
        return self._keys.get(kid)

    async def aclose(self) -> None:
        if self._refreshing is not None:
            self._refreshing.cancel()
            await asyncio.wait({self._refreshing})
        await self._client.aclose()

    def _age(self) -> float:
        return float("inf") if self._fetched_at is None else self._monotonic() - self._fetched_at

    def _serves_meanwhile(self) -> bool:
        # Known keys need not wait as long as the issuer was asked lately, whatever it answered: one that is down or
        # hangs must not slow down those whose keys we have.
        lately = self._answered_at is not None and self._monotonic() - self._answered_at <= _UNASKED_AT_MOST_SECONDS
        return lately and self._age() <= _STALE_FOR_SECONDS

    def _refreshing_now(self) -> asyncio.Task[None] | None:
        """The fetch under way, a new one, or none if the last one was begun less than ten seconds ago."""
        if self._refreshing is None or self._refreshing.done():
            now = self._monotonic()
            if self._tried_at is not None and now - self._tried_at < _REFRESH_AT_MOST_EVERY_SECONDS:
                return None
            self._tried_at = now
            self._refreshing = asyncio.create_task(self._fetch(), name="jwks")
        return self._refreshing

    async def _fetch(self) -> None:
        try:
            await self._fetch_once()
        finally:
            self._answered_at = self._monotonic()

    async def _fetch_once(self) -> None:
        try:
            keys = _usable_keys(await self._client.get_json(self._path))
        except HttpFault as fault:
            _log.warning("the issuer's keys could not be fetched: %s", fault)
            return
        if not keys:
            # A page that is no key set says nothing about the keys: the last ones serve on, as if there were no answer.
            _log.warning("the issuer published no key that can be used")
            return
        self._keys, self._fetched_at = keys, self._monotonic()


def _usable_keys(document: object) -> dict[str, ECKey]:
    keys: dict[str, ECKey] = {}
    published = document.get("keys") if isinstance(document, dict) else None
    if not isinstance(published, list):
        _log.warning("the issuer published something that is not a key set")
        return keys
    for entry in published:
        if not isinstance(entry, dict) or entry.get("kty") != "EC" or entry.get("crv") != "P-256":
            continue
        kid = entry.get("kid")
        if isinstance(kid, str) and kid and entry.get("use", "sig") == "sig":
            public = {name: entry[name] for name in ("kty", "crv", "x", "y") if name in entry}
            try:
                keys[kid] = ECKey.import_key(public)
            except (JoseError, ValueError) as error:
                _log.warning("the issuer published a broken key: %s", type(error).__name__)
    return keys


def _check_signature(token: str, key: ECKey) -> None:
    try:
        jws.deserialize_compact(token, key, algorithms=[ALGORITHM])
    except (JoseError, ValueError) as error:
        raise TokenRefused(f"signature: {type(error).__name__}") from None


def _checked_times(claims: Mapping[str, Any], *, now: float) -> tuple[int, int]:
    expires_at, issued_at = _instant(claims, "exp"), _instant(claims, "iat")
    if expires_at <= now - _LEEWAY_SECONDS:
        raise TokenRefused("expired")
    if issued_at > now + _LEEWAY_SECONDS:
        raise TokenRefused("issued in the future")
    if "nbf" in claims and _instant(claims, "nbf") > now + _LEEWAY_SECONDS:
        raise TokenRefused("not valid yet")
    if not 0 < expires_at - issued_at <= _MAX_LIFETIME_SECONDS:
        raise TokenRefused("lives longer than 15 minutes")
    return issued_at, expires_at


def _instant(claims: Mapping[str, Any], name: str) -> int:
    value = claims.get(name)
    if not isinstance(value, int) or isinstance(value, bool):
        raise TokenRefused(f"{name} is not a time")
    return value


def _text(claims: Mapping[str, Any], name: str) -> str:
    value = claims.get(name)
    # ASCII, as OpenID Connect says of `sub`: two spellings that look the same must not be two people, or one role.
    if not isinstance(value, str) or not 0 < len(value) <= _MAX_TEXT or not (value.isascii() and value.isprintable()):
        raise TokenRefused(f"{name} is not a plain text")
    return value


def _decoded(segment: str) -> bytes:
    """Base64url as RFC 7515 has it, in its one spelling: no padding, no stray bits, nothing that is passed over."""
    try:
        if _SEGMENT.fullmatch(segment):
            content = base64.urlsafe_b64decode(segment + "=" * (-len(segment) % 4))
            if base64.urlsafe_b64encode(content).rstrip(b"=") == segment.encode():
                return content
    except binascii.Error:
        pass
    raise TokenRefused("a part is not base64url")


def _json_object(content: bytes, *, part: str) -> dict[str, Any]:
    try:
        # Decoded here: `json.loads` would also guess UTF-16 and pass over a byte order mark.
        value = json.loads(content.decode(), object_pairs_hook=_each_once, parse_constant=_no_number)
    except (ValueError, RecursionError):
        raise TokenRefused(f"{part} is not JSON in which each name stands once") from None
    if not isinstance(value, dict):
        raise TokenRefused(f"{part} is not an object")
    return value


def _each_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    # Of two values for one name the issuer may have meant the one and we take the other (RFC 8725, section 2.4).
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name stands twice")
    return found


def _no_number(name: str) -> None:
    raise ValueError(f"{name} is no JSON")
