"""Each overlay keeps every rule, and each rule is seen to bite."""

from collections.abc import Callable

import pytest

from tests.deploy.planted import FAULTS, Fault
from tests.deploy.rendered import Rendered, rendered
from tests.deploy.rules import RULES
from tools.deploy.rendering import OVERLAYS


@pytest.mark.parametrize("overlay", OVERLAYS)
@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_an_overlay_keeps(rule: Callable[[Rendered], list[str]], overlay: str) -> None:
    found = rule(rendered(overlay))

    assert not found, "\n" + "\n".join(found)


@pytest.mark.parametrize("fault", FAULTS, ids=[f"{fault.rule.__name__} {n}" for n, fault in enumerate(FAULTS)])
def test_a_planted_fault_is_found(fault: Fault) -> None:
    found = fault.rule(fault.plant(rendered(fault.overlay)))

    assert any(fault.finds in each for each in found), found


def test_every_rule_has_a_planted_fault() -> None:
    assert {rule.__name__ for rule in RULES} - {fault.rule.__name__ for fault in FAULTS} == set()
