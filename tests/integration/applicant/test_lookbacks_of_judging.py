"""The time machine of what decided a case: screening, panel, scores, ranking, objections, and what came after signing."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, event

from applicant.lookbacks.queries import PAST
from contracts.roles import Role
from tests.support.applicant import AUDITOR as EXAMINER
from tests.support.applicant import GUNSAN_OFFICER, Applicant
from tests.support.applicant import OPERATOR as SCREENER
from tests.support.building_site import Site, site_under_way
from tests.support.judging import (
    APPROVER,
    AUDITOR,
    JEONJU,
    OPERATOR,
    Judging,
    Person,
    Standing,
    member,
    owner_of,
)
from tests.support.offers import without_offers

pytestmark = pytest.mark.anyio

SECOND_APPROVER = Person(Role.PROVINCE_APPROVER, "second-approver", "52")
PREPARER = Person(Role.TECHNOPARK_OPERATOR, "preparer")
OFFICER = Person(Role.MUNICIPALITY_OFFICER, "jeonju-officer", JEONJU)


@contextmanager
def tables_asked() -> Iterator[set[str]]:
    """The tables that statements on this machine read as they were."""
    asked: set[str] = set()

    def note(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        asked.update(name for name in PAST.tables if f'"{name}" AS NOT MATERIALIZED' in statement)
        asked.update(name for name in PAST.fixed if "AS NOT MATERIALIZED" in statement and f" {name} " in statement)

    event.listen(Engine, "after_cursor_execute", note)
    try:
        yield asked
    finally:
        event.remove(Engine, "after_cursor_execute", note)


class Witness:
    """Writes down, after each step, what the routes of the present say of what decides each case."""

    def __init__(self, judging: Judging, cases: list[Standing]) -> None:
        self.judging, self.cases = judging, cases
        self.answers: list[tuple[datetime, datetime, Standing, dict[str, Any]]] = []

    async def look(self) -> None:
        programme, real = self.judging.clock.now(), datetime.now(UTC)
        self.answers += [(programme, real, case, await self.present(case)) for case in self.cases]
        self.judging.clock.move_to(programme + timedelta(seconds=1))

    async def present(self, case: Standing) -> dict[str, Any]:
        scores = (await self.judging.get(f"/v1/applications/{case.id}/scores", AUDITOR)).json()["items"]
        objections = (await self.judging.get("/v1/objections", AUDITOR, call_id=str(self.judging.call_id))).json()
        return {
            "application": without_offers((await self.judging.get(f"/v1/applications/{case.id}", AUDITOR)).json()),
            "score_sheets": scores,
            "objections": [each for each in objections["items"] if each["application_id"] == str(case.id)],
            "placings": [found async for found in self._placings(case)],
        }

    async def _placings(self, case: Standing) -> Any:
        for number in (1, 2):
            path = f"/v1/calls/{self.judging.call_id}/rankings/{number}"
            ranking = await self.judging.get(path, AUDITOR)
            if ranking.is_success:
                said = ranking.json()
                for each in said["cases"]:
                    if each["application_id"] == str(case.id):
                        yield each | {"ranking": number} | {name: said[name] for name in ("state", "proposed_at")}

    async def past(self, case: Standing, at: datetime, clock: str, **parts: int) -> Any:
        path = f"/v1/applications/{case.id}/as-of"
        return await self.judging.get(path, AUDITOR, at=at.isoformat(), clock=clock, **parts)

    async def compare(self) -> None:
        for programme, real, case, said in self.answers:
            for at, clock in ((programme, "programme"), (real, "recorded")):
                found = (await self.past(case, at, clock)).json()
                assert {name: found[name] for name in said} == said, (clock, at)


async def judged(judging: Judging) -> Witness:
    """Two cases whose members score, one of whom leaves a case; two rankings; one case not selected, which objects."""
    await judging.open_call({("JS1", JEONJU): 1}, size_min=2)
    witness = Witness(judging, await judging.eligible_many([("JS1", JEONJU, 40_000_000, True)] * 2))
    first, second = witness.cases
    await witness.look()
    await judging.panel(3)
    for case, number, total in (
        (first, 1, 9000),
        (first, 2, 8800),
        (second, 1, 5000),
        (second, 2, 5200),
        (first, 3, 7000),
    ):
        assert (await judging.score(case, member(number), total)).status_code == 201
        await witness.look()
    body = {"kind": "OWN_INTEREST", "statement": "지분 보유"}
    left = await judging.post(f"/v1/applications/{first.id}/conflicts", body, by=member(3))
    assert left.status_code == 201, left.text
    await witness.look()
    for _ in range(2):
        assert (await judging.propose()).status_code == 201
        await witness.look()
    assert (await judging.decide(2)).status_code == 201
    await witness.look()
    filed = await judging.post(
        f"/v1/applications/{second.id}/objections",
        {"statement": "다시 판단해 주시기 바랍니다.", "evidence_sha256": ["a" * 64]},
        by=owner_of(second),
    )
    assert filed.status_code == 201, filed.text
    await witness.look()
    path = f"/v1/objections/{filed.json()['id']}"
    body = {"recommendation": "DISMISS", "findings": "확인했다"}
    prepared = await judging.post(f"{path}/preparations", body, by=PREPARER, version=filed.json()["version"])
    assert prepared.status_code == 201, prepared.text
    await witness.look()
    body = {"verdict": "DISMISSED", "reason": "제출된 자료로 판단했다."}
    decided = await judging.post(f"{path}/decisions", body, by=SECOND_APPROVER, version=prepared.json()["version"])
    assert decided.status_code == 201, decided.text
    await witness.look()
    return witness


async def test_story_10_scores_placings_and_objections_are_what_was_answered_then(judging: Judging):
    witness = await judged(judging)
    states = {each["state"] for *_, said in witness.answers for each in said["placings"]}
    assert states == {"PROPOSED", "SUPERSEDED", "DECIDED"}
    assert {each["state"] for *_, said in witness.answers for each in said["objections"]} >= {"FILED", "DISMISSED"}
    assert {len(said["score_sheets"]) for *_, said in witness.answers} == {0, 1, 2, 3}
    await witness.compare()


async def test_the_panel_shows_who_judged_and_who_left_and_before_it_nobody(judging: Judging):
    witness = await judged(judging)
    first = witness.cases[0]
    moments = {len(said["score_sheets"]): (real, said) for _, real, case, said in witness.answers if case == first}
    before = (await witness.past(first, witness.answers[0][1], "recorded")).json()
    assert (before["panel"], before["score_sheets"]) == (None, [])
    counted = [each["counts"] for each in moments[3][1]["score_sheets"]]
    assert counted.count(True) == 2, "the last answer was written down after one member had left"
    late = (await witness.past(first, witness.answers[-1][1], "recorded")).json()["panel"]
    assert [each["conflict"] for each in late["seats"]].count("OWN_INTEREST") == 1
    assert len({each["subject"] for each in late["seats"]}) == 3
    early = (await witness.past(first, moments[1][0], "recorded")).json()["panel"]
    assert [each["conflict"] for each in early["seats"]] == [None] * 3
    assert early["assigned_at"] == late["assigned_at"]


async def test_the_instant_of_a_sheet_shows_it_and_the_microsecond_before_does_not(judging: Judging):
    """On the law's clock; of what came after an instant nothing shows."""
    witness = await judged(judging)
    case = witness.cases[0]
    sheets = (await judging.get(f"/v1/applications/{case.id}/scores", AUDITOR)).json()["items"]
    for number, sheet in enumerate(sheets):
        at = datetime.fromisoformat(sheet["locked_at"])
        for moment, seen in ((at, number + 1), (at - timedelta(microseconds=1), number)):
            found = (await witness.past(case, moment, "programme")).json()
            assert len(found["score_sheets"]) == seen, moment
            assert (found["placings"], found["objections"]) == ([], [])
            assert all(each["counts"] for each in found["score_sheets"]), "its member left later"


