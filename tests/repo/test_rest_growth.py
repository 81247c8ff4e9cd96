"""The REST surface only grows: thirty ways to break a caller are refused, and ten ways to grow are not (promise R7)."""

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.repo.tree import ROOT
from tools.catalogue import rest_growth
from tools.catalogue.rest_contract import contract
from tools.catalogue.system import load_system

pytestmark = pytest.mark.promise("R7")

Json = Any
Edit = Callable[[Json], object]

_LINES, _LINE = "/v1/budget-lines", "/v1/budget-lines/{budget_line_id}"
_CONFIRM = f"{_LINE}/confirmations"
_RULES = "/v1/split-rules"


def _funding() -> Json:
    return json.loads((ROOT / "docs/api/funding.json").read_text("utf-8"))


def _post(document: Json, path: str = _LINES) -> Json:
    return document["paths"][path]["post"]


def _get(document: Json, path: str = _LINES) -> Json:
    return document["paths"][path]["get"]


def _shape(document: Json, name: str) -> Json:
    return document["components"]["schemas"][name]


def _sent(document: Json, field: str) -> Json:
    return _shape(document, "ProposeBudgetLine")["properties"][field]


def _answered(document: Json, field: str) -> Json:
    return _shape(document, "BudgetLineView")["properties"][field]


def _parameter(operation: Json, name: str) -> Json:
    return next(each for each in operation["parameters"] if each["name"] == name)


def _without(operation: Json, name: str) -> None:
    operation["parameters"].remove(_parameter(operation, name))


def _move(holder: Json, old: str, new: str) -> None:
    holder[new] = holder.pop(old)


def _no_longer_null(document: Json) -> None:
    _sent(document, "municipality_code")["anyOf"].pop()


def _null_in_an_answer(document: Json) -> None:
    shape = _shape(document, "BudgetLineView")["properties"]
    shape["amount_won"] = {"anyOf": [shape["amount_won"], {"type": "null"}]}


_BREAKING: dict[str, Edit] = {
    "path removed": lambda d: d["paths"].pop(_CONFIRM),
    "path renamed": lambda d: _move(d["paths"], _LINES, "/v1/lines"),
    "prefix changed": lambda d: d["servers"][0].update(url="/money"),
    "method removed": lambda d: d["paths"][_LINES].pop("post"),
    "method changed": lambda d: _move(d["paths"][_LINES], "post", "put"),
    "operation renamed": lambda d: _post(d).update(operationId="addBudgetLine"),
    "role shut out": lambda d: _get(d)["x-roles"].remove("auditor"),
    "public operation closed": lambda d: _get(d, _RULES).update({"x-roles": ["auditor"]}),
    "parameter removed": lambda d: _without(_get(d), "track"),
    "parameter renamed": lambda d: _parameter(_get(d), "track").update(name="line_track"),
    "parameter moved": lambda d: _parameter(_get(d), "track").update({"in": "header"}),
    "parameter newly required": lambda d: _parameter(_get(d), "track").update(required=True),
    "new required parameter": lambda d: _get(d)["parameters"].append(
        {"name": "office", "in": "query", "required": True, "schema": {"type": "string"}}
    ),
    "parameter's range narrowed": lambda d: _parameter(_get(d), "page_size")["schema"].update(minimum=10),
    "parameter retyped": lambda d: _parameter(_get(d, _LINE), "budget_line_id")["schema"].update(type="integer"),
    "request field removed": lambda d: _shape(d, "ProposeBudgetLine")["properties"].pop("funder"),
    "request field renamed": lambda d: _move(_shape(d, "ProposeBudgetLine")["properties"], "funder", "payer"),
    "request field retyped": lambda d: _sent(d, "amount_won").update(type="string"),
    "new required request field": lambda d: (
        _shape(d, "ProposeBudgetLine")["properties"].update(office={"type": "string"}),
        _shape(d, "ProposeBudgetLine")["required"].append("office"),
    ),
    "request field newly required": lambda d: _shape(d, "ProposeBudgetLine")["required"].append("municipality_code"),
    "request maximum lowered": lambda d: _sent(d, "amount_won").update(maximum=1_000),
    "request minimum raised": lambda d: _sent(d, "fiscal_year").update(minimum=2020),
    "request text shortened": lambda d: _sent(d, "funder").update(maxLength=20),
    "request pattern changed": lambda d: _sent(d, "track").update(pattern="^[AB]$"),
    "request enum narrowed": lambda d: _shape(d, "LegalRegime")["enum"].remove("PRIVATE_FUND"),
    "request no longer takes null": _no_longer_null,
    "request list limited": lambda d: _shape(d, "ProposeSplitRule")["properties"]["shares"].update(maxItems=1),
    "body newly required": lambda d: _post(d, _CONFIRM).update(
        requestBody={"required": True, "content": {"application/json": {"schema": {"type": "object"}}}}
    ),
    "body no longer taken": lambda d: _post(d).pop("requestBody"),
    "request media type changed": lambda d: _move(_post(d)["requestBody"]["content"], "application/json", "text/csv"),
    "answer's status removed": lambda d: _post(d)["responses"].pop("409"),
    "answer's status changed": lambda d: _move(_post(d)["responses"], "201", "202"),
    "answer's media type changed": lambda d: _move(
        _get(d, _LINE)["responses"]["200"]["content"], "application/json", "text/csv"
    ),
    "answer's field removed": lambda d: _shape(d, "BudgetLineView")["properties"].pop("left_won"),
    "answer's field renamed": lambda d: _move(_shape(d, "BudgetLineView")["properties"], "left_won", "rest_won"),
    "answer's field retyped": lambda d: _answered(d, "amount_won").update(type="string"),
    "answer's format dropped": lambda d: _answered(d, "proposed_at").pop("format"),
    "answer's field may be left out": lambda d: _shape(d, "BudgetLineView")["required"].remove("left_won"),
    "answer's field may be null": _null_in_an_answer,
    "field of a nested answer removed": lambda d: _shape(d, "EntryView")["properties"].pop("amount_won"),
    "problem's member removed": lambda d: _shape(d, "Problem")["properties"].pop("code"),
}
_COMPATIBLE: dict[str, Edit] = {
    "new path": lambda d: d["paths"].update({"/v1/lines": copy.deepcopy(d["paths"][_LINES])}),
    "new method": lambda d: d["paths"][_LINE].update(patch=copy.deepcopy(_post(d))),
    "new role": lambda d: _get(d)["x-roles"].append("accountant"),
    "opened to anyone": lambda d: _get(d).update({"x-roles": []}),
    "new optional parameter": lambda d: _get(d)["parameters"].append(
        {"name": "office", "in": "query", "schema": {"type": "string"}}
    ),
    "parameter no longer required": lambda d: _parameter(_get(d, f"{_RULES}/{{version}}/preview"), "cap_won").update(
        required=False
    ),
    "new optional request field": lambda d: _shape(d, "ProposeBudgetLine")["properties"].update(
        note={"type": "string"}
    ),
    "request field no longer required": lambda d: _shape(d, "ProposeBudgetLine")["required"].remove("funder"),
    "request maximum raised": lambda d: _sent(d, "amount_won").update(maximum=10**16),
    "request text may be longer": lambda d: _sent(d, "funder").update(maxLength=500),
    "request takes null too": lambda d: _shape(d, "ProposeBudgetLine")["properties"].update(
        funder={"anyOf": [_sent(d, "funder"), {"type": "null"}]}
    ),
    "enum grown": lambda d: _shape(d, "LegalRegime")["enum"].append("NATIONAL_SUBSIDY"),
    "new answer's field": lambda d: _shape(d, "BudgetLineView")["properties"].update(note={"type": "string"}),
    "answer's null gone": lambda d: _answered(d, "confirmed_by")["anyOf"].pop(),
    "new status": lambda d: _post(d)["responses"].update({"402": copy.deepcopy(_post(d)["responses"]["409"])}),
    "words changed": lambda d: (
        _post(d).update(summary="다른 말"),
        _sent(d, "funder").update(title="재원", example="x"),
    ),
}


