"""Signing people in at an OpenID provider, as its client: the authorization code flow with PKCE, and refreshing.

The provider says itself where its endpoints are. What it answers is checked before anything is believed; which of its
answers are no, and which are none at all, is told apart: only the former ends anybody's session.
"""

import base64
import hashlib
import logging
import secrets
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode

from common.auth import KeysUnavailable, TokenRefused
from common.http import Answer, BadAnswer, HttpClient, HttpFault, Unreachable
from common.tokens import TokenVerifier

_DESCRIBED_FOR_SECONDS = 600.0
_ASK_AGAIN_SECONDS = 30.0
_READ_SECONDS = 4.0
_OK = 200
_LOWEST_SERVER_ERROR = 500
_SCOPE = "openid profile"

_log = logging.getLogger(__name__)


class ProviderAway(Exception):
    """The provider gives no usable answer now: it may do so in a moment."""


class SignInRefused(Exception):
    """What came back proves nobody: it was changed, it is old, or the provider says no. The reason is for logs."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True, kw_only=True)
class Provider:
    """What the provider says of itself."""

    authorization_endpoint: str
    token_endpoint: str
    end_session_endpoint: str | None
    revocation_endpoint: str | None
    names_itself: bool
    """Whether its answers carry `iss` (RFC 9207), without which one that should is refused."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One try to sign in, which the browser keeps until it comes back: nobody can begin it for somebody else."""

    state: str
    nonce: str
    verifier: str

    @classmethod
    def begun(cls) -> "Attempt":
        return cls(state=secrets.token_urlsafe(24), nonce=secrets.token_urlsafe(24), verifier=secrets.token_urlsafe(48))


@dataclass(frozen=True, slots=True, kw_only=True)
class Returned:
    """What the browser brings back from the provider."""

    code: str | None
    state: str | None
    issuer: str | None
    error: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Tokens:
    """What the provider gives for a code or a refresh token; the access token is not looked at here."""

    access_token: str
    refresh_token: str | None
    name: str | None = None
    subject: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Registration:
    """How the provider knows us."""

    issuer: str
    discovery_url: str
    client_id: str
    client_secret: str
    redirect_uri: str


