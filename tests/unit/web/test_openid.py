"""What a client of an OpenID provider does when the provider's description of itself cannot be had again."""

from typing import Any, Self

import pytest

from common.http import Unreachable
from common.openid import Attempt, ProviderAway, Registration, RelyingParty
from common.tokens import TokenVerifier

ISSUER = "https://id.test"
DESCRIPTION = {
    "issuer": ISSUER,
    "authorization_endpoint": f"{ISSUER}/authorize",
    "token_endpoint": f"{ISSUER}/token",
}

pytestmark = pytest.mark.anyio


class Provider:
    """Answers for every client that is made, or is away; counts how often it was asked."""

    def __init__(self) -> None:
        self.away, self.asked = False, 0

    def __call__(self, _address: str, **_options: object) -> Self:
        return self

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_error: object) -> None:
        pass

    async def get_json(self, _address: str) -> dict[str, Any]:
        self.asked += 1
        if self.away:
            raise Unreachable("id.test cannot be reached")
        return DESCRIPTION


class NoKeys:
    async def find(self, kid: str) -> None:
        raise AssertionError(f"no token is looked at here, {kid}")


@pytest.fixture
def provider(monkeypatch: pytest.MonkeyPatch) -> Provider:
    standing = Provider()
    monkeypatch.setattr("common.openid.HttpClient", standing)
    return standing


def client_at(times: list[float]) -> RelyingParty:
    """A client whose time is the last of these."""
    registration = Registration(
        issuer=ISSUER,
        discovery_url=f"{ISSUER}/.well-known/openid-configuration",
        client_id="pages",
        client_secret="secret",
        redirect_uri="https://pages.test/signed-in",
    )
    verifier = TokenVerifier(NoKeys(), issuer=ISSUER, audience="smartfactory")
    return RelyingParty(registration, verifier, monotonic=lambda: times[-1])


async def test_an_old_description_serves_on_and_is_not_asked_for_at_each_request(provider: Provider) -> None:
    times = [1_000.0]
    client = client_at(times)
    await client.address(Attempt.begun())
    provider.away = True
    times.append(1_700.0)
    for _ in range(3):
        assert (await client.address(Attempt.begun())).startswith(f"{ISSUER}/authorize?")
    assert provider.asked == 2, "once when it was there, once in vain"
    times.append(1_731.0)
    await client.address(Attempt.begun())
    assert provider.asked == 3


async def test_without_any_description_nobody_is_sent_anywhere(provider: Provider) -> None:
    provider.away = True
    with pytest.raises(ProviderAway):
        await client_at([1_000.0]).address(Attempt.begun())
