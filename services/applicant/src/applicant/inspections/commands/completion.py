"""The completion inspection: reported by the firm, audited, checked by the mentor, ended by a second operator.

The build's row is taken first; only the mentor, who sees no more than the report, takes that alone.
"""

from collections.abc import Sequence
from datetime import date, datetime
from uuid import UUID

from applicant.builds import commands as builds
from applicant.inspections.commands.explaining import explain
from applicant.inspections.commands.interim import fix_due_at
from applicant.inspections.domain import completion as completions
from applicant.inspections.domain import evidence as proofs
from applicant.inspections.domain.completion import Audit, Completion, CompletionResult, CompletionState
from applicant.inspections.domain.evidence import Evidence, FixKind, Step
from applicant.inspections.domain.interim import InterimState
from applicant.inspections.store import completions as store
from applicant.inspections.store import interims, rules
from common.auth import Principal
from common.clock import KST
from common.db import Transaction
from common.event import new_id
from common.journal import JsonValue


async def report_completion(
    tx: Transaction,
    project_id: UUID,
    evidence: Sequence[Evidence],
    *,
    read_version: int,
    by: Principal,
    now: datetime,
) -> UUID:
    """The firm says that its factory stands; after the interim inspection, and again after rework. Returns its id."""
    build = await builds.hold_build(tx, project_id)
    builds.check_own(build, by)
    builds.check_version(build, read_version)
    builds.check_under_way(build)
    in_force = rules.rules_in_force(now)
    passed = await interims.latest(tx, project_id)
    if passed is None or passed.state is not InterimState.PASSED:
        raise completions.InterimNotPassed
    number = completions.next_round(await store.latest(tx, project_id), now=now)
    proofs.check_evidence(in_force.kinds(Step.COMPLETION_REPORT), evidence, now=now)
    reported = Completion(
        id=new_id(),
        project_id=project_id,
        round=number,
        state=CompletionState.COMPLETION_REPORTED,
        reported_at=now,
        evidence=tuple(evidence),
        audit=None,
        audited_by=None,
        audited_at=None,
        targets_reached=None,
        checked_by=None,
        checked_at=None,
        rework_due_at=None,
        concluded_by=None,
        concluded_at=None,
        rule_version=in_force.version,
        version=1,
    )
    await store.add(tx, reported)
    await _explain(tx, reported, "completion-reported", {}, evidence, by=by, now=now)
    return reported.id


async def audit_completion(
    tx: Transaction,
    completion_id: UUID,
    seen: Audit,
    evidence: Sequence[Evidence],
    *,
    read_version: int,
    by: Principal,
    now: datetime,
) -> None:
    """Note what the auditor saw, and name the mentor who checks the targets."""
    reported, _ = await _held(tx, completion_id, read_version=read_version)
    proofs.check_evidence(rules.rules_in_force(now).kinds(Step.COMPLETION_AUDIT), evidence, now=now)
    audited = completions.audit(
        reported,
        seen,
        tuple(evidence),
        by=by.person,
        mentor=f"{by.issuer} {seen.mentor_subject}",
        parties=await builds.parties_of(tx, reported.project_id),
        inspectors=await interims.inspectors(tx, reported.project_id),
        today=now.astimezone(KST).date(),
        now=now,
    )
    saved = await store.save(tx, audited)
    facts: dict[str, JsonValue] = {
        "installed_as_planned": seen.installed_as_planned,
        "functions_work": seen.functions_work,
        "demonstrated_on": seen.demonstrated_on.isoformat(),
    }
    await _explain(tx, saved, "completion-audited", facts, evidence, by=by, now=now)


async def check_completion(
    tx: Transaction,
    completion_id: UUID,
    evidence: Sequence[Evidence],
    *,
    targets_reached: bool,
    read_version: int,
    by: Principal,
    now: datetime,
) -> None:
    """The named mentor says whether the targets are reached; nobody else sees the report in this role."""
    audited = await store.get(tx, completion_id, lock=True)
    if audited.audit is None or audited.audit.mentor_subject != by.subject:
        raise completions.CompletionNotFound
    completions.check_version(audited, read_version)
    proofs.check_evidence(rules.rules_in_force(now).kinds(Step.MENTOR_CHECK), evidence, now=now)
    checked = completions.check_targets(
        audited, tuple(evidence), targets_reached=targets_reached, by=by.person, now=now
    )
    saved = await store.save(tx, checked)
    facts: dict[str, JsonValue] = {"targets_reached": targets_reached}
    await _explain(tx, saved, "completion-checked", facts, evidence, by=by, now=now)


async def conclude_completion(
    tx: Transaction,
    completion_id: UUID,
    result: CompletionResult,
    *,
    rework_by: date | None,
    read_version: int,
    by: Principal,
    now: datetime,
) -> None:
    """Pass it, and with it complete the project; or ask for rework by a date; or fail it."""
    found, build = await _held(tx, completion_id, read_version=read_version)
    due_at = None
    if result is CompletionResult.REWORK:
        due_at = fix_due_at(FixKind.COMPLETION_REWORK, rework_by, now=now)
    parties = await builds.parties_of(tx, found.project_id)
    ended = completions.conclude(found, result, rework_due_at=due_at, by=by.person, parties=parties, now=now)
    saved = await store.save(tx, ended)
    facts: dict[str, JsonValue] = {"rework_due_at": due_at.isoformat() if due_at else None}
    await _explain(tx, saved, f"completion-{result.value.lower()}", facts, (), by=by, now=now)
    if saved.state is CompletionState.PASSED:
        await builds.complete_build(tx, build, completion_id=saved.id, by=by, now=now)
    if saved.state is CompletionState.FAILED:
        papers = [each.sha256 for each in saved.evidence]
        await builds.review_termination(tx, build, builds.Cause.INSPECTION_FAILED, evidence=papers, by=by, now=now)


async def _held(tx: Transaction, completion_id: UUID, *, read_version: int) -> tuple[Completion, builds.Build]:
    project_id = (await store.get(tx, completion_id)).project_id
    build = await builds.hold_build(tx, project_id)
    found = await store.get(tx, completion_id, lock=True)
    completions.check_version(found, read_version)
    builds.check_under_way(build)
    return found, build


async def _explain(
    tx: Transaction,
    completion: Completion,
    decision: str,
    facts: dict[str, JsonValue],
    evidence: Sequence[Evidence],
    *,
    by: Principal,
    now: datetime,
) -> None:
    said: dict[str, JsonValue] = {
        "completion_id": str(completion.id),
        "round": completion.round,
        "state": completion.state.value,
    }
    version = completion.rule_version
    await explain(tx, completion.project_id, decision, said | facts, version, evidence=evidence, by=by, now=now)
