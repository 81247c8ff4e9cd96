"""The issuer over HTTP: discovery, keys, client credentials, and a door for this machine's own command line."""

import base64
import binascii
import hmac
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated
from urllib.parse import parse_qs

from fastapi import APIRouter, Depends, FastAPI, Header, HTTPException, Request
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field

from contracts.roles import Role
from smartfactory.issuer.clients import MachineClients
from smartfactory.issuer.keys import KeyRing, NoSuchKey
from smartfactory.issuer.tokens import LIFETIME_SECONDS, Bearer, sign

ADMIN_HEADER = "X-Local-Secret"
ENVIRONMENTS = frozenset({"local", "test"})
_MAX_FORM_BYTES = 4096


class IssuerRefused(Exception):
    """The issuer was asked to run where only a real identity provider may."""


@dataclass(frozen=True, slots=True, kw_only=True)
class IssuerOptions:
    """`admin_secret` opens the local door: whoever can read it from the data directory may be anybody."""

    app_env: str | None
    issuer: str
    audience: str
    directory: Path
    admin_secret: str
    real_time: Callable[[], float] = time.time


class TokenRequest(BaseModel):
    """Who the command line wants to be."""

    model_config = ConfigDict(extra="forbid")

    subject: str = Field(min_length=1, max_length=128)
    role: Role
    tenant: str = Field(min_length=1, max_length=64)


class RevokedKey(BaseModel):
    """The key that nobody may trust any longer."""

    model_config = ConfigDict(extra="forbid")

    kid: str = Field(min_length=1, max_length=255)


def build_issuer(options: IssuerOptions) -> FastAPI:
    """Build the application, or raise `IssuerRefused` outside local and test."""
    if options.app_env not in ENVIRONMENTS:
        raise IssuerRefused("the local issuer starts only with APP_ENV=local or APP_ENV=test")
    keys = KeyRing(options.directory / "signing-keys.json", real_time=options.real_time)
    app = FastAPI(title="Local issuer", docs_url=None, redoc_url=None, openapi_url=None)
    app.include_router(_metadata(options, keys))
    app.include_router(_client_credentials(options, keys, MachineClients(options.directory / "clients.json")))
    app.include_router(_local_door(options, keys))
    return app


def _metadata(options: IssuerOptions, keys: KeyRing) -> APIRouter:
    router = APIRouter()

    @router.get("/.well-known/openid-configuration")
    def discovery() -> dict[str, object]:
        return {
            "issuer": options.issuer,
            "jwks_uri": f"{options.issuer}/jwks.json",
            "token_endpoint": f"{options.issuer}/token",
            "grant_types_supported": ["client_credentials"],
            "response_types_supported": [],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["ES256"],
            "token_endpoint_auth_methods_supported": ["client_secret_basic"],
        }

    @router.get("/jwks.json")
    def jwks() -> dict[str, list[dict[str, object]]]:
        return keys.published()

    return router


def _client_credentials(options: IssuerOptions, keys: KeyRing, clients: MachineClients) -> APIRouter:
    router = APIRouter()

    @router.post("/token")
    async def token(request: Request, authorization: Annotated[str, Header()] = "") -> JSONResponse:
        body = await request.body()
        form = parse_qs(body.decode("ascii", "replace")) if len(body) <= _MAX_FORM_BYTES else {}
        if form.get("grant_type") != ["client_credentials"]:
            return JSONResponse({"error": "unsupported_grant_type"}, 400)
        bearer = clients.authenticate(*_basic(authorization))
        if bearer is None:
            return JSONResponse({"error": "invalid_client"}, 401, {"WWW-Authenticate": "Basic"})
        return _token_answer(bearer, options, keys)

    return router


def _local_door(options: IssuerOptions, keys: KeyRing) -> APIRouter:
    def may_pass(secret: Annotated[str, Header(alias=ADMIN_HEADER)] = "") -> None:
        if not hmac.compare_digest(secret.encode(), options.admin_secret.encode()):
            raise HTTPException(403, "the secret of the data directory is needed here")

    router = APIRouter(prefix="/local", dependencies=[Depends(may_pass)])

    @router.post("/tokens")
    def local_token(wanted: TokenRequest) -> JSONResponse:
        return _token_answer(Bearer(wanted.subject, wanted.role, wanted.tenant), options, keys)

    @router.post("/rotations", status_code=201)
    def rotate() -> dict[str, str]:
        return {"kid": keys.rotate()}

    @router.post("/revocations", status_code=201)
    def revoke(key: RevokedKey) -> dict[str, str]:
        try:
            keys.revoke(key.kid)
        except NoSuchKey:
            raise HTTPException(404, "no key of that id is published") from None
        return {"kid": key.kid}

    return router


def _token_answer(bearer: Bearer, options: IssuerOptions, keys: KeyRing) -> JSONResponse:
    token = sign(bearer, keys.signing_key, issuer=options.issuer, audience=options.audience, now=options.real_time())
    content = {"access_token": token, "token_type": "Bearer", "expires_in": LIFETIME_SECONDS}
    return JSONResponse(content, headers={"Cache-Control": "no-store"})


def _basic(header: str) -> tuple[str, str]:
    scheme, _, encoded = header.partition(" ")
    try:
        decoded = base64.b64decode(encoded, validate=True).decode() if scheme.lower() == "basic" else ""
    except (binascii.Error, ValueError):
        decoded = ""
    client_id, _, secret = decoded.partition(":")
    return client_id, secret
