"""The saga as a state machine: any order of people, worker, crashes and banks leaves every won where the model has it."""

import asyncio
import contextlib
import itertools
from collections.abc import Iterator
from contextlib import AsyncExitStack
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from common import failpoints
from common.failpoints import Injected
from smartfactory.simulators.bank import BankMode
from tests.support.banking import BankBook, bank_in
from tests.support.funding import APPROVER, JEONJU, OFFICER, TREASURER, Funding, head, running_funding
from tests.support.releases import Working, approve, ask_draw, budgets, in_force, lines, order, place_hold, read
from tests.support.servers import Servers

_NUMBERS = itertools.count(1)
_NEXT = {"RESERVED": {"APPROVED", "VOIDED"}, "APPROVED": {"ORDERED", "VOIDED"}, "ORDERED": {"CONFIRMED", "VOIDED"}}
_CRASHES = ["saga.after_claim", "saga.after_answer", "saga.before_commit", "saga.after_commit", "saga.before_post"]


class Stage:
    """What all examples share: a service, a worker and a bank, driven from one event loop."""

    runner: asyncio.Runner
    working: Working
    book: BankBook


class ReleaseMachine(RuleBasedStateMachine):
    """One project; its municipality's line is drawn on, held, ordered and paid in any order."""

    releases = Bundle("releases")

    @initialize()
    def begin(self) -> None:
        Stage.book.switch(BankMode.PAY)
        self.states: dict[str, str] = {}
        self.amounts: dict[str, int] = {}
        self.holds: list[Any] = []
        self.selected = self.run(in_force(self.funding))
        self.committed = self.run(lines(self.funding, self.selected))["MUNICIPALITY"]["committed_won"]

    @property
    def funding(self) -> Funding:
        return Stage.working.funding

    @staticmethod
    def run(work: Any) -> Any:
        return Stage.runner.run(work)

    @rule(target=releases, part=st.integers(2, 5))
    def ask(self, part: int) -> str:
        left = self.committed - self.taken
        amount_won = self.committed // part
        answer = self.run(ask_draw(self.funding, self.selected, amount_won, next(_NUMBERS)))
        expected = 201 if amount_won <= left and not self.holds else 409
        assert answer.status_code == expected, answer.text
        if expected == 409:
            return ""
        release = answer.json()
        self.states[release["id"]], self.amounts[release["id"]] = release["state"], amount_won
        return str(release["id"])

    @rule(release_id=releases, by=st.sampled_from([APPROVER, head(JEONJU)]))
    def approve(self, release_id: str, by: Any) -> None:
        self.decide(release_id, lambda release: approve(self.funding, release, by))

    @rule(release_id=releases)
    def order(self, release_id: str) -> None:
        before = self.states.get(release_id)
        answer = self.decide(release_id, lambda release: order(self.funding, release, TREASURER))
        if answer is not None:
            assert (answer.status_code == 201) == (before == "APPROVED" and not self.holds), answer.text

    @rule(release_id=releases)
    def reject(self, release_id: str) -> None:
        def work(release: Any) -> Any:
            path = f"/v1/releases/{release['id']}/rejections"
            return self.funding.post(path, {"reason": "PAYEE_WRONG"}, by=head(JEONJU), version=release["version"])

        self.decide(release_id, work)

    @rule()
    def hold(self) -> None:
        self.holds.append(self.run(place_hold(self.funding, self.selected, OFFICER, "MUNICIPALITY")).json())

    @rule()
    def lift(self) -> None:
        for hold in self.holds:
            for version, by in enumerate((OFFICER, APPROVER), start=1):
                path = f"/v1/release-holds/{hold['id']}/lifts"
                assert self.run(self.funding.post(path, by=by, version=version)).status_code == 201
        self.holds = []

    @rule(mode=st.sampled_from(list(BankMode)))
    def bank_turns(self, mode: BankMode) -> None:
        Stage.book.switch(mode)

    @rule(crash=st.sampled_from(["", *_CRASHES]))
    def work(self, crash: str) -> None:
        failpoints.arm(f"{crash}=raise" if crash else "")
        with contextlib.suppress(Injected):
            self.run(Stage.working.round())
        failpoints.arm("")
        for release_id in self.states:
            self.look(release_id)

    def decide(self, release_id: str, work: Any) -> Any:
        if not release_id:
            return None
        answer = self.run(work(self.run(read(self.funding, {"id": release_id}))))
        assert answer.status_code in {201, 403, 409}, answer.text
        self.look(release_id)
        return answer

    def look(self, release_id: str) -> None:
        """A release only goes forward, whoever has done what."""
        before, now = self.states[release_id], self.run(read(self.funding, {"id": release_id}))["state"]
        reachable, more = {before}, _NEXT.get(before, set())
        while not more <= reachable:
            reachable |= more
            more = set().union(
                *(_NEXT.get(state, {"POSTED"} if state == "CONFIRMED" else set()) for state in reachable)
            )
        assert now in reachable, f"from {before} to {now}"
        self.states[release_id] = now

    @property
    def taken(self) -> int:
        return sum(won for release_id, won in self.amounts.items() if self.states[release_id] != "VOIDED")

    @invariant()
    def every_won_is_where_the_model_has_it(self) -> None:
        if not hasattr(self, "selected"):
            return
        line = self.run(lines(self.funding, self.selected))["MUNICIPALITY"]
        paid = sum(won for release_id, won in self.amounts.items() if self.states[release_id] == "POSTED")
        assert (line["paid_won"], line["open_won"]) == (paid, self.taken - paid)
        assert line["paid_won"] + line["open_won"] <= self.committed

    def teardown(self) -> None:
        if not hasattr(self, "selected"):
            return
        Stage.book.switch(BankMode.PAY)
        for _ in range(3):
            self.work("")
        paid, again = Stage.book.happened("PAID"), Stage.book.happened("ORDERED_AGAIN")
        for release_id, state in self.states.items():
            assert state not in {"ORDERED", "CONFIRMED"}, f"{release_id} is left {state}"
            assert paid[release_id] == (state == "POSTED"), f"{release_id} is {state}, paid {paid[release_id]} times"
            assert not again[release_id]


@pytest.fixture
def stage(session_servers: Servers, tmp_path: Any) -> Iterator[None]:
    urls = session_servers.fresh_databases(["funding"], migrated=True)["funding"]
    with asyncio.Runner() as runner, bank_in(tmp_path) as book:
        stack = AsyncExitStack()
        funding = runner.run(stack.enter_async_context(running_funding(urls)))
        Stage.runner, Stage.book = runner, book
        Stage.working = Working(funding, book.url)
        runner.run(budgets(funding))
        yield
        runner.run(Stage.working.bank.aclose())
        runner.run(stack.aclose())
    session_servers.drop_databases([urls])


@pytest.mark.promise("R22", "I2")
def test_no_order_of_steps_and_crashes_pays_twice_or_loses_a_won(stage: None) -> None:
    run_state_machine_as_test(
        ReleaseMachine,
        settings=settings(
            max_examples=12,
            stateful_step_count=18,
            deadline=None,
            derandomize=True,
            database=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
