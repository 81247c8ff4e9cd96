"""Applications in PostgreSQL. A partial unique index is the second wall of rule R-09, behind the submit command."""

from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import date, datetime
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import (
    CheckConstraint,
    ColumnElement,
    FetchedValue,
    ForeignKey,
    Index,
    Uuid,
    bindparam,
    func,
    insert,
    or_,
    select,
    text,
    update,
)
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Mapped, mapped_column

from applicant.applications.domain.case import (
    Application,
    ApplicationHasChanged,
    ApplicationNotFound,
    ApplicationStatus,
    Eligibility,
    Outcome,
    Plan,
    Supplement,
    WorksiteHasLiveApplication,
)
from applicant.tables import Tables
from common.db import Transaction, one_of
from common.prepared import Prepared, Row
from contracts.types import MunicipalityCode

_ONE_LIVE = "application_one_live_per_worksite_idx"


class ApplicationRow(Tables):
    __tablename__ = "application"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    company_id: Mapped[UUID] = mapped_column(ForeignKey("company.id"))
    call_id: Mapped[UUID] = mapped_column(ForeignKey("call.id"))
    fiscal_year: Mapped[int]
    type_code: Mapped[str]
    worksite_id: Mapped[UUID] = mapped_column(ForeignKey("worksite.id"))
    municipality_code: Mapped[str]
    total_cost_won: Mapped[int]
    plan: Mapped[dict[str, Any]]
    status: Mapped[str]
    created_at: Mapped[datetime]
    submitted_at: Mapped[datetime | None]
    first_timer: Mapped[bool | None]
    supplement: Mapped[dict[str, Any] | None]
    eligibility: Mapped[dict[str, Any] | None]
    appeal_until: Mapped[date | None]
    outcome: Mapped[str | None]
    withdrawn_at: Mapped[datetime | None]
    withdrawal_reason: Mapped[str | None]
    version: Mapped[int]
    changed_at: Mapped[datetime] = mapped_column(server_default=FetchedValue())

    __table_args__ = (
        CheckConstraint(
            "status IN ('DRAFT', 'SUBMITTED', 'UNDER_SCREENING', 'SUPPLEMENT_REQUESTED', 'RESUBMITTED',"
            " 'ELIGIBLE', 'INELIGIBLE', 'WITHDRAWN')",
            name="status",
        ),
        CheckConstraint("outcome IN ('SELECTED', 'RESERVE', 'NOT_SELECTED')", name="outcome"),
        CheckConstraint("total_cost_won > 0", name="total_cost"),
        CheckConstraint("status IN ('DRAFT', 'WITHDRAWN') OR submitted_at IS NOT NULL", name="submitted"),
        CheckConstraint("status <> 'INELIGIBLE' OR appeal_until IS NOT NULL", name="appeal"),
        CheckConstraint("municipality_code LIKE '52___'", name="municipality_code"),
        Index("application_company_id_id_idx", "company_id", "id"),
        Index("application_call_id_id_idx", "call_id", "id"),
        Index("application_municipality_code_id_idx", "municipality_code", "id"),
        Index("application_municipality_code_changed_at_idx", "municipality_code", "changed_at", "id"),
    )


def _live() -> ColumnElement[bool]:
    """A case that occupies its worksite for the fiscal year; drafts do not, nor do cases that ended without a place."""
    gone = (ApplicationStatus.DRAFT, ApplicationStatus.INELIGIBLE, ApplicationStatus.WITHDRAWN)
    return ApplicationRow.status.not_in([status.value for status in gone]) & or_(
        ApplicationRow.outcome.is_(None), ApplicationRow.outcome != Outcome.NOT_SELECTED.value
    )


Index(
    _ONE_LIVE,
    ApplicationRow.worksite_id,
    ApplicationRow.fiscal_year,
    unique=True,
    postgresql_where=_live(),
)

COLUMNS = tuple(ApplicationRow.__table__.columns)
"""All columns, for `application_from`."""


async def add_application(tx: Transaction, application: Application) -> None:
    """Store a new draft."""
    statement = insert(ApplicationRow).values(id=application.id, version=application.version, **_columns(application))
    await tx.execute(statement)


async def get_application(tx: Transaction, application_id: UUID, *, lock: bool = False) -> Application:
    """One application, whoever asks; raises ApplicationNotFound."""
    row = await (_LOCK if lock else _GET).first(tx, {"id": application_id})
    if row is None:
        raise ApplicationNotFound
    return application_from(row)


async def lock_for_submission(tx: Transaction, application_id: UUID) -> tuple[Application, int]:
    """One application under its row lock, with the number of its worksite's other live ones (rule R-09)."""
    row = await _LOCK_WITH_RIVALS.first(tx, {"id": application_id})
    if row is None:
        raise ApplicationNotFound
    return application_from(row), int(row["rivals"])


async def save_application(tx: Transaction, application: Application) -> Application:
    """Write the application as its next version.

    Raises ApplicationHasChanged when somebody else was first, and WorksiteHasLiveApplication when another submission
    for the worksite was (rule R-09; the caller's transaction is then spent up to its savepoint).
    """
    try:
        row = await _SAVE.first(
            tx, {"the_id": application.id, "the_version": application.version} | _columns(application)
        )
    except IntegrityError as error:
        if _ONE_LIVE in str(error.orig):
            raise WorksiteHasLiveApplication from error
        raise
    if row is None:
        raise ApplicationHasChanged(current_version=(await get_application(tx, application.id)).version)
    return replace(application, version=row["version"])


