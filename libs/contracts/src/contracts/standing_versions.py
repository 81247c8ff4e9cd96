"""The versions of the standing rules, read once from the files that come with the contracts."""

from datetime import datetime

import msgspec

from common.clock import KST
from common.data_files import json_files
from contracts.standings import StandingRules

_VERSIONS = {
    each.version: each
    for each in (
        msgspec.json.decode(content, type=StandingRules)
        for content in json_files("contracts", "standing_rules").values()
    )
}


def in_force(at: datetime) -> StandingRules:
    """The newest version that is in force on this day."""
    day = at.astimezone(KST).date()
    return max((each for each in _VERSIONS.values() if each.valid_from <= day), key=lambda each: each.valid_from)


def of_version(version: str) -> StandingRules:
    """The version by which an answer was judged."""
    return _VERSIONS[version]
