"""The repository's own rules: pure functions from a tree to what breaks them there."""

from collections.abc import Callable

from tests.repo.rules import configuration, database, kafka, layout, moments, wire, words
from tests.repo.tree import Finding, Tree

Rule = Callable[[Tree], list[Finding]]

RULES: tuple[Rule, ...] = (
    *configuration.RULES,
    *database.RULES,
    *kafka.RULES,
    *layout.RULES,
    *moments.RULES,
    *wire.RULES,
    *words.RULES,
)
