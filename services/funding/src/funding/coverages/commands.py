"""A signed agreement opens the coverage of its shares; each source covers its own; in force, the money is granted.

Events of one project come in order, and each of these finds what it did before and does it once.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from common import journal, outbox
from common.auth import Principal
from common.db import Transaction
from common.journal import JsonValue
from contracts.applicant import AgreementEffective, AgreementSigned, ProjectWithdrawn
from contracts.funding import CoverageCompleted
from contracts.roles import COMPANY_ROLES, MUNICIPALITY_ROLES, Role
from contracts.types import Source, Won
from funding.commitments import commands as commitments
from funding.coverages import domain, store
from funding.coverages.domain import Coverage, CoverageLine, CoverageState

_SERVICE = Principal.service("funding")
_ANSWERS_FOR = {
    Source.NATIONAL: Role.PROVINCE_TREASURER,
    Source.PROVINCE: Role.PROVINCE_TREASURER,
    Source.SAMSUNG: Role.PROVINCE_TREASURER,
    Source.MUNICIPALITY: Role.MUNICIPALITY_APPROVER,
    Source.SME: Role.COMPANY_OWNER,
}


@dataclass(frozen=True, slots=True)
class SelfPayShare:
    """The firm's own share of a signed agreement, and the account it named for it, if it has."""

    company_id: UUID
    municipality_code: str
    amount_won: Won
    account: str | None


async def self_pay_share(tx: Transaction, project_id: UUID, *, by: Principal) -> SelfPayShare:
    """For a later feature: what the firm is to pay itself, if the project is the caller's to see."""
    coverage = await store.get(tx, project_id)
    _check_own(coverage, by)
    own = [line for line in coverage.lines if line.source is Source.SME]
    amount_won, account = (own[0].amount_won, own[0].reference) if own else (Won(0), None)
    return SelfPayShare(coverage.company_id, coverage.municipality_code, amount_won, account)


async def granted(tx: Transaction, project_id: UUID) -> Coverage:
    """For a later feature: the shares of an agreement that is in force; raises CoverageOver or CoverageUnknown."""
    coverage = await store.get(tx, project_id)
    if coverage.state is not CoverageState.GRANTED:
        raise domain.CoverageOver(state=coverage.state)
    return coverage


async def open_coverage(tx: Transaction, signed: AgreementSigned, *, now: datetime) -> None:
    """Ask every source of a signed agreement to cover its share."""
    commitment = await commitments.hold_commitment(tx, signed.project_id)
    domain.check_agreed(
        signed.project_id,
        committed=commitment.state is commitments.CommitmentState.COMMITTED,
        same_commitment=commitment.id == signed.commitment_id,
        state=commitment.state,
        committed_won=commitment.total_cost_won,
        agreed_won=signed.total_cost_won,
    )
    coverage = Coverage(
        project_id=commitment.project_id,
        commitment_id=commitment.id,
        call_id=commitment.call_id,
        company_id=commitment.company_id,
        municipality_code=commitment.municipality_code,
        lines=tuple(
            CoverageLine(
                source=share.source,
                municipality_code=commitment.municipality_code if share.source is Source.MUNICIPALITY else None,
                budget_line_id=share.budget_line_id,
                amount_won=share.amount_won,
            )
            for share in commitment.shares
            if share.amount_won
        ),
        state=CoverageState.OPEN,
        opened_at=now,
        completed_at=None,
        granted_at=None,
        version=1,
    )
    if await store.add(tx, coverage):
        shares: dict[str, JsonValue] = {line.source.value: line.amount_won for line in coverage.lines}
        await _journal(tx, coverage, "coverage-opened", {"shares": shares}, by=_SERVICE, now=now)


async def cover_line(
    tx: Transaction,
    project_id: UUID,
    source: Source,
    *,
    read_version: int,
    reference: str,
    evidence_sha256: str,
    by: Principal,
    now: datetime,
) -> None:
    """Cover one's own source's share; the last one tells the applicant service that all is covered."""
    coverage = await store.get(tx, project_id, lock=True)
    _check_own(coverage, by)
    if coverage.version != read_version:
        raise domain.CoverageHasChanged(current_version=coverage.version)
    if by.role != _ANSWERS_FOR[source]:
        raise domain.CoverageLineNotYours(source=source)
    covered = domain.cover_line(
        coverage,
        source,
        reference=reference,
        evidence_sha256=evidence_sha256,
        by=by.person,
        now=now,
    )
    line = domain.line_of(covered, source)
    await store.save_line(tx, project_id, line)
    facts: dict[str, JsonValue] = {
        "source": source.value,
        "amount_won": line.amount_won,
        "budget_line_id": None if line.budget_line_id is None else str(line.budget_line_id),
        "covered_won": covered.covered_won,
    }
    evidence = f"coverage/sha256:{evidence_sha256}"
    await _journal(tx, covered, "coverage-line-covered", facts, by=by, now=now, evidence=(evidence,))
    if covered.state is CoverageState.COMPLETED:
        await store.save_state(tx, covered)
        event = CoverageCompleted(
            project_id=project_id,
            commitment_id=covered.commitment_id,
            call_id=covered.call_id,
            municipality_code=covered.municipality_code,
            covered_won=covered.covered_won,
        )
        await outbox.record(tx, event, at=now)


async def grant_coverage(tx: Transaction, effective: AgreementEffective, *, event_id: UUID, now: datetime) -> Coverage:
    """The agreement is in force: from here the committed money is granted, and can be released."""
    coverage = await store.get(tx, effective.project_id, lock=True)
    granted = domain.grant(coverage, now=now)
    if granted is coverage:
        return coverage
    await store.save_state(tx, granted)
    facts: dict[str, JsonValue] = {"granted_won": granted.covered_won}
    await _journal(tx, granted, "coverage-granted", facts, by=_SERVICE, now=now, evidence=(f"event/{event_id}",))
    return granted


async def end_coverage(tx: Transaction, withdrawn: ProjectWithdrawn, *, now: datetime) -> None:
    """Return a withdrawn project's money to its lines, and close its coverage if one was opened."""
    await commitments.release_commitment(tx, withdrawn, now=now)
    coverage = await store.find(tx, withdrawn.project_id, lock=True)
    if coverage is None:
        return
    closed = domain.close(coverage)
    if closed is coverage:
        return
    await store.save_state(tx, closed)
    await _journal(tx, closed, "coverage-closed", {"was": coverage.state.value}, by=_SERVICE, now=now)


def _check_own(coverage: Coverage, by: Principal) -> None:
    foreign_place = by.role in MUNICIPALITY_ROLES and by.tenant != coverage.municipality_code
    foreign_firm = by.role in COMPANY_ROLES and by.tenant != str(coverage.company_id)
    if foreign_place or foreign_firm:
        raise domain.CoverageUnknown


async def _journal(
    tx: Transaction,
    coverage: Coverage,
    decision: str,
    facts: Mapping[str, JsonValue],
    *,
    by: Principal,
    now: datetime,
    evidence: tuple[str, ...] = (),
) -> None:
    await journal.record(
        tx,
        chain=f"project/{coverage.project_id}",
        decision=decision,
        by=by,
        at=now,
        rule_version=None,
        facts={"commitment_id": str(coverage.commitment_id), "state": coverage.state.value, **facts},
        evidence=evidence,
    )
