"""Which access tokens are believed: one kind, from one issuer, for us, now. Everything else is refused (promise R23)."""

import base64
import hmac
import json
import time
from collections.abc import Callable, Mapping
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from joserfc import jwt
from joserfc.jwk import ECKey, RSAKey

from common.auth import Principal, TokenRefused
from tests.support.tokens import AUDIENCE, ISSUER, Issuer

OURS = Issuer()
THEIRS = Issuer()
RSA = RSAKey.generate_key(2048, {"kid": "key-1"}, private=True)
P384 = ECKey.generate_key("P-384", {"kid": "key-1"}, private=True)


def good(**changed: Any) -> dict[str, Any]:
    claims = {**OURS.claims(role="writer", tenant="52110"), **changed}
    return {name: value for name, value in claims.items() if value is not ...}


def signed(header: Mapping[str, Any] | None = None, **changed: Any) -> str:
    return OURS.sign(good(**changed), header)


def encoded(part: bytes) -> str:
    return base64.urlsafe_b64encode(part).decode().rstrip("=")


def by_hand(header: object, payload: bytes, signature: bytes = b"x" * 64) -> str:
    return f"{encoded(json.dumps(header).encode())}.{encoded(payload)}.{encoded(signature)}"


def own_signature(header: Mapping[str, Any], payload: bytes) -> str:
    """Signed with our key whatever the header says: what a stolen signing oracle could make."""
    content = by_hand({"alg": "ES256", "kid": "key-1", **header}, payload, b"")[:-1]
    signature = OURS.key.private_key.sign(content.encode(), ECDSA(SHA256()))
    r, s = decode_dss_signature(signature)
    return f"{content}.{encoded(r.to_bytes(32, 'big') + s.to_bytes(32, 'big'))}"


def confused_with_hmac() -> str:
    content = by_hand({"alg": "HS256", **TYPE, "kid": "key-1"}, json.dumps(good()).encode(), b"")[:-1]
    return f"{content}.{encoded(hmac.digest(OURS.key.as_pem(private=False), content.encode(), 'sha256'))}"


def now() -> int:
    """Read when a token is made, not when this file is: a whole run takes longer than the leeway."""
    return int(time.time())


