"""Promise R25 by the database alone: no guard is left in the code, and everybody asks for everything."""

import time

import pytest

from contracts.roles import Role
from tests.support.access.leaks import attempts, leaks_of
from tests.support.access.matrix import cells_of
from tests.support.access.table import OFFERED, PERMISSIONS
from tests.support.access.walls import without_guards
from tests.support.access.worlds import World
from tests.support.drills.figures import Drill

_FEW = [Role.COMPANY_STAFF, Role.MUNICIPALITY_CLIENT]


@pytest.mark.promise("R25")
async def test_row_security_alone_leaks_nothing(
    drill: Drill, owned_worlds: dict[str, World], monkeypatch: pytest.MonkeyPatch
) -> None:
    """All guards are out of the code; every role asks for what is another's, and PostgreSQL alone says no."""
    roles = None if drill.size == "full" else _FEW
    leaked, made, began = [], 0, time.monotonic()
    without_guards(monkeypatch, owned_worlds)
    for service, world in owned_worlds.items():
        done = await leaks_of(world, attempts(service, roles))
        leaked += done.found
        made += done.attempts
    seconds = time.monotonic() - began
    assert leaked == [], "\n".join(leaked)
    drill.figure(
        "cells of the permission matrix", sum(len(cells_of(PERMISSIONS, each)) for each in OFFERED), limit=">= 2000"
    )
    drill.figure("forbidden requests sent without a guard", made, limit=f">= {drill.scale(ci=100, full=1000)}")
    drill.figure("things of others shown or changed", len(leaked), limit="== 0")
    drill.figure("took", round(seconds, 1), unit="s", limit="<= 120")
