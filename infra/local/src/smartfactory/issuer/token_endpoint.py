"""The token endpoint: a code or a refresh token for tokens, a machine's secret for one, and their revocation."""

import base64
import binascii
import hmac
from collections.abc import Callable
from typing import Annotated
from urllib.parse import unquote

from fastapi import APIRouter, Header, Request
from fastapi.responses import JSONResponse, Response

from smartfactory.issuer.authorization import Client
from smartfactory.issuer.clients import MachineClients
from smartfactory.issuer.forms import BadForm, form_of
from smartfactory.issuer.grants import GrantRefused, Grants, SignIn
from smartfactory.issuer.tokens import Bearer

Answer = Callable[[Bearer, str, SignIn | None], dict[str, object]]
"""Signs what is answered: an access token for a bearer and a client, and an ID token where a person signed in."""

_NO_STORE = {"Cache-Control": "no-store"}
_OF_PEOPLE = frozenset({"authorization_code", "refresh_token"})
_GRANTS = _OF_PEOPLE | {"client_credentials"}


class TokenRefused(Exception):
    """An error of RFC 6749 (5.2), by its name."""

    def __init__(self, error: str, description: str) -> None:
        super().__init__(description)
        self.error = error


class TokenEndpoint:
    """Both endpoints are for clients that prove who they are by a secret."""

    def __init__(self, client: Client | None, machines: MachineClients, grants: Grants, answer: Answer) -> None:
        self._client, self._machines, self._grants, self._answer = client, machines, grants, answer

    def routes(self) -> APIRouter:
        router = APIRouter()

        @router.post("/token")
        async def token(request: Request, authorization: Annotated[str, Header()] = "") -> Response:
            try:
                content = self._granted(await form_of(request), *_basic(authorization))
            except (TokenRefused, BadForm, GrantRefused) as refused:
                return _refused(refused)
            return JSONResponse(content, headers=_NO_STORE)

        @router.post("/revoke")
        async def revoke(request: Request, authorization: Annotated[str, Header()] = "") -> Response:
            try:
                client_id = self._web_client(*_basic(authorization))
                self._grants.revoke((await form_of(request)).get("token", ""), client_id=client_id)
            except (TokenRefused, BadForm) as refused:
                return _refused(refused)
            return Response(status_code=200)

        return router

    def _granted(self, form: dict[str, str], client_id: str, secret: str) -> dict[str, object]:
        kind = _field(form, "grant_type")
        if kind not in _GRANTS:
            raise TokenRefused("unsupported_grant_type", f"grant_type is one of {', '.join(sorted(_GRANTS))}")
        if kind == "client_credentials":
            bearer = self._machines.authenticate(client_id, secret)
            if bearer is None:
                raise self._not_for(self._is_web(client_id, secret))
            return self._answer(bearer, client_id, None)
        self._web_client(client_id, secret)
        if kind == "authorization_code":
            sign_in = self._grants.redeem(
                _field(form, "code"),
                client_id=client_id,
                redirect_uri=_field(form, "redirect_uri"),
                verifier=_field(form, "code_verifier"),
            )
        else:
            sign_in = self._grants.turn(_field(form, "refresh_token"), client_id=client_id)
        signed = self._answer(sign_in.person.bearer, client_id, sign_in)
        return signed | {"scope": sign_in.asked.scope, "refresh_token": self._grants.next_refresh_token(sign_in)}

    def _web_client(self, client_id: str, secret: str) -> str:
        if not self._is_web(client_id, secret):
            raise self._not_for(self._machines.authenticate(client_id, secret) is not None)
        return client_id

    def _is_web(self, client_id: str, secret: str) -> bool:
        if self._client is None or client_id != self._client.client_id:
            return False
        return hmac.compare_digest(secret.encode(errors="surrogatepass"), self._client.secret.encode())

    def _not_for(self, known: bool) -> TokenRefused:  # noqa: FBT001  whether the client proved who it is
        if known:
            return TokenRefused("unauthorized_client", "this client may not use this grant")
        return TokenRefused("invalid_client", "no client of this id and secret is known")


def _field(form: dict[str, str], name: str) -> str:
    if not form.get(name):
        raise TokenRefused("invalid_request", f"{name} is missing")
    return form[name]


def _refused(refused: TokenRefused | BadForm | GrantRefused) -> JSONResponse:
    error = "invalid_grant" if isinstance(refused, GrantRefused) else "invalid_request"
    if isinstance(refused, TokenRefused):
        error = refused.error
    content = {"error": error, "error_description": str(refused)}
    if error == "invalid_client":
        return JSONResponse(content, 401, {"WWW-Authenticate": "Basic", **_NO_STORE})
    return JSONResponse(content, 400, _NO_STORE)


def _basic(header: str) -> tuple[str, str]:
    scheme, _, encoded = header.partition(" ")
    try:
        decoded = base64.b64decode(encoded, validate=True).decode() if scheme.lower() == "basic" else ""
    except (binascii.Error, ValueError):
        decoded = ""
    client_id, _, secret = decoded.partition(":")
    # Both are URL-encoded before they are joined (RFC 6749, 2.3.1).
    return unquote(client_id), unquote(secret)
