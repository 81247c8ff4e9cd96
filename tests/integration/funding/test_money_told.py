"""All that happens to public money is told by source: from the events alone metrics shows what the ledger holds."""

import asyncio
import random
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg
import pytest

from common import event as events
from common import migrations
from common.event import Envelope
from contracts.applicant import CallPublished
from contracts.roles import Role
from funding.main import SERVICE as FUNDING
from metrics.main import SERVICE as METRICS
from smartfactory.check import standing
from smartfactory.snapshots import snapshots
from smartfactory.stack.provision import DatabaseUrls
from tests.support.builders import project_selected, project_withdrawn
from tests.support.closing import (
    THIRD_APPROVER,
    act,
    attested,
    done,
    paid,
    proposed,
    repaid,
    repayments_of,
    terminate,
    transfer,
    treasury_of,
)
from tests.support.funding import APPROVER, JEONJU, NOW, OFFICER, TREASURER, Funding, clerk, head, running_funding
from tests.support.listening import Listener, listener
from tests.support.releases import approved, ask_tranche, budgets, in_force, owner_of
from tests.support.servers import Servers

pytestmark = pytest.mark.anyio
_AS_IT_WAS_BEFORE = """
    ALTER TABLE outbox DISABLE TRIGGER USER;
    ALTER TABLE outbox_sequence DISABLE TRIGGER USER;
    DELETE FROM outbox WHERE topic = 'funding.repayment.v1' OR type LIKE '%.commitment.lapsed.v1'
        OR type LIKE '%.budget.carry-over-confirmed.v1';
    UPDATE outbox SET payload = convert_to((convert_from(payload, 'UTF8')::jsonb - 'shares')::text, 'UTF8')
     WHERE type LIKE '%.settlement.fixed.v1';
    DELETE FROM outbox_sequence WHERE topic = 'funding.repayment.v1';
    UPDATE outbox_sequence known SET last = (
        SELECT max(sequence) FROM outbox WHERE (outbox.topic, outbox.key) = (known.topic, known.key));
    ALTER TABLE outbox ENABLE TRIGGER USER;
    ALTER TABLE outbox_sequence ENABLE TRIGGER USER;
"""
"""An outbox of a release that told of none of this by source."""
_RECEIPT = {"receipt_reference": "세외수입 2024-7"}
_FAULTS = {
    "committed": "UPDATE commitment_share SET amount_won = amount_won + 1 WHERE source = 'PROVINCE'",
    "carried_over": "UPDATE carried_over SET amount_won = amount_won - 1",
    "paid": "UPDATE disbursement SET amount_won = amount_won + 1 WHERE state = 'POSTED'",
    "under_way": "UPDATE disbursement SET state = 'VOIDED' WHERE state = 'APPROVED'",
    "lapsed": "DELETE FROM lapsed_share",
    "settled": "UPDATE settled_share SET fixed_won = fixed_won + 1",
    "refund_due": "UPDATE repayment SET origin = 'RECOVERY' WHERE origin = 'SETTLEMENT' AND state = 'ORDERED'",
    "refunded": "UPDATE repayment SET state = 'ORDERED' WHERE origin = 'SETTLEMENT' AND state = 'CONFIRMED'",
    "recovered": "UPDATE repayment SET origin = 'SETTLEMENT' WHERE state = 'CONFIRMED' AND origin = 'RECOVERY'",
    "surcharge": "UPDATE repayment SET late_won = 0",
    "relieved": "DELETE FROM repayment WHERE state = 'RELIEVED'",
}


@dataclass
class Books:
    """A funding service in which money has gone every way there is."""

    funding: Funding

    async def records(self) -> list[events.WireRecord]:
        """What it has told, as Kafka would hand it over: the order of a key is kept, that of keys is chance."""
        chance = random.Random(7)
        places: dict[UUID, float] = {}
        placed = []
        for row in await self.funding.rows("SELECT * FROM outbox ORDER BY id"):
            places[row["key"]] = max(places.get(row["key"], 0.0), chance.random())
            placed.append((places[row["key"]], row["id"], _record(row)))
        return [record for _, _, record in sorted(placed, key=lambda each: each[:2])]

    def urls(self, metrics: DatabaseUrls) -> dict[str, str]:
        """For who examines both databases."""
        return {
            "funding": self.funding.urls.owner.replace("+asyncpg", ""),
            "metrics": metrics.owner.replace("+asyncpg", ""),
        }


