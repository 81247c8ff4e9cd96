"""Public money from events: by source and state, each amount once, and a municipality sees its own."""

from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from common.event import DomainEvent, new_id
from contracts.applicant import CallPublished, ProjectSelected
from contracts.funding import (
    BudgetLineConfirmed,
    CarryOverConfirmed,
    CommitmentLapsed,
    CommitmentReleased,
    DisbursementApproved,
    DisbursementConfirmed,
    DisbursementFact,
    DisbursementOrdered,
    DisbursementPosted,
    DisbursementReserved,
    DisbursementUnclear,
    DisbursementVoided,
    LineBalance,
    ProjectCommitted,
    RepaymentConfirmed,
    RepaymentFact,
    RepaymentOrdered,
    RepaymentRelieved,
    SettledShare,
    SettlementFixed,
    Share,
)
from contracts.roles import Role
from metrics.main import SERVICE
from smartfactory.stack.provision import DatabaseUrls
from tests.repo.tree import ROOT
from tests.support.builders import project_selected
from tests.support.listening import NOW, Listener, listener
from tools.catalogue import golden

pytestmark = pytest.mark.anyio
JEONJU, GUNSAN = "52110", "52130"
ASKED = (DisbursementReserved, DisbursementApproved)
ORDERED = (*ASKED, DisbursementOrdered)
PAID = (*ORDERED, DisbursementConfirmed, DisbursementPosted)


@pytest.fixture
async def metrics(fresh_databases: Callable[..., dict[str, DatabaseUrls]]) -> AsyncIterator[Listener]:
    async with listener(SERVICE, fresh_databases("metrics", migrated=True)) as running:
        yield running


def published(call_id: UUID, *, fiscal_year: int = 2024) -> CallPublished:
    return CallPublished(
        call_id=call_id,
        track="B",
        fiscal_year=fiscal_year,
        title_ko="공고",
        opens_at=NOW,
        closes_at=NOW + timedelta(days=1),
        split_rule_version="b-2024",
        types=[],
        seat_lines=[],
        planned_budget_lines=[],
    )


def line(source: str, won: int, place: str | None = None, *, left_won: int | None = None) -> BudgetLineConfirmed:
    said: dict[str, Any] = {"source": source, "municipality_code": place, "fiscal_year": 2024, "track": "B"}
    said["budget_line_id"] = new_id()
    balance = LineBalance(**said, left_won=won if left_won is None else left_won, line_version=2)
    return BudgetLineConfirmed(**said, amount_won=won, legal_regime="LOCAL", balance=balance)


def carried(of: BudgetLineConfirmed, won: int, paid_won: int) -> CarryOverConfirmed:
    return CarryOverConfirmed(
        budget_line_id=of.budget_line_id,
        carry_over_id=new_id(),
        municipality_code=of.municipality_code,
        fiscal_year=2024,
        to_year=2025,
        amount_won=won,
        paid_won=paid_won,
    )


def committed(selected: ProjectSelected, **shares: int) -> ProjectCommitted:
    return ProjectCommitted(
        project_id=selected.project_id,
        commitment_id=new_id(),
        call_id=selected.call_id,
        municipality_code=selected.municipality_code,
        fiscal_year=2024,
        track="B",
        total_cost_won=sum(shares.values()),
        shares=[Share(source=source, amount_won=won, budget_line_id=new_id()) for source, won in shares.items()],
        nominal_burden_bp=0,
        effective_burden_bp=0,
        split_rule_version="2024",
        balances=[],
    )


def of(selected: ProjectSelected, source: str = "PROVINCE") -> dict[str, Any]:
    return {
        "project_id": selected.project_id,
        "call_id": selected.call_id,
        "municipality_code": selected.municipality_code,
        "source": source,
    }


def released(selected: ProjectSelected, won: int, *steps: type[DisbursementFact]) -> list[DomainEvent]:
    """The events of one release of the province's money, up to some step."""
    said: dict[str, Any] = of(selected) | {"release_id": new_id(), "gate": "ADVANCE", "amount_won": won}
    return [step(**said, **({"reason": "REJECTED"} if step is DisbursementVoided else {})) for step in steps]


