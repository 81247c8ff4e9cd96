"""What a route cannot leave out, and what its description says of it."""

import subprocess
import sys
import warnings
from typing import Annotated, Any

import pytest

from common.api import build_app
from common.auth import Principal
from common.settings import ServiceSettings
from common.web import Body, IfMatch, allowed, anyone, router
from tests.integration.web.notebook.main import SERVICE


class Nothing(Body):
    pass


def test_a_route_without_an_access_rule_does_not_start():
    routes = router(tags=["x"])
    with pytest.raises(TypeError, match="declares 0 access rules"):

        @routes.get("/v1/open")
        async def open_to_all() -> None: ...


def test_a_route_with_two_access_rules_does_not_start():
    routes = router(tags=["x"])
    with pytest.raises(TypeError, match="declares 2 access rules"):

        @routes.get("/v1/both")
        async def both(a: Annotated[Principal, allowed("x")], b: Annotated[Principal | None, anyone()]) -> None: ...


def test_a_public_post_does_not_start():
    routes = router(tags=["x"])
    with pytest.raises(TypeError, match="an idempotency key needs to belong to somebody"):

        @routes.post("/v1/open")
        async def write(body: Nothing, by: Annotated[Principal | None, anyone()]) -> None: ...


@pytest.mark.parametrize("method", ["put", "patch", "delete"])
def test_a_change_without_if_match_does_not_start(method: str):
    routes = router(tags=["x"])
    with pytest.raises(TypeError, match="needs Annotated"):

        @getattr(routes, method)("/v1/thing")
        async def change(by: Annotated[Principal, allowed("x")]) -> None: ...

    @getattr(routes, method)("/v1/other-thing")
    async def change_what_was_read(
        by: Annotated[Principal, allowed("x")], version: Annotated[int, IfMatch()]
    ) -> None: ...


@pytest.mark.parametrize(
    ("process", "spared"),
    [
        ("common.worker, metrics.main", ("fastapi", "joserfc", "alembic")),
        ("common.api, metrics.main, metrics.routes", ("aiokafka", "alembic")),
    ],
)
def test_a_process_loads_only_what_it_does(process: str, spared: tuple[str, ...]):
    loaded = f"import sys, {process}; print([name for name in {spared!r} if name in sys.modules])"
    told = subprocess.run([sys.executable, "-c", loaded], capture_output=True, text=True, check=True)
    assert told.stdout.strip() == "[]"


def test_nobody_is_not_a_role():
    with pytest.raises(TypeError, match="at least one role"):
        allowed()


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    settings = ServiceSettings(app_env="test", database_url="postgresql://nobody@127.0.0.1:1/x", root_path="/notebook")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        return build_app(SERVICE, settings).openapi()


def test_every_operation_describes_its_problems_its_caller_and_itself(document: dict[str, Any]):
    operations = [operation for path in document["paths"].values() for operation in path.values()]
    assert len({operation["operationId"] for operation in operations}) == len(operations) == 7
    for operation in operations:
        assert operation["summary"]
        assert operation["tags"]
        assert operation["security"][-1] == {"bearer": []}
        for status in ("422", "500", "503"):
            content = operation["responses"][status]["content"]
            assert list(content) == ["application/problem+json"]
            assert content["application/problem+json"]["schema"] == {"$ref": "#/components/schemas/Problem"}
            assert content["application/problem+json"]["examples"]


def test_headers_are_described_where_they_are_needed(document: dict[str, Any]):
    def names(path: str, method: str) -> dict[str, bool]:
        return {p["name"]: p["required"] for p in document["paths"][path][method]["parameters"]}

    assert names("/v1/notes", "post") == {"Idempotency-Key": True}
    assert names("/v1/notes/{note_id}", "put") == {"note_id": True, "If-Match": True}
    assert names("/v1/notes", "get") == {"author": False, "cursor": False, "page_size": False}


def test_a_routes_own_problems_stand_beside_the_shared_ones(document: dict[str, Any]):
    responses = document["paths"]["/v1/notes"]["post"]["responses"]
    examples = responses["409"]["content"]["application/problem+json"]["examples"]
    assert set(examples) == {"request-in-progress", "too-dear"}
    assert examples["too-dear"] == {"$ref": "#/components/examples/too-dear"}
    assert document["components"]["examples"]["too-dear"]["value"]["title"] == "너무 비쌈"


def test_what_fastapi_would_say_of_its_own_errors_is_gone(document: dict[str, Any]):
    assert {"HTTPValidationError", "ValidationError"}.isdisjoint(document["components"]["schemas"])
    assert document["servers"] == [{"url": "/notebook"}]
    assert document["components"]["securitySchemes"]["bearer"]["bearerFormat"] == "at+jwt"
