"""An office nominates, another person verifies, a third publishes or withdraws; the firm agrees to its name."""

from collections.abc import Collection, Mapping
from datetime import datetime
from uuid import UUID

from common import journal
from common.auth import Principal
from common.db import Transaction
from common.event import new_id
from common.journal import JsonValue
from contracts.roles import COMPANY_ROLES, MUNICIPALITY_ROLES
from metrics.outcomes.queries import proofs
from metrics.practices.domain import cases as rules
from metrics.practices.domain.cases import (
    GoodPractice,
    NamedKpi,
    PracticeContent,
    PracticeDecision,
    PracticeFinding,
    Proof,
    ProvenFigure,
    WithdrawalReason,
)
from metrics.practices.domain.criteria import Criteria
from metrics.practices.domain.refusals import GoodPracticeUnknown, NoPracticeCriteria
from metrics.practices.store import cases as store

__all__ = [
    "NamedKpi",
    "PracticeContent",
    "PracticeDecision",
    "PracticeFinding",
    "WithdrawalReason",
    "consent_to_name",
    "decide_practice",
    "nominate_practice",
    "publish_practice",
    "withdraw_practice",
]


async def nominate_practice(
    tx: Transaction, project_id: UUID, content: PracticeContent, *, by: Principal, now: datetime
) -> UUID:
    """Say that a completed project is worth following; its figures are for somebody else to verify."""
    proven = await proofs.prove(tx, project_id, content.wave, now=now)
    if by.role in MUNICIPALITY_ROLES and proven.municipality_code != by.tenant:
        raise proofs.OutcomeProjectUnknown
    practice = rules.nominate(
        new_id(), project_id, content, _proof(proven), proven.company_id, _criteria(now), by=by.person, now=now
    )
    await store.add(tx, practice)
    facts: dict[str, JsonValue] = {
        "wave": practice.wave,
        "kpis": [f"{each.kpi}/{each.change_kind}" for each in practice.kpis],
    }
    await _journal(tx, practice, "good-practice-nominated", facts, by=by, now=now)
    return practice.id


async def decide_practice(
    tx: Transaction,
    practice_id: UUID,
    decision: PracticeDecision,
    *,
    finding: PracticeFinding | None,
    met: Collection[str],
    read_version: int,
    by: Principal,
    now: datetime,
) -> None:
    """Verify a case on what its firm's verified reports carry, or return it; anew where a report was corrected."""
    practice = await _locked(tx, practice_id, read_version, by=by)
    proof = await _proof_of(tx, practice, now=now)
    criteria = store.criteria_of(practice.criteria_version)
    decided = rules.decide(practice, decision, finding, met, proof, criteria, by=by.person, now=now)
    await store.save(tx, decided)
    facts: dict[str, JsonValue] = {
        "finding": None if finding is None else finding.value,
        "figures": [_figure(each) for each in decided.figures],
    }
    name = "verified" if decision is PracticeDecision.VERIFY else "returned"
    await _journal(tx, decided, f"good-practice-{name}", facts, evidence=proof.evidence, by=by, now=now)


async def consent_to_name(
    tx: Transaction, practice_id: UUID, firm_name: str | None, *, read_version: int, by: Principal, now: datetime
) -> None:
    """The firm's owner says under which name it is shown, or takes that back; the name itself is in no journal."""
    practice = await _locked(tx, practice_id, read_version, by=by)
    decided = rules.consent(practice, firm_name, by=by.person, now=now)
    await store.save(tx, decided)
    facts: dict[str, JsonValue] = {"consents": firm_name is not None}
    await _journal(tx, decided, "good-practice-consent", facts, by=by, now=now)


async def publish_practice(
    tx: Transaction, practice_id: UUID, *, read_version: int, by: Principal, now: datetime
) -> None:
    """Show a verified case to everybody, with the firm's name if it has agreed to that."""
    practice = await _locked(tx, practice_id, read_version, by=by)
    published = rules.publish(practice, await _proof_of(tx, practice, now=now), by=by.person, now=now)
    await store.save(tx, published)
    await _journal(tx, published, "good-practice-published", {"named": published.named}, by=by, now=now)


async def withdraw_practice(
    tx: Transaction, practice_id: UUID, reason: WithdrawalReason, *, read_version: int, by: Principal, now: datetime
) -> None:
    """Show a case no longer, whatever its state."""
    practice = await _locked(tx, practice_id, read_version, by=by)
    withdrawn = rules.withdraw(practice, reason, by=by.person, now=now)
    await store.save(tx, withdrawn)
    facts: dict[str, JsonValue] = {"from": practice.state.value, "reason": reason.value}
    await _journal(tx, withdrawn, "good-practice-withdrawn", facts, by=by, now=now)


async def _locked(tx: Transaction, practice_id: UUID, read_version: int, *, by: Principal) -> GoodPractice:
    practice = await store.get(tx, practice_id, lock=True)
    if by.role in COMPANY_ROLES and str(practice.company_id) != by.tenant:
        raise GoodPracticeUnknown
    rules.check_version(practice, read_version)
    return practice


async def _proof_of(tx: Transaction, practice: GoodPractice, *, now: datetime) -> Proof:
    return _proof(await proofs.prove(tx, practice.project_id, practice.wave, now=now))


def _proof(proven: proofs.Proven) -> Proof:
    return Proof(
        municipality_code=proven.municipality_code,
        completed=proven.completed,
        terminated=proven.terminated,
        baseline_number=proven.baseline_number,
        report_number=proven.report_number,
        evidence=tuple(f"outcome-report/{each}" for each in proven.reports),
        figures=tuple(
            ProvenFigure(
                kpi=each.kpi,
                change_kind=each.change_kind,
                standing=each.standing,
                improvement_bp=each.improvement_bp,
                grade=each.grade,
            )
            for each in proven.changes
        ),
    )


def _criteria(now: datetime) -> Criteria:
    day = proofs.day_of(now)
    criteria = store.criteria_in_force(day)
    if criteria is None:
        raise NoPracticeCriteria(on=day.isoformat())
    return criteria


def _figure(figure: ProvenFigure) -> dict[str, JsonValue]:
    return {"kpi": figure.kpi, "change_kind": figure.change_kind, "improvement_bp": figure.improvement_bp}


async def _journal(
    tx: Transaction,
    practice: GoodPractice,
    decision: str,
    facts: Mapping[str, JsonValue],
    *,
    evidence: Collection[str] = (),
    by: Principal,
    now: datetime,
) -> None:
    about: dict[str, JsonValue] = {"good_practice_id": str(practice.id), "state": practice.state.value}
    await journal.record(
        tx,
        chain=f"project/{practice.project_id}",
        decision=decision,
        by=by,
        at=now,
        facts={**about, **facts},
        rule_version=practice.criteria_version,
        evidence=tuple(evidence),
    )
