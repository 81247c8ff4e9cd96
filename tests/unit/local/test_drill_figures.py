"""A drill's figures: kept within their limit, or the drill fails."""

import pytest

from tests.support.drills.figures import Drill
from tests.support.drills.report import Outcome, text_of


def test_a_figure_beyond_its_limit_fails_the_drill():
    drill = Drill("ci")
    drill.figure("events lost", 0, limit="== 0")
    drill.figure("drained in", 3.5, unit="s", limit="<= 60")

    with pytest.raises(AssertionError, match="events lost: 1  is not == 0"):
        drill.figure("events lost", 1, limit="== 0")


def test_a_limit_that_cannot_be_read_is_an_error_and_not_a_pass():
    with pytest.raises(ValueError, match="not 'about 3'"):
        Drill("ci").figure("events lost", 0, limit="about 3")


def test_the_size_says_how_much_is_done():
    assert Drill("ci").scale(ci=5, full=50) == 5
    assert Drill("full").scale(ci=5, full=50) == 50


def test_the_report_shows_a_failed_drill_and_the_figure_that_broke_it():
    drill = Drill("ci")
    with pytest.raises(AssertionError):
        drill.figure("events lost", 2, limit="== 0")
    outcome = Outcome(
        ("R1",), "test_r01.py::test_x", "Nothing is lost", passed=False, seconds=1.0, figures=drill.figures
    )

    text = text_of([outcome], size="ci", seconds=1.0)

    assert "0 of 1 drills passed" in text
    assert "## R1: Nothing is lost" in text
    assert "| events lost | 2  | == 0 | ✗ |" in text
