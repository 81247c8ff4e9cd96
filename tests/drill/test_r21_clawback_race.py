"""R21: officers claw back while treasurers order and a worker pays and is killed; no won is taken back that was not paid."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from contracts.roles import Role
from smartfactory.simulators.bank import BankMode
from tests.support.banking import BankBook, bank_in
from tests.support.closing import act, close_all, proposed, repaid, repayments_of
from tests.support.drills.figures import Drill
from tests.support.funding import OFFICER, TREASURER, Funding, Person, running_funding
from tests.support.releases import approved, ask_draw, budgets, in_force, order, ordered
from tests.support.servers import Servers, ServiceProcess
from tests.support.waiting import eventually

_CLIENTS = 20
_OPEN = "SELECT count(*) FROM release WHERE state IN ('ORDERED', 'CONFIRMED')"
_TAKEN_UNPAID = """
    SELECT count(*) FROM (
        SELECT l.project_id, l.source,
               coalesce((SELECT sum(r.amount_won) FROM release r WHERE (r.project_id, r.source) = (l.project_id, l.source)
                            AND r.state = 'POSTED'), 0) AS paid,
               coalesce((SELECT sum(p.principal_won) FROM repayment p
                          WHERE (p.project_id, p.source) = (l.project_id, l.source) AND p.state <> 'RELIEVED'), 0) AS back
          FROM release_line l) AS line WHERE back > paid
"""
_ORDERED_AFTER = """
    SELECT count(*) FROM release r JOIN repayment p USING (project_id, source) WHERE r.ordered_at > p.ordered_at
"""
_NEGATIVE = """
    SELECT count(*) FROM ledger_account
     WHERE balance_won < 0 AND kind NOT IN ('APPROPRIATION', 'SME_PLEDGE', 'INTEREST', 'PENALTY')
