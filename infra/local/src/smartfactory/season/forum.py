"""The CEO Forum before the call: a campaign brings letters of intent, members teach, visit and note who is ready."""

from collections.abc import Sequence
from dataclasses import dataclass

from contracts.roles import Role
from smartfactory.scenarios.firms import PlannedApplication, PlannedFirm
from smartfactory.scenarios.parts import ForumPart
from smartfactory.season import people
from smartfactory.season.origin import Json, Person
from smartfactory.season.stage import Stage

_FIRST = 1
_NOT_YET = "PLAN"
"""What firms have still to write after a visit."""


@dataclass(frozen=True, slots=True)
class _Sent:
    """A firm that sends a letter, and who will visit it."""

    number: int
    planned: PlannedApplication
    coach: Person

    @property
    def firm(self) -> PlannedFirm:
        return self.planned.firm


async def prepare_firms(stage: Stage) -> None:
    """Play the Forum's part, if the scenario has one; each step once, however often the season is played."""
    part = stage.scenario.forum
    if part is None:
        return
    senders = _senders(stage, part)
    members = list({each.coach.subject: each.coach for each in senders}.values())
    rolled: dict[str, str] = {}
    letters: dict[int, str] = {}
    visits: dict[int, Json] = {}
    campaign: list[str] = []
    course: list[Json] = []
    chair, deputy = people.forum_member(1), people.forum_member(2)

    async def admit(member: Person) -> None:
        rolled[member.subject] = await _admit(stage, member)

    async def market(_what: str) -> None:
        campaign.append(await _campaign(stage, part, chair, deputy))
        course.append(await _course(stage, part, chair, rolled[senders[0].coach.subject]))

    async def send(each: _Sent) -> None:
        letters[each.number] = await _letter(stage, campaign[0], each.planned)

    async def enrol(each: _Sent) -> None:
        path = f"/applicant/v1/courses/{course[0]['id']}/enrolments"
        owner = people.company_owner(each.firm)
        await stage.origin.post(owner, path, None, step="enrol", entity=each.planned.entity)

    async def teach(_what: str) -> None:
        came = [str(each.firm.company_id) for each in _pupils(senders, part)]
        path = f"/applicant/v1/courses/{course[0]['id']}/attendances"
        await stage.origin.post(
            senders[0].coach,
            path,
            {"company_ids": came},
            step="attend",
            entity="course",
            version=course[0]["version"] + len(came),
        )

    async def assign(each: _Sent) -> None:
        body = {
            "member_id": rolled[each.coach.subject],
            "planned_on": part.visits_reported_at.value.date().isoformat(),
        }
        path = f"/applicant/v1/letters/{letters[each.number]}/visits"
        entity = each.planned.entity
        visits[each.number] = await stage.origin.post(
            chair, path, body, step="assign-visit", entity=entity, version=_FIRST
        )

    async def report(each: _Sent) -> None:
        await _report(stage, part, each, visits[each.number])

    await stage.play(part.campaign_at, "the Forum's members enrolled", members, admit)
    await stage.play(part.campaign_at, "the Forum's campaign", ["campaign"], market)
    await stage.play(part.letters_at, "letters of intent", senders, send)
    await stage.play(part.letters_at, "firms enrol in the course", _pupils(senders, part), enrol)
    await stage.play(part.visits_assigned_at, "the Forum's visits assigned", senders, assign)
    await stage.play(part.course_held_at, "the Forum's course held", ["course"], teach)
    await stage.play(part.visits_reported_at, "the Forum's visits reported", senders, report)


def coached(stage: Stage, planned: PlannedApplication) -> bool:
    """Whether a member of the plan's panel visited its firm, and so has no seat at its case."""
    part = stage.scenario.forum
    return (
        part is not None
        and planned.conflicted_member is not None
        and any(each.planned.number == planned.number for each in _senders(stage, part))
    )


