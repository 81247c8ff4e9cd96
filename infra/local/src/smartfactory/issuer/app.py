"""The issuer over HTTP: discovery, keys, sign-in, tokens, and a door for this machine's own command line."""

import hmac
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

from fastapi import APIRouter, Body, Depends, FastAPI, Header, HTTPException, Request
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field

from contracts.roles import Role
from smartfactory.issuer.authorization import Client, authorization_routes
from smartfactory.issuer.clients import MachineClients
from smartfactory.issuer.directory import Directory
from smartfactory.issuer.grants import Grants, Person, SignIn
from smartfactory.issuer.keys import KeyRing, NoSuchKey
from smartfactory.issuer.token_endpoint import Answer, TokenEndpoint
from smartfactory.issuer.tokens import LIFETIME_SECONDS, Bearer, SignedIn, sign, sign_id_token

ADMIN_HEADER = "X-Local-Secret"
ENVIRONMENTS = frozenset({"local", "test"})
LOCAL_CLIENT = "smartfactory-local"
_MOST_PEOPLE = 1_000


class IssuerRefused(Exception):
    """The issuer was asked to run where only a real identity provider may."""


@dataclass(frozen=True, slots=True, kw_only=True)
class IssuerOptions:
    """`admin_secret` opens the local door: whoever can read it from the data directory may be anybody.

    `address` is where browsers and clients find the issuer, unless it is where its name says. Whoever asks at `inside`,
    where containers find it, is told to come back there with what a browser has no part in. Without a `client` nobody
    can sign in.
    """

    app_env: str | None
    issuer: str
    audience: str
    directory: Path
    admin_secret: str
    address: str = ""
    inside: str = ""
    client: Client | None = None
    real_time: Callable[[], float] = time.time


class TokenRequest(BaseModel):
    """Who the command line wants to be."""

    model_config = ConfigDict(extra="forbid")

    subject: str = Field(min_length=1, max_length=128)
    role: Role
    tenant: str = Field(min_length=1, max_length=64)


class PersonToChoose(TokenRequest):
    """Somebody whom the sign-in page is to offer, under this name."""

    name: str = Field(min_length=1, max_length=200)


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
    grants, people = Grants(options.real_time), Directory(options.directory / "people.json")
    answer = _signing(options, keys)
    machines = MachineClients(options.directory / "clients.json")
    app.include_router(TokenEndpoint(options.client, machines, grants, answer).routes())
    if options.client is not None:
        app.include_router(authorization_routes(options.issuer, options.client, people, grants))
    app.include_router(_local_door(options, keys, people, answer))
    return app


def _metadata(options: IssuerOptions, keys: KeyRing) -> APIRouter:
    router = APIRouter()

    @router.get("/.well-known/openid-configuration")
    def discovery(request: Request) -> dict[str, object]:
        inside = bool(options.inside) and request.headers.get("host") == urlsplit(options.inside).netloc
        return _described(options, options.inside if inside else "")

    @router.get("/jwks.json")
    def jwks() -> dict[str, list[dict[str, object]]]:
        return keys.published()

    return router


def _described(options: IssuerOptions, inside: str) -> dict[str, object]:
    """What is offered (OpenID Connect Discovery, RFC 8414), and nothing else."""
    address = options.address or options.issuer
    behind = inside or address
    described: dict[str, object] = {
        "issuer": options.issuer,
        "jwks_uri": f"{behind}/jwks.json",
        "token_endpoint": f"{behind}/token",
        "grant_types_supported": ["client_credentials"],
        "response_types_supported": [],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["ES256"],
        "token_endpoint_auth_methods_supported": ["client_secret_basic"],
    }
    if options.client is None:
        return described
    return described | {
        "authorization_endpoint": f"{address}/authorize",
        "end_session_endpoint": f"{address}/end-session",
        "revocation_endpoint": f"{behind}/revoke",
        "revocation_endpoint_auth_methods_supported": ["client_secret_basic"],
        "grant_types_supported": ["client_credentials", "authorization_code", "refresh_token"],
        "response_types_supported": ["code"],
        "response_modes_supported": ["query"],
        "code_challenge_methods_supported": ["S256"],
        "scopes_supported": ["openid", "profile"],
        "claims_supported": ["iss", "aud", "sub", "name", "iat", "exp", "auth_time", "nonce"],
        "authorization_response_iss_parameter_supported": True,
        "request_parameter_supported": False,
        "request_uri_parameter_supported": False,
    }


def _local_door(options: IssuerOptions, keys: KeyRing, people: Directory, answer: Answer) -> APIRouter:
    def may_pass(secret: Annotated[str, Header(alias=ADMIN_HEADER)] = "") -> None:
        if not hmac.compare_digest(secret.encode(), options.admin_secret.encode()):
            raise HTTPException(403, "the secret of the data directory is needed here")

    router = APIRouter(prefix="/local", dependencies=[Depends(may_pass)])

    @router.post("/tokens")
    def local_token(wanted: TokenRequest) -> JSONResponse:
        bearer = Bearer(wanted.subject, wanted.role, wanted.tenant)
        return JSONResponse(answer(bearer, LOCAL_CLIENT, None), headers={"Cache-Control": "no-store"})

    @router.put("/people", status_code=204)
    def tell_people(told: Annotated[list[PersonToChoose], Body(max_length=_MOST_PEOPLE)]) -> None:
        people.tell([Person(each.name, Bearer(each.subject, each.role, each.tenant)) for each in told])

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


def _signing(options: IssuerOptions, keys: KeyRing) -> Answer:
    def answer(bearer: Bearer, client_id: str, sign_in: SignIn | None) -> dict[str, object]:
        now = options.real_time()
        token = sign(
            bearer, keys.signing_key, issuer=options.issuer, audience=options.audience, now=now, client_id=client_id
        )
        content: dict[str, object] = {
            "access_token": token,
            "token_type": "Bearer",
            "expires_in": LIFETIME_SECONDS,
        }
        if sign_in is not None:
            told = SignedIn(
                name=sign_in.person.name,
                subject=bearer.subject,
                client_id=client_id,
                auth_time=sign_in.began,
                nonce=sign_in.asked.nonce,
            )
            content["id_token"] = sign_id_token(told, keys.signing_key, issuer=options.issuer, now=now)
        return content

    return answer
