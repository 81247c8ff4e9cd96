"""How tests are shared out to processes: none is lost, folders that share stay together, and what it names is there."""

from types import SimpleNamespace
from typing import Any

from tests.repo.tree import ROOT
from tests.support import sharing_out

_IDS = [
    "tests/unit/web/test_x.py::test_1",
    "tests/integration/access/test_a.py::test_1",
    "tests/integration/access/test_b.py::test_1[a/b::c]",
    "tests/integration/web/test_c.py::test_1",
    "tests/integration/web/test_c.py::test_2",
    "tests/flow/season/test_d.py::TestAll::test_1",
    "tests/flow/season/test_e.py::test_1",
    "tests/flow/tools/test_f.py::test_1",
]


def test_every_test_is_given_out_once_and_what_waits_runs_beside_what_computes() -> None:
    items: list[Any] = [SimpleNamespace(nodeid=nodeid) for nodeid in _IDS]
    given = [item.nodeid for item in sharing_out.in_turn(items)]

    assert sorted(given) == sorted(_IDS)
    assert list(dict.fromkeys(map(sharing_out.scope_of, given))) == [
        "tests/flow/season",
        "tests/integration/access",
        "tests/flow/tools/test_f.py",
        "tests/integration/web/test_c.py",
        "tests/unit/web/test_x.py",
    ]


def test_the_folders_it_names_are_there() -> None:
    assert [name for name in sharing_out._TOGETHER if not (ROOT / name).is_dir()] == []
