"""The progress projection in PostgreSQL: one table per fact that some topic owns, so no order between topics matters.

Every statement is a module constant: the consumer runs all rows of a batch through one executemany, or one statement.
"""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, Text, Uuid, bindparam, case, func, text
from sqlalchemy.dialects.postgresql import ARRAY, TIMESTAMP, insert
from sqlalchemy.orm import Mapped, mapped_column

from common.consumer.rows import Rows
from metrics.tables import Tables


class CallRow(Tables):
    """A published call, as far as its progress page names it."""

    __tablename__ = "call"

    call_id: Mapped[UUID] = mapped_column(primary_key=True)
    track: Mapped[str]
    title_ko: Mapped[str]
    fiscal_year: Mapped[int]
    opens_at: Mapped[datetime]
    closes_at: Mapped[datetime]
    published_at: Mapped[datetime | None]
    """Unknown of a call that was heard of before this was kept, until a rebuild."""


class CallSeatRow(Tables):
    """The places of one type that one municipality funds in a call."""

    __tablename__ = "call_seat"

    call_id: Mapped[UUID] = mapped_column(primary_key=True)
    type_code: Mapped[str] = mapped_column(primary_key=True)
    municipality_code: Mapped[str] = mapped_column(primary_key=True)
    seats: Mapped[int]


class CaseProgressRow(Tables):
    """Where one application stands."""

    __tablename__ = "case_progress"
    __table_args__ = (Index("case_progress_call_idx", "call_id", "municipality_code"),)

    application_id: Mapped[UUID] = mapped_column(primary_key=True)
    call_id: Mapped[UUID]
    type_code: Mapped[str]
    municipality_code: Mapped[str]
    state: Mapped[str]
    changed_at: Mapped[datetime]


class ProjectProgressRow(Tables):
    """Where one selected project stands."""

    __tablename__ = "project_progress"
    __table_args__ = (Index("project_progress_call_idx", "call_id", "municipality_code"),)

    project_id: Mapped[UUID] = mapped_column(primary_key=True)
    application_id: Mapped[UUID]
    call_id: Mapped[UUID]
    type_code: Mapped[str]
    municipality_code: Mapped[str]
    state: Mapped[str]
    promoted: Mapped[bool]
    changed_at: Mapped[datetime]


class CommitmentRow(Tables):
    """Funding's answer for one project."""

    __tablename__ = "commitment"
    __table_args__ = (
        CheckConstraint("state IN ('COMMITTED', 'REFUSED', 'RELEASED')", name="state"),
        Index("commitment_call_idx", "call_id", "municipality_code"),
    )

    project_id: Mapped[UUID] = mapped_column(primary_key=True)
    commitment_id: Mapped[UUID | None]
    call_id: Mapped[UUID]
    municipality_code: Mapped[str]
    state: Mapped[str]
    total_cost_won: Mapped[int]
    short_source: Mapped[str | None]
    changed_at: Mapped[datetime]


class CommitmentShareRow(Tables):
    """The part of one project's cost that one source pays."""

    __tablename__ = "commitment_share"

    project_id: Mapped[UUID] = mapped_column(primary_key=True)
    source: Mapped[str] = mapped_column(primary_key=True)
    budget_line_id: Mapped[UUID | None]
    amount_won: Mapped[int]


class BudgetLineRow(Tables):
    """One budget line: what was confirmed, and what was left at the newest version anybody told of."""

    __tablename__ = "budget_line"
    __table_args__ = (Index("budget_line_year_idx", "fiscal_year", "track"),)

    budget_line_id: Mapped[UUID] = mapped_column(primary_key=True)
    source: Mapped[str]
    municipality_code: Mapped[str | None]
    fiscal_year: Mapped[int]
    track: Mapped[str]
    confirmed_won: Mapped[int | None]
    left_won: Mapped[int]
    line_version: Mapped[int]


ADD_CALL = insert(CallRow).on_conflict_do_nothing()
ADD_CALL_SEAT = insert(CallSeatRow).on_conflict_do_nothing()

# Where a case stands changes with most events there are.
PUT_CASE = Rows(
    text(
        """
        INSERT INTO case_progress (application_id, call_id, type_code, municipality_code, state, changed_at)
        SELECT * FROM unnest(:application_id, :call_id, :type_code, :municipality_code, :state, :changed_at)
        ON CONFLICT (application_id) DO UPDATE SET state = excluded.state, changed_at = excluded.changed_at
        """
    ).bindparams(
        bindparam("application_id", type_=ARRAY(Uuid)),
        bindparam("call_id", type_=ARRAY(Uuid)),
        bindparam("type_code", type_=ARRAY(Text)),
        bindparam("municipality_code", type_=ARRAY(Text)),
        bindparam("state", type_=ARRAY(Text)),
        bindparam("changed_at", type_=ARRAY(TIMESTAMP(timezone=True))),
    ),
    told_apart_by=("application_id",),
)

_project = insert(ProjectProgressRow)
PUT_PROJECT = _project.on_conflict_do_update(
    index_elements=[ProjectProgressRow.project_id],
    set_={"state": _project.excluded.state, "changed_at": _project.excluded.changed_at},
)

_commitment = insert(CommitmentRow)
PUT_COMMITMENT = _commitment.on_conflict_do_update(
    index_elements=[CommitmentRow.project_id],
    set_={
        "commitment_id": func.coalesce(_commitment.excluded.commitment_id, CommitmentRow.commitment_id),
        "state": _commitment.excluded.state,
        "changed_at": _commitment.excluded.changed_at,
    },
)
ADD_SHARE = insert(CommitmentShareRow).on_conflict_do_nothing()

# A confirmation is the only one that knows the appropriation; a balance is news only if its version is higher. Both
# say so in their own statement, so it does not matter which of them a batch runs first.
_line = insert(BudgetLineRow)
_newer = _line.excluded.line_version > BudgetLineRow.line_version
_left = {
    "left_won": case((_newer, _line.excluded.left_won), else_=BudgetLineRow.left_won),
    "line_version": func.greatest(_line.excluded.line_version, BudgetLineRow.line_version),
}
PUT_BALANCE = _line.on_conflict_do_update(index_elements=[BudgetLineRow.budget_line_id], set_=_left)
PUT_CONFIRMED = _line.on_conflict_do_update(
    index_elements=[BudgetLineRow.budget_line_id], set_=_left | {"confirmed_won": _line.excluded.confirmed_won}
)