TYPE = {"typ": "at+jwt"}
BROKEN: dict[str, Callable[[], str]] = {
    "empty": lambda: "",
    "a word": lambda: "password",
    "two parts": lambda: ".".join(signed().split(".")[:2]),
    "five parts": lambda: "a.b.c.d.e",
    "not base64": lambda: "!!!.!!!.!!!",
    "not ASCII": lambda: signed() + "한",
    "too large": lambda: signed(padding="x" * 9000),
    "header is a list": lambda: by_hand([], b"{}"),
    "header nests deep": lambda: base64.urlsafe_b64encode(b"[" * 3000).decode() + ".e30.x",
    "alg none": lambda: by_hand({"alg": "none", **TYPE, "kid": "key-1"}, json.dumps(good()).encode(), b""),
    "alg None with capitals": lambda: by_hand(
        {"alg": "nOnE", **TYPE, "kid": "key-1"}, json.dumps(good()).encode(), b""
    ),
    "alg HS256 keyed with our public key": confused_with_hmac,
    "alg RS256": lambda: jwt.encode({"alg": "RS256", **TYPE, "kid": "key-1"}, good(), RSA),
    "alg ES384": lambda: jwt.encode({"alg": "ES384", **TYPE, "kid": "key-1"}, good(), P384, algorithms=["ES384"]),
    "alg missing": lambda: by_hand({**TYPE, "kid": "key-1"}, json.dumps(good()).encode()),
    "typ JWT": lambda: signed({"typ": "JWT"}),
    "typ missing": lambda: own_signature({}, json.dumps(good()).encode()),
    "typ is a number": lambda: own_signature({"typ": 1}, json.dumps(good()).encode()),
    "kid of nobody": lambda: signed({"kid": "key-2"}),
    "kid missing": lambda: by_hand({"alg": "ES256", **TYPE}, json.dumps(good()).encode()),
    "kid is a path": lambda: signed({"kid": "../../dev/null"}),
    "brings jku": lambda: signed({"jku": "https://evil.test/keys"}),
    "brings x5u": lambda: signed({"x5u": "https://evil.test/chain"}),
    "brings its own key": lambda: THEIRS.sign(good(), {"jwk": THEIRS.key.as_dict(private=False)}),
    "says crit": lambda: own_signature({**TYPE, "crit": ["exp"], "exp": 1}, json.dumps(good()).encode()),
    "another key under our id": lambda: THEIRS.sign(good()),
    "a claim changed after signing": lambda: _swap_payload(signed(), good(role="province.approver")),
    "signature cut": lambda: signed()[:-8],
    "signature empty": lambda: signed().rsplit(".", 1)[0] + ".",
    "payload is a list": lambda: own_signature(TYPE, b"[1]"),
    "payload is text": lambda: own_signature(TYPE, b"hello"),
    "another issuer": lambda: signed(iss="https://evil.test"),
    "issuer with a slash": lambda: signed(iss=ISSUER + "/"),
    "issuer missing": lambda: signed(iss=...),
    "another audience": lambda: signed(aud="bank"),
    "two audiences": lambda: signed(aud=[AUDIENCE, "bank"]),
    "audience missing": lambda: signed(aud=...),
    "audience part of a word": lambda: signed(aud=AUDIENCE + "-test"),
    "expired": lambda: signed(iat=now() - 900, exp=now() - 61),
    "never expires": lambda: signed(exp=...),
    "exp is text": lambda: signed(exp=str(now() + 600)),
    "exp is true": lambda: signed(exp=True),
    "exp is not finite": lambda: own_signature(TYPE, json.dumps(good(exp=float("inf"))).encode()),
    "lives an hour": lambda: signed(exp=now() + 3600),
    "issued tomorrow": lambda: signed(iat=now() + 86_400, exp=now() + 86_500),
    "iat missing": lambda: signed(iat=...),
    "ends before it began": lambda: signed(iat=now(), exp=now() - 1),
    "not yet valid": lambda: signed(nbf=now() + 120),
    "nobody": lambda: signed(sub=...),
    "subject empty": lambda: signed(sub=""),
    "subject is a number": lambda: signed(sub=7),
    "subject with a line break": lambda: signed(sub="a\nb"),
    "no role": lambda: signed(role=...),
    "many roles": lambda: signed(role=["writer", "auditor"]),
    "two tenants": lambda: signed(tenant=["52110", "52130"]),
    "no tenant": lambda: signed(tenant=...),
    "tenant is null": lambda: signed(tenant=None),
    "tenant empty": lambda: signed(tenant=""),
    "no token id": lambda: signed(jti=...),
}


def _swap_payload(token: str, claims: Mapping[str, Any]) -> str:
    head, _, signature = token.split(".")
    return ".".join((head, base64.urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip("="), signature))


@pytest.mark.parametrize("name", BROKEN)
@pytest.mark.promise("R23")
async def test_a_broken_token_is_refused(name: str):
    with pytest.raises(TokenRefused):
        await OURS.verifier().verify(BROKEN[name]())


async def test_a_signature_made_by_hand_is_as_good_as_another():
    assert await OURS.verifier().verify(own_signature(TYPE, json.dumps(good()).encode()))


async def test_the_good_token_beside_them_is_believed():
    found = await OURS.verifier().verify(signed(jti="token-1"))
    assert found == Principal(issuer=ISSUER, subject="someone", role="writer", tenant="52110", token_id="token-1")
    assert found.actor == "writer:52110:someone"


@pytest.mark.parametrize(
    "token",
    [
        lambda: signed(aud=[AUDIENCE]),
        lambda: signed({"typ": "application/at+jwt"}),
        lambda: signed(iat=now() - 600, exp=now() - 30),
        lambda: signed(nbf=now() + 30, iat=now() + 30),
    ],
    ids=[
        "audience as a list of one",
        "long typ",
        "expired within the leeway",
        "clocks half a minute apart",
    ],
)
async def test_what_differs_only_in_form_is_believed(token: Callable[[], str]):
    assert (await OURS.verifier().verify(token())).subject == "someone"


@pytest.mark.promise("R23")
async def test_a_refusal_never_repeats_the_token():
    token = signed(iss="https://evil.test")
    with pytest.raises(TokenRefused) as refusal:
        await OURS.verifier().verify(token)
    assert token.split(".")[1] not in str(refusal.value)
    assert "evil" not in str(refusal.value)
