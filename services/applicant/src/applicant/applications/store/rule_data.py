"""The versions of the screening rules, read from the package's data files once."""

from functools import cache
from importlib.resources import files

import msgspec

from applicant.applications.domain.rules import RuleSet


@cache
def load_rules(version: str) -> RuleSet:
    """One version; calls are drafted only with versions that exist."""
    content = (files("applicant") / "screening_rules" / f"{version}.json").read_bytes()
    return msgspec.json.decode(content, type=RuleSet)
