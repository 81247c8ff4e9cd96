"""Whoever reads an API's OpenAPI document first holds nobody up: it is carried, and where it is made, it is made aside."""

import asyncio
import json
import threading
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx2
import pytest
from fastapi import FastAPI

from common.api import build_app
from common.settings import ServiceSettings
from tests.integration.web.notebook.main import SERVICE
from tests.repo.tree import ROOT
from tools.catalogue.system import application, load_system

_SERVICES = {service.name: service for service in load_system(ROOT).services}


def _notebook(openapi: Path | None = None, root_path: str = "") -> FastAPI:
    nowhere = "postgresql://nobody@127.0.0.1:1/x"
    settings = ServiceSettings(app_env="test", database_url=nowhere, root_path=root_path)
    return build_app(replace(SERVICE, openapi=openapi), settings)


def _client(app: FastAPI) -> httpx2.AsyncClient:
    return httpx2.AsyncClient(transport=httpx2.ASGITransport(app), base_url="http://origin.test")


@pytest.mark.parametrize("name", _SERVICES)
async def test_a_service_gives_out_what_it_carries_and_makes_nothing(name: str, monkeypatch: pytest.MonkeyPatch):
    app = application(_SERVICES[name])
    monkeypatch.setattr(app, "openapi", None)
    async with _client(app) as client:
        answer = await client.get("/openapi.json")
    assert answer.headers["content-type"] == "application/json"
    assert answer.json() == json.loads((ROOT / f"docs/api/{name}.json").read_text("utf-8"))


async def test_it_says_where_this_installation_serves_it(tmp_path: Path):
    carried = tmp_path / "openapi.json"
    carried.write_text(
        '{"openapi": "3.1.0", "servers": [{"url": "/elsewhere"}],\n "info": {"title": "공책  x"}}', "utf-8"
    )
    for root_path, url in (("/notebook", "/notebook"), ("", "/")):
        async with _client(_notebook(carried, root_path)) as client:
            answer = await client.get("/openapi.json")
        assert answer.json() == {"openapi": "3.1.0", "servers": [{"url": url}], "info": {"title": "공책  x"}}
        assert "\n" not in answer.text


@pytest.mark.parametrize("carried", [None, Path("/nowhere/openapi.json")])
async def test_while_it_is_made_others_are_answered_and_it_is_made_once(
    carried: Path | None, monkeypatch: pytest.MonkeyPatch
):
    app = _notebook(carried)
    made, others_answered, makings = app.openapi(), threading.Event(), []

    def making() -> dict[str, Any]:
        makings.append(threading.current_thread())
        assert others_answered.wait(60), "nobody else was answered"
        return made

    monkeypatch.setattr(app, "openapi", making)
    async with _client(app) as client:
        readers = [asyncio.create_task(client.get("/openapi.json")) for _ in range(3)]
        while not makings:
            await asyncio.sleep(0)
        assert (await client.get("/livez")).status_code == 200
        assert not any(reader.done() for reader in readers)
        others_answered.set()
        answers = [reader.result() for reader in (await asyncio.wait(readers))[0]]
    assert [answer.json() for answer in answers] == [made] * 3
    assert len(makings) == 1
    assert makings[0] is not threading.main_thread()
