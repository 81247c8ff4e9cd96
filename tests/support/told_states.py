"""What a service tells its operators of itself: sent and heard places in the logs, and an event that it could not apply."""

from typing import Any

AT = "2024-05-20T01:00:00Z"
TOPIC = "applicant.project.v1"
SENT_UP_TO = 48_271_695


def state(**changes: Any) -> dict[str, Any]:
    """A service that is well, but for what is changed."""
    told: dict[str, Any] = {
        "service": "funding", "running_version": "2024.5.2", "ready": True, "relay_leads": True,
        "checks": [{"check": "schema", "good": True, "finding": "schema 0032"}],
        "unsent_events": {"waiting": 0, "oldest_at": None},
        "parked_events": {"waiting": 0, "keys": 0, "oldest_at": None},
        "listens_to": [TOPIC], "sent": [{"topic": TOPIC, "partition": 0, "offset": SENT_UP_TO}],
        "heard": [{"topic": TOPIC, "partition": 0, "offset": SENT_UP_TO}], "read_at": AT,
    }  # fmt: skip
    return told | changes


def troubled() -> dict[str, Any]:
    """One that is not ready, whose events do not leave, and in which two of one key are parked."""
    return state(
        ready=False,
        relay_leads=False,
        checks=[{"check": "schema", "good": False, "finding": "run `funding migrate`"}],
        unsent_events={"waiting": 1_234_567, "oldest_at": "2024-05-19T23:30:00Z"},
        parked_events={"waiting": 2, "keys": 1, "oldest_at": "2024-05-19T13:00:00Z"},
    )


def parked(**changes: Any) -> dict[str, Any]:
    """An event that waits for a person."""
    told: dict[str, Any] = {
        "id": 41, "topic": TOPIC, "key": "0199f1b0-1d20-7c31-9b52-3c1e8f40a501", "reason": "refused",
        "fault": "split-rule-not-found", "attempts": 3, "parked_at": "2024-05-19T13:00:00Z",
    }  # fmt: skip
    return told | changes


def answers() -> dict[str, Any]:
    """By path, what each of the other services answers."""
    return {"/v1/service-state": troubled(), "/v1/parked-events": {"items": [parked()], "next": "more"}}
