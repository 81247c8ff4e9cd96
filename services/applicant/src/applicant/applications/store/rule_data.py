"""The versions of the screening rules, read from the package's data files when the program starts."""

from importlib.resources import files

import msgspec

from applicant.applications.domain.rules import RuleSet

# Read here, not when a case first asks: a file that is read then holds up everybody else's request.
_RULES = {
    entry.name.removesuffix(".json"): msgspec.json.decode(entry.read_bytes(), type=RuleSet)
    for entry in (files("applicant") / "screening_rules").iterdir()
    if entry.name.endswith(".json")
}


def load_rules(version: str) -> RuleSet:
    """One version; calls are drafted only with versions that exist."""
    return _RULES[version]
