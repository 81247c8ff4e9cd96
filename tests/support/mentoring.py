"""The mentorship programme as people use it over HTTP: a cohort, trained mentors, teams with calendars."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import uuid4

from contracts.roles import Role
from tests.support.listening import Listener

COHORT: Mapping[str, Any] = {
    "title": "2024년 제1기 멘토단",
    "recruited_on": "2024-01-15",
    "terms": {
        "experience_years_min": 11,
        "team_size_min": 2,
        "team_size_max": 3,
        "residency_weeks_min": 6,
        "residency_weeks_max": 10,
        "source_note": "assumed",
    },
}
EVIDENCE = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"


async def send(
    service: Listener,
    method: str,
    path: str,
    body: object = None,
    *,
    role: str,
    version: int | None = None,
    key: str = "",
) -> Any:
    """One request of the one person who has this role."""
    headers = service.issuer.headers(role=role, tenant="52", subject=f"the-{role}")
    headers |= {"Idempotency-Key": key or str(uuid4())} if method == "POST" else {}
    headers |= {} if version is None else {"If-Match": f'"{version}"'}
    return await service.http.request(method, path, json=body, headers=headers)


async def made(service: Listener, method: str, path: str, body: object = None, **by: Any) -> Any:
    """What a request that must succeed answers."""
    answer = await send(service, method, path, body, **by)
    assert answer.status_code in {200, 201}, answer.text
    return answer.json()


async def open_cohort(service: Listener) -> str:
    return str((await made(service, "POST", "/v1/mentor-cohorts", COHORT, role=Role.PROVINCE_OFFICER))["id"])


async def recruit(service: Listener, cohort: str, subject: str, **known: Sequence[str]) -> str:
    mastery = {"processes": ["INJECTION"], "technologies": ["MES"], "ksic_divisions": ["22"]} | known
    body = {"subject": subject, "experience_years": 15, **mastery}
    path = f"/v1/mentor-cohorts/{cohort}/mentors"
    return str((await made(service, "POST", path, body, role=Role.PROVINCE_OFFICER))["id"])


def training(*mentors: str) -> dict[str, Any]:
    return {"mentor_ids": list(mentors), "completed_on": "2024-03-29", "evidence_sha256": EVIDENCE}


async def train(service: Listener, cohort: str, *mentors: str) -> None:
    path = f"/v1/mentor-cohorts/{cohort}/training-completions"
    await made(service, "POST", path, training(*mentors), role=Role.PROVINCE_APPROVER)


def team(cohort: str, *mentors: str, place: str = "52110") -> dict[str, Any]:
    who = {"mentor_ids": list(mentors), "lead_id": mentors[0]}
    return {"cohort_id": cohort, "title": "1팀", "base_municipality_code": place, **who}


def calendar(*rotations: tuple[str, int]) -> dict[str, Any]:
    return {"rotations": [{"first_week": first, "weeks": weeks} for first, weeks in rotations]}
