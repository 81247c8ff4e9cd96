"""A rota as the mentoring service tells it: a team that stays too long, the next residency that waits for it, and gaps."""

from typing import Any
from uuid import UUID

JEONJU = "52110"
AT = "2024-05-20T01:00:00Z"
TEAM = str(UUID(int=1))


def residency(number: int, **changes: Any) -> dict[str, Any]:
    told = {
        "id": str(UUID(int=number)), "project_id": str(UUID(int=number)), "team_id": TEAM,
        "municipality_code": JEONJU, "first_week": "2024-05-06", "weeks": 6, "state": "STARTED", "answer_due_at": AT,
        "started_on": "2024-05-06", "ended_on": None, "pauses": [],
    }  # fmt: skip
    return told | changes


def team(title: str) -> dict[str, Any]:
    rotation = {"first_week": "2024-07-01", "weeks": 6, "project_id": None}
    return {
        "id": TEAM, "title": title, "base_municipality_code": JEONJU, "state": "ACTIVE",
        "mentor_ids": [str(UUID(int=8))], "rotations": [rotation],
    }  # fmt: skip


def listed(*items: dict[str, Any]) -> dict[str, Any]:
    return {"items": list(items), "next": None}


def rota() -> dict[str, Any]:
    """By path, what is answered there."""
    paused = {"cause": "SUPPLIER_INSOLVENT", "suspended_on": "2024-05-10", "resumed_on": None}
    waiting = {
        "project_id": str(UUID(int=21)), "type_code": "JS1", "municipality_code": "52130", "waiting_since": AT,
    }  # fmt: skip
    return {
        "/v1/residencies": listed(
            residency(11, first_week="2024-04-01"),
            residency(12, first_week="2024-05-20", state="ACCEPTED", pauses=[paused]),
        ),
        "/v1/mentor-teams": listed(team("전주 1팀")),
        "/v1/waiting-projects": listed(waiting),
    }
