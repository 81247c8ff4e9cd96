"""How the tests are shared out to the processes that run them.

A file stays in one process. The files of a folder that builds something large once (a played season, four services
with everybody's things in them) stay together too, or each process would build it again.

Tests of a flow mostly wait, for servers to come and to go, and tests of an integration mostly compute: given out in
turn, they run beside each other. What is quick comes last, so that the processes end together.
"""

from collections.abc import Iterator, Sequence
from itertools import zip_longest

import pytest
from xdist.scheduler import LoadScopeScheduling

_TOGETHER = ("tests/flow/season", "tests/integration/access")
_WAITING, _COMPUTING = "tests/flow/", "tests/integration/"


class SharingOut(LoadScopeScheduling):
    """Give each process a file, or the files of one such folder, at a time."""

    def _split_scope(self, nodeid: str) -> str:
        return scope_of(nodeid)


def scope_of(nodeid: str) -> str:
    """What a test is given out with."""
    path = nodeid.partition("::")[0]
    return next((folder for folder in _TOGETHER if path.startswith(f"{folder}/")), path)


def in_turn(items: Sequence[pytest.Item]) -> list[pytest.Item]:
    """The order in which they are given out: what waits and what computes by turns, then the rest."""
    scopes: dict[str, list[pytest.Item]] = {}
    for item in items:
        scopes.setdefault(scope_of(item.nodeid), []).append(item)
    return [item for scope in _in_turn(list(scopes)) for item in scopes[scope]]


def _in_turn(scopes: Sequence[str]) -> Iterator[str]:
    slow = [[one for one in scopes if one.startswith(kind)] for kind in (_WAITING, _COMPUTING)]
    for both in zip_longest(*slow):
        yield from filter(None, both)
    yield from (one for one in scopes if not one.startswith((_WAITING, _COMPUTING)))
