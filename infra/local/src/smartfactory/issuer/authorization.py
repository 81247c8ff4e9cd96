"""The authorization endpoint and the end of a session, as OpenID Connect has them (RFC 6749, 7636, 9207).

A browser is sent back only to an address that the client has registered to the letter; what is wrong before that is
known is said on a page of our own.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from smartfactory.issuer.directory import Directory
from smartfactory.issuer.forms import BadForm, form_of, pairs_of
from smartfactory.issuer.grants import Asked, Grants
from smartfactory.issuer.sign_in_page import farewell_page, people_page, refusal_page

_CHALLENGE = re.compile(r"[A-Za-z0-9_-]{43}")
_MOST_CHARACTERS = 512
_CARRIED = (
    "response_type",
    "client_id",
    "redirect_uri",
    "scope",
    "state",
    "nonce",
    "code_challenge",
    "code_challenge_method",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Client:
    """A web application that people sign in to; it keeps a secret, and tells where it may be answered."""

    client_id: str
    secret: str
    redirect_uris: Sequence[str]
    post_logout_redirect_uris: Sequence[str]


@dataclass(frozen=True, slots=True)
class _Refused(Exception):
    error: str
    description: str


class _NoWayBack(Exception):
    def __init__(self, ko: str, en: str) -> None:
        super().__init__(en)
        self.ko, self.en = ko, en


def authorization_routes(issuer: str, client: Client, directory: Directory, grants: Grants) -> APIRouter:
    """Ask who one is, and send the browser back with a code."""
    router = APIRouter()

    @router.get("/authorize")
    def ask(request: Request) -> Response:
        return _answered(issuer, client, dict(pairs_of(request.url.query)), request.url.query, directory, None)

    @router.post("/authorize")
    async def choose(request: Request) -> Response:
        try:
            form = await form_of(request)
        except BadForm as fault:
            return refusal_page("양식을 읽을 수 없습니다.", f"The form cannot be read: {fault}.")
        return _answered(issuer, client, form, urlencode(form), directory, grants)

    @router.get("/end-session")
    def end(request: Request) -> Response:
        return _ended(client, dict(pairs_of(request.url.query)))

    @router.post("/end-session")
    async def end_by_form(request: Request) -> Response:
        try:
            return _ended(client, await form_of(request))
        except BadForm as fault:
            return refusal_page("양식을 읽을 수 없습니다.", f"The form cannot be read: {fault}.")

    return router


def _answered(
    issuer: str, client: Client, sent: Mapping[str, str], raw: str, directory: Directory, grants: Grants | None
) -> Response:
    """The page with all people, or the way back: with a code for the one chosen, or with what is wrong."""
    try:
        redirect_uri = _way_back(client, sent)
    except _NoWayBack as fault:
        return refusal_page(fault.ko, fault.en)
    try:
        asked = _asked(sent, raw, redirect_uri)
        if grants is None:
            return people_page(directory.groups(), kept={name: sent[name] for name in _CARRIED if name in sent})
        person = directory.find(sent.get("person", ""))
        if person is None:
            raise _Refused("access_denied", "nobody of this installation was chosen")
        answer = {"code": grants.code_for(person, asked)}
    except _Refused as refused:
        answer = {"error": refused.error, "error_description": refused.description}
    if "state" in sent:
        answer["state"] = sent["state"]
    return _back(redirect_uri, answer | {"iss": issuer})


def _way_back(client: Client, sent: Mapping[str, str]) -> str:
    if sent.get("client_id") != client.client_id:
        raise _NoWayBack(
            "등록되지 않은 응용 프로그램의 요청입니다.", "The request comes from an application that is not registered."
        )
    redirect_uri = sent.get("redirect_uri", "")
    if redirect_uri not in client.redirect_uris:
        raise _NoWayBack(
            "돌아갈 주소가 등록된 주소와 다릅니다.", "The address to go back to is not one that is registered."
        )
    return redirect_uri


def _asked(sent: Mapping[str, str], raw: str, redirect_uri: str) -> Asked:
    names = [name for name, _ in pairs_of(raw)]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise _Refused("invalid_request", f"{', '.join(twice)} stands twice")
    too_long = sorted(name for name, value in sent.items() if len(value) > _MOST_CHARACTERS)
    if too_long:
        raise _Refused("invalid_request", f"{', '.join(too_long)} is too long")
    if "request" in sent or "request_uri" in sent:
        raise _Refused("request_not_supported", "parameters come by themselves")
    if sent.get("response_type") != "code":
        raise _Refused("unsupported_response_type", "response_type is code")
    if "openid" not in sent.get("scope", "").split(" "):
        raise _Refused("invalid_scope", "scope has openid in it")
    if sent.get("code_challenge_method") != "S256" or not _CHALLENGE.fullmatch(sent.get("code_challenge", "")):
        raise _Refused("invalid_request", "code_challenge by S256 is required (RFC 7636)")
    if sent.get("prompt") == "none":
        raise _Refused("login_required", "nobody stays signed in here")
    return Asked(
        client_id=sent["client_id"],
        redirect_uri=redirect_uri,
        challenge=sent["code_challenge"],
        scope=sent["scope"],
        nonce=sent.get("nonce"),
    )


def _ended(client: Client, sent: Mapping[str, str]) -> Response:
    """Nobody stays signed in here, so there is nothing to end: only the way back is decided."""
    wanted = sent.get("post_logout_redirect_uri")
    if wanted is None:
        return farewell_page()
    if sent.get("client_id") != client.client_id or wanted not in client.post_logout_redirect_uris:
        return refusal_page(
            "로그아웃 뒤 돌아갈 주소가 등록된 주소와 다릅니다. 이 화면을 닫으면 됩니다.",
            "The address to go back to is not one that is registered. You may close this page.",
        )
    return _back(wanted, {"state": sent["state"]} if "state" in sent else {})


def _back(address: str, answer: Mapping[str, str]) -> RedirectResponse:
    query = urlencode(answer)
    # 303: a browser that came with a form goes on with a plain GET.
    headers = {"Cache-Control": "no-store", "Referrer-Policy": "no-referrer"}
    return RedirectResponse(f"{address}?{query}" if query else address, 303, headers)
