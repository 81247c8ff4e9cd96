"""The interim inspection: planned, visited, concluded, and its fix confirmed. The build's row is taken first."""

from collections.abc import Sequence
from datetime import date, datetime
from uuid import UUID

from applicant.builds import commands as builds
from applicant.deadlines import commands as deadlines
from applicant.inspections.commands.explaining import explain
from applicant.inspections.domain import evidence as proofs
from applicant.inspections.domain import interim
from applicant.inspections.domain.evidence import Evidence, FixKind, Step
from applicant.inspections.domain.interim import Interim, InterimResult, InterimState
from applicant.inspections.store import interims, rules
from common import outbox
from common.auth import Principal
from common.clock import KST
from common.db import Transaction
from common.event import new_id
from contracts.applicant import InterimInspectionPassed


async def plan_inspection(
    tx: Transaction, project_id: UUID, *, planned_on: date, read_version: int, by: Principal, now: datetime
) -> UUID:
    """Plan an inspection of a build that is under way; returns its id."""
    build = await builds.hold_build(tx, project_id)
    builds.check_version(build, read_version)
    builds.check_under_way(build)
    interim.check_plannable(await interims.latest(tx, project_id))
    planned = Interim(
        id=new_id(),
        project_id=project_id,
        state=InterimState.PLANNED,
        planned_on=planned_on,
        inspected_by=None,
        visited_at=None,
        evidence=(),
        fix_due_at=None,
        concluded_at=None,
        rule_version=rules.rules_in_force(now).version,
        version=1,
    )
    await interims.add(tx, planned)
    facts = {"inspection_id": str(planned.id), "planned_on": planned_on.isoformat()}
    await explain(tx, project_id, "interim-inspection-planned", facts, planned.rule_version, by=by, now=now)
    return planned.id


async def record_visit(
    tx: Transaction,
    inspection_id: UUID,
    evidence: Sequence[Evidence],
    *,
    read_version: int,
    by: Principal,
    now: datetime,
) -> None:
    """Note who was there and what it shows; not a party to the agreement."""
    inspection, _ = await _held(tx, inspection_id, read_version=read_version)
    proofs.check_evidence(rules.rules_in_force(now).kinds(Step.INTERIM_VISIT), evidence, now=now)
    parties = await builds.parties_of(tx, inspection.project_id)
    visited = interim.visit(inspection, tuple(evidence), by=by.person, parties=parties, now=now)
    await _keep(tx, visited, "interim-inspection-visited", evidence, by=by, now=now)


async def conclude_inspection(
    tx: Transaction,
    inspection_id: UUID,
    result: InterimResult,
    *,
    fix_by: date | None,
    read_version: int,
    by: Principal,
    now: datetime,
) -> None:
    """Pass it, ask for a fix by a date, or fail it, which asks for a review of the agreement."""
    inspection, build = await _held(tx, inspection_id, read_version=read_version)
    proofs.check_inspector(by.person, await builds.parties_of(tx, inspection.project_id))
    due_at = None
    if result is InterimResult.CONDITIONAL:
        due_at = fix_due_at(FixKind.INTERIM_FIX, fix_by, now=now)
    concluded = interim.conclude(inspection, result, fix_due_at=due_at, now=now)
    saved = await _keep(tx, concluded, f"interim-inspection-{result.value.lower()}", (), by=by, now=now)
    await _follow(tx, saved, build, by=by, now=now)


async def confirm_fix(
    tx: Transaction,
    inspection_id: UUID,
    evidence: Sequence[Evidence],
    *,
    read_version: int,
    by: Principal,
    now: datetime,
) -> None:
    """Pass an inspection whose condition was met in time."""
    inspection, build = await _held(tx, inspection_id, read_version=read_version)
    proofs.check_evidence(rules.rules_in_force(now).kinds(Step.INTERIM_FIX), evidence, now=now)
    parties = await builds.parties_of(tx, inspection.project_id)
    fixed = interim.confirm_fix(inspection, tuple(evidence), by=by.person, parties=parties, now=now)
    saved = await _keep(tx, fixed, "interim-inspection-fixed", evidence, by=by, now=now)
    await _follow(tx, saved, build, by=by, now=now)


def fix_due_at(kind: FixKind, fix_by: date | None, *, now: datetime) -> datetime:
    """When a fix is due that is asked for today, if the rules leave that much time."""
    today = now.astimezone(KST).date()
    last = deadlines.last_day(now, rules.rules_in_force(now).fix(kind).days_max)
    return deadlines.end_of(proofs.check_fix_by(fix_by, today=today, last=last))


async def _held(tx: Transaction, inspection_id: UUID, *, read_version: int) -> tuple[Interim, builds.Build]:
    found = await interims.get(tx, inspection_id)
    build = await builds.hold_build(tx, found.project_id)
    inspection = await interims.get(tx, inspection_id)
    interim.check_version(inspection, read_version)
    builds.check_under_way(build)
    return inspection, build


async def _keep(
    tx: Transaction,
    inspection: Interim,
    decision: str,
    evidence: Sequence[Evidence],
    *,
    by: Principal,
    now: datetime,
) -> Interim:
    saved = await interims.save(tx, inspection)
    facts = {
        "inspection_id": str(saved.id),
        "state": saved.state.value,
        "fix_due_at": saved.fix_due_at.isoformat() if saved.fix_due_at else None,
    }
    await explain(tx, saved.project_id, decision, facts, saved.rule_version, evidence=evidence, by=by, now=now)
    return saved


async def _follow(tx: Transaction, inspection: Interim, build: builds.Build, *, by: Principal, now: datetime) -> None:
    if inspection.state is InterimState.PASSED:
        passed = InterimInspectionPassed(**builds.event_facts(build), inspection_id=inspection.id)
        await outbox.record(tx, passed, at=now)
    if inspection.state is InterimState.FAILED:
        papers = [each.sha256 for each in inspection.evidence]
        await builds.review_termination(tx, build, builds.Cause.INSPECTION_FAILED, evidence=papers, by=by, now=now)