@pytest.fixture(scope="module")
async def books(session_servers: Servers, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Books]:
    urls = session_servers.fresh_databases(["funding"], migrated=True)["funding"]
    async with running_funding(urls) as funding:
        await play(funding, tmp_path_factory.mktemp("bank"))
        yield Books(funding)
    session_servers.drop_databases([urls])


@pytest.fixture
def metrics_urls(fresh_databases: Callable[..., dict[str, DatabaseUrls]]) -> DatabaseUrls:
    return fresh_databases("metrics", migrated=True)["metrics"]


@pytest.fixture
async def metrics(metrics_urls: DatabaseUrls) -> AsyncIterator[Listener]:
    async with listener(METRICS, {"metrics": metrics_urls}) as running:
        await running.tell(_call())
        yield running


async def carry_over(funding: Funding) -> None:
    """Both lines, by the people whose money it is."""
    people = {"PROVINCE": (OFFICER, TREASURER), "MUNICIPALITY": (clerk(JEONJU), head(JEONJU))}
    for line in (await funding.get("/v1/lapsing-money", OFFICER, fiscal_year=2024)).json()["items"]:
        by, confirmer = people[line["source"]]
        body = {"cause": "BUILD_CROSSES_YEAR", "reference": "2024-12 의결 77"}
        answer = await funding.post(f"/v1/budget-lines/{line['budget_line_id']}/carry-overs", body, by=by)
        path = f"/v1/carry-overs/{answer.json()['id']}/confirmations"
        assert (await funding.post(path, by=confirmer, version=1)).status_code == 201


