"""Every story and every edge case of the programme has a flow test that is named after its number."""

import re

from tests.repo.tree import ROOT

_NAMED = re.compile(r"^(?:async )?def test_(story|edge)_(\d+)_", re.MULTILINE)
_STORIES, _EDGES = range(1, 11), range(1, 11)


def test_each_has_its_flow_test() -> None:
    told = {
        (kind, int(number))
        for path in (ROOT / "tests" / "flow").rglob("test_*.py")
        for kind, number in _NAMED.findall(path.read_text("utf-8"))
    }
    wanted = {("story", number) for number in _STORIES} | {("edge", number) for number in _EDGES}
    assert told == wanted