async def lock_applications(tx: Transaction, application_ids: Collection[UUID]) -> dict[UUID, Application]:
    """Many applications under their row locks, taken in one order; raises ApplicationNotFound when one is missing."""
    statement = select(*COLUMNS).where(one_of(ApplicationRow.id, application_ids)).order_by(ApplicationRow.id)
    rows = (await tx.execute(statement.with_for_update())).mappings()
    found = {row["id"]: application_from(row) for row in rows}
    if len(found) < len(set(application_ids)):
        raise ApplicationNotFound
    return found


async def save_outcomes(tx: Transaction, applications: Sequence[Application]) -> list[Application]:
    """Write the outcomes of applications that are held, each as its next version."""
    rows = [{"held_id": each.id, "told": each.outcome and each.outcome.value} for each in applications]
    await tx.execute(_SAVE_OUTCOME, rows)
    return [replace(each, version=each.version + 1) for each in applications]


async def count_other_live(tx: Transaction, application: Application) -> int:
    """Other live applications of the worksite in the fiscal year (rule R-09)."""
    statement = select(func.count()).where(
        ApplicationRow.worksite_id == application.worksite_id,
        ApplicationRow.fiscal_year == application.fiscal_year,
        ApplicationRow.id != application.id,
        _live(),
    )
    return (await tx.execute(statement)).scalar_one()


def application_from(row: Row) -> Application:
    """An application out of its columns."""
    return Application(
        id=row["id"],
        company_id=row["company_id"],
        call_id=row["call_id"],
        fiscal_year=row["fiscal_year"],
        type_code=row["type_code"],
        worksite_id=row["worksite_id"],
        municipality_code=MunicipalityCode(row["municipality_code"]),
        plan=msgspec.convert(row["plan"], Plan),
        status=ApplicationStatus(row["status"]),
        created_at=row["created_at"],
        version=row["version"],
        submitted_at=row["submitted_at"],
        first_timer=row["first_timer"],
        supplement=msgspec.convert(row["supplement"], Supplement | None),
        eligibility=msgspec.convert(row["eligibility"], Eligibility | None),
        outcome=None if row["outcome"] is None else Outcome(row["outcome"]),
        withdrawn_at=row["withdrawn_at"],
        withdrawal_reason=row["withdrawal_reason"],
    )


def _columns(application: Application) -> dict[str, object]:
    eligibility = application.eligibility
    return {
        "company_id": application.company_id,
        "call_id": application.call_id,
        "fiscal_year": application.fiscal_year,
        "type_code": application.type_code,
        "worksite_id": application.worksite_id,
        "municipality_code": application.municipality_code,
        "total_cost_won": application.plan.total_cost_won,
        "plan": msgspec.to_builtins(application.plan),
        "status": application.status.value,
        "created_at": application.created_at,
        "submitted_at": application.submitted_at,
        "first_timer": application.first_timer,
        "supplement": application.supplement and msgspec.to_builtins(application.supplement),
        "eligibility": eligibility and msgspec.to_builtins(eligibility),
        "appeal_until": eligibility and eligibility.appeal_until,
        "outcome": application.outcome and application.outcome.value,
        "withdrawn_at": application.withdrawn_at,
        "withdrawal_reason": application.withdrawal_reason,
    }


_SAVE_OUTCOME = (
    update(ApplicationRow)
    .where(ApplicationRow.id == bindparam("held_id"))
    .values(outcome=bindparam("told"), version=ApplicationRow.version + 1)
)

_ONE = select(*COLUMNS).where(ApplicationRow.id == bindparam("id"))
_GET, _LOCK = Prepared(_ONE), Prepared(_ONE.with_for_update())

# The words of the partial index, as literals: only then may a plan that is made once use the index.
_LOCK_WITH_RIVALS = Prepared(
    text(
        """
        SELECT application.*, (
            SELECT count(*) FROM application AS rival
            WHERE rival.worksite_id = application.worksite_id AND rival.fiscal_year = application.fiscal_year
                AND rival.id <> application.id AND rival.status NOT IN ('DRAFT', 'INELIGIBLE', 'WITHDRAWN')
                AND (rival.outcome IS NULL OR rival.outcome <> 'NOT_SELECTED')
        ) AS rivals
        FROM application WHERE application.id = :id FOR UPDATE OF application
        """
    ).bindparams(bindparam("id", type_=Uuid))
)

_WRITTEN = tuple(
    column for column in ApplicationRow.__table__.columns if column.name not in {"id", "version", "changed_at"}
)
_SAVE = Prepared(
    update(ApplicationRow)
    .where(ApplicationRow.id == bindparam("the_id"), ApplicationRow.version == bindparam("the_version"))
    .values({column.name: bindparam(column.name) for column in _WRITTEN} | {"version": ApplicationRow.version + 1})
    .returning(ApplicationRow.version)
)
