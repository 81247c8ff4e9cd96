"""The Forum for the matrix of permissions: a letter and a visit of each company, a campaign, a draft and a course."""

from dataclasses import replace
from typing import Any

from contracts.roles import Role
from tests.support.access.worlds import STALE, Ask, Asks, Caller, World

SERVICE = "applicant"

_WINDOW = {"opens_at": "2024-01-02T00:00:00Z", "closes_at": "2030-01-01T00:00:00Z"}
_CAMPAIGN = {"title_ko": "표의 캠페인", "title_en": "Matrix", "body_ko": "가", "body_en": "a", **_WINDOW}
_MEMBER = {"subject": "matrix-further-member", "name": "가상위원", "firm_name": "가상기업"}
_SOMEWHERE = "52130"
_OTHER_MEMBER = Caller(Role.FORUM_MEMBER, "forum", "matrix-other-coach")


def _letter(place: str) -> dict[str, Any]:
    figures = {"annual_sales_won": 1_000_000_000, "employees": 9}
    return {"company_name": "가상정밀", "municipality_code": place, **figures}


def _visit(member: str) -> dict[str, Any]:
    return {"member_id": member, "planned_on": "2029-01-15"}


def _course(member: str) -> dict[str, Any]:
    said = {"title_ko": "준비 교육", "title_en": "Preparation", "place": "가상회관", "seats": 9, "teacher_id": member}
    return said | {"starts_at": "2029-01-15T01:00:00Z", "ends_at": "2029-01-15T03:00:00Z"}


def _on(method: str, path: str, body: object = None, *, version: int | None = None) -> Any:
    return lambda things: Ask(method, path.format_map(things), body, version)


def _listed(path: str, kind: str) -> Any:
    return lambda things: Ask("GET", path, query={"page_size": 100}, shows=things[kind])


_REPORT = {"visited_on": "2024-05-04", "findings": "가상 소견", "answers": [{"item": "PLAN", "answer": "READY"}]}
_ASKS: Asks = {
    "admitForumMember": _on("POST", "/v1/forum-members", _MEMBER),
    "listForumMembers": _listed("/v1/forum-members", "member"),
    "endForumMembership": _on("POST", "/v1/forum-members/{member}/departures", version=STALE),
    "draftCampaign": _on("POST", "/v1/campaigns", _CAMPAIGN),
    "publishCampaign": _on("POST", "/v1/campaigns/{campaign}/publications", version=STALE),
    "listCampaigns": _listed("/v1/campaigns", "campaign"),
    "getCampaign": _on("GET", "/v1/campaigns/{campaign}"),
    "sendLetterOfIntent": lambda things: Ask(
        "POST", f"/v1/campaigns/{things['campaign']}/letters", _letter(_SOMEWHERE)
    ),
    "listLetters": _listed("/v1/letters", "letter"),
    "getLetter": _on("GET", "/v1/letters/{letter}"),
    "assignForumVisit": lambda things: Ask(
        "POST", f"/v1/letters/{things['letter']}/visits", _visit(things["member"]), STALE
    ),
    "listForumVisits": _listed("/v1/forum-visits", "forum_visit"),
    "getForumVisit": _on("GET", "/v1/forum-visits/{forum_visit}"),
    "reportForumVisit": _on("POST", "/v1/forum-visits/{forum_visit}/reports", _REPORT, version=STALE),
    "getReadinessChecklist": _on("GET", "/v1/readiness-checklist"),
    "scheduleCourse": lambda things: Ask("POST", "/v1/courses", _course(things["member"])),
    "listCourses": _listed("/v1/courses", "course"),
    "getCourse": _on("GET", "/v1/courses/{course}"),
    "enrolInCourse": _on("POST", "/v1/courses/{course}/enrolments"),
    "recordAttendance": _on("POST", "/v1/courses/{course}/attendances", {"company_ids": []}, version=STALE),
}


async def add_to(world: World) -> World:
    """The same service with the Forum at work; the own visit is that of the matrix's member, who teaches the course."""

    async def made(path: str, body: object, by: Caller, version: int | None = None) -> Any:
        answer = await world.send(Ask("POST", path, body, version), by)  # type: ignore[arg-type]
        assert answer.status_code == 201, answer.text
        return answer.json()

    operator = world.caller(Role.TECHNOPARK_OPERATOR, "own")
    own_member = world.caller(Role.FORUM_MEMBER, "own")
    before = world.own
    published, draft = [(await made("/v1/campaigns", _CAMPAIGN, own_member))["id"] for _ in range(2)]
    await made(f"/v1/campaigns/{published}/publications", None, _OTHER_MEMBER, 1)
    added = []
    for things, coach in ((before(Role.TECHNOPARK_OPERATOR), own_member), (world.other, _OTHER_MEMBER)):
        body = {"subject": coach.subject, "name": "가상위원", "firm_name": "가상기업"}
        member = (await made("/v1/forum-members", body, operator))["id"]
        owner = Caller(Role.COMPANY_OWNER, things["company"], "owner")
        letter = (await made(f"/v1/campaigns/{published}/letters", _letter(things["place"]), owner))["id"]
        visit = (await made(f"/v1/letters/{letter}/visits", _visit(member), own_member, 1))["id"]
        added.append({"member": member, "letter": letter, "forum_visit": visit})
    course = {"course": (await made("/v1/courses", _course(added[0]["member"]), own_member))["id"]}
    for each in added:
        each.update(course, member=added[0]["member"])
    return replace(
        world,
        asks={**world.asks, **_ASKS},
        own=lambda role: {**before(role), **added[0], "campaign": published},
        other={**world.other, **added[1], "campaign": draft},
    )