"""
_UNBALANCED = (
    "SELECT count(*) FROM (SELECT 1 FROM ledger_entry GROUP BY transfer_id HAVING sum(amount_won) <> 0) AS odd"
)
_OWED = "SELECT coalesce(sum(balance_won), 0)::bigint FROM ledger_account WHERE kind IN ('PENDING', 'REFUND_DUE')"
_KILLED_AT = "saga.after_answer"


@pytest.fixture
async def funding(crashable_servers: Servers) -> AsyncIterator[Funding]:
    urls = await asyncio.to_thread(lambda: crashable_servers.fresh_databases(["funding"], migrated=True)["funding"])
    async with running_funding(urls) as running:
        yield running


@pytest.mark.promise("R21")
async def test_clawbacks_race_payments(funding: Funding, crashable_servers: Servers, drill: Drill, tmp_path: Path):
    """Twenty who order and twenty who decide on one project, round after round, over a bank that also falls silent."""
    rounds = drill.scale(ci=3, full=50)
    await budgets(funding)
    outcomes, kills = Counter[str](), 0
    with bank_in(tmp_path) as book:
        book.switch(BankMode.MIXED)
        for number in range(rounds):
            worker = _worker(crashable_servers, funding, book, kill=number % 10 == 0).start()
            if number % 10 == 0:
                await ordered(
                    funding, (await ask_draw(funding, await in_force(funding), 1_000, 10_000 + number)).json()
                )
            outcomes.update(await _race(funding, number))
            if number % 10 == 0:
                await eventually(partial(_died, worker), 60, what="the worker dies while it pays")
                kills += worker.hit(_KILLED_AT)
            worker.kill()
            if number % 25 == 24 or number == rounds - 1:
                outcomes.update(await _settle(funding, crashable_servers, book))
    drill.figure("rounds", rounds)
    drill.figure("orders that came first", outcomes["ordered"])
    drill.figure("orders that were refused", outcomes["held"], limit="> 0")
    drill.figure("decisions that waited for a payment", outcomes["waited"])
    drill.figure("rounds with two decisions", outcomes["twice"], limit="== 0")
    drill.figure("answers that explain nothing", outcomes["odd"], limit="== 0")
    drill.figure("workers killed while they paid", kills, limit=">= 1")
    drill.figure("lines that took back more than they paid", await funding.value(_TAKEN_UNPAID), limit="== 0")
    drill.figure("orders after their clawback", await funding.value(_ORDERED_AFTER), limit="== 0")
    drill.figure("accounts below nothing", await funding.value(_NEGATIVE), limit="== 0")
    drill.figure("transfers that do not sum to zero", await funding.value(_UNBALANCED), limit="== 0")
    drill.figure("cases decided and paid back", outcomes["closed"], limit=f"== {rounds}")
    drill.figure("won pending or owed at the end", await funding.value(_OWED), limit="== 0")


_CASES: list[tuple[Any, Any]] = []


async def _race(funding: Funding, number: int) -> Counter[str]:
    """One project with an approved draw: it is ordered, and its case opened, proposed and decided, all at once."""
    selected = await in_force(funding)
    release = await approved(funding, (await ask_draw(funding, selected, 10_000, number)).json())
    path = f"/v1/coverages/{selected.project_id}/recoveries"
    treasurers = [Person(Role.PROVINCE_TREASURER, "52", f"treasurer-{each}") for each in range(_CLIENTS)]

    opened = asyncio.Event()

    async def pay(by: Person) -> Any:
        # Every other round the case comes first for certain, so that both outcomes are seen however the race goes.
        if number % 2:
            await opened.wait()
        return await order(funding, release, by)

    async def claw_back() -> list[Any]:
        recovery = (await funding.post(path, {"ground": "MISUSE"}, by=OFFICER)).json()
        opened.set()
        recovery = await proposed(funding, selected, recovery)
        _CASES.append((selected, recovery))
        crowd = [Person(Role.PROVINCE_APPROVER, "52", f"decider-{each}") for each in range(_CLIENTS)]
        return await asyncio.gather(*(act(funding, recovery, "decisions", each) for each in crowd))

    decided, *answered = await asyncio.gather(claw_back(), *(pay(each) for each in treasurers))
    found = Counter[str]()
    found["ordered"] += sum(answer.status_code == 201 for answer in answered)
    found["held"] += sum(answer.json()["code"] == "line-held" for answer in answered if answer.status_code == 409)
    found["waited"] += sum(
        answer.json()["code"] == "payment-under-way" for answer in decided if answer.status_code == 409
    )
    found["twice"] += sum(answer.status_code == 201 for answer in decided) > 1
    found["odd"] += sum(answer.status_code not in {201, 409, 412} for answer in (*answered, *decided))
    return found


async def _settle(funding: Funding, servers: Servers, book: BankBook) -> Counter[str]:
    """Faults are over: what was ordered comes to its end, what was not is rejected, and every case is paid back."""
    worker = _worker(servers, funding, book).start()
    await eventually(lambda: _none(funding), 60, what="every order is at its end")
    worker.kill()
    found = Counter[str]()
    while _CASES:
        selected, recovery = _CASES.pop()
        for release in await _waiting(funding, selected):
            path = f"/v1/releases/{release['id']}/rejections"
            rejecting = Person(Role.PROVINCE_APPROVER, "52", "rejecter")
            await funding.post(path, {"reason": "NOT_DELIVERED"}, by=rejecting, version=release["version"])
        read = (await funding.get(f"/v1/recoveries/{recovery['id']}", OFFICER)).json()
        if read["state"] == "PROPOSED":
            decider = Person(Role.PROVINCE_APPROVER, "52", "decider-last")
            assert (await act(funding, read, "decisions", decider)).status_code == 201
        for repayment in await repayments_of(funding, recovery):
            await repaid(funding, selected, repayment)
        found["closed"] += 1
    await close_all(funding)
    return found


async def _waiting(funding: Funding, selected: Any) -> list[Any]:
    answer = await funding.get("/v1/releases", TREASURER, project_id=selected.project_id, state="APPROVED")
    items: list[Any] = answer.json()["items"]
    return items


def _worker(servers: Servers, funding: Funding, book: BankBook, *, kill: bool = False) -> ServiceProcess:
    settings = {
        # Nothing here is told or heard, and a worker pays without Kafka.
        "KAFKA_BOOTSTRAP_SERVERS": "127.0.0.1:1",
        "BANK_URL": book.url,
        "BANK_TIMEOUT_SECONDS": "0.5",
        "BANK_LEASE_SECONDS": "1",
        "BANK_FIRST_WAIT_SECONDS": "0.2",
        "BANK_LONGEST_WAIT_SECONDS": "1",
        **funding.programme_time(book.folder),
        **({"FAILPOINTS": f"{_KILLED_AT}=kill9"} if kill else {}),
    }
    return servers.service("funding", "worker", funding.urls, env=settings)


async def _died(worker: ServiceProcess) -> bool:
    return worker.exit_code() is not None


async def _none(funding: Funding) -> bool:
    return await funding.value(_OPEN) == 0
