"""A selected project becomes committed money or a refusal; a withdrawn one gives its money back.

Both decide once per project: a repeated event finds the decision and changes nothing. A call's requests have one key,
and so are answered in the order of its ranking, whatever else arrives when.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from common import journal, outbox
from common.auth import Principal
from common.db import Transaction
from common.event import new_id
from common.journal import JsonValue
from contracts.applicant import CommitmentRequested, ProjectSelected, ProjectWithdrawn
from contracts.funding import CommitmentRefused, CommitmentReleased, LineBalance, ProjectCommitted, Share
from contracts.types import Source, Won
from funding.budgets import commands as budgets
from funding.commitments import domain, store
from funding.commitments.domain import CommitmentState
from funding.ledger import commands as ledger
from funding.memoranda import commands as memoranda
from funding.splits import commands as splits

__all__ = ["CommitmentState", "commit_project", "commit_selected", "hold_commitment", "release_commitment"]

_SERVICE = Principal.service("funding")


async def commit_selected(tx: Transaction, selected: ProjectSelected, *, selected_at: datetime, now: datetime) -> None:
    """Decide at once where the selection itself asks, as all did before money was asked for in turn."""
    if not selected.asked_in_turn:
        await commit_project(tx, selected, turn=None, selected_at=selected_at, now=now)


async def commit_project(
    tx: Transaction,
    selected: ProjectSelected | CommitmentRequested,
    *,
    turn: int | None,
    selected_at: datetime,
    now: datetime,
) -> None:
    """Split the cost, then reserve every public share on its line, or refuse with the first short source (F-05).

    The rule has to be in force on the day of the selection, not on the one on which it is heard of. A firm that has
    left meanwhile is answered as if it left now: its money is back before the next is answered.
    """
    await store.lock_project(tx, selected.project_id)
    if await store.find(tx, selected.project_id) is not None:
        return
    split = await splits.split_cost(
        tx,
        selected.split_rule_version,
        total_cost_won=Won(selected.total_cost_won),
        cap_won=Won(selected.cap_won),
        at=selected_at,
    )
    balances = await budgets.lock_lines(
        tx,
        track=selected.track,
        fiscal_year=selected.fiscal_year,
        sources={
            share.source: selected.municipality_code if share.source is Source.MUNICIPALITY else None
            for share in split.shares
            if share.source is not Source.SME and share.amount_won
        },
    )
    line_of = {balance.source: balance.budget_line_id for balance in balances}
    shares = tuple(
        domain.SourceShare(share.source, share.amount_won, line_of.get(share.source)) for share in split.shares
    )
    decision = domain.Commitment(
        project_id=selected.project_id,
        id=new_id(),
        application_id=selected.application_id,
        call_id=selected.call_id,
        company_id=selected.company_id,
        type_code=selected.type_code,
        municipality_code=selected.municipality_code,
        fiscal_year=selected.fiscal_year,
        track=selected.track,
        total_cost_won=Won(selected.total_cost_won),
        cap_won=Won(selected.cap_won),
        split_rule_version=selected.split_rule_version,
        nominal_burden_bp=split.nominal_burden_bp,
        effective_burden_bp=split.effective_burden_bp,
        shares=shares,
        state=domain.CommitmentState.COMMITTED,
        decided_at=now,
        turn=turn,
    )
    shortage = domain.find_shortage(shares, {b.budget_line_id: Won(b.left_won) for b in balances})
    arithmetic = {share.source: share.arithmetic for share in split.shares}
    if shortage is None:
        committed = await _commit(tx, decision, balances, arithmetic, now=now)
        if await store.has_left(tx, committed.project_id):
            await _release(tx, committed, now=now)
    else:
        refused = replace(decision, state=domain.CommitmentState.REFUSED, shortage=shortage)
        await _refuse(tx, refused, shortage, balances, arithmetic, now=now)


async def hold_commitment(tx: Transaction, project_id: UUID) -> domain.Commitment:
    """The decision on a project, about which nobody else decides until commit; raises CommitmentUnknown."""
    await store.lock_project(tx, project_id)
    commitment = await store.find(tx, project_id)
    if commitment is None:
        raise domain.CommitmentUnknown(project_id=project_id)
    return commitment


async def release_commitment(tx: Transaction, withdrawn: ProjectWithdrawn, *, now: datetime) -> None:
    """Return a withdrawn project's money to its lines by a reversing transfer; a refused project has none.

    A request that waits for its turn can be overtaken by its own project's withdrawal, which is remembered for then:
    forgotten, the request would commit money that nobody frees.
    """
    await store.lock_project(tx, withdrawn.project_id)
    commitment = await store.find(tx, withdrawn.project_id)
    if commitment is None:
        await _remember(tx, withdrawn, now=now)
    else:
        await _release(tx, commitment, now=now)


async def _remember(tx: Transaction, withdrawn: ProjectWithdrawn, *, now: datetime) -> None:
    code = withdrawn.municipality_code
    new = await store.note_early_withdrawal(
        tx, withdrawn.project_id, call_id=withdrawn.call_id, municipality_code=code, at=now
    )
    if new:
        await journal.record(
            tx,
            chain=f"project/{withdrawn.project_id}",
            decision="withdrawn-before-its-turn",
            by=_SERVICE,
            at=now,
            facts={"call_id": str(withdrawn.call_id)},
        )


async def _release(tx: Transaction, commitment: domain.Commitment, *, now: datetime) -> None:
    if commitment.state is not domain.CommitmentState.COMMITTED or commitment.transfer_id is None:
        return
    balances = await budgets.give_back(tx, commitment.line_shares)
    reversal_id = await ledger.reverse(tx, commitment.transfer_id, at=now)
    released = domain.release(commitment, reversal_id=reversal_id, at=now)
    await store.save_released(tx, released)
    await journal.record(
        tx,
        chain=f"project/{released.project_id}",
        decision="commitment-released",
        by=_SERVICE,
        at=now,
        rule_version=released.split_rule_version,
        facts={
            "commitment_id": str(released.id),
            "reversed_transfer_id": str(released.transfer_id),
            "reversal_id": str(reversal_id),
            "returned": [
                {"budget_line_id": str(line_id), "amount_won": amount_won}
                for line_id, amount_won in released.line_shares.items()
            ],
            "balances": _balances_fact(balances),
        },
    )
    await outbox.record(
        tx,
        CommitmentReleased(
            project_id=released.project_id,
            commitment_id=released.id,
            call_id=released.call_id,
            municipality_code=released.municipality_code,
            balances=balances,
        ),
        at=now,
    )


async def _commit(
    tx: Transaction,
    decision: domain.Commitment,
    before: Sequence[LineBalance],
    arithmetic: dict[Source, str],
    *,
    now: datetime,
) -> domain.Commitment:
    balances = await budgets.draw(tx, decision.line_shares)
    sme_won = decision.shares[-1].amount_won
    transfer_id = await ledger.commit_shares(
        tx, decision.project_id, line_shares=decision.line_shares, sme_won=sme_won, at=now
    )
    memorandum_id = await memoranda.memorandum_in_force(tx, at=now)
    committed = replace(decision, transfer_id=transfer_id, memorandum_id=memorandum_id)
    await store.add(tx, committed)
    facts = _split_facts(committed, arithmetic) | {
        "transfer_id": str(transfer_id),
        "memorandum_id": None if memorandum_id is None else str(memorandum_id),
        "before": _balances_fact(before),
        "after": _balances_fact(balances),
    }
    await _journal(tx, committed, "project-committed", facts, now=now)
    await outbox.record(
        tx,
        ProjectCommitted(
            project_id=committed.project_id,
            commitment_id=committed.id,
            call_id=committed.call_id,
            municipality_code=committed.municipality_code,
            fiscal_year=committed.fiscal_year,
            track=committed.track,
            total_cost_won=committed.total_cost_won,
            shares=[_share_told(committed, share) for share in committed.shares],
            nominal_burden_bp=committed.nominal_burden_bp,
            effective_burden_bp=committed.effective_burden_bp,
            split_rule_version=committed.split_rule_version,
            balances=balances,
            memorandum_id=committed.memorandum_id,
        ),
        at=now,
    )
    return committed


async def _refuse(
    tx: Transaction,
    refused: domain.Commitment,
    shortage: domain.Shortage,
    balances: Sequence[LineBalance],
    arithmetic: dict[Source, str],
    *,
    now: datetime,
) -> None:
    await store.add(tx, refused)
    facts = _split_facts(refused, arithmetic) | {
        "rule": domain.BUDGET_RULE,
        "short_source": shortage.source,
        "needed_won": shortage.needed_won,
        "left_won": shortage.left_won,
        "before": _balances_fact(balances),
    }
    await _journal(tx, refused, "commitment-refused", facts, now=now)
    await outbox.record(
        tx,
        CommitmentRefused(
            project_id=refused.project_id,
            call_id=refused.call_id,
            municipality_code=refused.municipality_code,
            rule=domain.BUDGET_RULE,
            short_source=shortage.source,
            needed_won=shortage.needed_won,
            left_won=shortage.left_won,
            balances=list(balances),
        ),
        at=now,
    )


async def _journal(
    tx: Transaction, commitment: domain.Commitment, decision: str, facts: dict[str, JsonValue], *, now: datetime
) -> None:
    await journal.record(
        tx,
        chain=f"project/{commitment.project_id}",
        decision=decision,
        by=_SERVICE,
        at=now,
        rule_version=commitment.split_rule_version,
        facts=facts,
    )


def _split_facts(commitment: domain.Commitment, arithmetic: dict[Source, str]) -> dict[str, JsonValue]:
    return {
        "commitment_id": str(commitment.id),
        "turn": commitment.turn,
        "total_cost_won": commitment.total_cost_won,
        "cap_won": commitment.cap_won,
        "nominal_burden_bp": commitment.nominal_burden_bp,
        "effective_burden_bp": commitment.effective_burden_bp,
        "shares": [
            {
                "source": share.source,
                "amount_won": share.amount_won,
                "arithmetic": arithmetic[share.source],
                "budget_line_id": None if share.budget_line_id is None else str(share.budget_line_id),
            }
            for share in commitment.shares
        ],
    }


def _balances_fact(balances: Sequence[LineBalance]) -> list[JsonValue]:
    return [
        {"budget_line_id": str(b.budget_line_id), "left_won": b.left_won, "line_version": b.line_version}
        for b in balances
    ]


def _share_told(commitment: domain.Commitment, share: domain.SourceShare) -> Share:
    return Share(
        source=share.source,
        municipality_code=commitment.municipality_code if share.source is Source.MUNICIPALITY else None,
        budget_line_id=share.budget_line_id,
        amount_won=share.amount_won,
    )
