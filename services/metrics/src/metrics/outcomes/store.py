"""Projects as events tell of them, reports and silences as people do, and the definitions that come with the program.

The first can be made anew from events and the others cannot: so nothing here refers to `outcome_project` by a key.
"""

from collections.abc import Collection, Mapping
from datetime import date, datetime
from typing import Any
from uuid import UUID

import holidays
import msgspec
from sqlalchemy import (
    CheckConstraint,
    Date,
    Index,
    RowMapping,
    SmallInteger,
    Text,
    UniqueConstraint,
    bindparam,
    cast,
    func,
    literal,
    select,
)
from sqlalchemy import insert as plain_insert
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, aggregate_order_by, insert
from sqlalchemy.orm import Mapped, mapped_column

from common.data_files import json_files
from common.db import Transaction, one_of
from common.prepared import Prepared
from common.versions import save_next
from metrics.outcomes.domain.definitions import Benchmarks, OutcomeRules, Wave
from metrics.outcomes.domain.refusals import OutcomeReportHasChanged, OutcomeReportUnknown, ReportMeanwhile
from metrics.outcomes.domain.reports import Correction, Figure, Finding, Grade, Project, Report, ReportState, Silence
from metrics.tables import Tables

_SATURDAY = 5
_HOLIDAYS = holidays.country_holidays("KR")
_RULES: Mapping[str, OutcomeRules] = {
    each.version: each
    for each in (
        msgspec.json.decode(content, type=OutcomeRules) for content in json_files("metrics", "kpi_definitions").values()
    )
}
_BENCHMARKS = tuple(
    msgspec.json.decode(content, type=Benchmarks) for content in json_files("metrics", "kpi_benchmarks").values()
)


class OutcomeProjectRow(Tables):
    """One project, with the moments that its waves count from; which event came first does not matter."""

    __tablename__ = "outcome_project"
    __table_args__ = (Index("outcome_project_company_idx", "company_id"),)

    project_id: Mapped[UUID] = mapped_column(primary_key=True)
    company_id: Mapped[UUID | None]
    municipality_code: Mapped[str]
    track: Mapped[str | None]
    type_code: Mapped[str]
    agreed_at: Mapped[datetime | None]
    completed_at: Mapped[datetime | None]
    terminated_at: Mapped[datetime | None]


