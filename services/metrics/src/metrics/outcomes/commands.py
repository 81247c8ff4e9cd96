"""Events say when a project's waves are; the firm reports, another person verifies, and silence is recorded too."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from uuid import UUID

from common import journal
from common.auth import Principal
from common.consumer import Statement
from common.db import Transaction
from common.event import new_id
from common.journal import JsonValue
from contracts.applicant import AgreementEffective, ProjectCompleted, ProjectSelected, ProjectTerminated
from contracts.roles import COMPANY_ROLES, PROVINCE_ROLES, Role
from metrics.outcomes import store
from metrics.outcomes.domain import reports as rules_of_reports
from metrics.outcomes.domain.definitions import OutcomeRules, Wave
from metrics.outcomes.domain.refusals import (
    NoOutcomeRules,
    OutcomeProjectUnknown,
    OutcomeRowsNotYours,
    ProjectNotCompleted,
    WaveNotOpen,
)
from metrics.outcomes.domain.reports import Content, Decision, Finding, Project, Report, Silence
from metrics.outcomes.domain.waves import Window, day_of, window_of

_TAKE_ROWS = frozenset({*PROVINCE_ROLES, Role.AUDITOR})

_Told = ProjectSelected | AgreementEffective | ProjectCompleted | ProjectTerminated


def select_project(event: ProjectSelected) -> Sequence[Statement]:
    """A firm has a place: its baseline may be given from now on."""
    return [(store.PUT_SELECTED, _project(event) | {"company_id": event.company_id, "track": event.track})]


def freeze_baseline(event: AgreementEffective, *, at: datetime) -> Sequence[Statement]:
    """What is given of the time before comes late after this."""
    return [(store.PUT_AGREED, _project(event) | {"agreed_at": at})]


def begin_waves(event: ProjectCompleted, *, at: datetime) -> Sequence[Statement]:
    """The waves count from here."""
    return [(store.PUT_COMPLETED, _project(event) | {"completed_at": at})]


def note_termination(event: ProjectTerminated, *, at: datetime) -> Sequence[Statement]:
    """The firm stays in the denominator of what it was completed for."""
    return [(store.PUT_TERMINATED, _project(event) | {"terminated_at": at})]


async def report_outcome(tx: Transaction, project_id: UUID, content: Content, *, by: Principal, now: datetime) -> UUID:
    """The firm's next report of a wave of its own project."""
    rules = _rules(now)
    project = await store.find_project(tx, project_id)
    if project is None or project.company_id is None or str(project.company_id) != by.tenant:
        raise OutcomeProjectUnknown
    if content.wave is Wave.BASELINE:
        rules_of_reports.check_baseline_period(content, project, rules.baseline, now=now)
    else:
        rules_of_reports.check_wave_period(content, _window(project, content.wave), now=now)
    earlier = await store.reports_of(tx, waves=[content.wave], project_ids=[project_id])
    report = rules_of_reports.new_report(
        new_id(), project, project.company_id, content, earlier, rules, by=by.person, now=now
    )
    await store.add_report(tx, report)
    facts: dict[str, JsonValue] = {
        "product_changed": report.product_changed,
        "figures": [_figure(each.kpi, each.numerator, each.denominator, each.grade) for each in report.figures],
    }
    await _journal(tx, report, "outcome-reported", facts, by=by, now=now)
    return report.id


async def decide_report(
    tx: Transaction,
    report_id: UUID,
    decision: Decision,
    *,
    finding: Finding | None,
    checked_outliers: Collection[str],
    read_version: int,
    by: Principal,
    now: datetime,
) -> None:
    """Verify a report against its evidence, or return it."""
    report = await store.get_locked(tx, report_id)
    rules_of_reports.check_version(report, read_version)
    decided = rules_of_reports.decided(report, decision, finding, checked_outliers, by=by.person, now=now)
    await store.save_decision(tx, decided)
    said: dict[str, JsonValue] = {
        "finding": None if finding is None else finding.value,
        "checked_outliers": list(decided.checked_outliers),
    }
    await _journal(tx, decided, f"outcome-{decided.state.value.lower()}", said, by=by, now=now)


