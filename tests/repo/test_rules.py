"""The repository keeps its own rules, and each rule is seen to bite."""

from collections.abc import Mapping

import pytest

from tests.repo.planted_faults import AROUND, FAULTS, Fault
from tests.repo.rules import RULES, Rule, moments
from tests.repo.tree import Tree, repository


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_the_repository_keeps(rule: Rule) -> None:
    found = rule(repository())

    assert not found, "\n" + "\n".join(map(str, found))


@pytest.mark.parametrize("fault", FAULTS, ids=[f"{fault} {number}" for number, fault in enumerate(FAULTS)])
def test_a_planted_fault_is_found_and_a_near_miss_is_not(fault: Fault) -> None:
    found = fault.rule(Tree(AROUND).plant(fault.path, fault.text))

    if fault.finds is None:
        assert not found
    else:
        assert any(fault.finds in finding.message for finding in found), found


def test_every_rule_has_a_planted_fault() -> None:
    bitten = {fault.rule for fault in FAULTS if fault.finds}

    assert {rule.__name__ for rule in set(RULES) - bitten} == set()


@pytest.mark.parametrize(
    ("allowed", "search"),
    [
        (moments.REAL_TIME_ALLOWED, moments.reads_of_the_wall_clock),
        (moments.SLEEP_ALLOWED, moments.sleeps),
    ],
    ids=["wall clock", "sleep"],
)
def test_no_permission_outlives_its_need(allowed: Mapping[str, str], search: Rule) -> None:
    used = {finding.path for finding in search(repository())}

    assert set(allowed) - used == set()
