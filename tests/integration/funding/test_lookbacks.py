"""The time machine: as of an instant is what was answered at that instant, for any history, to those who examine."""

import random
from collections.abc import AsyncIterator, Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from sqlalchemy import select, update

from common.clock import KST
from common.looking_back import Axis, Past
from contracts.applicant import ProjectSelected
from funding.tables import Tables
from smartfactory.simulators.bank import BankMode
from tests.support.banking import BankBook, bank_in
from tests.support.builders import agreement_effective, agreement_signed, project_selected, project_withdrawn
from tests.support.funding import APPROVER, AUDITOR, JEONJU, OFFICER, TREASURER, Funding, head
from tests.support.releases import (
    ACCOUNT,
    OPERATOR,
    SECOND_APPROVER,
    Working,
    approve,
    ask_draw,
    ask_tranche,
    budgets,
    order,
    owner_of,
    place_hold,
    prove_self_pay,
    read,
)

pytestmark = pytest.mark.anyio

_LONG_AGO = datetime(2001, 1, 1, tzinfo=UTC)


@pytest.fixture(scope="module")
def bank(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BankBook]:
    with bank_in(Path(tmp_path_factory.mktemp("bank"))) as book:
        yield book


def go_by(funding: Funding, *, seconds: int = 1) -> None:
    funding.clock.move_to(funding.clock.now() + timedelta(seconds=seconds))


class History:
    """One project, driven through public doors; after each step the answers of that moment are written down."""

    def __init__(self, funding: Funding, working: Working, bank: BankBook, chance: random.Random) -> None:
        self.funding, self.working, self.bank, self.chance = funding, working, bank, chance
        self.selected: ProjectSelected = project_selected()
        self.releases: list[str] = []
        self.invoices = chance.randrange(10_000_000, 90_000_000)
        self.answers: list[tuple[datetime, datetime, dict[str, Any]]] = []

    async def step(self, work: Any) -> None:
        go_by(self.funding, seconds=self.chance.choice([1, 60, 86_400]))
        await work()
        real = datetime.now(UTC)
        self.answers.append((self.funding.clock.now(), real, await self.present()))

    async def present(self) -> dict[str, Any]:
        """What the routes of the present answer of this project, and of each of its payments."""
        id_ = self.selected.project_id
        paths = {
            "commitment": f"/v1/commitments/{id_}",
            "coverage": f"/v1/coverages/{id_}",
            "self_pay": f"/v1/coverages/{id_}/self-pay",
            "lines": f"/v1/coverages/{id_}/release-lines",
        }
        said = {name: await self._get(path) for name, path in paths.items()}
        for name, path in (("releases", "/v1/releases"), ("holds", "/v1/release-holds")):
            said[name] = (await self._get(path, project_id=id_, page_size=100))["items"]
        said["self_payments"] = (await self._get("/v1/self-payments", project_id=id_, page_size=100))["items"]
        return said

    async def past(self, at: datetime, clock: str) -> Any:
        path = f"/v1/commitments/{self.selected.project_id}/as-of"
        return await self.funding.get(path, AUDITOR, at=at.isoformat(), clock=clock)

    async def begin(self) -> None:
        await self.step(lambda: self.funding.deliver(self.selected))
        commitment_id = self.answers[-1][2]["commitment"]["commitment_id"]
        await self.step(lambda: self.funding.deliver(agreement_signed(self.selected, commitment_id)))
        covering = [("PROVINCE", TREASURER), ("MUNICIPALITY", head(JEONJU)), ("SME", owner_of(self.selected))]
        self.chance.shuffle(covering)
        for source, by in covering:
            path = f"/v1/coverages/{self.selected.project_id}/lines/{source}/confirmations"
            body = {"reference": ACCOUNT, "evidence_sha256": "e" * 64}
            await self.step(lambda path=path, body=body, by=by: self.funding.post(path, body, by=by, version=1))
        await self.step(lambda: prove_self_pay(self.funding, self.selected))
        await self.step(lambda: self.funding.deliver(agreement_effective(self.selected)))

    async def go_on(self, steps: int) -> None:
        moves = [
            self.ask,
            self.ask_gate,
            self.say_yes,
            self.say_yes,
            self.say_no,
            self.order,
            self.work,
            self.turn_bank,
        ]
        for number in range(steps):
            opening = [self.ask, self.ask, self.ask_gate, self.say_yes, self.say_yes][number : number + 1]
            late = [self.hold] if number > steps // 2 else []
            await self.step(self.chance.choice(opening or [*moves, *late]))

    async def ask(self) -> None:
        self.invoices += 1
        answer = await ask_draw(self.funding, self.selected, self.chance.randrange(1, 12_000_000), self.invoices)
        if answer.status_code == 201:
            self.releases.append(answer.json()["id"])

    async def ask_gate(self) -> None:
        answer = await ask_tranche(self.funding, self.selected)
        if answer.status_code == 201:
            self.releases.append(answer.json()["id"])

    async def say_yes(self) -> None:
        for each in self.releases:
            for officer in self.chance.sample([APPROVER, SECOND_APPROVER, head(JEONJU)], 2):
                await approve(self.funding, await read(self.funding, {"id": each}), officer)

    async def say_no(self) -> None:
        if self.releases:
            release = await read(self.funding, {"id": self.chance.choice(self.releases)})
            path = f"/v1/releases/{release['id']}/rejections"
            await self.funding.post(path, {"reason": "PAYEE_WRONG"}, by=APPROVER, version=release["version"])

    async def order(self) -> None:
        for each in self.releases:
            await order(self.funding, await read(self.funding, {"id": each}), TREASURER)

    async def work(self) -> None:
        await self.working.round()

    async def hold(self) -> None:
        await place_hold(self.funding, self.selected, OFFICER, self.chance.choice(["PROVINCE", "MUNICIPALITY"]))

    async def turn_bank(self) -> None:
        self.bank.switch(self.chance.choice(list(BankMode)))

    async def _get(self, path: str, **query: object) -> Any:
        answer = await self.funding.get(path, OPERATOR, **query)
        return None if answer.status_code == 404 else answer.json()


