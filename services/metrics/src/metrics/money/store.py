"""The tables of what becomes of committed money: one per fact of one topic, so no order between topics matters."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, Index
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Mapped, mapped_column

from metrics.tables import Tables


class CarriedOverRow(Tables):
    """What of a line was carried into the next year, by its newest carry-over: it replaces those before."""

    __tablename__ = "carried_over"

    budget_line_id: Mapped[UUID] = mapped_column(primary_key=True)
    municipality_code: Mapped[str | None]
    amount_won: Mapped[int]
    paid_won: Mapped[int]
    changed_at: Mapped[datetime]


class DisbursementRow(Tables):
    """One release and its newest state; `unclear` while the bank has not said what became of its order."""

    __tablename__ = "disbursement"
    __table_args__ = (
        CheckConstraint("state IN ('RESERVED', 'APPROVED', 'ORDERED', 'CONFIRMED', 'POSTED', 'VOIDED')", name="state"),
        Index("disbursement_project_idx", "project_id", "source"),
    )

    release_id: Mapped[UUID] = mapped_column(primary_key=True)
    project_id: Mapped[UUID]
    municipality_code: Mapped[str]
    source: Mapped[str]
    amount_won: Mapped[int]
    state: Mapped[str]
    unclear: Mapped[bool]
    changed_at: Mapped[datetime]


class _Share:
    """One source's part in one project, said once."""

    project_id: Mapped[UUID] = mapped_column(primary_key=True)
    source: Mapped[str] = mapped_column(primary_key=True)
    municipality_code: Mapped[str]


class LapsedShareRow(_Share, Tables):
    """What one source had promised to a project and will not pay."""

    __tablename__ = "lapsed_share"

    amount_won: Mapped[int]


class SettledShareRow(_Share, Tables):
    """What one source bears of a settled project."""

    __tablename__ = "settled_share"

    fixed_won: Mapped[int]


class RepaymentRow(Tables):
    """What one source asks back, and whether its treasury has it."""

    __tablename__ = "repayment"
    __table_args__ = (
        CheckConstraint("state IN ('ORDERED', 'CONFIRMED', 'RELIEVED')", name="state"),
        Index("repayment_project_idx", "project_id", "source"),
    )

    repayment_id: Mapped[UUID] = mapped_column(primary_key=True)
    project_id: Mapped[UUID]
    municipality_code: Mapped[str]
    source: Mapped[str]
    origin: Mapped[str]
    principal_won: Mapped[int]
    interest_won: Mapped[int]
    surcharge_won: Mapped[int]
    late_won: Mapped[int]
    state: Mapped[str]
    changed_at: Mapped[datetime]


_carried = insert(CarriedOverRow)
PUT_CARRIED = _carried.on_conflict_do_update(
    index_elements=[CarriedOverRow.budget_line_id],
    set_={name: _carried.excluded[name] for name in ("amount_won", "paid_won", "changed_at")},
)

# All that is said of one release, or of one repayment, comes in its order: the newest counts.
_release = insert(DisbursementRow)
PUT_RELEASE = _release.on_conflict_do_update(
    index_elements=[DisbursementRow.release_id],
    set_={name: _release.excluded[name] for name in ("state", "unclear", "changed_at")},
)
_repayment = insert(RepaymentRow)
PUT_REPAYMENT = _repayment.on_conflict_do_update(
    index_elements=[RepaymentRow.repayment_id],
    set_={name: _repayment.excluded[name] for name in ("state", "late_won", "changed_at")},
)

ADD_LAPSED = insert(LapsedShareRow).on_conflict_do_nothing()
ADD_SETTLED = insert(SettledShareRow).on_conflict_do_nothing()
