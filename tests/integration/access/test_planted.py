"""The matrix bites: a row deleted, a route without one, a cell changed, a guard removed, and a refusal that writes."""

from dataclasses import replace
from typing import Annotated

import pytest
from sqlalchemy import true

import applicant.applications.queries as applications
import funding.budgets.queries as budgets
from common.auth import Principal
from common.web import allowed, router
from common.web.access import Access
from contracts.roles import EVERY_ROLE, Role
from tests.support.access.matrix import Cell, cells_of, faults_of
from tests.support.access.table import OFFERED, PERMISSIONS, SERVICES
from tests.support.access.walls import without_row_security
from tests.support.access.worlds import World
from tools.catalogue.permissions import ALLOWED, Operation, disagreements, operations
from tools.catalogue.rest import api_routes
from tools.catalogue.system import application

pytestmark = pytest.mark.promise("R25")

_ROLES = sorted(EVERY_ROLE)


def _offered(name: str) -> Operation:
    return next(each for each in OFFERED if each.name == name)


@pytest.mark.parametrize("operation", OFFERED, ids=lambda operation: operation.name)
def test_a_deleted_row_is_missed(operation: Operation):
    assert disagreements(PERMISSIONS.without(operation.name), OFFERED, _ROLES) == [
        f"{operation.name} has no row in permissions.toml"
    ]


def test_a_route_without_a_row_is_found():
    app = application(SERVICES[0])
    planted = router(tags=["planted"])

    @planted.get("/v1/planted", operation_id="readPlanted", summary="심음 (Planted)")
    async def read_planted(by: Annotated[Principal, allowed(Role.AUDITOR)]) -> None: ...

    app.include_router(planted)
    app.openapi_schema = None
    offered = [each for each in OFFERED if each.service != SERVICES[0].name]
    offered += operations(app, SERVICES[0].name)

    assert disagreements(PERMISSIONS, offered, _ROLES) == ["applicant.readPlanted has no row in permissions.toml"]


def test_a_role_too_many_in_code_or_in_the_file_is_found():
    (call,) = [each for each in OFFERED if each.name == "applicant.publishCall"]
    wider = replace(call, roles=call.roles | {Role.PROVINCE_OFFICER})
    offered = [wider if each is call else each for each in OFFERED]

    assert disagreements(PERMISSIONS, offered, _ROLES) == [
        "applicant.publishCall: file and OpenAPI differ on province.officer"
    ]
    assert disagreements(PERMISSIONS, OFFERED, [*_ROLES, "new.role"]) == [
        "[roles] and contracts.roles differ in ['new.role']"
    ]


@pytest.mark.parametrize("name", ["applicant.getApplication", "funding.listBudgetLines", "metrics.readProgress"])
async def test_every_cell_counts(worlds: dict[str, World], name: str):
    cells = cells_of(PERMISSIONS, _offered(name))
    turned = [replace(cell, expected="403" if cell.expected in {ALLOWED, "401", "404"} else ALLOWED) for cell in cells]

    assert len(await faults_of(worlds[_offered(name).service], turned)) == len(cells)


async def test_a_query_that_forgets_whose_it_is_is_found(worlds: dict[str, World], monkeypatch: pytest.MonkeyPatch):
    without_row_security(monkeypatch)
    monkeypatch.setattr(applications, "_reach", lambda _by, _assigned: true())
    for name in ("applicant.getApplication", "applicant.listApplications"):
        found = await _faults(worlds, name)
        assert {_who(fault) for fault in found} == {
            f"{name} by {role} on other"
            for role in _ROLES
            if role.startswith(("company.", "municipality.")) or role == Role.PANEL_MEMBER
        }


async def test_a_guard_that_lets_every_role_in_is_found(worlds: dict[str, World], monkeypatch: pytest.MonkeyPatch):
    world = worlds["funding"]
    (route,) = [route for _, route in api_routes(world.app) if route.operation_id == "listTransfers"]
    without_row_security(monkeypatch)
    monkeypatch.setattr(route, "access", Access(frozenset(EVERY_ROLE)))
    found = {_who(fault) for fault in await _faults(worlds, "funding.listTransfers")}

    assert "funding.listTransfers by technopark.operator on own" in found
    assert "funding.listTransfers by company.owner on other" in found
    assert not any("municipality" in who or "public" in who for who in found)


async def test_a_token_of_a_municipality_that_is_none_of_the_fourteen_is_found(
    worlds: dict[str, World], monkeypatch: pytest.MonkeyPatch
):
    state = worlds["funding"].app.state
    trusting = replace(state.runtime, tenant_fits=lambda _role, _tenant: True)
    without_row_security(monkeypatch)
    monkeypatch.setitem(state._state, "runtime", trusting)
    found = {_who(fault) for fault in await _faults(worlds, "funding.listBudgetLines")}

    assert "funding.listBudgetLines by municipality.client on stray" in found


async def test_a_refusal_that_writes_is_found(worlds: dict[str, World]):
    cell = Cell(_offered("applicant.draftCall"), Role.TECHNOPARK_OPERATOR, "own", "403")
    found = await faults_of(worlds["applicant"], [cell])

    assert "applicant.draftCall: a refused request changed call" in found
    assert "applicant.draftCall: a refused request changed journal_entry" in found


async def test_lines_that_are_everybodys_are_found(worlds: dict[str, World], monkeypatch: pytest.MonkeyPatch):
    without_row_security(monkeypatch)
    monkeypatch.setattr(budgets, "_visible", lambda _by: true())

    assert {_who(fault) for fault in await _faults(worlds, "funding.getBudgetLine")} == {
        f"funding.getBudgetLine by {role} on other" for role in _ROLES if role.startswith("municipality.")
    }


async def _faults(worlds: dict[str, World], name: str) -> list[str]:
    operation = _offered(name)
    return await faults_of(worlds[operation.service], cells_of(PERMISSIONS, operation))


def _who(fault: str) -> str:
    return fault.partition(":")[0]