@pytest.fixture
async def played(shared: Funding, bank: BankBook) -> AsyncIterator[Callable[..., Any]]:
    working = Working(shared, bank.url)

    async def play(seed: int, steps: int = 14) -> History:
        if not (await shared.get("/v1/split-rules/b-2024", AUDITOR)).is_success:
            await budgets(shared)
        bank.switch(BankMode.PAY)
        history = History(shared, working, bank, random.Random(seed))
        await history.begin()
        await history.go_on(steps)
        return history

    yield play
    await working.bank.aclose()


@pytest.mark.parametrize("seed", [1, 20, 300])
async def test_story_10_as_of_an_instant_is_what_was_answered_then(played: Any, seed: int):
    """Any history: the answers written down at each step, against the time machine afterwards, on both clocks."""
    history: History = await played(seed)
    for programme, real, answered in history.answers:
        for at, clock in ((programme, "programme"), (real, "recorded")):
            said = (await history.past(at, clock)).json()
            assert {name: said[name] for name in answered} == answered, (clock, at)
    states = {each["state"] for _, _, said in history.answers for each in said["releases"]}
    assert len(states) >= 3, states


async def test_the_instant_of_a_change_shows_it_and_the_microsecond_before_does_not(played: Any):
    history: History = await played(4, steps=0)
    changed = history.answers[1][0]
    assert (await history.past(changed, "programme")).json()["coverage"] is not None
    before = (await history.past(changed - timedelta(microseconds=1), "programme")).json()
    assert before["coverage"] is None
    assert [each["decision"] for each in before["decisions"]] == ["project-committed"]
    born = history.answers[0][0]
    assert (await history.past(born, "programme")).status_code == 200
    unborn = await history.past(born - timedelta(microseconds=1), "programme")
    assert (unborn.status_code, unborn.json()["code"]) == (404, "commitment-unknown")
    kst = (await history.past(changed.astimezone(KST), "programme")).json()
    assert datetime.fromisoformat(kst["at"]) == changed
    assert kst["commitment"] == history.answers[1][2]["commitment"]


async def test_a_payment_shows_who_had_approved_and_the_chain_until_then(played: Any, shared: Funding):
    history: History = await played(5, steps=0)
    release = (await ask_draw(shared, history.selected, 1_000_000, history.invoices)).json()
    go_by(shared)
    asked = shared.clock.now()
    for officer in (APPROVER, head(JEONJU)):
        go_by(shared)
        release = (await approve(shared, release, officer)).json()
    path = f"/v1/releases/{release['id']}/as-of"
    early = (await shared.get(path, AUDITOR, at=asked.isoformat())).json()
    assert (early["release"]["state"], early["approvals"]) == ("RESERVED", [])
    late = (await shared.get(path, AUDITOR, at=shared.clock.now().isoformat())).json()
    assert late["release"]["state"] == "APPROVED"
    who = [(each["body"], each["approver"].rpartition(" ")[2]) for each in late["approvals"]]
    assert [body for body, _ in who] == ["PROVINCE", "MUNICIPALITY"]
    assert late["money"]["split_rule"]["version"] == "b-2024"
    assert [terms["version"] for terms in late["money"]["release_terms"]] == ["2024-1"]
    assert f"invoice/sha256:{'c' * 64}" in late["money"]["evidence"]
    assert late["money"]["chain"]["position"] == len(late["money"]["decisions"])
    assert late["money"]["chain"]["hash"] != early["money"]["chain"]["hash"]
    held = await shared.rows(
        "SELECT position, encode(hash, 'hex') AS hash FROM journal_entry WHERE chain = :chain AND position = :position",
        chain=late["money"]["chain"]["chain"],
        position=late["money"]["chain"]["position"],
    )
    assert held == [{"position": late["money"]["chain"]["position"], "hash": late["money"]["chain"]["hash"]}]


