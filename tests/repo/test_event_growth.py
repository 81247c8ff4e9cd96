"""An event only grows within its version: thirty ways to break a reader are refused, ten ways to grow are not (R7)."""

import copy
from collections.abc import Callable
from typing import Any

import pytest

from tests.repo.tree import ROOT
from tools.catalogue.growth import breaking_edits, contract, read_released
from tools.catalogue.system import load_events

pytestmark = pytest.mark.promise("R7")

Edit = Callable[[Any], object]

_TYPE = "kr.jeonbuk.smartfactory.funding.commitment.committed.v1"


def _current() -> dict[str, Any]:
    return {event.TYPE: contract(event) for event in load_events(ROOT)}


@pytest.mark.promise("R7")
def test_every_event_is_recorded_as_the_code_has_it() -> None:
    assert read_released(ROOT) == _current(), "accept the growth: python -m tools.catalogue --accept-growth"


@pytest.mark.promise("R7")
def test_no_event_breaks_its_readers() -> None:
    assert breaking_edits(read_released(ROOT), _current()) == []


def _shape(contracts: dict[str, Any]) -> dict[str, Any]:
    shape: dict[str, Any] = contracts[_TYPE]["schema"]
    return shape


def _field(contracts: Any, name: str) -> Any:
    return _shape(contracts)["properties"][name]


def _inside(contracts: Any, struct: str) -> Any:
    return _shape(contracts)["$defs"][struct]


def _move(holder: Any, old: str, new: str) -> None:
    holder[new] = holder.pop(old)


def _add(holder: Any, name: str, shape: Any, *, required: bool = False) -> None:
    holder["properties"][name] = shape
    if required:
        holder["required"].append(name)


_TEXT = {"type": "string"}
_BREAKING: dict[str, Edit] = {
    "event removed": lambda c: c.pop(_TYPE),
    "event renamed": lambda c: _move(c, _TYPE, _TYPE.replace("committed.v1", "made.v1")),
    "version raised": lambda c: _move(c, _TYPE, _TYPE.replace(".v1", ".v2")),
    "topic changed": lambda c: c[_TYPE].update(topic="funding.budget.v1"),
    "key changed": lambda c: c[_TYPE].update(key="commitment_id"),
    "field removed": lambda c: _shape(c)["properties"].pop("track"),
    "field renamed": lambda c: _move(_shape(c)["properties"], "total_cost_won", "total_won"),
    "field retyped": lambda c: _shape(c)["properties"].update(total_cost_won=_TEXT),
    "whole number becomes a fraction": lambda c: _field(c, "total_cost_won").update(type="number"),
    "text becomes an object": lambda c: _field(c, "track").update(type="object"),
    "one value becomes a list": lambda c: _shape(c)["properties"].update(track={"type": "array", "items": _TEXT}),
    "list becomes one value": lambda c: _shape(c)["properties"].update(shares=_field(c, "shares")["items"]),
    "format dropped": lambda c: _field(c, "project_id").pop("format"),
    "format changed": lambda c: _field(c, "project_id").update(format="date-time"),
    "required field may be null": lambda c: _shape(c)["properties"].update(track={"anyOf": [_TEXT, {"type": "null"}]}),
    "required field became optional": lambda c: _shape(c)["required"].remove("shares"),
    "new required field": lambda c: _add(_shape(c), "payer", _TEXT, required=True),
    "values limited": lambda c: _field(c, "track").update(enum=["A", "B"]),
    "pattern added": lambda c: _field(c, "municipality_code").update(pattern="^52"),
    "maximum added": lambda c: _field(c, "nominal_burden_bp").update(maximum=5_000),
    "minimum added": lambda c: _field(c, "total_cost_won").update(minimum=1),
    "text shortened": lambda c: _field(c, "split_rule_version").update(maxLength=8),
    "list limited": lambda c: _field(c, "shares").update(maxItems=4),
    "list may not be empty": lambda c: _field(c, "balances").update(minItems=1),
    "unknown fields refused": lambda c: _shape(c).update(additionalProperties=False),
    "optional field of a struct removed": lambda c: _inside(c, "Share")["properties"].pop("budget_line_id"),
    "optional field of a struct required": lambda c: _inside(c, "Share")["required"].append("budget_line_id"),
    "field of a struct retyped": lambda c: _inside(c, "LineBalance")["properties"].update(left_won={"type": "number"}),
    "field of a struct renamed": lambda c: _move(_inside(c, "LineBalance")["properties"], "left_won", "rest_won"),
    "new required field of a struct": lambda c: _add(_inside(c, "Share"), "paid_by", _TEXT, required=True),
    "field of a struct became optional": lambda c: _inside(c, "Share")["required"].remove("amount_won"),
    "null of a struct's field gone": lambda c: _inside(c, "Share")["properties"].update(budget_line_id=_TEXT),
    "another struct in the list": lambda c: _field(c, "shares").update(items={"$ref": "#/$defs/LineBalance"}),
    "default changed": lambda c: _inside(c, "Share")["properties"]["municipality_code"].update(default="52110"),
}
_COMPATIBLE: dict[str, Edit] = {
    "new optional text": lambda c: _add(_shape(c), "note", {"type": "string", "default": ""}),
    "new optional number": lambda c: _add(_shape(c), "attempt", {"type": "integer", "default": 1}),
    "new optional value or null": lambda c: _add(
        _shape(c), "note", {"anyOf": [_TEXT, {"type": "null"}], "default": None}
    ),
    "new optional list": lambda c: _add(_shape(c), "notes", {"type": "array", "items": _TEXT, "default": []}),
    "new optional struct": lambda c: _add(
        _shape(c), "payer", {"anyOf": [{"$ref": "#/$defs/Share"}, {"type": "null"}], "default": None}
    ),
    "new optional field of a struct": lambda c: _add(_inside(c, "Share"), "paid_by", {"type": "string", "default": ""}),
    "new struct": lambda c: _shape(c)["$defs"].update(Payer={"type": "object", "properties": {}, "required": []}),
    "new event": lambda c: c.update({_TYPE.replace("committed", "reviewed"): copy.deepcopy(c[_TYPE])}),
    "new version beside the old": lambda c: c.update({_TYPE.replace(".v1", ".v2"): copy.deepcopy(c[_TYPE])}),
    "fields in another order": lambda c: _shape(c).update(
        properties=dict(reversed(_shape(c)["properties"].items())), required=_shape(c)["required"][::-1]
    ),
    "new title": lambda c: _shape(c).update(title="Committed"),
}


@pytest.mark.parametrize("name", _BREAKING)
def test_a_breaking_edit_is_found(name: str) -> None:
    edited = _current()
    _BREAKING[name](edited)

    assert breaking_edits(_current(), edited)


@pytest.mark.parametrize("name", _COMPATIBLE)
def test_growing_is_allowed(name: str) -> None:
    grown = _current()
    _COMPATIBLE[name](grown)

    assert breaking_edits(_current(), grown) == []


def test_there_are_as_many_as_promised() -> None:
    assert len(_BREAKING) >= 30
    assert len(_COMPATIBLE) >= 10
