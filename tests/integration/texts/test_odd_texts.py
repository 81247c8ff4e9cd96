"""Odd text in every place of every route that takes text (promises R28 and R29): kept to the character, or refused with the reason."""

import json
import unicodedata
from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import quote

import pytest

from common.web.faults import json_pointer
from common.web.uploads import MULTI_STATUS
from tests.support.access.schemas import Pointer, example_of, put, text_places
from tests.support.access.table import APPLICATIONS, OFFERED, PERMISSIONS
from tests.support.access.worlds import Ask, World
from tools.catalogue.permissions import ALLOWED, Operation

pytestmark = pytest.mark.promise("R28", "R29")

_SCHEMAS = {name: app.openapi()["components"]["schemas"] for name, app in APPLICATIONS.items()}
_WRITABLE = [each for each in OFFERED if "requestBody" in each.document]

NEVER = {
    "NUL": "가\x00나",
    "half a character": "가\ud800나",
}
"""What PostgreSQL or UTF-8 cannot hold: to be refused wherever it stands."""

ODD = {
    "composed": unicodedata.normalize("NFC", "각공장"),
    "decomposed, and a flood of marks": unicodedata.normalize("NFD", "각공장") + "e" + "\u0301" * 20,
    "bidi, invisible, line separators, beyond the basic plane": "가\u202e나\u2066\u2069\u200b\ufeff\ufffe\u2028\x85다🏭\U0010ffff",
    "SQL and markup": "'; DROP TABLE company; -- %s :x {0} \\<script>&amp;",
}


def _places(operation: Operation) -> list[Pointer]:
    schema = operation.document["requestBody"]["content"]["application/json"]["schema"]
    return list(dict.fromkeys(text_places(schema, _SCHEMAS[operation.service])))


@pytest.mark.parametrize("operation", _WRITABLE, ids=lambda operation: operation.name)
async def test_text_is_kept_as_it_is_or_refused(worlds: dict[str, World], operation: Operation):
    world, role = worlds[operation.service], _somebody(operation)
    schema = operation.document["requestBody"]["content"]["application/json"]["schema"]
    example = example_of(schema, _SCHEMAS[operation.service])
    faults = []
    for place in _places(operation):
        for kind, text in {**NEVER, **ODD, "very long": "가" * 60_000}.items():
            ask = world.ask(operation.id, role, "own")
            answer = await _send(world, ask, put(ask.body, place, text, example), role)
            fault = _fault(answer, place, text, never=kind in NEVER)
            faults += [f"{place} {kind}: {fault}; {answer.status_code} {answer.text[:200]}"] if fault else []
    assert faults == []


@pytest.mark.parametrize("operation", OFFERED, ids=lambda operation: operation.name)
async def test_an_odd_address_is_nobodys_fault_but_the_callers(worlds: dict[str, World], operation: Operation):
    world, role = worlds[operation.service], _somebody(operation)
    ask = world.ask(operation.id, role, "own")
    caller, faults = world.caller(role, "own"), []
    named = [each["name"] for each in operation.document.get("parameters", ()) if each["in"] == "query"]
    for kind, text in {**NEVER, "odd": "".join(ODD.values()), "no UTF-8": "%ff%fe"}.items():
        written = text if kind == "no UTF-8" else quote(text.encode(errors="surrogatepass"), safe="")
        asked = [replace(ask, path=f"{ask.path}?{name}={written}", query={}) for name in named]
        asked += [replace(ask, path=_with_segment(ask.path, at, written)) for at in _segments(operation, ask)]
        for one in asked:
            answer = await world.send(one, caller)
            if answer.status_code >= 500 or (answer.status_code >= 400 and not answer.json().get("code")):
                faults.append(f"{kind} in {one.path[:80]}: {answer.status_code} {answer.text[:200]}")
    assert faults == []


def test_the_places_are_found_in_the_documents():
    found = {operation.id: _places(operation) for operation in _WRITABLE}
    assert {("name",), ("worksite", "name")} & set(found["registerCompany"])
    assert ("items", 0, "request") in found["requestSupplement"]
    assert sum(len(places) for places in found.values()) >= 60


async def _send(world: World, ask: Ask, body: Any, role: str) -> Any:
    # Written out here: no client would send half a character, and as an escape it is plain ASCII.
    headers = dict(world.authorised(world.caller(role, "own")))
    headers |= {"Content-Type": "application/json"}
    if ask.method == "POST":
        headers["Idempotency-Key"] = f"odd-texts-{next(world._keys):010}"
    if ask.version is not None:
        headers["If-Match"] = f'"{ask.version}"'
    return await world.http.request(ask.method, ask.path, content=json.dumps(body).encode(), headers=headers)


def _fault(answer: Any, place: Pointer, text: str, *, never: bool) -> str:
    if answer.status_code >= 500:
        return "the service failed"
    said = answer.json()
    refusal, at = _refusal(answer.status_code, said, place)
    if refusal is None:
        if never:
            return "was not refused for what it is"
        shown = _shown(said, place)
        return "" if not shown or text.strip() in _strings(said) else f"was kept as {shown}"
    if not refusal.get("code") or not refusal.get("detail"):
        return "a refusal says why"
    if refusal["code"] == "request-malformed":
        return "" if never else "is JSON like any other"
    errors = refusal.get("errors", [])
    if never and at not in {error.get("pointer", error.get("field")) for error in errors}:
        return "the refusal names another place"
    return "" if all(error["detail"] for error in errors) else "the refusal does not say of what"


def _refusal(status: int, said: Any, place: Pointer) -> tuple[Mapping[str, Any] | None, str]:
    """The problem that an answer is or, of many rows, that the row of the place has; and how it would name the place."""
    if status == MULTI_STATUS:
        row = said["results"][int(place[1])]
        return row["problem"], str(place[2])
    return (said if status >= 400 else None), json_pointer(place)


def _shown(answer: Any, place: Pointer) -> list[Any]:
    """What the answer has at the same place, of a list in each of its entries; nothing where it does not show it."""
    if not place:
        return [] if answer is None else [answer]
    step, *rest = place
    if isinstance(step, int):
        return [shown for each in answer for shown in _shown(each, tuple(rest))] if isinstance(answer, list) else []
    if not isinstance(answer, Mapping) or step not in answer:
        return []
    return _shown(answer[step], tuple(rest))


def _strings(answer: Any) -> set[str]:
    """Every text of the answer, wherever it stands: some routes show a text under another name."""
    if isinstance(answer, str):
        return {answer}
    inside = answer.values() if isinstance(answer, Mapping) else answer if isinstance(answer, list) else ()
    return {text for each in inside for text in _strings(each)}


def _segments(operation: Operation, ask: Ask) -> list[int]:
    """Where in the address the route takes what the caller says."""
    return [at for at, part in enumerate(operation.path.split("/")) if part.startswith("{")]


def _with_segment(path: str, at: int, text: str) -> str:
    parts = path.split("/")
    parts[at] = text
    return "/".join(parts)


def _somebody(operation: Operation) -> str:
    return next(role for role in PERMISSIONS.roles if PERMISSIONS.answer(operation.name, role, "own") == ALLOWED)