async def play(funding: Funding, folder: Path) -> None:
    """One project for each way in which committed money can go."""
    await budgets(funding)
    settled, ended, objected = [await paid(funding, folder) for _ in range(3)]
    await carry_over(funding)
    unpaid, under_way = await in_force(funding), await in_force(funding)
    await carry_over(funding)
    withdrawn = project_selected()
    await funding.deliver(withdrawn, project_withdrawn(withdrawn))
    await approved(funding, (await ask_tranche(funding, under_way)).json())
    rejected = (await ask_tranche(funding, unpaid)).json()
    await funding.post(
        f"/v1/releases/{rejected['id']}/rejections",
        {"reason": "AMOUNT_WRONG"},
        by=APPROVER,
        version=rejected["version"],
    )
    assert await terminate(funding, unpaid) is None

    books = await attested(funding, settled, settled.total_cost_won // 10, 41_237)
    _stays_due, first = await repayments_of(funding, await done(funding, books, "fixings", APPROVER))
    await repaid(funding, settled, first)

    case = await proposed(funding, ended, await terminate(funding, ended), surcharge_bp=10_000, interest_won=101)
    late, _due = await repayments_of(funding, await done(funding, case, "decisions", APPROVER))
    case = await proposed(funding, objected, await terminate(funding, objected), recover_bp=3_333)
    case = await done(funding, case, "decisions", APPROVER)
    case = await done(funding, case, "objections", owner_of(objected), {"document_sha256": "d" * 64})
    assert (await done(funding, case, "hearings", THIRD_APPROVER, {"hearing": "UPHOLD"}))["state"] == "UPHELD"

    funding.clock.move_to(funding.clock.now() + timedelta(days=60))
    late = await done(funding, late, "payments", owner_of(ended), transfer(late, paid_on="2024-06-29"))
    assert late["late_won"] > 0
    assert (await act(funding, late, "confirmations", treasury_of(late), _RECEIPT)).status_code == 201


def _record(row: Any) -> events.WireRecord:
    names = ("event_id", "type", "topic", "key", "sequence", "occurred_at", "recorded_at", "correlation_id")
    return events.encode(Envelope(**{name: row[name] for name in names}), bytes(row["payload"]))


@pytest.mark.promise("I2", "I6", "R4")
async def test_what_metrics_shows_by_source_and_state_is_what_the_ledger_holds(
    books: Books, metrics: Listener, metrics_urls: DatabaseUrls
) -> None:
    urls, records = books.urls(metrics_urls), await books.records()
    await metrics.apply(records)
    await metrics.apply(records)
    async with snapshots(urls) as databases:
        assert (await standing.as_in_the_ledger(databases)).findings == []
        held = standing.of_source(await standing.in_the_ledger(databases["funding"]), 2024, "B")
    answer = await metrics.get("/v1/money?fiscal_year=2024&track=B", role=Role.AUDITOR)
    assert answer.status_code == 200, answer.text
    shown = {
        row["source"]: {name.removesuffix("_won"): won for name, won in row.items() if name.endswith("_won") and won}
        for row in answer.json()["by_source"]
    }
    seen = set[str]()
    for source, won in held.items():
        due, back = won.pop("due", 0), won.pop("back", 0)
        assert shown[source] == won
        assert due == sum(won.get(part, 0) for part in ("refund_due", "recovery_due"))
        assert back == sum(won.get(part, 0) for part in ("refunded", "recovered", "interest", "surcharge"))
        assert won["budgeted"] == won["left"] + won["committed"]
        seen |= won.keys()
    assert seen == {
        *("budgeted", "left", "committed", "under_way", "paid", "carried_over", "lapsed", "settled", "refund_due"),
        *("refunded", "recovery_due", "recovered", "interest", "surcharge", "relieved"),
    }, "every state there is but an order of which the bank is silent"
    assert await _missed(urls) == {}


async def test_an_installation_with_books_from_before_tells_of_them_once_it_is_brought_up_to_date(
    books: Books, metrics: Listener, metrics_urls: DatabaseUrls
) -> None:
    urls, whole = books.urls(metrics_urls), await books.records()
    owner = await asyncpg.connect(urls["funding"])
    await owner.execute(_AS_IT_WAS_BEFORE)
    await owner.close()
    before = await books.records()
    assert len(before) < len(whole)
    await metrics.apply(before)
    async with snapshots(urls) as databases:
        found = {each.where.rpartition(": ")[2] for each in (await standing.as_in_the_ledger(databases)).findings}
    assert {"lapsed", "carried_over", "settled", "refund_due", "refunded", "relieved"} <= found
    for _ in range(2):
        for move, revision in ((migrations.downgrade, "0024"), (migrations.upgrade, "0025")):
            await asyncio.to_thread(move, FUNDING.migrations, books.funding.urls.owner, revision=revision)
    after = await books.records()
    assert len(after) == len(whole) + 1, "the settlement is told once more, and nothing twice"
    await metrics.apply(after)
    async with snapshots(urls) as databases:
        assert (await standing.as_in_the_ledger(databases)).findings == []


async def _missed(urls: dict[str, str]) -> dict[str, list[str]]:
    """Each state made wrong in what metrics keeps, and undone: those that the check does not name."""
    missed = {}
    funding, metrics = [await asyncpg.connect(urls[name]) for name in ("funding", "metrics")]
    for state, fault in _FAULTS.items():
        planted = metrics.transaction()
        await planted.start()
        await metrics.execute(fault)
        claim = await standing.as_in_the_ledger({"funding": funding, "metrics": metrics})
        await planted.rollback()
        if not any(finding.where.endswith(f": {state}") for finding in claim.findings):
            missed[state] = [finding.where for finding in claim.findings]
    await funding.close()
    await metrics.close()
    return missed


def _call() -> CallPublished:
    return CallPublished(
        call_id=UUID(int=2024),
        track="B",
        fiscal_year=2024,
        title_ko="공고",
        opens_at=NOW,
        closes_at=NOW + timedelta(days=1),
        split_rule_version="b-2024",
        types=[],
        seat_lines=[],
        planned_budget_lines=[],
    )
