"""The versions of the release terms, read once from the files that come with the service."""

from datetime import datetime

import msgspec

from common.clock import KST
from common.data_files import json_files
from funding.releases.domain.terms import ReleaseTerms

_TERMS = {
    each.version: each
    for each in (
        msgspec.json.decode(content, type=ReleaseTerms) for content in json_files("funding", "release_terms").values()
    )
}


def in_force(at: datetime) -> ReleaseTerms:
    """The newest version that is in force on this day."""
    day = at.astimezone(KST).date()
    return max((each for each in _TERMS.values() if each.valid_from <= day), key=lambda each: each.valid_from)


def of_version(version: str) -> ReleaseTerms:
    """The version under which a line was opened."""
    return _TERMS[version]
