"""What the server decides cannot be sent (promise R26): every such field, and any unknown one, is a 422 that changes nothing."""

import random
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import pytest

from tests.support.access.schemas import open_objects, unbounded
from tests.support.access.table import APPLICATIONS, OFFERED, PERMISSIONS
from tests.support.access.worlds import World
from tools.catalogue.permissions import ALLOWED, Operation

_SCHEMAS = {name: app.openapi()["components"]["schemas"] for name, app in APPLICATIONS.items()}
_CHANGING = [each for each in OFFERED if each.method != "GET"]
_UPLOADS = [each for each in _CHANGING if "207" in each.document["responses"]]
_WRITABLE = [each for each in _CHANGING if "requestBody" in each.document and each not in _UPLOADS]
_BODYLESS = [each for each in _CHANGING if "requestBody" not in each.document]
_ALWAYS_OURS = frozenset({"id", "version", "tenant", "role", "subject", "created_at", "recorded_at", "is_admin"})


def server_owned(operation: Operation) -> list[str]:
    """What the answer has and the request has not, and what a server keeps in any case."""
    answered = {
        name
        for status, response in operation.document["responses"].items()
        if status.startswith("2")
        for name in _properties(operation, response["content"]["application/json"]["schema"])
    }
    sent = _properties(operation, operation.document["requestBody"]["content"]["application/json"]["schema"])
    return sorted((answered | _ALWAYS_OURS) - sent)


def unknown(operation: Operation, body: Mapping[str, Any]) -> list[str]:
    """Five random names, and two that only look like a known one."""
    chance = random.Random(operation.name)
    drawn = ["".join(chance.choices("abcdefghijklmnopqrstuvwxyz_가나다", k=chance.randint(1, 30))) for _ in range(5)]
    return [*drawn, next(iter(body)).upper(), f"{next(iter(body))} "]


@pytest.mark.parametrize("operation", _WRITABLE, ids=lambda operation: operation.name)
@pytest.mark.promise("R26")
async def test_no_field_is_taken_that_is_not_the_callers_to_set(worlds: dict[str, World], operation: Operation):
    world, role = worlds[operation.service], _somebody(operation)
    ask = world.ask(operation.id, role, "own")
    assert ask.body is not None
    before, faults, tried = await world.state(), [], 0
    for pointer, body in _with_one_more(ask.body, [*server_owned(operation), *unknown(operation, ask.body)]):
        answer = await world.send(replace(ask, body=body), world.caller(role, "own"))
        named = [error.get("pointer") for error in answer.json().get("errors", [])]
        tried += 1
        if answer.status_code != 422 or named != [pointer]:
            faults.append(f"{pointer}: {answer.status_code} {answer.text[:200]}")
    assert faults == []
    assert tried >= 12
    assert await world.state() == before


@pytest.mark.parametrize("operation", _UPLOADS, ids=lambda operation: operation.name)
async def test_no_row_of_an_upload_takes_one_either(worlds: dict[str, World], operation: Operation):
    world, role = worlds[operation.service], _somebody(operation)
    ask = world.ask(operation.id, role, "own")
    assert ask.body is not None
    (row,) = ask.body["rows"]
    before = await world.state()
    names = [*_ALWAYS_OURS, "state", "proposed_by", "confirmed_by", "committed_won", *unknown(operation, row)]
    rows = [{**row, name: "x"} for name in names]
    answer = await world.send(replace(ask, body={"rows": rows}), world.caller(role, "own"))
    faults = [[fault["field"] for fault in each["problem"]["errors"]] for each in answer.json()["results"]]
    assert faults == [[name] for name in names]
    after = await world.state()
    assert {table for table in before if before[table] != after[table]} == {"idempotency_key"}


@pytest.mark.parametrize("operation", _BODYLESS, ids=lambda operation: operation.name)
@pytest.mark.promise("R26")
async def test_a_route_that_takes_no_body_takes_no_field(worlds: dict[str, World], operation: Operation):
    world, role = worlds[operation.service], _somebody(operation)
    ask = replace(world.ask(operation.id, role, "own"), body={"state": "CONFIRMED"})
    before = await world.state()
    answer = await world.send(ask, world.caller(role, "own"))
    assert answer.status_code == 422, answer.text
    assert await world.state() == before


@pytest.mark.promise("R26")
@pytest.mark.parametrize("operation", _WRITABLE, ids=lambda operation: operation.name)
def test_no_object_of_a_body_stands_open(operation: Operation):
    """Also those that the requests above leave out."""
    schema = operation.document["requestBody"]["content"]["application/json"]["schema"]
    assert list(open_objects(schema, _SCHEMAS[operation.service])) == []


@pytest.mark.promise("R27")
@pytest.mark.parametrize("operation", _WRITABLE, ids=lambda operation: operation.name)
def test_no_list_and_no_text_of_a_body_is_endless(operation: Operation):
    schema = operation.document["requestBody"]["content"]["application/json"]["schema"]
    assert list(unbounded(schema, _SCHEMAS[operation.service])) == []


def test_server_owned_fields_are_found_in_the_documents():
    named = {operation.id: server_owned(operation) for operation in _WRITABLE}
    assert {"status", "company_id", "eligibility", "municipality_code"} <= set(named["draftApplication"])
    assert {"state", "committed_won", "left_won", "confirmed_by"} <= set(named["proposeBudgetLine"])
    assert len(_WRITABLE) + len(_BODYLESS) >= 25


def _somebody(operation: Operation) -> str:
    return next(role for role in PERMISSIONS.roles if PERMISSIONS.answer(operation.name, role, "own") == ALLOWED)


def _properties(operation: Operation, schema: Mapping[str, Any]) -> set[str]:
    found = _SCHEMAS[operation.service][schema["$ref"].rpartition("/")[2]]
    return set(found["properties"])


def _with_one_more(body: Mapping[str, Any], names: list[str]) -> Iterator[tuple[str, dict[str, Any]]]:
    """The body with each name added at the top, and one added in each object inside it, with its JSON Pointer."""
    for name in names:
        yield f"/{name}", {**body, name: "x"}
    yield from _inside(body, "")


def _inside(body: Mapping[str, Any], at: str) -> Iterator[tuple[str, dict[str, Any]]]:
    for name, value in body.items():
        if isinstance(value, Mapping):
            yield f"{at}/{name}/planted", {**body, name: {**value, "planted": 1}}
        if isinstance(value, list) and value and isinstance(value[0], Mapping):
            yield f"{at}/{name}/0/planted", {**body, name: [{**value[0], "planted": 1}, *value[1:]]}