class OutcomeReportRow(Tables):
    """What a firm said of a wave; a trigger keeps it, and that it is decided once, by another person."""

    __tablename__ = "outcome_report"
    __table_args__ = (
        UniqueConstraint("project_id", "wave", "number"),
        CheckConstraint("wave IN ('BASELINE', 'COMPLETION', 'YEAR_1', 'YEAR_2', 'YEAR_3')", name="wave"),
        CheckConstraint("period_from <= period_to", name="period"),
        Index("outcome_report_company_idx", "company_id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    project_id: Mapped[UUID]
    company_id: Mapped[UUID]
    municipality_code: Mapped[str]
    wave: Mapped[str]
    number: Mapped[int]
    rule_version: Mapped[str]
    period_from: Mapped[date]
    period_to: Mapped[date]
    product_changed: Mapped[bool]
    figures: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)
    reason: Mapped[str | None]
    evidence_sha256: Mapped[str]
    state: Mapped[str]
    finding: Mapped[str | None]
    checked_outliers: Mapped[list[str]] = mapped_column(ARRAY(Text))
    reported_by: Mapped[str]
    reported_at: Mapped[datetime]
    decided_by: Mapped[str | None]
    decided_at: Mapped[datetime | None]
    version: Mapped[int]


class OutcomeSilenceRow(Tables):
    """Why a firm does not answer in a wave, as the Technopark found out; the newest of a wave counts."""

    __tablename__ = "outcome_silence"
    __table_args__ = (
        CheckConstraint("wave IN ('COMPLETION', 'YEAR_1', 'YEAR_2', 'YEAR_3')", name="wave"),
        Index("outcome_silence_project_idx", "project_id", "wave"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    project_id: Mapped[UUID]
    company_id: Mapped[UUID | None]
    municipality_code: Mapped[str]
    wave: Mapped[str]
    reason: Mapped[str]
    recorded_by: Mapped[str]
    recorded_at: Mapped[datetime]


class OutcomeReadingRow(Tables):
    """Somebody was shown figures as a firm reported them, and is not that firm; rows are added and stay."""

    __tablename__ = "outcome_reading"
    __table_args__ = (Index("outcome_reading_subject_id_idx", "subject", "id"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    recorded_at: Mapped[datetime] = mapped_column(server_default=func.now())
    issuer: Mapped[str]
    subject: Mapped[str]
    role: Mapped[str]
    tenant: Mapped[str | None]
    access_point: Mapped[str]
    action: Mapped[str]
    filters: Mapped[dict[str, Any]] = mapped_column(JSONB)
    row_count: Mapped[int]
    reason: Mapped[str | None]


class OutcomeChangeRow(Tables):
    """What has changed of all that aggregates are made of, by the month from which on it counts.

    Triggers write it with each change. Whoever writes at the same time writes another row: nobody waits for anybody.
    """

    __tablename__ = "outcome_change"

    month: Mapped[date] = mapped_column(primary_key=True)
    writer: Mapped[int] = mapped_column(SmallInteger, primary_key=True)
    version: Mapped[UUID]


_project = insert(OutcomeProjectRow)
PUT_SELECTED = _project.on_conflict_do_update(
    index_elements=[OutcomeProjectRow.project_id],
    set_={"company_id": _project.excluded.company_id, "track": _project.excluded.track},
)
PUT_AGREED = _project.on_conflict_do_update(
    index_elements=[OutcomeProjectRow.project_id], set_={"agreed_at": _project.excluded.agreed_at}
)
PUT_COMPLETED = _project.on_conflict_do_update(
    index_elements=[OutcomeProjectRow.project_id], set_={"completed_at": _project.excluded.completed_at}
)
PUT_TERMINATED = _project.on_conflict_do_update(
    index_elements=[OutcomeProjectRow.project_id], set_={"terminated_at": _project.excluded.terminated_at}
)

_PROJECT = OutcomeProjectRow.__table__.c
_REPORT = OutcomeReportRow.__table__.c
_SILENCE = OutcomeSilenceRow.__table__.c
_CHANGE = OutcomeChangeRow.__table__.c
_ALL_VERSIONS = select(
    func.md5(
        func.string_agg(cast(_CHANGE.version, Text), aggregate_order_by(literal(""), _CHANGE.month, _CHANGE.writer))
    ).label("state")
)
_STATE = Prepared(_ALL_VERSIONS.where(_CHANGE.month <= bindparam("by", type_=Date)))
# The triggers give projects the first 32 writers, and reports and silences those after them.
_WRITERS_OF_PROJECTS = 32
_COMPLETIONS = Prepared(_ALL_VERSIONS.where(_CHANGE.writer < _WRITERS_OF_PROJECTS))


def rule_versions() -> Mapping[str, OutcomeRules]:
    """Every version there is, by its name: a report refers to the one of its day."""
    return _RULES


def rules_in_force(day: date) -> OutcomeRules | None:
    """The newest version whose first day has come; None before the first."""
    return max((each for each in _RULES.values() if each.valid_from <= day), key=_since, default=None)


def benchmarks_in_force(day: date) -> Benchmarks | None:
    """The newest version of what others published; None before the first."""
    return max((each for each in _BENCHMARKS if each.valid_from <= day), key=_since, default=None)


def is_working_day(day: date) -> bool:
    """Whether a period may end on this day in Korea."""
    return day.weekday() < _SATURDAY and day not in _HOLIDAYS


async def state_by(tx: Transaction, day: date) -> str:
    """What all that has an effect by the end of a day stands at: as long as this is the same, so is every aggregate."""
    (row,) = await _STATE.all(tx, {"by": day})
    return row["state"] or ""


async def completions_state(tx: Transaction) -> str:
    """What all completions that were heard of stand at, whatever their day; a report changes nothing of it."""
    (row,) = await _COMPLETIONS.all(tx, {})
    return row["state"] or ""


async def find_project(tx: Transaction, project_id: UUID) -> Project | None:
    """One project, if the caller sees it."""
    row = (await tx.execute(select(*_PROJECT).where(_PROJECT.project_id == project_id))).mappings().one_or_none()
    return None if row is None else Project(**row)


async def completed_projects(
    tx: Transaction,
    *,
    at: datetime,
    after: UUID | None = None,
    most: int | None = None,
    municipality_code: str | None = None,
) -> list[Project]:
    """Every project that the caller sees and that was completed by a moment, or so many of them behind one.

    With a municipality only its own.
    """
    statement = select(*_PROJECT).where(_PROJECT.completed_at <= at).order_by(_PROJECT.project_id).limit(most)
    if after is not None:
        statement = statement.where(_PROJECT.project_id > after)
    if municipality_code is not None:
        statement = statement.where(_PROJECT.municipality_code == municipality_code)
    return [Project(**row) for row in (await tx.execute(statement)).mappings()]


async def reports_of(
    tx: Transaction, *, waves: Collection[Wave], project_ids: Collection[UUID] | None = None
) -> list[Report]:
    """The reports that the caller sees, of all projects or of these, of a wave in the order in which they were made."""
    statement = select(*_REPORT).where(_REPORT.wave.in_([wave.value for wave in waves]))
    if project_ids is not None:
        statement = statement.where(one_of(OutcomeReportRow.project_id, project_ids))
    rows = (await tx.execute(statement.order_by(_REPORT.project_id, _REPORT.wave, _REPORT.number))).mappings()
    return [_report(row) for row in rows]


async def silences_of(
    tx: Transaction, *, waves: Collection[Wave], at: datetime, project_ids: Collection[UUID] | None = None
) -> dict[tuple[UUID, Wave], Silence]:
    """By project and wave, the newest reason by a moment."""
    statement = select(_SILENCE.project_id, _SILENCE.wave, _SILENCE.reason).where(
        _SILENCE.wave.in_([wave.value for wave in waves]), _SILENCE.recorded_at <= at
    )
    if project_ids is not None:
        statement = statement.where(one_of(OutcomeSilenceRow.project_id, project_ids))
    rows = await tx.execute(statement.order_by(_SILENCE.recorded_at, _SILENCE.id))
    return {(row.project_id, Wave(row.wave)): Silence(row.reason) for row in rows}


async def last_verified_after_completion(tx: Transaction, *, at: datetime) -> dict[UUID, datetime]:
    """When figures of a project's time after its completion were verified last, by a moment; the baseline is none."""
    statement = (
        select(_REPORT.project_id, func.max(_REPORT.decided_at).label("on"))
        .where(
            _REPORT.state == ReportState.VERIFIED.value,
            _REPORT.wave != Wave.BASELINE.value,
            _REPORT.decided_at <= at,
        )
        .group_by(_REPORT.project_id)
    )
    return {row.project_id: row.on for row in await tx.execute(statement)}


async def last_found_closed(tx: Transaction, *, at: datetime) -> dict[UUID, datetime]:
    """When a project's firm was recorded as closed last, by a moment."""
    statement = (
        select(_SILENCE.project_id, func.max(_SILENCE.recorded_at).label("on"))
        .where(_SILENCE.reason == Silence.CLOSED.value, _SILENCE.recorded_at <= at)
        .group_by(_SILENCE.project_id)
    )
    return {row.project_id: row.on for row in await tx.execute(statement)}


async def add_report(tx: Transaction, report: Report) -> None:
    """Store a report as the next of its wave; raises ReportMeanwhile when another took its number."""
    values: dict[str, Any] = {column.name: getattr(report, column.name) for column in _REPORT}
    values |= {
        "figures": [msgspec.to_builtins(each) for each in report.figures],
        "checked_outliers": list(report.checked_outliers),
    }
    added = await tx.execute(
        insert(OutcomeReportRow).values(**values).on_conflict_do_nothing().returning(OutcomeReportRow.id)
    )
    if added.one_or_none() is None:
        raise ReportMeanwhile


async def add_silence(tx: Transaction, **values: object) -> None:
    """Store why a firm does not answer."""
    await tx.execute(plain_insert(OutcomeSilenceRow).values(**values))


async def add_reading(tx: Transaction, **values: object) -> None:
    """Store that figures were shown; the time is the database's, real time as the law asks."""
    await tx.execute(plain_insert(OutcomeReadingRow).values(**values))


async def get_locked(tx: Transaction, report_id: UUID) -> Report:
    """One report that stays as read until commit; raises OutcomeReportUnknown."""
    statement = select(*_REPORT).where(_REPORT.id == report_id).with_for_update()
    row = (await tx.execute(statement)).mappings().one_or_none()
    if row is None:
        raise OutcomeReportUnknown
    return _report(row)


async def save_decision(tx: Transaction, report: Report) -> None:
    """Store a decision as the next version; raises OutcomeReportHasChanged when somebody else was first."""
    values = {
        "state": report.state,
        "finding": report.finding,
        "checked_outliers": list(report.checked_outliers),
        "decided_by": report.decided_by,
        "decided_at": report.decided_at,
    }
    if not await save_next(tx, OutcomeReportRow, report.id, report.version, values):
        raise OutcomeReportHasChanged(current_version=report.version + 1)


def _report(row: RowMapping) -> Report:
    figures = tuple(Figure(**{**each, "grade": Grade(each["grade"])}) for each in row["figures"])
    typed = {
        "wave": Wave(row["wave"]),
        "figures": figures,
        "reason": row["reason"] and Correction(row["reason"]),
        "state": ReportState(row["state"]),
        "finding": row["finding"] and Finding(row["finding"]),
        "checked_outliers": tuple(row["checked_outliers"]),
    }
    return Report(**{**row, **typed})


def _since(rules: OutcomeRules | Benchmarks) -> date:
    return rules.valid_from
