"""How the tests are shared out to the processes that run them: what takes long first, and together what shares much.

A file stays in one process. The files of a folder that builds something large once (a played season, four services
with everybody's things in them) stay together too, or each process would build it again.
"""

from collections.abc import Sequence
from typing import Any

import pytest
from xdist.scheduler import LoadScopeScheduling

_TOGETHER = ("tests/flow/season", "tests/integration/access")
_LONGEST_FIRST = ("tests/flow/", "tests/integration/", "tests/unit/")
"""A process that is given a minute's test as its last leaves the others idle for that minute."""


class SharingOut(LoadScopeScheduling):
    """Give each process a file, or the files of one such folder, at a time."""

    def _split_scope(self, nodeid: str) -> str:
        return scope_of(nodeid)


def scope_of(nodeid: str) -> str:
    """What a test is given out with."""
    path = nodeid.partition("::")[0]
    return next((folder for folder in _TOGETHER if path.startswith(f"{folder}/")), path)


def longest_first(items: Sequence[pytest.Item]) -> list[Any]:
    """By cost as tests/ is divided by it; what shares is side by side, since what is given out first begins first."""
    return sorted(items, key=lambda item: (_cost(item.nodeid), scope_of(item.nodeid) not in _TOGETHER))


def _cost(nodeid: str) -> int:
    return next((at for at, folder in enumerate(_LONGEST_FIRST) if nodeid.startswith(folder)), -1)
