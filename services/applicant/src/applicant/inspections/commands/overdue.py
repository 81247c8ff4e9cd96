"""What was to be set right by a date and was not: the inspection fails, and two people look at the agreement."""

from datetime import datetime
from uuid import UUID

from applicant.builds import commands as builds
from applicant.inspections.commands.explaining import explain
from applicant.inspections.domain import completion as completions
from applicant.inspections.domain import interim
from applicant.inspections.store import completions as completion_store
from applicant.inspections.store import interims
from common.auth import Principal
from common.db import Transaction
from common.journal import JsonValue


async def overdue_interims(tx: Transaction, *, now: datetime, most: int) -> list[tuple[UUID, UUID]]:
    """Project and inspection of each fix whose date has passed."""
    return await interims.due(tx, now=now, most=most)


async def overdue_completions(tx: Transaction, *, now: datetime, most: int) -> list[tuple[UUID, UUID]]:
    """Project and completion of each rework whose date has passed."""
    return await completion_store.due(tx, now=now, most=most)


async def fail_interim(tx: Transaction, project_id: UUID, inspection_id: UUID, *, by: Principal, now: datetime) -> bool:
    """Fail an inspection whose fix was not shown in time; False if nothing is due any more."""
    build = await builds.hold_build(tx, project_id)
    found = await interims.get(tx, inspection_id)
    failed = interim.overdue(found, now=now)
    if failed is found:
        return False
    saved = await interims.save(tx, failed)
    facts = {"inspection_id": str(saved.id), "state": saved.state.value}
    await explain(tx, project_id, "interim-fix-overdue", facts, saved.rule_version, by=by, now=now)
    papers = [each.sha256 for each in saved.evidence]
    await builds.review_termination(tx, build, builds.Cause.FIX_OVERDUE, evidence=papers, by=by, now=now)
    return True


async def fail_completion(
    tx: Transaction, project_id: UUID, completion_id: UUID, *, by: Principal, now: datetime
) -> bool:
    """Fail a completion whose rework was not reported in time; False if nothing is due any more."""
    build = await builds.hold_build(tx, project_id)
    found = await completion_store.latest(tx, project_id)
    if found is None or found.id != completion_id:
        return False
    failed = completions.overdue(found, now=now)
    if failed is found:
        return False
    saved = await completion_store.save(tx, failed)
    facts: dict[str, JsonValue] = {"completion_id": str(saved.id), "round": saved.round, "state": saved.state.value}
    await explain(tx, project_id, "completion-rework-overdue", facts, saved.rule_version, by=by, now=now)
    papers = [each.sha256 for each in saved.evidence]
    await builds.review_termination(tx, build, builds.Cause.FIX_OVERDUE, evidence=papers, by=by, now=now)
    return True
