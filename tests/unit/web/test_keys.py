"""The issuer's keys: fetched once for many, seldom, and good for an hour when the issuer is away."""

import asyncio

import pytest

from common import http
from common.auth import KeysUnavailable
from common.tokens import JwksCache
from tests.support.tokens import Issuer
from tests.support.waiting import eventually


class FakeIssuer:
    """Answers as the test says and counts how often it was asked."""

    def __init__(self) -> None:
        self.issuer, self.asked, self.up = Issuer(), 0, True
        self.document: object = self.issuer.jwks()
        self.hangs = asyncio.Event()
        self.hangs.set()

    async def get_json(self, _path: str) -> object:
        self.asked += 1
        await self.hangs.wait()
        if not self.up:
            raise http.Unreachable("away")
        return self.document

    async def aclose(self) -> None:
        pass


class Monotonic:
    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture
def issuer() -> FakeIssuer:
    return FakeIssuer()


@pytest.fixture
def monotonic() -> Monotonic:
    return Monotonic()


@pytest.fixture
def keys(issuer: FakeIssuer, monotonic: Monotonic) -> JwksCache:
    return JwksCache(issuer, "", monotonic=monotonic)  # type: ignore[arg-type]


@pytest.mark.promise("R24")
async def test_twenty_waiters_ask_once(keys: JwksCache, issuer: FakeIssuer):
    found = await asyncio.gather(*(keys.find("key-1") for _ in range(20)))
    assert all(found)
    assert issuer.asked == 1


@pytest.mark.promise("R24")
async def test_an_unknown_key_is_asked_for_once_in_ten_seconds(
    keys: JwksCache, issuer: FakeIssuer, monotonic: Monotonic
):
    await keys.find("key-1")
    for second in range(1, 10):
        monotonic.seconds = second
        assert await keys.find(f"forged-{second}") is None
    assert issuer.asked == 1, "inventing key ids makes nobody ask the issuer"
    issuer.issuer = Issuer("key-2")
    issuer.document = issuer.issuer.jwks()
    monotonic.seconds = 11
    assert await keys.find("key-2") is not None, "a rotated key is found at the next try"
    assert await keys.find("key-1") is None, "and the old one is gone"


@pytest.mark.promise("R24")
async def test_stale_keys_serve_for_an_hour(keys: JwksCache, issuer: FakeIssuer, monotonic: Monotonic):
    await keys.find("key-1")
    issuer.up = False
    monotonic.seconds = 3_599
    assert await keys.find("key-1") is not None
    monotonic.seconds = 3_612
    with pytest.raises(KeysUnavailable):
        await keys.find("key-1")
    issuer.up = True
    monotonic.seconds = 3_630
    assert await keys.find("key-1") is not None


@pytest.mark.promise("R24")
async def test_without_any_key_nobody_is_judged(keys: JwksCache, issuer: FakeIssuer):
    issuer.up = False
    with pytest.raises(KeysUnavailable):
        await keys.find("key-1")


@pytest.mark.parametrize(
    "document", [None, [], {}, {"keys": "x"}, {"keys": [1, {"kty": "oct", "k": "AA", "kid": "key-1"}]}]
)
@pytest.mark.promise("R24")
async def test_what_is_no_key_set_is_no_answer(
    keys: JwksCache, issuer: FakeIssuer, monotonic: Monotonic, document: object
):
    good, issuer.document = issuer.document, document
    with pytest.raises(KeysUnavailable):
        await keys.find("key-1")
    issuer.document, monotonic.seconds = good, 11
    assert await keys.find("key-1") is not None
    issuer.document, monotonic.seconds = document, 600
    assert await keys.find("key-1") is not None, "a token that was good is not refused for the issuer's fault"


@pytest.mark.promise("R24")
async def test_a_revoked_key_is_refused_within_five_minutes(keys: JwksCache, issuer: FakeIssuer, monotonic: Monotonic):
    await keys.find("key-1")
    issuer.document = Issuer("key-2").jwks()
    monotonic.seconds = 299
    assert await keys.find("key-1") is None


@pytest.mark.promise("R24")
async def test_known_keys_that_have_aged_serve_while_the_issuer_is_asked(
    keys: JwksCache, issuer: FakeIssuer, monotonic: Monotonic
):
    await keys.find("key-1")
    issuer.issuer = Issuer("key-2")
    issuer.document = issuer.issuer.jwks()
    monotonic.seconds = 241
    assert await keys.find("key-1") is not None, "nobody waits for keys that are known"
    await eventually(lambda: issuer.asked == 2)
    await asyncio.sleep(0)
    assert await keys.find("key-1") is None
    assert await keys.find("key-2") is not None
    assert issuer.asked == 2


@pytest.mark.promise("R24")
async def test_an_issuer_that_hangs_slows_down_nobody_whose_key_is_known(
    keys: JwksCache, issuer: FakeIssuer, monotonic: Monotonic
):
    await keys.find("key-1")
    issuer.up = False
    monotonic.seconds = 291
    assert await keys.find("key-1") is not None
    assert issuer.asked == 2, "after so long the first one waits for the answer"
    issuer.hangs.clear()
    monotonic.seconds = 302
    async with asyncio.timeout(1):
        assert await keys.find("key-1") is not None
    issuer.hangs.set()


@pytest.mark.promise("R24")
async def test_ten_thousand_unknown_keys_ask_once(keys: JwksCache, issuer: FakeIssuer):
    assert await keys.find("key-1") is not None
    assert await asyncio.gather(*(keys.find(f"forged-{number}") for number in range(10_000))) == [None] * 10_000
    assert issuer.asked == 1


@pytest.mark.promise("R24")
async def test_a_broken_key_does_not_spoil_the_others(keys: JwksCache, issuer: FakeIssuer):
    good = issuer.issuer.jwks()["keys"]
    issuer.document = {"keys": [{"kty": "EC", "crv": "P-256", "kid": "broken", "x": "AA", "y": "AA"}, *good]}
    assert await keys.find("key-1") is not None
    assert await keys.find("broken") is None


@pytest.mark.promise("R24")
async def test_a_caller_that_gives_up_does_not_take_the_fetch_along(keys: JwksCache, issuer: FakeIssuer):
    impatient = asyncio.create_task(keys.find("key-1"))
    patient = asyncio.create_task(keys.find("key-1"))
    await asyncio.sleep(0)
    impatient.cancel()
    assert await patient is not None
    assert issuer.asked == 1