def _senders(stage: Stage, part: ForumPart) -> list[_Sent]:
    """The first firms of the cast; where a plan has a panel member with a conflict, that member is the coach."""
    firms = {planned.firm.company_id: planned for planned in reversed(stage.cast.applications)}
    chosen = sorted(firms.values(), key=lambda planned: planned.number)[: part.letters.value]
    panels = {panel.type_code: panel for panel in people.panels(stage.scenario)}
    sent = []
    for index, planned in enumerate(chosen):
        coach = people.forum_member(1 + index % part.members.value)
        if planned.conflicted_member is not None:
            judge = panels[planned.type_code].members[planned.conflicted_member]
            coach = Person(judge.who, judge.subject, Role.FORUM_MEMBER, people.FORUM)
        sent.append(_Sent(index, planned, coach))
    # The course's teacher is no judge of anybody: the first firm without a conflict says who.
    sent.sort(key=lambda each: each.planned.conflicted_member is not None)
    return sent


def _pupils(senders: Sequence[_Sent], part: ForumPart) -> Sequence[_Sent]:
    return senders[: part.course_seats.value]


async def _admit(stage: Stage, member: Person) -> str:
    body = {"subject": member.subject, "name": "가상위원", "firm_name": "가상기업 (회원사)"}
    path, entity = "/applicant/v1/forum-members", member.subject
    by = people.OPERATOR
    return str((await stage.origin.post(by, path, body, step="admit-member", entity=entity, every_season=True))["id"])


async def _campaign(stage: Stage, part: ForumPart, chair: Person, deputy: Person) -> str:
    body = {
        "title_ko": part.title_ko.value,
        "title_en": part.title_en.value,
        "body_ko": "먼저 지은 기업이 찾아가 준비를 돕습니다 (가상).",
        "body_en": "Firms that built theirs first come and help (made up).",
        "opens_at": part.campaign_at.value.isoformat(),
        "closes_at": part.letters_close_at.value.isoformat(),
    }
    drafted = await stage.origin.post(chair, "/applicant/v1/campaigns", body, step="draft-campaign", entity="campaign")
    path = f"/applicant/v1/campaigns/{drafted['id']}/publications"
    await stage.origin.post(deputy, path, None, step="publish-campaign", entity="campaign", version=_FIRST)
    return str(drafted["id"])


async def _course(stage: Stage, part: ForumPart, chair: Person, teacher_id: str) -> Json:
    body = {
        "title_ko": "사업계획서와 공급기업 선정",
        "title_en": "Writing a plan, choosing a supplier",
        "place": "전북테크노파크 (가상)",
        "starts_at": part.course_begins_at.value.isoformat(),
        "ends_at": part.course_held_at.value.isoformat(),
        "seats": part.course_seats.value,
        "teacher_id": teacher_id,
    }
    return await stage.origin.post(chair, "/applicant/v1/courses", body, step="schedule-course", entity="course")


async def _letter(stage: Stage, campaign_id: str, planned: PlannedApplication) -> str:
    firm = planned.firm
    body = {
        "company_name": firm.name,
        "municipality_code": firm.municipality_code,
        "annual_sales_won": firm.annual_sales_won,
        "employees": firm.employees,
        "wishes": planned.project_title,
    }
    path = f"/applicant/v1/campaigns/{campaign_id}/letters"
    owner = people.company_owner(firm)
    return str((await stage.origin.post(owner, path, body, step="send-letter", entity=planned.entity))["id"])


async def _report(stage: Stage, part: ForumPart, each: _Sent, visit: Json) -> None:
    checklist = await stage.origin.get(each.coach, "/applicant/v1/readiness-checklist")
    items = [each["item"] for each in checklist["items"]]
    answers = [{"item": item, "answer": "NOT_YET" if item == _NOT_YET else "READY"} for item in items]
    body = {
        "visited_on": part.visits_reported_at.value.date().isoformat(),
        "findings": "사업계획서를 함께 정리하기로 했습니다 (가상).",
        "answers": answers,
    }
    path = f"/applicant/v1/forum-visits/{visit['id']}/reports"
    await stage.origin.post(
        each.coach, path, body, step="report-visit", entity=each.planned.entity, version=visit["version"]
    )
