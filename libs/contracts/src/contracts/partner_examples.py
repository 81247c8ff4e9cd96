"""Realistic values for the examples of partners' events and their feed, by the name of a field. All are invented."""

from collections.abc import Mapping

PARTNER_EXAMPLES: Mapping[str, object] = {
    ".after": 11,
    ".Last-Event-ID": 11,
    "PartnerEventPage.after": 12,
    "PartnerEventPage.more": False,
    "PartnerEventView.id": "0199f1b0-1d20-5c31-9b52-3c1e8f40ab01",
    "PartnerEventView.source": "/partner",
    "PartnerEventView.type": "kr.jeonbuk.smartfactory.partner.mentoring.residency-ended.v1",
    "PartnerEventView.subject": "0199f1b0-1d20-7c31-9b52-3c1e8f40a831",
    "PartnerEventView.time": "2024-07-26T08:00:00Z",
    "PartnerEventView.dataschema": (
        "urn:smartfactory:schema:kr.jeonbuk.smartfactory.partner.mentoring.residency-ended.v1"
    ),
    "PartnerEventView.partitionkey": "0199f1b0-1d20-7c31-9b52-3c1e8f40a831",
    "PartnerEventView.sequence": "00000000000000000003",
    "PartnerEventView.recordedtime": "2024-07-26T08:00:01Z",
    "PartnerEventView.correlationid": "0199f1b0-1d20-5c31-9b52-3c1e8f40ab01",
    "PartnerEventView.causationid": "0199f1b0-1d20-7c31-9b52-3c1e8f40ab02",
    "PartnerEventView.position": "12",
    "PartnerEventView.data": {
        "residency_id": "0199f1b0-1d20-7c31-9b52-3c1e8f40a851",
        "rotation_id": "0199f1b0-1d20-7c31-9b52-3c1e8f40a831",
        "project_id": "0199f1b0-1d20-7c31-9b52-3c1e8f40a501",
        "team_id": "0199f1b0-1d20-7c31-9b52-3c1e8f40a821",
        "plan_id": "0199f1b0-1d20-7c31-9b52-3c1e8f40a841",
        "ended_on": "2024-07-26",
    },
    "PartnerWaveClosed.wave": "COMPLETION",
    "PartnerWaveClosed.due_on": "2025-05-30",
    "PartnerWaveClosed.response": "RESPONDED",
    "detail.after": 40,
    "detail.newest": 12,
    "detail.per_minute": 120,
    "detail.retry_after_seconds": 1,
}
