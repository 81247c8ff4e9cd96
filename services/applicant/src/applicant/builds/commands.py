"""What becomes of a build: begun with the agreement, suspended, resumed or terminated by two people, completed.

Whoever works on a build takes its row first, inspections and completion included, so that none of them waits in a ring.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TypedDict
from uuid import UUID

from applicant.agreements import commands as agreements
from applicant.builds import domain, store
from applicant.builds.domain import Build, BuildState, Cause, Change, ChangeKind, ChangeState, Decision, FaultParty
from applicant.companies import queries as companies
from common import journal, outbox
from common.auth import Principal
from common.db import Transaction
from common.event import DomainEvent, new_id
from common.journal import JsonValue
from contracts.applicant import ProjectCompleted, ProjectResumed, ProjectSuspended, ProjectTerminated
from contracts.roles import COMPANY_ROLES

__all__ = [
    "Build",
    "Cause",
    "ChangeKind",
    "Decision",
    "EventFacts",
    "FaultParty",
    "begin_build",
    "check_own",
    "check_under_way",
    "check_version",
    "complete_build",
    "decide_change",
    "event_facts",
    "hold_build",
    "parties_of",
    "propose_change",
    "review_termination",
    "see_build",
]


class EventFacts(TypedDict):
    """What every event of a project says."""

    project_id: UUID
    application_id: UUID
    call_id: UUID
    type_code: str
    municipality_code: str


check_version = domain.check_version
check_under_way = domain.check_under_way


async def begin_build(tx: Transaction, project_id: UUID, *, evidence: str, by: Principal, now: datetime) -> None:
    """Put a covered agreement in force, and with it begin its build."""
    agreement = await agreements.cover_agreement(tx, project_id, evidence=evidence, by=by, now=now)
    if agreement is None:
        return
    await store.add(
        tx,
        Build(
            project_id=project_id,
            application_id=agreement.application_id,
            company_id=agreement.company_id,
            call_id=agreement.call_id,
            type_code=agreement.type_code,
            municipality_code=agreement.municipality_code,
            supplier_business_number=agreement.supplier_business_number,
            state=BuildState.UNDER_WAY,
            began_at=now,
            completed_at=None,
            terminated_at=None,
            version=1,
        ),
    )


async def hold_build(tx: Transaction, project_id: UUID) -> Build:
    """The build, held until the transaction ends; raises BuildNotFound."""
    return await store.get(tx, project_id, lock=True)


async def propose_change(
    tx: Transaction,
    project_id: UUID,
    *,
    kind: ChangeKind,
    cause: Cause,
    fault_party: FaultParty | None,
    evidence: Sequence[str],
    read_version: int,
    by: Principal,
    now: datetime,
) -> None:
    """Ask that a build be suspended, resumed or terminated; nothing changes before a second person approves."""
    build = await store.get(tx, project_id, lock=True)
    if by.role in COMPANY_ROLES:
        check_own(build, by)
        domain.check_firms_request(cause, fault_party)
    domain.check_version(build, read_version)
    domain.check_proposable(build, kind, await store.open_change(tx, project_id))
    await _propose(tx, build, kind, cause, fault_party, evidence, by=by, now=now)


async def review_termination(
    tx: Transaction, build: Build, cause: Cause, *, evidence: Sequence[str], by: Principal, now: datetime
) -> None:
    """Propose the termination that a failed inspection asks for; an open proposal is decided first and says enough."""
    if await store.open_change(tx, build.project_id) is None:
        fault = FaultParty.UNDETERMINED
        await _propose(tx, build, ChangeKind.TERMINATION, cause, fault, evidence, by=by, now=now)


async def decide_change(
    tx: Transaction,
    project_id: UUID,
    decision: Decision,
    *,
    fault_party: FaultParty | None,
    read_version: int,
    by: Principal,
    now: datetime,
) -> None:
    """Approve or refuse what was proposed; another person than the proposer."""
    build = await store.get(tx, project_id, lock=True)
    domain.check_version(build, read_version)
    proposed = await store.open_change(tx, project_id)
    moved, change = domain.decide(build, proposed, decision, fault_party=fault_party, by=by.person, now=now)
    saved = await store.save(tx, moved)
    await store.settle_change(tx, change)
    if change.state is ChangeState.APPROVED:
        await outbox.record(tx, _event(saved, change), at=now)
    facts: dict[str, JsonValue] = {
        "was": build.state.value,
        "cause": change.cause.value,
        "fault_party": change.fault_party.value if change.fault_party else None,
    }
    done = f"{change.kind.value.lower()}-{change.state.value.lower()}"
    await _journal(tx, saved, done, facts, by=by, now=now, evidence=[f"build-change/{change.id}"])


async def complete_build(tx: Transaction, build: Build, *, completion_id: UUID, by: Principal, now: datetime) -> None:
    """End the build well; the caller holds it and has just passed its completion inspection."""
    saved = await store.save(tx, domain.complete(build, await store.open_change(tx, build.project_id), now=now))
    await outbox.record(tx, ProjectCompleted(**event_facts(saved), completion_id=completion_id), at=now)
    await _journal(tx, saved, "project-completed", {}, by=by, now=now, evidence=[f"completion/{completion_id}"])


async def parties_of(tx: Transaction, project_id: UUID) -> frozenset[str]:
    """The people who signed for adopter and supplier: none of them inspects the build."""
    return await agreements.signers_outside(tx, project_id)


async def see_build(tx: Transaction, project_id: UUID, *, by: Principal) -> Build | None:
    """The build, if it is the caller's to see."""
    build = await store.find(tx, project_id)
    return build if build is not None and domain.concerns(build, by.role, by.tenant) else None


