"""The local issuer: its tokens pass the services' own check, its doors open to nobody else, and production refuses it."""

import base64
import json
from dataclasses import replace
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from joserfc.jwk import ECKey

from common.auth import TokenRefused
from common.tokens import TokenVerifier
from smartfactory.issuer.app import ADMIN_HEADER, IssuerOptions, IssuerRefused, build_issuer
from smartfactory.issuer.keys import KeyRing

ISSUER = "http://127.0.0.1:8080/issuer"
SECRET = "the-secret-of-the-data-directory"
NOW = 1_800_000_000.0


class PublishedKeys:
    """What a service knows of the issuer: what it publishes."""

    def __init__(self, client: TestClient) -> None:
        self._client = client

    async def find(self, kid: str) -> ECKey | None:
        published = self._client.get("/jwks.json").json()["keys"]
        assert all("d" not in key for key in published), "a private key is published"
        return next((ECKey.import_key(key) for key in published if key["kid"] == kid), None)


def options(directory: Path, app_env: str | None = "test") -> IssuerOptions:
    return IssuerOptions(
        app_env=app_env,
        issuer=ISSUER,
        audience="smartfactory",
        directory=directory,
        admin_secret=SECRET,
        real_time=lambda: NOW,
    )


@pytest.fixture
def client(tmp_path: Path) -> TestClient:
    return TestClient(build_issuer(options(tmp_path)))


def verifier(client: TestClient, now: float = NOW) -> TokenVerifier:
    return TokenVerifier(PublishedKeys(client), issuer=ISSUER, audience="smartfactory", real_time=lambda: now)


def local_token(client: TestClient, role: str = "province.officer", tenant: str | None = "52") -> str:
    wanted = {"subject": "kim", "role": role, "tenant": tenant}
    return client.post("/local/tokens", json=wanted, headers={ADMIN_HEADER: SECRET}).json()["access_token"]


@pytest.mark.parametrize("app_env", ["production", "staging", "", None])
def test_it_starts_only_where_a_local_issuer_may_be(tmp_path: Path, app_env: str | None) -> None:
    with pytest.raises(IssuerRefused):
        build_issuer(options(tmp_path, app_env))


async def test_a_local_token_speaks_for_whom_it_was_made(client: TestClient) -> None:
    principal = await verifier(client).verify(local_token(client))
    assert (principal.subject, principal.role, principal.tenant) == ("kim", "province.officer", "52")


async def test_a_token_is_refused_once_its_ten_minutes_and_the_leeway_are_over(client: TestClient) -> None:
    token = local_token(client)
    await verifier(client, NOW + 659).verify(token)
    with pytest.raises(TokenRefused, match="expired"):
        await verifier(client, NOW + 661).verify(token)


@pytest.mark.parametrize("headers", [{}, {ADMIN_HEADER: ""}, {ADMIN_HEADER: "guess"}])
def test_the_local_doors_stay_shut_without_the_secret(client: TestClient, headers: dict[str, str]) -> None:
    wanted = {"subject": "kim", "role": "province.treasurer", "tenant": "52"}
    assert client.post("/local/tokens", json=wanted, headers=headers).status_code == 403
    assert client.post("/local/rotations", headers=headers).status_code == 403
    assert client.post("/local/revocations", json={"kid": "x"}, headers=headers).status_code == 403


def test_a_role_that_does_not_exist_is_refused(client: TestClient) -> None:
    wanted = {"subject": "kim", "role": "province.emperor", "tenant": "52"}
    assert client.post("/local/tokens", json=wanted, headers={ADMIN_HEADER: SECRET}).status_code == 422


async def test_after_a_rotation_new_tokens_have_a_new_key_and_old_ones_still_verify(client: TestClient) -> None:
    before = local_token(client)
    kid = client.post("/local/rotations", headers={ADMIN_HEADER: SECRET}).json()["kid"]
    after = local_token(client)
    assert client.get("/jwks.json").json()["keys"][0]["kid"] == kid
    for token in (before, after):
        await verifier(client).verify(token)


async def test_a_key_is_published_before_it_signs(client: TestClient) -> None:
    known = {key["kid"] for key in client.get("/jwks.json").json()["keys"]}
    for _ in range(2):
        assert client.post("/local/rotations", headers={ADMIN_HEADER: SECRET}).json()["kid"] in known


async def test_a_rotated_key_is_published_as_long_as_its_tokens_live(tmp_path: Path) -> None:
    now = NOW
    client = TestClient(build_issuer(replace(options(tmp_path), real_time=lambda: now)))
    token = local_token(client)
    for _ in range(20):
        client.post("/local/rotations", headers={ADMIN_HEADER: SECRET})
    now += 659
    await verifier(client, now).verify(token)
    now += 2
    with pytest.raises(TokenRefused, match="unknown kid"):
        await verifier(client, now).verify(token)
    client.post("/local/rotations", headers={ADMIN_HEADER: SECRET})
    assert len(client.get("/jwks.json").json()["keys"]) == 4, "the one that signs, two to come, one just retired"


async def test_a_revoked_key_is_gone_at_once_with_its_tokens(client: TestClient) -> None:
    token = local_token(client)
    kid = client.get("/jwks.json").json()["keys"][0]["kid"]
    answer = client.post("/local/revocations", json={"kid": kid}, headers={ADMIN_HEADER: SECRET})
    assert answer.status_code == 201
    with pytest.raises(TokenRefused, match="unknown kid"):
        await verifier(client).verify(token)
    await verifier(client).verify(local_token(client))
    again = client.post("/local/revocations", json={"kid": kid}, headers={ADMIN_HEADER: SECRET})
    assert again.status_code == 404


def test_keys_survive_a_restart_and_only_we_can_read_them(tmp_path: Path) -> None:
    path = tmp_path / "keys.json"
    first = KeyRing(path)
    first.rotate()
    assert KeyRing(path).published() == first.published()
    assert path.stat().st_mode & 0o077 == 0


def basic(client_id: str, secret: str) -> dict[str, str]:
    return {"Authorization": "Basic " + base64.b64encode(f"{client_id}:{secret}".encode()).decode()}


async def test_a_municipality_s_machine_signs_in_with_its_secret_and_gets_its_own_tenant(tmp_path: Path) -> None:
    client = TestClient(build_issuer(options(tmp_path)))
    secret = json.loads((tmp_path / "clients.json").read_text())["municipality-52110"]
    form = {"grant_type": "client_credentials"}
    answer = client.post("/token", data=form, headers=basic("municipality-52110", secret))
    principal = await verifier(client).verify(answer.json()["access_token"])
    assert (principal.role, principal.tenant) == ("municipality.client", "52110")
    for headers in (basic("municipality-52110", "guess"), basic("municipality-52999", secret), {}):
        assert client.post("/token", data=form, headers=headers).status_code == 401


def test_discovery_names_where_everything_is(client: TestClient) -> None:
    found = client.get("/.well-known/openid-configuration").json()
    assert (found["issuer"], found["jwks_uri"]) == (ISSUER, f"{ISSUER}/jwks.json")
