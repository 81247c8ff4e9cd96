"""docs/permissions.toml is what the four services do: every route, every role, own, other, no tenant and not there."""

import pytest

from contracts.roles import EVERY_ROLE
from tests.support.access.matrix import cells_of, faults_of
from tests.support.access.table import OFFERED, PERMISSIONS
from tests.support.access.worlds import World
from tools.catalogue.permissions import Operation, disagreements


@pytest.mark.promise("R25")
def test_every_route_has_a_row_and_every_row_a_route():
    assert disagreements(PERMISSIONS, OFFERED, sorted(EVERY_ROLE)) == []


@pytest.mark.parametrize("operation", OFFERED, ids=lambda operation: operation.name)
@pytest.mark.promise("R25")
async def test_every_role_is_answered_as_the_table_says(worlds: dict[str, World], operation: Operation):
    assert await faults_of(worlds[operation.service], cells_of(PERMISSIONS, operation)) == []


@pytest.mark.promise("R25")
def test_the_table_is_as_large_as_it_looks():
    assert sum(len(cells_of(PERMISSIONS, operation)) for operation in OFFERED) >= 2850
