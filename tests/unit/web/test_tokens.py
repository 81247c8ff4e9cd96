"""Which access tokens are believed: one kind, from one issuer, for us, now. Everything else is refused (promise R23)."""

import json
from collections.abc import Callable

import pytest

from common.auth import Principal, TokenRefused
from tests.support.broken_tokens import TYPE, Forger, now
from tests.support.tokens import AUDIENCE, ISSUER, Issuer

OURS = Issuer()
FORGER = Forger(OURS, role="writer", tenant="52110")
BROKEN = {"empty": lambda: "", **FORGER.broken()}
own_signature, good, signed = FORGER.own_signature, FORGER.good, FORGER.signed


@pytest.mark.parametrize("name", BROKEN)
@pytest.mark.promise("R23")
async def test_a_broken_token_is_refused(name: str):
    with pytest.raises(TokenRefused):
        await OURS.verifier().verify(BROKEN[name]())


def test_the_broken_tokens_are_many_and_each_is_another():
    assert len(BROKEN) >= 150
    assert len({made() for made in BROKEN.values()}) == len(BROKEN)


async def test_the_other_of_two_good_signatures_is_the_same_token():
    token = signed(jti="token-1")
    assert await OURS.verifier().verify(FORGER.other_s(token)) == await OURS.verifier().verify(token)


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
