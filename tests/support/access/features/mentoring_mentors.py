"""A cohort, two mentors and a team for the matrix of permissions, and one request for each operation."""

from dataclasses import replace
from typing import Any

from contracts.roles import Role
from tests.support.access.worlds import STALE, Ask, Asks, Things, World

SERVICE = "mentoring"

_COHORT = {
    "title": "표에 쓰는 기수", "recruited_on": "2024-01-15",
    "terms": {
        "experience_years_min": 11, "team_size_min": 2, "team_size_max": 3,
        "residency_weeks_min": 6, "residency_weeks_max": 10, "source_note": "assumed",
    },
}  # fmt: skip
_SHA256 = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"

_CALENDAR = {"rotations": [{"first_week": "2024-06-03", "weeks": 8}]}


def _mentor(subject: str) -> dict[str, Any]:
    known = {"processes": ["INJECTION"], "technologies": ["MES"], "ksic_divisions": ["22"]}
    return {"subject": subject, "experience_years": 20, **known}


def _training(*mentor_ids: str) -> dict[str, Any]:
    return {"mentor_ids": list(mentor_ids), "completed_on": "2024-03-29", "evidence_sha256": _SHA256}


def _team(things: Things, *mentor_ids: str) -> dict[str, Any]:
    who = {"mentor_ids": list(mentor_ids), "lead_id": mentor_ids[0]}
    return {"cohort_id": things["cohort"], "title": "1팀", "base_municipality_code": "52110", **who}


def _in_cohort(things: Things, what: str, body: dict[str, Any]) -> Ask:
    return Ask("POST", f"/v1/mentor-cohorts/{things['cohort']}/{what}", body)


_ASKS: Asks = {
    "openCohort": lambda _things: Ask("POST", "/v1/mentor-cohorts", _COHORT),
    "recruitMentor": lambda things: _in_cohort(things, "mentors", _mentor("matrix-recruit")),
    "completeTraining": lambda things: _in_cohort(things, "training-completions", _training(things["mentor"])),
    "listCohorts": lambda things: Ask("GET", "/v1/mentor-cohorts", shows=things["cohort"]),
    "getCohort": lambda things: Ask("GET", f"/v1/mentor-cohorts/{things['cohort']}"),
    "listMentors": lambda things: Ask("GET", "/v1/mentors", query={"page_size": 100}, shows=things["mentor"]),
    "getMentor": lambda things: Ask("GET", f"/v1/mentors/{things['mentor']}"),
    "formTeam": lambda things: Ask("POST", "/v1/mentor-teams", _team(things, things["mentor"], things["mate"])),
    "setTeamCalendar": lambda things: Ask("PUT", f"/v1/mentor-teams/{things['team']}/calendar", _CALENDAR, STALE),
    "disbandTeam": lambda things: Ask("POST", f"/v1/mentor-teams/{things['team']}/disbandments", version=STALE),
    "listTeams": lambda things: Ask("GET", "/v1/mentor-teams", query={"page_size": 100}, shows=things["team"]),
    "getTeam": lambda things: Ask("GET", f"/v1/mentor-teams/{things['team']}"),
}


async def add_to(world: World) -> World:
    """The same service with a cohort in it. A mentor's own record is that of the matrix's mentor."""

    async def made(ask: Ask, role: str) -> Any:
        answer = await world.send(ask, world.caller(role, "own"))
        assert answer.status_code in {200, 201}, answer.text
        return answer.json()

    cohort = {"cohort": (await made(Ask("POST", "/v1/mentor-cohorts", _COHORT), Role.PROVINCE_OFFICER))["id"]}
    subjects = (world.caller(Role.MENTOR, "own").subject, "matrix-other-mentor", "matrix-mate", "matrix-lead")
    own, other, mate, lead = [
        (await made(_in_cohort(cohort, "mentors", _mentor(subject)), Role.PROVINCE_OFFICER))["id"]
        for subject in subjects
    ]
    await made(_in_cohort(cohort, "training-completions", _training(mate, lead)), Role.PROVINCE_APPROVER)
    team = await made(Ask("POST", "/v1/mentor-teams", _team(cohort, lead, mate)), Role.MENTOR_LEAD)
    await made(Ask("PUT", f"/v1/mentor-teams/{team['id']}/calendar", _CALENDAR, version=1), Role.MENTOR_LEAD)
    things, before = {**cohort, "team": team["id"], "mate": mate}, world.own
    return replace(
        world,
        asks={**world.asks, **_ASKS},
        members={**world.members, Role.MENTOR: subjects[0]},
        own=lambda role: {**before(role), **things, "mentor": own},
        other={**world.other, **things, "mentor": other},
    )