async def test_each_reading_is_recorded_beside_the_case_and_not_in_its_chain(played: Any, shared: Funding):
    history: History = await played(6, steps=0)
    before = (await history.past(shared.clock.now(), "programme")).json()["chain"]
    after = (await history.past(shared.clock.now(), "programme")).json()["chain"]
    assert before == after
    chain = f"reading/{history.selected.project_id}"
    read_by = await shared.rows("SELECT decision, actor FROM journal_entry WHERE chain = :chain", chain=chain)
    assert [row["decision"] for row in read_by] == ["money-as-of-read"] * 2
    assert all("auditor" in row["actor"] for row in read_by)


@pytest.mark.parametrize(
    ("at", "clock", "status", "code"),
    [
        ("2999-01-01T00:00:00Z", "programme", 422, "instant-in-future"),
        ("2999-01-01T00:00:00Z", "recorded", 422, "instant-in-future"),
        ("1970-01-01T00:00:00Z", "programme", 422, "instant-too-early"),
        ("0001-01-01T00:00:00+14:00", "programme", 422, "instant-too-early"),
        ("9999-12-31T23:59:59-12:00", "recorded", 422, "instant-in-future"),
        ("2024-06-03T10:00:00", "programme", 422, None),
        ("yesterday", "programme", 422, None),
        ("2024-06-03T10:00:00Z", "sundial", 422, None),
    ],
)
async def test_nonsense_instants_are_refused_in_words(
    shared: Funding, at: str, clock: str, status: int, code: str | None
):
    path = f"/v1/commitments/{project_selected().project_id}/as-of"
    answer = await shared.get(path, AUDITOR, at=at, clock=clock)
    assert answer.status_code == status, answer.text
    assert code is None or answer.json()["code"] == code


async def test_a_withdrawn_project_still_shows_that_it_was_committed(played: Any, shared: Funding):
    history: History = await played(7, steps=0)
    committed = history.answers[0][0]
    refused = project_withdrawn(history.selected)
    go_by(shared, seconds=86_400)
    await shared.deliver(refused)
    said = (await history.past(committed, "programme")).json()
    assert said["commitment"]["state"] == "COMMITTED"
    assert said["commitment"]["released_at"] is None


async def test_no_version_can_be_written_changed_or_removed_by_hand(played: Any, shared: Funding):
    await played(8, steps=0)
    for url, expected in ((shared.urls.application, "permission denied"), (shared.urls.owner, "refused")):
        connection = await asyncpg.connect(url.replace("+asyncpg", ""))
        try:
            for statement in (
                "UPDATE row_version SET content = '{}'",
                "UPDATE row_version SET recorded_at = now()",
                "DELETE FROM row_version",
            ):
                with pytest.raises(asyncpg.InsufficientPrivilegeError, match=expected):
                    await connection.execute(statement)
            if url == shared.urls.application:
                with pytest.raises(asyncpg.InsufficientPrivilegeError):
                    await connection.execute(
                        "INSERT INTO row_version (relation, key, content, programme_at, recorded_at)"
                        " VALUES ('release', 'x', '{}', now(), now())"
                    )
        finally:
            await connection.close()


async def test_words_can_be_erased_once_and_the_rest_of_the_version_stands(played: Any, shared: Funding):
    history: History = await played(9, steps=0)
    project = str(history.selected.project_id)
    erase = "UPDATE row_version SET words = NULL WHERE relation = 'coverage_line' AND key LIKE $1 AND words IS NOT NULL"
    connection = await asyncpg.connect(shared.urls.owner.replace("+asyncpg", ""))
    try:
        assert (await connection.execute(erase, f"{project}/%")) != "UPDATE 0"
        with pytest.raises(asyncpg.InsufficientPrivilegeError, match="refused"):
            await connection.execute(
                "UPDATE row_version SET words = '{\"reference\": \"x\"}' WHERE relation = 'coverage_line'"
            )
    finally:
        await connection.close()
    said = (await history.past(_LONG_AGO.replace(year=2024, month=5, day=21), "programme")).status_code
    assert said in {200, 404}


async def test_a_table_without_versions_and_a_change_are_refused_loudly(shared: Funding):
    tables = Tables.metadata.tables
    async with shared.database.transaction() as tx:
        async with Past([]).at(tx, datetime.now(UTC), Axis.RECORDED):
            with pytest.raises(LookupError, match="budget_line"):
                await tx.execute(select(tables["budget_line"].c.id))
            with pytest.raises(TypeError, match="only a SELECT"):
                await tx.execute(update(tables["budget_line"]).values(version=1))
        assert (await tx.execute(select(tables["budget_line"].c.id).limit(1))).all() is not None