class RelyingParty:
    """This service as a client of one provider; one for the life of the process. Connections are made as needed."""

    def __init__(
        self, registration: Registration, verifier: TokenVerifier, *, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._registration, self._verifier, self._monotonic = registration, verifier, monotonic
        self._provider: Provider | None = None
        self._described_at = 0.0

    async def provider(self) -> Provider:
        """What the provider says of itself, asked again every ten minutes; raises `ProviderAway`."""
        if self._provider is None or self._monotonic() - self._described_at > _DESCRIBED_FOR_SECONDS:
            url = self._registration.discovery_url
            try:
                async with HttpClient(url, read_timeout_seconds=_READ_SECONDS) as client:
                    described = _described(await client.get_json(url), self._registration)
            except (HttpFault, ValueError) as fault:
                if self._provider is not None:
                    # It has not moved because it is away; not everybody waits anew to hear nothing.
                    self._described_at = self._monotonic() - _DESCRIBED_FOR_SECONDS + _ASK_AGAIN_SECONDS
                    return self._provider
                _log.warning("the issuer's description could not be had: %s", fault)
                raise ProviderAway(str(fault)) from None
            self._provider, self._described_at = described, self._monotonic()
        return self._provider

    async def address(self, attempt: Attempt) -> str:
        """Where to send the browser; raises `ProviderAway`."""
        endpoint = (await self.provider()).authorization_endpoint
        asked = {
            "response_type": "code",
            "client_id": self._registration.client_id,
            "redirect_uri": self._registration.redirect_uri,
            "scope": _SCOPE,
            "state": attempt.state,
            "nonce": attempt.nonce,
            "code_challenge": _challenge_of(attempt.verifier),
            "code_challenge_method": "S256",
        }
        return f"{endpoint}{'&' if '?' in endpoint else '?'}{urlencode(asked)}"

    async def redeem(self, returned: Returned, attempt: Attempt) -> Tokens:
        """Tokens for what came back to this attempt; raises `SignInRefused` or `ProviderAway`."""
        if returned.state is None or not secrets.compare_digest(returned.state.encode(), attempt.state.encode()):
            raise SignInRefused("state is another attempt's")
        provider = await self.provider()
        if (provider.names_itself or returned.issuer is not None) and returned.issuer != self._registration.issuer:
            raise SignInRefused("iss is another issuer")
        if returned.error is not None:
            raise SignInRefused(f"the issuer said {returned.error[:100]!r}")
        if not returned.code:
            raise SignInRefused("no code")
        content = await self._ask_for_tokens(
            provider,
            {
                "grant_type": "authorization_code",
                "code": returned.code,
                "redirect_uri": self._registration.redirect_uri,
                "code_verifier": attempt.verifier,
            },
        )
        try:
            claims = await self._verifier.verify_id_token(
                _text(content, "id_token"), client_id=self._registration.client_id, nonce=attempt.nonce
            )
        except TokenRefused as refused:
            raise SignInRefused(f"ID token: {refused.reason}") from None
        except KeysUnavailable as fault:
            raise ProviderAway(str(fault)) from None
        name = claims.get("name")
        return _tokens(content, name=name if isinstance(name, str) else None, subject=str(claims["sub"]))

    async def refresh(self, refresh_token: str) -> Tokens:
        """The next tokens of a session; raises `SignInRefused` when it is over, or `ProviderAway`.

        Where the connection broke, the provider may have turned the token and its answer is lost: it is asked once more
        at once, as long as it takes that for the same client's second try (RFC 9700, 4.14.2, leaves it to it).
        """
        provider = await self.provider()
        asked = {"grant_type": "refresh_token", "refresh_token": refresh_token}
        try:
            return _tokens(await self._ask_for_tokens(provider, asked))
        except ProviderAway as away:
            if not isinstance(away.__cause__, Unreachable):
                raise
        return _tokens(await self._ask_for_tokens(provider, asked))

    async def revoke(self, refresh_token: str) -> None:
        """Tell the provider that a session is over, if it listens; that it does not hinders nobody."""
        try:
            endpoint = (await self.provider()).revocation_endpoint
            if endpoint is not None:
                await self._post(endpoint, {"token": refresh_token, "token_type_hint": "refresh_token"})
        except (ProviderAway, HttpFault) as fault:
            _log.warning("the issuer could not be told that somebody signed out: %s", fault)

    async def _ask_for_tokens(self, provider: Provider, form: Mapping[str, str]) -> Mapping[str, Any]:
        try:
            answer = await self._post(provider.token_endpoint, form)
        except HttpFault as fault:
            _log.warning("the issuer gave no tokens: %s", fault)
            raise ProviderAway(str(fault)) from fault
        content = answer.body if isinstance(answer.body, dict) else {}
        if answer.status == _OK:
            return content
        error = str(content.get("error", ""))[:100]
        if answer.status < _LOWEST_SERVER_ERROR and error == "invalid_grant":
            raise SignInRefused("the issuer said 'invalid_grant'")
        # Whatever else it says is about us (a secret that is not ours, a grant it has not) or about itself.
        _log.error("the issuer gave no tokens: status %s, error %r", answer.status, error)
        raise ProviderAway(f"status {answer.status}")

    async def _post(self, endpoint: str, form: Mapping[str, str]) -> Answer:
        client_id, secret = self._registration.client_id, self._registration.client_secret
        proof = base64.b64encode(f"{quote(client_id, safe='')}:{quote(secret, safe='')}".encode()).decode()
        async with HttpClient(endpoint, read_timeout_seconds=_READ_SECONDS) as client:
            return await client.post_form(endpoint, form, headers={"Authorization": f"Basic {proof}"})


def _described(document: object, registration: Registration) -> Provider:
    if not isinstance(document, dict) or document.get("issuer") != registration.issuer:
        raise BadAnswer("the description is another issuer's", status=_OK)
    secure = registration.discovery_url.startswith("https://")

    def endpoint(name: str) -> str | None:
        found = document.get(name)
        if found is None:
            return None
        if not isinstance(found, str) or not found.startswith("https://" if secure else ("http://", "https://")):
            raise BadAnswer(f"{name} of the description is no address that can be used", status=_OK)
        return found

    authorization, token = endpoint("authorization_endpoint"), endpoint("token_endpoint")
    if authorization is None or token is None:
        raise BadAnswer("the description names no endpoint to sign in at", status=_OK)
    return Provider(
        authorization_endpoint=authorization,
        token_endpoint=token,
        end_session_endpoint=endpoint("end_session_endpoint"),
        revocation_endpoint=endpoint("revocation_endpoint"),
        names_itself=document.get("authorization_response_iss_parameter_supported") is True,
    )


def _tokens(content: Mapping[str, Any], *, name: str | None = None, subject: str | None = None) -> Tokens:
    if str(content.get("token_type", "")).lower() != "bearer":
        raise SignInRefused("token_type is not Bearer")
    refresh_token = content.get("refresh_token")
    return Tokens(
        access_token=_text(content, "access_token"),
        refresh_token=refresh_token if isinstance(refresh_token, str) and refresh_token else None,
        name=name,
        subject=subject,
    )


def _text(content: Mapping[str, Any], name: str) -> str:
    found = content.get(name)
    if not isinstance(found, str) or not found:
        raise SignInRefused(f"the issuer gave no {name}")
    return found


def _challenge_of(verifier: str) -> str:
    """The S256 challenge of a code verifier (RFC 7636, 4.2)."""
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
