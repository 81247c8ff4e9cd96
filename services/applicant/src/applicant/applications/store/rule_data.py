"""The versions of the screening rules, read from the package's data files when the program starts."""

import msgspec

from applicant.applications.domain.rules import RuleSet
from common.data_files import json_files

_RULES = {
    version: msgspec.json.decode(content, type=RuleSet)
    for version, content in json_files("applicant", "screening_rules").items()
}


def load_rules(version: str) -> RuleSet:
    """One version; calls are drafted only with versions that exist."""
    return _RULES[version]
