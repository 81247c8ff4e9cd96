"""The rules of inspections as they come with the program, and the form in which rows keep evidence."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

import msgspec

from applicant.inspections.domain.evidence import Evidence, EvidenceKind, InspectionRules
from common.clock import KST
from common.data_files import json_files

_RULES = tuple(
    msgspec.json.decode(content, type=InspectionRules)
    for content in json_files("applicant", "inspection_rules").values()
)


def rules_in_force(now: datetime) -> InspectionRules:
    """The newest version whose first day in Korea has come."""
    day = now.astimezone(KST).date()
    return max((each for each in _RULES if each.valid_from <= day), key=lambda each: each.valid_from)


def kept(evidence: Iterable[Evidence]) -> list[dict[str, Any]]:
    """Evidence as a column keeps it."""
    return [
        {
            "kind": each.kind.value,
            "sha256": each.sha256,
            "taken_at": each.taken_at.isoformat() if each.taken_at else None,
            "latitude_microdegrees": each.latitude_microdegrees,
            "longitude_microdegrees": each.longitude_microdegrees,
        }
        for each in evidence
    ]


def read(column: Iterable[Mapping[str, Any]]) -> tuple[Evidence, ...]:
    """Evidence as it was given."""
    return tuple(
        Evidence(
            kind=EvidenceKind(each["kind"]),
            sha256=each["sha256"],
            taken_at=datetime.fromisoformat(each["taken_at"]) if each["taken_at"] else None,
            latitude_microdegrees=each["latitude_microdegrees"],
            longitude_microdegrees=each["longitude_microdegrees"],
        )
        for each in column
    )
