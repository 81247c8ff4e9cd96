"""The versions of how open data is published, which come with the program."""

from datetime import date

import msgspec

from common.data_files import json_files
from metrics.open_data.domain import OpenDataRule, in_force

_RULES = tuple(
    msgspec.json.decode(content, type=OpenDataRule) for content in json_files("metrics", "open_data_rules").values()
)


def rule_in_force(day: date) -> OpenDataRule:
    """The version that counts on a day."""
    return in_force(_RULES, day)