def check_own(build: Build, by: Principal) -> None:
    """Another company's build does not exist for the caller."""
    if build.company_id != companies.own_company_id(by):
        raise domain.BuildNotFound


def event_facts(build: Build) -> EventFacts:
    """What every event of this project says."""
    return EventFacts(
        project_id=build.project_id,
        application_id=build.application_id,
        call_id=build.call_id,
        type_code=build.type_code,
        municipality_code=build.municipality_code,
    )


def _event(build: Build, change: Change) -> DomainEvent:
    if change.kind is ChangeKind.RESUMPTION:
        return ProjectResumed(**event_facts(build), resumption_id=change.id)
    if change.kind is ChangeKind.SUSPENSION:
        return ProjectSuspended(**event_facts(build), suspension_id=change.id, cause=change.cause.value)
    fault = change.fault_party or FaultParty.UNDETERMINED
    return ProjectTerminated(
        **event_facts(build), termination_id=change.id, cause=change.cause.value, fault_party=fault.value
    )


async def _propose(
    tx: Transaction,
    build: Build,
    kind: ChangeKind,
    cause: Cause,
    fault_party: FaultParty | None,
    evidence: Sequence[str],
    *,
    by: Principal,
    now: datetime,
) -> None:
    change = Change(
        id=new_id(),
        project_id=build.project_id,
        kind=kind,
        cause=cause,
        fault_party=fault_party,
        evidence=tuple(evidence),
        state=ChangeState.PROPOSED,
        proposed_by=by.person,
        proposed_at=now,
        decided_by=None,
        decided_at=None,
    )
    saved = await store.save(tx, build)
    await store.add_change(tx, change)
    facts: dict[str, JsonValue] = {"change_id": str(change.id), "cause": cause.value}
    papers = [f"paper/sha256:{digest}" for digest in evidence]
    await _journal(tx, saved, f"{kind.value.lower()}-proposed", facts, by=by, now=now, evidence=papers)


async def _journal(
    tx: Transaction,
    build: Build,
    decision: str,
    facts: Mapping[str, JsonValue],
    *,
    by: Principal,
    now: datetime,
    evidence: Sequence[str],
) -> None:
    entry = journal.Entry(
        chain=f"project/{build.project_id}",
        decision=decision,
        facts={"build_version": build.version, "state": build.state.value, **facts},
        evidence=evidence,
    )
    await journal.record_many(tx, [entry], by=by, at=now)