async def record_silence(
    tx: Transaction, project_id: UUID, wave: Wave, reason: Silence, *, by: Principal, now: datetime
) -> UUID:
    """Say why a firm does not answer; it is due all the same, and may still answer."""
    project = await store.find_project(tx, project_id)
    if project is None:
        raise OutcomeProjectUnknown
    window = _window(project, wave)
    if day_of(now) < window.opens_on:
        raise WaveNotOpen(opens_on=window.opens_on.isoformat())
    silence_id = new_id()
    await store.add_silence(
        tx,
        id=silence_id,
        project_id=project_id,
        company_id=project.company_id,
        municipality_code=project.municipality_code,
        wave=wave.value,
        reason=reason.value,
        recorded_by=by.person,
        recorded_at=now,
    )
    facts: dict[str, JsonValue] = {"wave": wave.value, "reason": reason.value, "silence_id": str(silence_id)}
    await journal.record(
        tx, chain=f"project/{project_id}", decision="outcome-silence-recorded", by=by, at=now, facts=facts
    )
    return silence_id


async def record_reading(
    tx: Transaction,
    action: str,
    filters: Mapping[str, object],
    rows: int,
    *,
    reason: str | None,
    by: Principal,
    access_point: str,
) -> None:
    """Whom raw figures were shown to, from where, by which filters and why, if that was said; not of a firm's own."""
    if by.role in COMPANY_ROLES:
        return
    await store.add_reading(
        tx,
        id=new_id(),
        issuer=by.issuer,
        subject=by.subject,
        role=by.role,
        tenant=by.tenant,
        access_point=access_point,
        action=action,
        filters={name: str(value) for name, value in filters.items() if value is not None},
        row_count=rows,
        reason=reason,
    )


async def record_export(tx: Transaction, wave: Wave, rows: int, *, by: Principal, now: datetime) -> None:
    """Who took the raw rows, and how many those were; raises for whoever may not take them."""
    if by.role not in _TAKE_ROWS:
        raise OutcomeRowsNotYours
    facts: dict[str, JsonValue] = {"wave": wave.value, "rows": rows}
    await journal.record(tx, chain="outcomes", decision="outcome-rows-exported", by=by, at=now, facts=facts)


def _window(project: Project, wave: Wave) -> Window:
    """When a wave of a project is, by the rules of the day of its completion."""
    if project.completed_at is None:
        raise ProjectNotCompleted
    return window_of(project.completed_at, _rules(project.completed_at).wave(wave), store.is_working_day)


def _rules(at: datetime) -> OutcomeRules:
    rules = store.rules_in_force(day_of(at))
    if rules is None:
        raise NoOutcomeRules(on=day_of(at).isoformat())
    return rules


def _figure(kpi: str, numerator: int, denominator: int, grade: str) -> dict[str, JsonValue]:
    return {"kpi": kpi, "numerator": numerator, "denominator": denominator, "grade": str(grade)}


def _project(event: _Told) -> dict[str, object]:
    return {
        "project_id": event.project_id,
        "municipality_code": event.municipality_code,
        "type_code": event.type_code,
    }


async def _journal(
    tx: Transaction, report: Report, decision: str, facts: dict[str, JsonValue], *, by: Principal, now: datetime
) -> None:
    about: dict[str, JsonValue] = {
        "outcome_report_id": str(report.id),
        "wave": report.wave.value,
        "number": report.number,
        "state": report.state.value,
    }
    await journal.record(
        tx,
        chain=f"project/{report.project_id}",
        decision=decision,
        by=by,
        at=now,
        facts=about | facts,
        rule_version=report.rule_version,
        evidence=(f"outcome/sha256:{report.evidence_sha256}",),
    )
