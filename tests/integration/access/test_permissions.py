"""docs/permissions.toml is what the four services do: every route, every role, own, other, no tenant and not there."""

import pytest

from contracts.roles import EVERY_ROLE
from tests.support.access.matrix import cells_of, faults_of
from tests.support.access.worlds import World
from tests.repo.tree import ROOT
from tools.catalogue.permissions import Operation, disagreements, load, operations
from tools.catalogue.system import application, load_system

pytestmark = pytest.mark.anyio
_PERMISSIONS = load()
_OFFERED = [each for service in load_system(ROOT).services for each in operations(application(service), service.name)]


def test_every_route_has_a_row_and_every_row_a_route():
    assert disagreements(_PERMISSIONS, _OFFERED, sorted(EVERY_ROLE)) == []


@pytest.mark.parametrize("operation", _OFFERED, ids=lambda operation: operation.name)
async def test_every_role_is_answered_as_the_table_says(worlds: dict[str, World], operation: Operation):
    assert await faults_of(worlds[operation.service], cells_of(_PERMISSIONS, operation)) == []


def test_the_table_is_as_large_as_it_looks():
    assert sum(len(cells_of(_PERMISSIONS, operation)) for operation in _OFFERED) >= 2850
