"""Each wall alone: with no guard left in the code, and with no policy asked, nobody reaches what is another's."""

import pytest
from sqlalchemy import text

from contracts.roles import Role
from tests.support.access.leaks import attempts, leaks_of
from tests.support.access.matrix import Cell, cells_of, faults_of
from tests.support.access.table import OFFERED, PERMISSIONS
from tests.support.access.walls import without_guards, without_row_security
from tests.support.access.worlds import World
from tools.catalogue.permissions import ALLOWED, Operation

pytestmark = pytest.mark.promise("R25")

SERVICES = ("applicant", "funding", "mentoring", "metrics")
_TIES = {
    "company",
    "worksite",
    "application",
    "project",
    "budget-line",
    "figures",
    "publication",
    "split-rule",
    "seat-offer",
    "residency",
    "session",
    "item",
    "webhook",
}
_SOME = (Role.COMPANY_OWNER, Role.MUNICIPALITY_APPROVER, Role.PANEL_MEMBER, Role.SUPPLIER, "public")


def _others(operation: Operation) -> list[Cell]:
    return [cell for cell in cells_of(PERMISSIONS, operation) if cell.scope == "other"]


_TIED = [each for each in OFFERED if PERMISSIONS.tie(each.name) in _TIES]


@pytest.mark.parametrize("operation", _TIED, ids=lambda operation: operation.name)
async def test_without_row_security_every_role_is_refused_anothers_as_the_table_says(
    worlds: dict[str, World], monkeypatch: pytest.MonkeyPatch, operation: Operation
):
    """Both walls together would hide a hole in the first."""
    without_row_security(monkeypatch)
    refused = [cell for cell in _others(operation) if cell.expected != ALLOWED]
    assert await faults_of(worlds[operation.service], refused) == []


@pytest.mark.parametrize("service", SERVICES)
async def test_without_the_codes_guards_nothing_of_anothers_is_shown_or_changed(
    worlds: dict[str, World], monkeypatch: pytest.MonkeyPatch, service: str
):
    without_guards(monkeypatch, worlds)
    done = await leaks_of(worlds[service], attempts(service, _SOME))
    assert done.found == [], "\n".join(done.found)
    assert done.attempts >= 25


@pytest.mark.parametrize(("service", "least"), [("applicant", 15), ("funding", 5), ("mentoring", 1), ("metrics", 1)])
async def test_without_either_wall_the_same_requests_show_much(
    worlds: dict[str, World], monkeypatch: pytest.MonkeyPatch, service: str, least: int
):
    without_guards(monkeypatch, worlds)
    without_row_security(monkeypatch)
    reading = [
        each
        for each in attempts(service, [Role.COMPANY_OWNER, Role.MUNICIPALITY_APPROVER, Role.PANEL_MEMBER])
        if each.operation.method == "GET"
    ]
    done = await leaks_of(worlds[service], reading)
    assert len(done.found) >= least, done.found


@pytest.mark.parametrize(
    ("hole", "mended", "operation"),
    [
        (
            "ALTER TABLE application DISABLE ROW LEVEL SECURITY",
            "ALTER TABLE application ENABLE ROW LEVEL SECURITY",
            "applicant.listApplications by company.owner on other",
        ),
        (
            "CREATE POLICY planted ON project FOR SELECT USING (true)",
            "DROP POLICY planted ON project",
            "applicant.getProject by company.owner on other",
        ),
    ],
)
async def test_a_hole_in_it_is_found(
    worlds: dict[str, World], monkeypatch: pytest.MonkeyPatch, hole: str, mended: str, operation: str
):
    world = worlds["applicant"]
    without_guards(monkeypatch, worlds)
    reading = [each for each in attempts("applicant", [Role.COMPANY_OWNER]) if each.operation.method == "GET"]
    await _as_owner(world, hole)
    try:
        done = await leaks_of(world, reading)
    finally:
        await _as_owner(world, mended)
    assert any(leak.startswith(operation) for leak in done.found), done.found
    assert (await leaks_of(world, reading)).found == []


async def _as_owner(world: World, statement: str) -> None:
    async with world.owner.transaction() as tx:
        await tx.execute(text(statement))