def lapsed(selected: ProjectSelected, won: int) -> CommitmentLapsed:
    return CommitmentLapsed(**of(selected), budget_line_id=new_id(), amount_won=won)


def settled(selected: ProjectSelected, **fixed: int) -> SettlementFixed:
    rest = dict.fromkeys(("share_won", "paid_won", "interest_won", "refund_won", "lapsed_won"), 0)
    return SettlementFixed(
        **_without_source(selected),
        settlement_id=new_id(),
        spent_won=sum(fixed.values()),
        refund_won=0,
        late_months=0,
        late_cut_max_bp=0,
        shares=[SettledShare(source=source, fixed_won=won, **rest) for source, won in fixed.items()],
    )


def asked_back(selected: ProjectSelected, origin: str, won: tuple[int, int, int]) -> RepaymentOrdered:
    """A claim of the province: principal, interest and surcharge."""
    said = of(selected)
    del said["call_id"]
    return RepaymentOrdered(
        **said,
        repayment_id=new_id(),
        budget_line_id=new_id(),
        origin=origin,
        origin_id=new_id(),
        principal_won=won[0],
        interest_won=won[1],
        surcharge_won=won[2],
        due_on=NOW.date(),
        rule_version="2024-1",
    )


def ended(
    order: RepaymentOrdered, how: type[RepaymentConfirmed | RepaymentRelieved], **more: int
) -> RepaymentConfirmed | RepaymentRelieved:
    said = {name: getattr(order, name) for name in RepaymentFact.__struct_fields__}
    return how(**said, **more)


async def money(
    metrics: Listener, *, role: str = Role.AUDITOR, tenant: str = "52", query: str = "?fiscal_year=2024"
) -> dict[Any, dict[str, int]]:
    """By source and municipality what is not nothing; the sums by source must be those of the rows."""
    answer = await metrics.get(f"/v1/money{query}", role=role, tenant=tenant)
    assert answer.status_code == 200, answer.text
    read = answer.json()
    for whole in read["by_source"]:
        parts = [row for row in read["rows"] if row["source"] == whole["source"]]
        assert {name: sum(row[name] for row in parts) for name in whole if name != "source"} == {
            name: won for name, won in whole.items() if name != "source"
        }
    return {(row["source"], row["municipality_code"]): _not_nothing(row) for row in read["rows"]}


def _not_nothing(row: dict[str, Any]) -> dict[str, int]:
    return {name.removesuffix("_won"): won for name, won in row.items() if name.endswith("_won") and won}


