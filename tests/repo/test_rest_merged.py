"""The one document of all services: nothing is lost on the way, and no name depends on what others call their own."""

import copy
import json
from collections.abc import Mapping
from typing import Any

import pytest

from tests.repo.tree import ROOT
from tools.catalogue.rest_merged import NamesClash, merged

Json = Any
_REFERENCE = "$ref"


@pytest.fixture(scope="module")
def told() -> dict[str, Json]:
    """What the services say of themselves; a test that changes something does so in a copy."""
    names = sorted(path.parent.name for path in ROOT.glob("services/*/pyproject.toml"))
    return {name: json.loads((ROOT / f"docs/api/{name}.json").read_text("utf-8")) for name in names}


@pytest.fixture(scope="module")
def made(told: dict[str, Json]) -> Json:
    return merged(told)


def _operations(document: Mapping[str, Json]) -> list[Json]:
    return [operation for methods in document["paths"].values() for operation in methods.values()]


def _references(node: Json) -> set[str]:
    if isinstance(node, list):
        return set().union(*(_references(inner) for inner in node))
    if not isinstance(node, dict):
        return set()
    own = {node[_REFERENCE]} if isinstance(node.get(_REFERENCE), str) else set()
    return own.union(*(_references(inner) for inner in node.values()))


def _found(document: Json, reference: str) -> Json:
    for step in reference.removeprefix("#/").split("/"):
        document = document[step]
    return document


def _answered(document: Json, path: str) -> str:
    answer: str = document["paths"][path]["get"]["responses"]["200"]["content"]["application/json"]["schema"]["$ref"]
    return answer


def test_every_operation_is_there_once_at_the_address_of_the_origin(told: dict[str, Json], made: Json) -> None:
    ids = [operation["operationId"] for operation in _operations(made)]
    assert len(ids) == len(set(ids)) == sum(len(_operations(document)) for document in told.values())
    assert set(made["paths"]) == {f"/{name}{path}" for name, document in told.items() for path in document["paths"]}
    assert made["servers"] == [{"url": "/"}]
    assert list(made["components"]["securitySchemes"]) == ["bearer"]
    assert made["paths"]["/applicant/v1/calls"]["get"]["operationId"] == "listCalls"
    assert {"listParkedEventsOfApplicant", "listParkedEventsOfFunding"} <= set(ids)


def test_every_reference_leads_to_what_the_service_means_by_it(told: dict[str, Json], made: Json) -> None:
    for reference in _references(made):
        _found(made, reference)
    # Both have a type of this name, and each its own.
    assert (
        told["applicant"]["components"]["schemas"]["RateView"] != told["funding"]["components"]["schemas"]["RateView"]
    )
    for name in ("applicant", "funding"):
        shape = made["components"]["schemas"][f"{name}.RateView"]
        assert set(shape["properties"]) == set(told[name]["components"]["schemas"]["RateView"]["properties"])
    assert _answered(made, "/applicant/v1/calls/{call_id}") == "#/components/schemas/applicant.CallView"
    tags = {tag["name"] for tag in made["tags"]}
    assert {tag for operation in _operations(made) for tag in operation["tags"]} == tags


def test_it_is_the_same_whatever_order_the_services_come_in(told: dict[str, Json], made: Json) -> None:
    backwards = dict(reversed(told.items()))

    assert json.dumps(made) == json.dumps(merged(backwards))


def test_a_type_that_another_service_gets_later_renames_nothing(told: dict[str, Json], made: Json) -> None:
    later = {**told, "metrics": copy.deepcopy(told["metrics"])}
    later["metrics"]["components"]["schemas"]["CallView"] = {"type": "string"}

    before, after = made["components"]["schemas"], merged(later)["components"]["schemas"]

    assert set(after) - set(before) == {"metrics.CallView"}
    assert all(after[name] == shape for name, shape in before.items())


def test_a_new_operation_may_not_take_the_name_of_another(told: dict[str, Json]) -> None:
    taken = {**told, "metrics": copy.deepcopy(told["metrics"])}
    taken["metrics"]["paths"]["/v1/gauge"]["get"]["operationId"] = "listCalls"

    with pytest.raises(NamesClash, match="listCalls"):
        merged(taken)


@pytest.mark.parametrize(
    ("kind", "name"), [("schemas", "Problem"), ("examples", "token-missing"), ("securitySchemes", "bearer")]
)
def test_what_is_one_thing_for_all_may_not_differ(told: dict[str, Json], kind: str, name: str) -> None:
    differing = {**told, "metrics": copy.deepcopy(told["metrics"])}
    differing["metrics"]["components"][kind][name]["description"] = "something else"

    with pytest.raises(NamesClash, match=name):
        merged(differing)


def test_the_service_that_serves_it_carries_what_is_made() -> None:
    carried = ROOT / "services/metrics/src/metrics/origin_openapi.json"

    assert carried.is_symlink()
    assert carried.resolve() == ROOT / "docs/api/smartfactory.json"
