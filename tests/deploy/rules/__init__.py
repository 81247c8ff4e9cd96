"""What must hold of a rendered overlay: pure functions from it to what breaks the rule."""

from collections.abc import Callable

from tests.deploy.rendered import Rendered
from tests.deploy.rules import documentation, kafka, monitoring, network, pods, references, rollout, settings

Rule = Callable[[Rendered], list[str]]

RULES: tuple[Rule, ...] = (
    *documentation.RULES,
    *kafka.RULES,
    *monitoring.RULES,
    *network.RULES,
    *pods.RULES,
    *references.RULES,
    *rollout.RULES,
    *settings.RULES,
)
