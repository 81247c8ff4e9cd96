"""The pages a person opens: the explorer works on a closed network, health is honest, and browsers are let in by name."""

import re

import httpx2
import pytest

from common.api import build_app
from common.db import Database
from common.settings import ServiceSettings
from tests.integration.web.conftest import Notebook
from tests.integration.web.notebook.main import SERVICE
from tests.support.tokens import Issuer


async def test_the_explorer_needs_no_other_server(notebook: Notebook):
    page = await notebook.client.get("/docs")
    assert page.status_code == 200
    assert "default-src 'self'" in page.headers["content-security-policy"]
    assert "'unsafe-inline'" not in page.headers["content-security-policy"].split("style-src")[0]
    addresses = re.findall(r'(?:src|href)="([^"]+)"', page.text)
    assert len(addresses) == 4
    for address in addresses:
        assert address.startswith("/docs/")
        assert (await notebook.client.get(address)).status_code == 200
    assert "<script>" not in page.text, "the policy forbids inline scripts"
    assert (await notebook.client.get("/openapi.json")).json()["openapi"].startswith("3.1")


async def test_behind_a_gateway_every_address_carries_the_prefix(settings: ServiceSettings, database: Database):
    prefixed = settings.model_copy(update={"root_path": "/notebook"})
    app = build_app(SERVICE, prefixed, database=database, verifier=Issuer().verifier())
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app), base_url="http://origin.test") as client:
        problem = (await client.get("/v1/nowhere")).json()
        wrong_method = await client.delete("/v1/notes")
        page = await client.get("/docs")
        for address in re.findall(r'(?:src|href|data-document)="([^"]+)"', page.text):
            assert address.startswith("/notebook/")
            assert (await client.get(address.removeprefix("/notebook"))).status_code == 200, address
        stranger = await client.get("/docs/assets/redoc.standalone.js")
    assert stranger.status_code == 404
    assert (problem["type"], problem["instance"]) == ("/notebook/problems/route-not-found", "/notebook/v1/nowhere")
    assert wrong_method.headers["allow"] == "GET, HEAD, POST"
    assert 'data-document="/notebook/openapi.json"' in page.text


async def test_the_catalogue_lists_every_problem_in_both_languages(notebook: Notebook):
    listed = (await notebook.client.get("/problems")).json()["problems"]
    codes = [entry["code"] for entry in listed]
    assert codes == sorted(codes)
    assert {"too-dear", "internal-error", "idempotency-key-reused"} <= set(codes)
    for entry in listed:
        assert entry["title"]["ko"] != entry["title"]["en"]
    one = await notebook.client.get("/problems/too-dear")
    assert one.json()["status"] == 409
    assert (await notebook.client.get("/problems/no-such-thing")).status_code == 404


async def test_alive_and_ready(notebook: Notebook):
    assert (await notebook.client.get("/livez")).json()["state"] == "alive"
    ready = await notebook.client.get("/readyz")
    assert (ready.status_code, ready.json()["state"]) == (200, "ready")
    assert set(ready.json()["checks"]) == {"database", "schema", "denied tokens"}


@pytest.mark.parametrize(
    ("origin", "let_in"), [("https://apply.test", True), ("https://evil.test", False), ("null", False)]
)
async def test_browsers_are_let_in_by_name(settings: ServiceSettings, database: Database, origin: str, let_in: bool):
    listed = settings.model_copy(update={"allowed_origins": ("https://apply.test",)})
    app = build_app(SERVICE, listed, database=database, verifier=Issuer().verifier())
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app), base_url="http://origin.test") as client:
        asking = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "idempotency-key"}
        preflight = await client.options("/v1/notes", headers={"Origin": origin, **asking})
        simple = await client.get("/v1/time", headers={"Origin": origin})
    assert (preflight.status_code == 200) is let_in
    assert (simple.headers.get("access-control-allow-origin") == origin) is let_in
    assert "access-control-allow-credentials" not in simple.headers
    if let_in:
        assert "ETag" in simple.headers["access-control-expose-headers"]


async def test_private_answers_are_not_kept_by_caches(notebook: Notebook):
    answer = await notebook.client.get("/v1/notes", headers=notebook.headers(key=None))
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["x-content-type-options"] == "nosniff"


async def test_a_public_route_knows_its_caller_and_still_refuses_a_bad_token(notebook: Notebook):
    nobody = await notebook.client.get("/v1/time")
    somebody = await notebook.client.get("/v1/time", headers=notebook.headers(key=None))
    bad = await notebook.client.get("/v1/time", headers={"Authorization": "Bearer x.y.z"})
    assert nobody.json()["who"] is None
    assert somebody.json()["who"] == "writer:t-1:someone"
    assert bad.status_code == 401
    assert bad.headers["www-authenticate"] == 'Bearer realm="smartfactory", error="invalid_token"'
