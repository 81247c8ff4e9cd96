"""Values for the examples of what a service tells those who look after the platform. All of them are invented."""

from collections.abc import Mapping

OPERATING_EXAMPLES: Mapping[str, object] = {
    "ServiceStateView.service": "funding",
    "running_version": "2024.5.2",
    "ready": True,
    "check": "schema",
    "good": True,
    "finding": "schema 0032",
    "relay_leads": True,
    "waiting": 2,
    "oldest_at": "2024-05-14T05:00:02Z",
    "keys": 1,
    "listens_to": ["applicant.project.v1", "applicant.selection.v1"],
    "read_at": "2024-05-14T05:03:00Z",
}
