"""The time machine of what closes a project: findings at the bank, carry-overs, settlement, repayments and clawback."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, event

from contracts.applicant import ProjectSelected
from contracts.roles import Role
from funding.lookbacks.queries import PAST
from smartfactory.simulators.bank import BankMode
from tests.support.banking import bank_in
from tests.support.closing import attested, close_all, done, paid, proposed, repaid, repayments_of, terminate
from tests.support.funding import APPROVER, AUDITOR, GUNSAN, OFFICER, TREASURER, Funding, Person, head
from tests.support.releases import Working, ask_tranche, budgets, in_force, ordered, read

pytestmark = pytest.mark.anyio

SECOND_TREASURER = Person(Role.PROVINCE_TREASURER, "52", "treasurer-2")


@contextmanager
def tables_asked() -> Iterator[set[str]]:
    """The tables that statements on this machine read as they were."""
    asked: set[str] = set()

    def note(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        asked.update(name for name in PAST.tables if f'"{name}" AS NOT MATERIALIZED' in statement)

    event.listen(Engine, "after_cursor_execute", note)
    try:
        yield asked
    finally:
        event.remove(Engine, "after_cursor_execute", note)


class Witness:
    """Writes down, after everything that is done, what the routes of the present say of a project's closing."""

    def __init__(self, funding: Funding) -> None:
        self.funding = funding
        self.selected: ProjectSelected | None = None
        self.answers: list[tuple[datetime, datetime, dict[str, Any]]] = []
        self._post, self._deliver = funding.post, funding.deliver
        funding.post, funding.deliver = self._posted, self._delivered  # type: ignore[method-assign]

    async def look(self) -> None:
        if self.selected is not None:
            self.answers.append((self.funding.clock.now(), datetime.now(UTC), await self.present(self.selected)))
            self.funding.clock.move_to(self.funding.clock.now() + timedelta(seconds=1))

    async def present(self, selected: ProjectSelected) -> dict[str, Any]:
        project = {"project_id": selected.project_id, "page_size": 100}
        releases = await self._items("releases", **project)
        found = [await self._items("release-findings", release_id=each["id"]) for each in releases]
        settlements = await self._items("settlements", **project)
        return {
            "releases": releases,
            "findings": [row for rows in found for row in rows],
            "carry_overs": await self._items("carry-overs"),
            "settlement": settlements[0] if settlements else None,
            "repayments": await self._items("repayments", **project),
            "recoveries": await self._items("recoveries", **project),
        }

    async def past(self, at: datetime, clock: str, **parts: int) -> Any:
        assert self.selected is not None
        path = f"/v1/commitments/{self.selected.project_id}/as-of"
        answer = await self.funding.get(path, AUDITOR, at=at.isoformat(), clock=clock, **parts)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def compare(self) -> None:
        for programme, real, said in self.answers:
            for at, clock in ((programme, "programme"), (real, "recorded")):
                then = await self.past(at, clock)
                for each in then["findings"]:
                    del each["proposed_by"], each["decided_by"]
                assert {name: then[name] for name in said} == said, (clock, at)

    async def _items(self, what: str, **query: object) -> Any:
        answer = await self.funding.get(f"/v1/{what}", AUDITOR, **query)
        assert answer.status_code == 200, answer.text
        return answer.json()["items"]

    async def _posted(self, *asked: Any, **options: Any) -> Any:
        answer = await self._post(*asked, **options)
        await self.look()
        return answer

    async def _delivered(self, *told: Any) -> None:
        await self._deliver(*told)
        await self.look()


async def carried_over(funding: Funding, line_id: str) -> None:
    body = {"cause": "BUILD_CROSSES_YEAR", "reference": "2024-12 의결 77"}
    offered = (await funding.post(f"/v1/budget-lines/{line_id}/carry-overs", body, by=OFFICER)).json()
    confirmed = await funding.post(f"/v1/carry-overs/{offered['id']}/confirmations", by=TREASURER, version=1)
    assert confirmed.status_code == 201, confirmed.text