async def test_the_province_is_shown_what_the_auditor_is_and_who_judged_or_was_judged_nothing(judging: Judging):
    witness = await judged(judging)
    case, at = witness.cases[0], witness.answers[-1][1].isoformat()
    path = f"/v1/applications/{case.id}/as-of"
    seen = (await judging.get(path, AUDITOR, at=at, clock="recorded")).json()
    assert (await judging.get(path, APPROVER, at=at, clock="recorded")).json() == seen
    for nobody in (OPERATOR, OFFICER, member(1), owner_of(case)):
        assert (await judging.get(path, nobody, at=at, clock="recorded")).status_code == 403, nobody


async def test_a_long_past_comes_by_part_and_its_chain_is_always_whole(judging: Judging):
    witness = await judged(judging)
    case, at = witness.cases[0], witness.answers[-1][1]
    whole = (await witness.past(case, at, "recorded")).json()
    assert whole["more"] == []
    parts = [(await witness.past(case, at, "recorded", part=number, part_size=2)).json() for number in range(1, 9)]
    assert all(part["panel"] == whole["panel"] for part in parts), "its seats are few and come whole"
    for name in ("decisions", "score_sheets", "placings", "deadlines"):
        assert [row for part in parts for row in part[name]] == whole[name], name
        assert [name in part["more"] for part in parts] == [2 * number < len(whole[name]) for number in range(1, 9)], (
            name
        )
    assert {part["chain"]["hash"] for part in parts} == {whole["chain"]["hash"]}
    assert set(whole["evidence"]) == {each for part in parts for each in part["evidence"]}
    for wrong in ({"part": 0}, {"part_size": 0}, {"part_size": 1_001}, {"part": 100_001}):
        assert (await witness.past(case, at, "recorded", **wrong)).status_code == 422, wrong


