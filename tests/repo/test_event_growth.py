"""An event only grows within its version: thirteen ways to break a reader are refused, and growing is not."""

import copy
from typing import Any

import pytest

from tests.repo.tree import ROOT
from tools.catalogue.growth import breaking_edits, contract, read_released
from tools.catalogue.system import load_events

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


def _remove_event(contracts: dict[str, Any]) -> None:
    del contracts[_TYPE]


def _change_topic(contracts: dict[str, Any]) -> None:
    contracts[_TYPE]["topic"] = "funding.budget.v1"


def _change_key(contracts: dict[str, Any]) -> None:
    contracts[_TYPE]["key"] = "commitment_id"


def _remove_field(contracts: dict[str, Any]) -> None:
    del _shape(contracts)["properties"]["track"]


def _remove_optional_field(contracts: dict[str, Any]) -> None:
    del _shape(contracts)["$defs"]["Share"]["properties"]["budget_line_id"]


def _rename_field(contracts: dict[str, Any]) -> None:
    properties = _shape(contracts)["properties"]
    properties["total_won"] = properties.pop("total_cost_won")


def _retype_field(contracts: dict[str, Any]) -> None:
    _shape(contracts)["properties"]["total_cost_won"] = {"type": "string"}


def _drop_format(contracts: dict[str, Any]) -> None:
    _shape(contracts)["properties"]["project_id"] = {"type": "string"}


def _add_required_field(contracts: dict[str, Any]) -> None:
    shape = _shape(contracts)
    shape["properties"]["payer"] = {"type": "string"}
    shape["required"].append("payer")


def _require_optional_field(contracts: dict[str, Any]) -> None:
    _shape(contracts)["$defs"]["Share"]["required"].append("budget_line_id")


def _stop_requiring(contracts: dict[str, Any]) -> None:
    _shape(contracts)["required"].remove("shares")


def _retype_in_a_list(contracts: dict[str, Any]) -> None:
    _shape(contracts)["$defs"]["LineBalance"]["properties"]["left_won"] = {"type": "number"}


def _limit_field(contracts: dict[str, Any]) -> None:
    _shape(contracts)["properties"]["track"]["enum"] = ["A", "B"]


_BREAKING = (
    _remove_event,
    _change_topic,
    _change_key,
    _remove_field,
    _remove_optional_field,
    _rename_field,
    _retype_field,
    _drop_format,
    _add_required_field,
    _require_optional_field,
    _stop_requiring,
    _retype_in_a_list,
    _limit_field,
)


@pytest.mark.parametrize("edit", _BREAKING, ids=lambda edit: edit.__name__.lstrip("_"))
@pytest.mark.promise("R7")
def test_a_breaking_edit_is_found(edit: Any) -> None:
    current = _current()
    edited = copy.deepcopy(current)
    edit(edited)

    assert breaking_edits(current, edited)


@pytest.mark.promise("R7")
def test_growing_is_allowed() -> None:
    current = _current()
    grown = copy.deepcopy(current)
    _shape(grown)["properties"]["note"] = {"anyOf": [{"type": "string"}, {"type": "null"}], "default": None}
    _shape(grown)["$defs"]["Share"]["properties"]["paid_by"] = {"type": "string", "default": ""}
    grown["kr.jeonbuk.smartfactory.funding.commitment.reviewed.v1"] = grown[_TYPE]

    assert breaking_edits(current, grown) == []