async def test_story_10_a_settlement_and_what_was_carried_over_are_what_was_answered_then(
    funding: Funding, tmp_path: Path
):
    await budgets(funding)
    witness = Witness(funding)
    selected = witness.selected = await paid(funding, tmp_path)
    lines = (await funding.get(f"/v1/coverages/{selected.project_id}/release-lines", AUDITOR)).json()["lines"]
    await carried_over(funding, next(each["budget_line_id"] for each in lines if each["source"] == "PROVINCE"))
    settlement = await attested(funding, selected, selected.total_cost_won // 10, 41_237)
    settlement = await done(funding, settlement, "fixings", APPROVER)
    for each in await repayments_of(funding, settlement):
        await repaid(funding, selected, each)
    await close_all(funding)
    await witness.look()
    states = {said["settlement"] and said["settlement"]["state"] for *_, said in witness.answers}
    assert states >= {None, "DUE", "SUBMITTED", "ATTESTED", "FIXED", "CLOSED"}
    assert {each["state"] for *_, said in witness.answers for each in said["repayments"]} >= {"ORDERED", "CONFIRMED"}
    assert {each["state"] for *_, said in witness.answers for each in said["carry_overs"]} == {"PROPOSED", "CONFIRMED"}
    with tables_asked() as asked:
        await witness.compare()
        release = (await witness.past(witness.answers[-1][1], "recorded"))["releases"][0]
        path, at = f"/v1/releases/{release['id']}/as-of", witness.answers[-1][1].isoformat()
        said = (await funding.get(path, AUDITOR, at=at, clock="recorded")).json()
    assert [each["version"] for each in said["money"]["closing_rules"]] == ["2024-1"]
    assert asked == set(PAST.tables), "what is declared and never read says nothing"
    for officer in (head(GUNSAN), OFFICER):
        seen = await funding.get(path, officer, at=at, clock="recorded")
        assert seen.status_code == (200 if officer is OFFICER else 403)


async def test_story_10_a_clawback_that_was_sent_back_once_is_what_was_answered_then(funding: Funding, tmp_path: Path):
    await budgets(funding)
    witness = Witness(funding)
    selected = witness.selected = await paid(funding, tmp_path)
    recovery = await proposed(funding, selected, await terminate(funding, selected), interest_won=101)
    recovery = await done(funding, recovery, "returns", APPROVER)
    body = {"recover_bp": 9_000, "interest_won": 99, "surcharge_bp": 10, "debar_months": 12, "finding_sha256": "d" * 64}
    await done(funding, await done(funding, recovery, "proposals", OFFICER, body), "decisions", APPROVER)
    assert {each["state"] for *_, said in witness.answers for each in said["recoveries"]} == {
        *("OPEN", "NOTICED", "PROPOSED", "DECIDED"),
    }
    await witness.compare()


async def test_story_10_what_was_found_out_at_the_bank_is_what_was_answered_then_with_who_said_so(
    funding: Funding, tmp_path: Path
):
    await budgets(funding)
    witness = Witness(funding)
    selected = witness.selected = await in_force(funding)
    release = await ordered(funding, (await ask_tranche(funding, selected)).json())
    with bank_in(tmp_path) as book:
        book.switch(BankMode.SILENT_BEFORE)
        working = Working(funding, book.url)
        await working.round()
        await working.bank.aclose()
    for outcome, what in (("NOT_PAID", "rejections"), ("PAID", "confirmations")):
        release = await read(funding, release)
        body = {"outcome": outcome, "reason": "BANK_NEVER_ANSWERED", "evidence_sha256": "d" * 64}
        body |= {"bank_transaction": "JB-7"} if outcome == "PAID" else {}
        path = f"/v1/releases/{release['id']}/findings"
        finding = await funding.post(path, body, by=SECOND_TREASURER, version=release["version"])
        assert finding.status_code == 201, finding.text
        decided = await funding.post(f"/v1/release-findings/{finding.json()['id']}/{what}", by=APPROVER, version=1)
        assert decided.status_code == 201, decided.text
    assert {each["state"] for *_, said in witness.answers for each in said["findings"]} == {
        *("PROPOSED", "REJECTED", "CONFIRMED"),
    }
    await witness.compare()
    then = await witness.past(witness.answers[-1][1], "recorded")
    people = [
        (each["proposed_by"].rpartition(" ")[2], each["decided_by"].rpartition(" ")[2]) for each in then["findings"]
    ]
    assert people == [("treasurer-2", APPROVER.subject)] * 2
    parts = [await witness.past(witness.answers[-1][1], "recorded", part=number, part_size=1) for number in (1, 2, 3)]
    assert [row for part in parts for row in part["findings"]] == then["findings"]
    assert ["findings" in part["more"] for part in parts] == [True, False, False]
    assert {part["chain"]["hash"] for part in parts} == {then["chain"]["hash"]}