async def test_rounds_of_screening_show_what_registers_had_answered(applicant: Applicant):
    """A check that waits is shown waiting, however often it was asked since; nobody of a municipality is shown any."""
    call_id = await applicant.published_call()
    owner, worksite_id = await applicant.company()
    submitted = await applicant.submitted(call_id, owner, worksite_id)
    path, moments = f"/v1/applications/{submitted['id']}", {}

    def moment(name: str) -> None:
        moments[name] = datetime.now(UTC)

    moment("submitted")
    applicant.registers.mode = "down"
    await applicant.made(f"{path}/screenings", by=SCREENER, version=submitted["version"])
    moment("begun")
    assert await applicant.job(applicant.database, applicant.clock)
    applicant.registers.mode = "answer"
    view = await applicant.checked(submitted["id"])
    moment("checked")
    assert (await applicant.decided(submitted["id"], "ELIGIBLE", view["version"])).status_code == 201
    moment("decided")

    async def rounds(name: str) -> Any:
        answer = await applicant.get(f"{path}/as-of", EXAMINER, at=moments[name].isoformat(), clock="recorded")
        assert answer.status_code == 200, answer.text
        return answer.json()["screenings"]

    assert await rounds("submitted") == []
    ((begun,), (checked,), (decided,)) = [await rounds(name) for name in ("begun", "checked", "decided")]
    assert (begun["state"], begun["findings"]) == ("CHECKING", [])
    assert {(each["state"], each["answer_sha256"]) for each in begun["checks"]} == {("PENDING", None)}
    assert {each["state"] for each in checked["checks"]} == {"ANSWERED"}
    assert all(each["answer_sha256"] and each["answered_at"] for each in checked["checks"])
    assert {name: view[name] for name in ("round", "state", "rule_version", "checked_at", "findings")} == {
        name: checked[name] for name in ("round", "state", "rule_version", "checked_at", "findings")
    }
    assert (decided["state"], decided["findings"]) == ("DECIDED", checked["findings"])
    assert [each["register"] for each in decided["checks"]] == [each["register"] for each in begun["checks"]]
    hidden = await applicant.get(f"{path}/as-of", GUNSAN_OFFICER, at=moments["decided"].isoformat(), clock="recorded")
    assert hidden.status_code == 403


async def amended_and_supported(site: Site) -> list[tuple[datetime, dict[str, Any]]]:
    """A visit that moves, a ticket that is closed, an amendment that is refused, with what was answered after each."""
    said: list[tuple[datetime, dict[str, Any]]] = []

    async def done(path: str, body: object, by: Person, version: int | None = None) -> dict[str, Any]:
        answer = await site.judging.post(path, body, by=by, version=version)
        assert answer.status_code == 201, answer.text
        at = datetime.now(UTC)
        names = {"amendments": "amendments", "site-visits": "site_visits", "support-tickets": "support_tickets"}
        said.append((at, {name: (await site.judging.get(f"/v1/{path}", AUDITOR)).json()["items"] for path, name in names.items()}))  # fmt: skip
        return dict(answer.json())

    agreement = f"/v1/agreements/{site.project_id}"
    times = {"starts_at": "2024-06-12T01:00:00Z", "ends_at": "2024-06-12T03:00:00Z", "place": "가상산단로 2"}
    visit = await done(f"{agreement}/site-visits", {"purpose": "착공 확인", **times}, OFFICER)
    later = times | {"starts_at": "2024-06-13T01:00:00Z", "ends_at": "2024-06-13T02:00:00Z"}
    await done(f"/v1/site-visits/{visit['id']}/changes", later, OFFICER, visit["version"])
    body: dict[str, Any] = {"kind": "PERMIT", "request": "증설 허가", "due_on": "2024-06-14"}
    ticket = await done(f"{agreement}/support-tickets", body, site.owner)
    await done(f"/v1/support-tickets/{ticket['id']}/owners", None, OFFICER, ticket["version"])
    body = {"cause": "DESIGN_CHANGE", "cause_on": "2024-06-05", "reason": "설계 변경", "evidence_sha256": ["d" * 64]}
    asked = await done(f"{agreement}/amendments", body | {"plan_sha256": "e" * 64}, site.owner)
    supplier = (await site.judging.get(agreement, OPERATOR)).json()["supplier_business_number"]
    for by in (Person(Role.SUPPLIER, "supplier", supplier), OPERATOR):
        asked = await done(f"/v1/amendments/{asked['id']}/consents", None, by, asked["version"])
    body = {"verdict": "REFUSED", "reason": "가상 사유"}
    await done(f"/v1/amendments/{asked['id']}/decisions", body, APPROVER, asked["version"])
    return said


async def test_amendments_visits_and_tickets_are_what_was_answered_then(judging: Judging):
    site = await site_under_way(judging)
    with tables_asked() as asked:
        for at, said in await amended_and_supported(site):
            path = f"/v1/projects/{site.project_id}/as-of"
            found = (await judging.get(path, AUDITOR, at=at.isoformat(), clock="recorded")).json()
            assert {name: found[name] for name in said} == said, at
            assert found["deadlines"]
        path = f"/v1/applications/{site.case.id}/as-of"
        at = datetime.now(UTC).isoformat()
        assert (await judging.get(path, AUDITOR, at=at, clock="recorded")).status_code == 200
    assert asked == {*PAST.tables, *PAST.fixed}, "what is declared and never read says nothing"
