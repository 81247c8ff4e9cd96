"""R22: a worker is killed at every step of a payment, again and again, over a bank that pays, refuses and goes silent."""

import asyncio
import itertools
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from smartfactory.simulators.bank import BankMode
from tests.support.banking import BankBook, bank_in
from tests.support.drills.figures import Drill
from tests.support.funding import Funding, running_funding
from tests.support.releases import ask_draw, budgets, in_force, ordered
from tests.support.servers import Servers, ServiceProcess
from tests.support.waiting import eventually

_PLACES = ("saga.after_claim", "saga.after_answer", "saga.before_commit", "saga.after_commit", "saga.before_post")
_OPEN = "SELECT count(*) FROM release WHERE state IN ('ORDERED', 'CONFIRMED')"
_ORPHANS = """
    SELECT count(*) FROM ledger_transfer t JOIN release r ON r.reservation_id = t.id
     WHERE t.kind = 'RESERVATION' AND r.state IN ('POSTED', 'VOIDED')
       AND NOT EXISTS (SELECT FROM ledger_transfer WHERE resolves_transfer_id = t.id)
"""
_PENDING = "SELECT coalesce(sum(balance_won), 0)::bigint FROM ledger_account WHERE kind = 'PENDING'"
_NUMBERS = itertools.count(1)


@pytest.fixture
async def funding(crashable_servers: Servers) -> AsyncIterator[Funding]:
    urls = await asyncio.to_thread(lambda: crashable_servers.fresh_databases(["funding"], migrated=True)["funding"])
    async with running_funding(urls) as running:
        yield running


@pytest.mark.promise("R22")
async def test_a_payment_interrupted_at_every_step(
    funding: Funding, crashable_servers: Servers, drill: Drill, tmp_path: Path
):
    """Five places of the worker, each killed with -9 so often; every order ends paid once or given back, none twice."""
    kills = drill.scale(ci=3, full=50)
    await budgets(funding)
    selected = await in_force(funding)
    with bank_in(tmp_path) as book:
        book.switch(BankMode.MIXED)
        died = await asyncio.gather(
            *(_killed(crashable_servers, funding, selected, book, place, kills) for place in _PLACES)
        )
        began = time.monotonic()
        worker = _worker(crashable_servers, funding, book).start()
        await eventually(lambda: _none(funding, _OPEN), 60, what="every order is at its end")
        settled = time.monotonic() - began
        worker.kill()
        paid, again = book.happened("PAID"), book.happened("ORDERED_AGAIN")
    posted = {str(row["id"]) for row in await funding.rows("SELECT id FROM release WHERE state = 'POSTED'")}
    for place, count in zip(_PLACES, died, strict=True):
        drill.figure(f"kills at {place}", count, limit=f">= {kills}")
    drill.figure("payments posted", len(posted), limit="> 0")
    drill.figure("orders given back", await funding.value("SELECT count(*) FROM release WHERE state = 'VOIDED'"))
    drill.figure("double orders at the bank", sum(again.values()), limit="== 0")
    drill.figure("paid more than once", sum(count > 1 for count in paid.values()), limit="== 0")
    drill.figure("paid and not posted, or posted and not paid", len(posted ^ set(paid)), limit="== 0")
    drill.figure("orphan reservations", await funding.value(_ORPHANS), limit="== 0")
    drill.figure("won left pending", await funding.value(_PENDING), limit="== 0")
    drill.figure("seconds until all were at their end", round(settled, 1), limit="<= 60")


async def _killed(servers: Servers, funding: Funding, selected: Any, book: BankBook, place: str, kills: int) -> int:
    """Let a worker die so often exactly there; while it lives it is given something to pay."""
    died = tried = 0
    # One that the machine itself has ended is none of these deaths, and none that may take their place.
    while died < kills and tried < 2 * kills:
        tried += 1
        worker = _worker(servers, funding, book, FAILPOINTS=f"{place}=kill9").start()
        while worker.exit_code() is None:
            release = (await ask_draw(funding, selected, 1_000, next(_NUMBERS))).json()
            await ordered(funding, release)
            await asyncio.to_thread(_waited, worker)
        assert worker.exit_code() == -9
        died += worker.hit(place)
    return died


def _worker(servers: Servers, funding: Funding, book: BankBook, **env: str) -> ServiceProcess:
    settings = {
        # Nothing here is told or heard, and a worker pays without Kafka.
        "KAFKA_BOOTSTRAP_SERVERS": "127.0.0.1:1",
        "BANK_URL": book.url,
        "BANK_TIMEOUT_SECONDS": "0.5",
        "BANK_LEASE_SECONDS": "1",
        "BANK_FIRST_WAIT_SECONDS": "0.2",
        "BANK_LONGEST_WAIT_SECONDS": "1",
        **funding.programme_time(book.folder),
        **env,
    }
    return servers.service("funding", "worker", funding.urls, env=settings)


def _waited(worker: ServiceProcess) -> None:
    assert worker.child is not None
    worker.child.wait(0.3)


async def _none(funding: Funding, counted: str) -> bool:
    return await funding.value(counted) == 0
