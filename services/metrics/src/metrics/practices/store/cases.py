"""Cases of good practice: a row for each nomination, one at a time of a project that has not ended."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import CheckConstraint, Index, RowMapping, Text, select, text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, insert
from sqlalchemy.orm import Mapped, mapped_column

from common.data_files import json_files
from common.db import Transaction
from common.versions import save_next
from metrics.practices.domain.cases import (
    GoodPractice,
    NamedKpi,
    PracticeFinding,
    PracticeState,
    ProvenFigure,
    WithdrawalReason,
)
from metrics.practices.domain.criteria import Criteria
from metrics.practices.domain.refusals import (
    GoodPracticeHasChanged,
    GoodPracticeUnknown,
    PracticeNominatedAlready,
)
from metrics.tables import Tables

_CRITERIA: Mapping[str, Criteria] = {
    each.version: each
    for each in (
        msgspec.json.decode(content, type=Criteria) for content in json_files("metrics", "practice_criteria").values()
    )
}
_DECIDED = (
    "finding",
    "verified_by",
    "verified_at",
    "baseline_number",
    "report_number",
    "firm_name",
    "consented_by",
    "consented_at",
    "named",
    "published_by",
    "published_at",
    "withdrawal_reason",
    "withdrawn_by",
    "withdrawn_at",
)


class GoodPracticeRow(Tables):
    """One case; a trigger keeps what was nominated, and constraints that three people decide."""

    __tablename__ = "good_practice"
    __table_args__ = (
        Index(
            "good_practice_project_id_living_idx",
            "project_id",
            unique=True,
            postgresql_where=text("state IN ('NOMINATED', 'VERIFIED', 'PUBLISHED')"),
        ),
        Index("good_practice_municipality_code_id_idx", "municipality_code", "id"),
        Index("good_practice_company_id_idx", "company_id"),
        CheckConstraint("verified_by <> nominated_by", name="verifier"),
        CheckConstraint("published_by <> nominated_by AND published_by <> verified_by", name="publisher"),
        CheckConstraint("firm_name IS NOT NULL OR NOT named", name="named"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    project_id: Mapped[UUID]
    company_id: Mapped[UUID]
    municipality_code: Mapped[str]
    criteria_version: Mapped[str]
    wave: Mapped[str]
    title_ko: Mapped[str]
    title_en: Mapped[str]
    summary_ko: Mapped[str]
    summary_en: Mapped[str]
    sector: Mapped[str]
    size_band: Mapped[str]
    processes: Mapped[list[str]] = mapped_column(ARRAY(Text))
    technologies: Mapped[list[str]] = mapped_column(ARRAY(Text))
    kpis: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)
    nominated_by: Mapped[str]
    nominated_at: Mapped[datetime]
    state: Mapped[str]
    figures: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)
    baseline_number: Mapped[int | None]
    report_number: Mapped[int | None]
    finding: Mapped[str | None]
    verified_by: Mapped[str | None]
    verified_at: Mapped[datetime | None]
    firm_name: Mapped[str | None]
    consented_by: Mapped[str | None]
    consented_at: Mapped[datetime | None]
    named: Mapped[bool]
    published_by: Mapped[str | None]
    published_at: Mapped[datetime | None]
    withdrawal_reason: Mapped[str | None]
    withdrawn_by: Mapped[str | None]
    withdrawn_at: Mapped[datetime | None]
    version: Mapped[int]


def criteria_of(version: str) -> Criteria:
    """The version that a case was nominated under: they stay for as long as there are cases."""
    return _CRITERIA[version]


def criteria_in_force(day: date) -> Criteria | None:
    """The newest version whose first day has come; None before the first."""
    begun = (each for each in _CRITERIA.values() if each.valid_from <= day)
    return max(begun, key=lambda each: each.valid_from, default=None)


async def add(tx: Transaction, practice: GoodPractice) -> None:
    """Store a nomination; raises PracticeNominatedAlready while another case of its project lives."""
    values: dict[str, Any] = {
        column.name: getattr(practice, column.name) for column in GoodPracticeRow.__table__.columns
    }
    values |= {
        "processes": list(practice.processes),
        "technologies": list(practice.technologies),
        "kpis": [msgspec.to_builtins(each) for each in practice.kpis],
        "figures": [],
        "state": practice.state.value,
    }
    statement = insert(GoodPracticeRow).values(**values).on_conflict_do_nothing().returning(GoodPracticeRow.id)
    if (await tx.execute(statement)).one_or_none() is None:
        raise PracticeNominatedAlready


async def get(tx: Transaction, practice_id: UUID, *, lock: bool = False) -> GoodPractice:
    """One case that the caller sees; raises GoodPracticeUnknown."""
    statement = select(*GoodPracticeRow.__table__.columns).where(GoodPracticeRow.id == practice_id)
    row = (await tx.execute(statement.with_for_update() if lock else statement)).mappings().one_or_none()
    if row is None:
        raise GoodPracticeUnknown
    return _practice(row)


async def save(tx: Transaction, practice: GoodPractice) -> None:
    """Store what was decided as the next version; raises GoodPracticeHasChanged when somebody else was first."""
    values: dict[str, Any] = {name: getattr(practice, name) for name in _DECIDED}
    values |= {
        "state": practice.state.value,
        "figures": [msgspec.to_builtins(each) for each in practice.figures],
    }
    if not await save_next(tx, GoodPracticeRow, practice.id, practice.version, values):
        raise GoodPracticeHasChanged(current_version=practice.version + 1)


def _practice(row: RowMapping) -> GoodPractice:
    typed = {
        "processes": tuple(row["processes"]),
        "technologies": tuple(row["technologies"]),
        "kpis": tuple(NamedKpi(**each) for each in row["kpis"]),
        "figures": tuple(ProvenFigure(**each) for each in row["figures"]),
        "state": PracticeState(row["state"]),
        "finding": row["finding"] and PracticeFinding(row["finding"]),
        "withdrawal_reason": row["withdrawal_reason"] and WithdrawalReason(row["withdrawal_reason"]),
    }
    return GoodPractice(**{**row, **typed})