def test_nothing_released_is_broken() -> None:
    """A break is a new version of the path; one accepted on purpose takes `--accept-break REASON` and keeps the reason.

    A shape that never left this branch is no break: take the released file of the main branch again.
    """
    current, released = rest_growth.contracts(load_system(ROOT)), rest_growth.read_released(ROOT)

    assert {name: found for name in released if (found := rest_growth.edits(released[name], current[name]))} == {}


@pytest.mark.parametrize("name", _BREAKING)
def test_a_breaking_edit_is_found(name: str) -> None:
    edited = _funding()
    _BREAKING[name](edited)

    assert rest_growth.edits(contract(_funding()), contract(edited)) != []


@pytest.mark.parametrize("name", _COMPATIBLE)
def test_growing_is_allowed(name: str) -> None:
    edited = _funding()
    _COMPATIBLE[name](edited)
    assert edited != _funding()

    assert rest_growth.edits(contract(_funding()), contract(edited)) == []


def test_there_are_as_many_as_promised() -> None:
    assert len(_BREAKING) >= 30
    assert len(_COMPATIBLE) >= 10


def test_a_broken_surface_is_not_recorded_and_an_accepted_one_is_with_its_reason(tmp_path: Path) -> None:
    system = load_system(ROOT)
    before = copy.deepcopy(dict(rest_growth.contracts(system)["funding"]))
    before["operations"]["GET /funding/v1/gone"] = before["operations"]["GET /funding/v1/budget-lines"]
    (tmp_path / rest_growth.FOLDER).mkdir(parents=True)
    released = tmp_path / rest_growth.FOLDER / "funding.json"
    released.write_text(json.dumps(before), "utf-8")
    page = tmp_path / rest_growth.BREAKS
    page.parent.mkdir()
    page.write_text("# Breaking changes\n", "utf-8")

    made = rest_growth.documents(tmp_path, system)
    assert json.loads(made[f"{rest_growth.FOLDER}/funding.json"]) == before

    rest_growth.accept_break(tmp_path, system, "nobody called it")
    assert page.read_text("utf-8").endswith("- funding: GET /funding/v1/gone: removed: nobody called it\n")
    assert json.loads(released.read_text("utf-8")) == rest_growth.contracts(system)["funding"]
