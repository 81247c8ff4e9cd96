"""The mentorship programme as people use it over HTTP: a cohort, trained mentors, teams with calendars."""

from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import Any
from uuid import UUID, uuid4

from common.event import new_id
from contracts.applicant import (
    ProjectCompleted,
    ProjectConfirmed,
    ProjectResumed,
    ProjectSuspended,
    ProjectTerminated,
    ProjectWithdrawn,
)
from contracts.roles import Role
from contracts.types import MUNICIPALITIES
from tests.support.listening import Listener
from tests.support.patience import patiently

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
    tenant: str = "52",
    subject: str = "",
) -> Any:
    """One request of the one person who has this role, or of this one."""
    headers = service.issuer.headers(role=role, tenant=tenant, subject=subject or f"the-{role}")
    headers |= {"Idempotency-Key": key or str(uuid4())} if method == "POST" else {}
    headers |= {} if version is None else {"If-Match": f'"{version}"'}
    return await patiently(lambda: service.http.request(method, path, json=body, headers=headers))


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


def needs(weeks: int = 6, *barred: str, processes: Sequence[str] = ("INJECTION",)) -> dict[str, Any]:
    conflicts = [{"mentor_id": mentor, "kind": "STAKE_IN_SUPPLIER"} for mentor in barred]
    wanted = {"processes": list(processes), "technologies": ["MES"], "ksic_division": "22"}
    return {**wanted, "residency_weeks": weeks, "conflicts": conflicts}


def matching_rule(version: str = "2024-M-1") -> dict[str, Any]:
    weights = {
        "missing_process": 300,
        "missing_technology": 100,
        "unknown_division": 150,
        "distance_km": 2,
        "surplus_week": 40,
        "week_of_waiting": 10,
        "further_rotation": 20,
    }
    distances = [
        {"one": one.code, "other": other.code, "km": 10 + number}
        for number, (one, other) in enumerate(combinations(MUNICIPALITIES, 2))
    ]
    more = {"answer_days": 7, "source_note": "assumed"}
    return {"version": version, "weights": weights, "distances": distances, **more}


async def trained_team(
    service: Listener, cohort: str, name: str, *rotations: tuple[str, int], place: str = "52110"
) -> Any:
    """A team of two new mentors with this calendar, as people see it."""
    mentors = [await recruit(service, cohort, f"{name}-{number}") for number in range(2)]
    await train(service, cohort, *mentors)
    formed = await made(service, "POST", "/v1/mentor-teams", team(cohort, *mentors, place=place), role=Role.MENTOR_LEAD)
    path = f"/v1/mentor-teams/{formed['id']}/calendar"
    return await made(service, "PUT", path, calendar(*rotations), role=Role.MENTOR_LEAD, version=1)


async def state_needs(service: Listener, project: object, said: Mapping[str, Any], version: int = 0) -> None:
    path = f"/v1/waiting-projects/{project}/needs"
    await made(service, "PUT", path, said, role=Role.TECHNOPARK_OPERATOR, version=version)


async def request_plan(service: Listener, *, may_move: bool = False) -> str:
    body = {"rule_version": "2024-M-1", "may_move": may_move}
    return str((await made(service, "POST", "/v1/mentor-plans", body, role=Role.MENTOR_LEAD))["id"])


async def confirm_plan(service: Listener, plan: str, version: int = 2) -> Any:
    path = f"/v1/mentor-plans/{plan}/confirmations"
    return await send(service, "POST", path, role=Role.PROVINCE_OFFICER, version=version)


async def residency_of(service: Listener, project: object) -> Any:
    """The newest residency of a project, as Samsung sees it."""
    listed = (await service.get("/v1/residencies?page_size=100", role=Role.SAMSUNG_CLIENT)).json()["items"]
    return [each for each in listed if each["project_id"] == str(project)][-1]


async def answer(service: Listener, residency: Any, what: str, body: object = None) -> Any:
    """Samsung's answer to what it has read: `acceptances` or `declines`."""
    path = f"/v1/residencies/{residency['id']}/{what}"
    return await send(service, "POST", path, body, role=Role.SAMSUNG_CLIENT, version=residency["version"])


def project_confirmed(place: str = "52110") -> ProjectConfirmed:
    return ProjectConfirmed(
        project_id=new_id(), application_id=new_id(), call_id=UUID(int=1), type_code="JS1", municipality_code=place
    )


def _fact(project: ProjectConfirmed) -> dict[str, Any]:
    return {name: getattr(project, name) for name in ProjectConfirmed.__struct_fields__}


def project_withdrawn(project: ProjectConfirmed) -> ProjectWithdrawn:
    return ProjectWithdrawn(**_fact(project))


def project_suspended(project: ProjectConfirmed) -> ProjectSuspended:
    return ProjectSuspended(**_fact(project), suspension_id=new_id(), cause="SUPPLIER_INSOLVENT")


def project_resumed(project: ProjectConfirmed) -> ProjectResumed:
    return ProjectResumed(**_fact(project), resumption_id=new_id())


def project_completed(project: ProjectConfirmed) -> ProjectCompleted:
    return ProjectCompleted(**_fact(project), completion_id=new_id())


def project_terminated(project: ProjectConfirmed) -> ProjectTerminated:
    return ProjectTerminated(
        **_fact(project), termination_id=new_id(), cause="SUPPLIER_INSOLVENT", fault_party="SUPPLIER"
    )
