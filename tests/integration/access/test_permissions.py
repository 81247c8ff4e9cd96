"""docs/permissions.toml is what the four services do: every route, every role, own, other, no tenant and not there."""

import pytest

from contracts.roles import EVERY_ROLE
from tests.support.access.matrix import cells_of, faults_of
from tests.support.access.table import APPLICATIONS, OFFERED, PERMISSIONS
from tests.support.access.worlds import World
from tools.catalogue.permissions import Operation, disagreements, page_disagreements, pages


@pytest.mark.promise("R25")
def test_every_route_has_a_row_and_every_row_a_route():
    assert disagreements(PERMISSIONS, OFFERED, sorted(EVERY_ROLE)) == []


@pytest.mark.promise("R25")
def test_every_page_has_a_row_and_every_row_a_page():
    offered = {page: roles for app in APPLICATIONS.values() for page, roles in pages(app).items()}
    assert page_disagreements(PERMISSIONS, offered) == []
    assert page_disagreements(PERMISSIONS, {**offered, "GET /": frozenset({"auditor"})}) == [
        "GET /: file and code differ"
    ]
    assert page_disagreements(PERMISSIONS, {**offered, "GET /planted": frozenset({"public"})}) == [
        "GET /planted has no row in [pages]"
    ]
    del offered["GET /developers"]
    assert page_disagreements(PERMISSIONS, offered) == ["[pages] has a row for GET /developers, which is none"]


@pytest.mark.parametrize("operation", OFFERED, ids=lambda operation: operation.name)
@pytest.mark.promise("R25")
async def test_every_role_is_answered_as_the_table_says(worlds: dict[str, World], operation: Operation):
    assert await faults_of(worlds[operation.service], cells_of(PERMISSIONS, operation)) == []


@pytest.mark.promise("R25")
def test_the_table_is_as_large_as_it_looks():
    assert sum(len(cells_of(PERMISSIONS, operation)) for operation in OFFERED) >= 2850