@pytest.mark.promise("I2")
async def test_every_state_of_the_money_by_source_and_municipality(metrics: Listener) -> None:
    one = project_selected()
    other = project_selected(municipality_code=GUNSAN, call_id=one.call_id)
    gone = project_selected(call_id=one.call_id)
    province, town = line("PROVINCE", 500, left_won=390), line("MUNICIPALITY", 100, JEONJU, left_won=80)
    refund, clawback = asked_back(one, "SETTLEMENT", (4, 1, 0)), asked_back(other, "RECOVERY", (9, 2, 3))
    forgiven = asked_back(one, "RECOVERY", (5, 0, 1))
    withdrawn = CommitmentReleased(**_without_source(gone), commitment_id=new_id(), balances=[])
    await metrics.tell(
        published(one.call_id),
        *(province, town, carried(province, 60, 50), carried(province, 20, 60), carried(town, 7, 0)),
        *(committed(one, PROVINCE=60, MUNICIPALITY=20, SME=20), committed(other, PROVINCE=50, SME=50)),
        *(committed(gone, PROVINCE=40, SME=40), withdrawn),
        *released(one, 30, *ORDERED, DisbursementUnclear, DisbursementConfirmed, DisbursementPosted),
        *released(one, 10, *ORDERED, DisbursementUnclear),
        *released(one, 6, *ORDERED, DisbursementConfirmed),
        *released(other, 12, *PAID),
        *released(other, 7, *ASKED),
        *released(other, 9, *ASKED, DisbursementVoided),
        *(lapsed(one, 14), settled(one, PROVINCE=26, SME=13)),
        *(refund, clawback, forgiven, ended(refund, RepaymentConfirmed, late_won=0)),
        ended(forgiven, RepaymentRelieved),
    )
    whole = {
        ("PROVINCE", None): {"budgeted": 500, "left": 390, "carried_over": 20},
        ("PROVINCE", JEONJU): {
            "committed": 60, "under_way": 16, "unclear": 10, "paid": 30, "lapsed": 14, "settled": 26, "refunded": 4,
            "interest": 1, "relieved": 6,
        },
        ("PROVINCE", GUNSAN): {"committed": 50, "under_way": 7, "paid": 12, "recovery_due": 14},
        ("MUNICIPALITY", JEONJU): {"budgeted": 100, "left": 80, "carried_over": 7, "committed": 20},
    }  # fmt: skip
    assert await money(metrics) == whole, "what the firm pays is no public money"
    await metrics.tell(ended(clawback, RepaymentConfirmed, late_won=5))
    whole["PROVINCE", GUNSAN] = {
        "committed": 50, "under_way": 7, "paid": 12, "recovered": 9, "interest": 2, "surcharge": 8,
    }  # fmt: skip
    assert await money(metrics) == whole
    own = await money(metrics, role=Role.MUNICIPALITY_OFFICER, tenant=JEONJU)
    assert own == {place: won for place, won in whole.items() if place[1] == JEONJU}
    assert await money(metrics, query="?fiscal_year=2024&track=A") == {}
    assert await money(metrics, query="?fiscal_year=2025") == {}


@pytest.mark.promise("R4", "R5")
async def test_told_again_in_any_order_of_topics_and_batches_it_is_the_same(metrics: Listener) -> None:
    one = project_selected()
    refund = asked_back(one, "SETTLEMENT", (4, 1, 0))
    told = [
        *(refund, ended(refund, RepaymentConfirmed, late_won=0)),
        settled(one, PROVINCE=26),
        *released(one, 30, *PAID),
        lapsed(one, 30),
        committed(one, PROVINCE=60),
        published(one.call_id),
    ]
    records = [metrics.record(event) for event in told]
    await metrics.apply(records[:3])
    assert await money(metrics) == {}, "as long as nobody has told of its commitment it is nobody's"
    for record in records[3:]:
        await metrics.apply([record])
    before = await money(metrics)
    assert before == {
        ("PROVINCE", JEONJU): {
            "committed": 60, "paid": 30, "lapsed": 30, "settled": 26, "refunded": 4, "interest": 1,
        }
    }  # fmt: skip
    await metrics.apply([*records, *records])
    assert await money(metrics) == before


async def test_an_event_from_before_the_figures_were_told_is_read_and_settles_nothing_by_source(
    metrics: Listener,
) -> None:
    old, *_ = golden.read(ROOT)[SettlementFixed.TYPE]
    assert b'"shares"' not in (old.value or b"")
    applied = await metrics.apply([old])
    assert (applied.done, applied.halted) == (1, False)
    assert await money(metrics) == {}


async def test_who_is_no_office_does_not_read_it(metrics: Listener) -> None:
    path = "/v1/money?fiscal_year=2024"
    assert (await metrics.get(path, role=Role.COMPANY_OWNER, tenant=str(new_id()))).status_code == 403
    assert (await metrics.get(path)).status_code == 401
    assert (await metrics.get("/v1/money", role=Role.AUDITOR)).status_code == 422
    assert (await metrics.get(f"{path}&track=b", role=Role.AUDITOR)).status_code == 422


def _without_source(selected: ProjectSelected) -> dict[str, Any]:
    return {name: value for name, value in of(selected).items() if name != "source"}
