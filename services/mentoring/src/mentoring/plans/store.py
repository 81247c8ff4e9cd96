"""Matching rules and plans in PostgreSQL."""

from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import (
    CheckConstraint,
    ColumnElement,
    DateTime,
    ForeignKey,
    Index,
    RowMapping,
    Select,
    func,
    literal_column,
    or_,
    select,
    update,
)
from sqlalchemy.dialects.postgresql import JSONB, insert
from sqlalchemy.orm import Mapped, mapped_column

from common.db import Transaction
from mentoring.plans.domain.plan import Plan, PlanState, PlanUnknown
from mentoring.plans.domain.rules import MatchingRule, MatchingRuleExists, MatchingRuleUnknown, Weights
from mentoring.plans.domain.what_if import WhatIf, WhatIfState
from mentoring.tables import Tables

_REAL_TIME: ColumnElement[datetime] = literal_column("now()", DateTime(timezone=True))
"""Leases are of real time, as PostgreSQL has it, whatever the programme's clock says."""


class MatchingRuleRow(Tables):
    """One version of the rule, never changed."""

    __tablename__ = "matching_rule"
    __table_args__ = (CheckConstraint("answer_days > 0", name="answer_days"),)

    version: Mapped[str] = mapped_column(primary_key=True)
    weights: Mapped[dict[str, int]] = mapped_column(JSONB)
    distances_km: Mapped[dict[str, int]] = mapped_column(JSONB)
    answer_days: Mapped[int]
    source_note: Mapped[str]
    recorded_by: Mapped[str]
    recorded_at: Mapped[datetime]


class MentorPlanRow(Tables):
    """One plan: its frozen input, and what was matched with the proof."""

    __tablename__ = "mentor_plan"
    __table_args__ = (
        CheckConstraint("state IN ('REQUESTED', 'PROPOSED', 'FAILED', 'CONFIRMED')", name="state"),
        CheckConstraint("(state IN ('PROPOSED', 'CONFIRMED')) = (matched IS NOT NULL)", name="matched"),
        CheckConstraint("cost = bound", name="optimal"),
        CheckConstraint("version > 0", name="version"),
        Index("mentor_plan_state_idx", "state", "id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    rule_version: Mapped[str] = mapped_column(ForeignKey("matching_rule.version"))
    may_move: Mapped[bool]
    given: Mapped[dict[str, Any]] = mapped_column(JSONB)
    input_sha256: Mapped[str]
    requested_by: Mapped[str]
    requested_at: Mapped[datetime]
    state: Mapped[str]
    attempts: Mapped[int]
    leased_until: Mapped[datetime | None]
    matched: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    cost: Mapped[int | None]
    bound: Mapped[int | None]
    solver: Mapped[str | None]
    failure: Mapped[str | None]
    confirmed_by: Mapped[str | None]
    confirmed_at: Mapped[datetime | None]
    version: Mapped[int]


class PlanWhatIfRow(Tables):
    """What one more team would change in a plan."""

    __tablename__ = "plan_what_if"
    __table_args__ = (
        CheckConstraint("state IN ('REQUESTED', 'ANSWERED', 'FAILED')", name="state"),
        CheckConstraint("(state = 'ANSWERED') = (result IS NOT NULL)", name="result"),
        CheckConstraint("cost = bound", name="optimal"),
        Index("plan_what_if_plan_idx", "plan_id", "id"),
        Index("plan_what_if_state_idx", "state", "id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    plan_id: Mapped[UUID] = mapped_column(ForeignKey("mentor_plan.id"))
    asked: Mapped[dict[str, Any]] = mapped_column(JSONB)
    requested_by: Mapped[str]
    requested_at: Mapped[datetime]
    state: Mapped[str]
    attempts: Mapped[int]
    leased_until: Mapped[datetime | None]
    result: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    cost: Mapped[int | None]
    bound: Mapped[int | None]
    failure: Mapped[str | None]


async def add_rule(tx: Transaction, rule: MatchingRule) -> None:
    """Store a new version; raises MatchingRuleExists."""
    added = await tx.execute(
        insert(MatchingRuleRow)
        .values(
            version=rule.version,
            weights={name: getattr(rule.weights, name) for name in Weights.__dataclass_fields__},
            distances_km=dict(rule.distances_km),
            answer_days=rule.answer_days,
            source_note=rule.source_note,
            recorded_by=rule.recorded_by,
            recorded_at=rule.recorded_at,
        )
        .on_conflict_do_nothing()
        .returning(MatchingRuleRow.version)
    )
    if added.one_or_none() is None:
        raise MatchingRuleExists(version=rule.version)


async def get_rule(tx: Transaction, version: str) -> MatchingRule:
    """One version; raises MatchingRuleUnknown."""
    found = select(*MatchingRuleRow.__table__.c).where(MatchingRuleRow.version == version)
    row = (await tx.execute(found)).one_or_none()
    if row is None:
        raise MatchingRuleUnknown(version=version)
    return MatchingRule(
        version=row.version,
        weights=Weights(**row.weights),
        distances_km=row.distances_km,
        answer_days=row.answer_days,
        source_note=row.source_note,
        recorded_by=row.recorded_by,
        recorded_at=row.recorded_at,
    )


async def add(tx: Transaction, plan: Plan) -> None:
    """Store a plan that was asked for."""
    await tx.execute(
        insert(MentorPlanRow).values(
            id=plan.id,
            rule_version=plan.rule_version,
            may_move=plan.may_move,
            given=plan.given,
            input_sha256=plan.input_sha256,
            requested_by=plan.requested_by,
            requested_at=plan.requested_at,
            state=plan.state,
            attempts=plan.attempts,
            version=plan.version,
        )
    )


async def get_locked(tx: Transaction, plan_id: UUID) -> Plan:
    """One plan that stays as read until commit; raises PlanUnknown."""
    plan = await _read(tx, select(*_COLUMNS).where(MentorPlanRow.id == plan_id).with_for_update())
    if plan is None:
        raise PlanUnknown(plan_id=plan_id)
    return plan


async def next_requested(tx: Transaction) -> Plan | None:
    """The oldest plan that nobody has matched yet and no other worker is at, locked."""
    row = MentorPlanRow
    waiting = select(*_COLUMNS).where(row.state == PlanState.REQUESTED, _free(row)).order_by(row.id).limit(1)
    return await _read(tx, waiting.with_for_update(skip_locked=True))


async def lease(tx: Transaction, plan_id: UUID, seconds: float) -> None:
    """Leave a locked plan to this worker for so long, in real time."""
    until = _REAL_TIME + timedelta(seconds=seconds)
    await tx.execute(update(MentorPlanRow).where(MentorPlanRow.id == plan_id).values(leased_until=until))


async def save(tx: Transaction, plan: Plan) -> None:
    """Store what became of a plan that this transaction has locked."""
    await tx.execute(
        update(MentorPlanRow)
        .where(MentorPlanRow.id == plan.id)
        .values(
            state=plan.state,
            attempts=plan.attempts,
            matched=plan.matched,
            cost=plan.cost,
            bound=plan.bound,
            solver=plan.solver,
            failure=plan.failure,
            confirmed_by=plan.confirmed_by,
            confirmed_at=plan.confirmed_at,
            version=plan.version,
        )
    )


_COLUMNS = [column for column in MentorPlanRow.__table__.c if column.name != "leased_until"]


async def add_what_if(tx: Transaction, what_if: WhatIf) -> None:
    """Store a what-if that was asked for."""
    asked = {
        "like_team_id": str(what_if.like_team_id),
        "mentor_ids": [str(each) for each in what_if.mentor_ids],
        "rotations": [
            {"first_week": first_week.isoformat(), "weeks": weeks} for first_week, weeks in what_if.rotations
        ],
    }
    own = {name: getattr(what_if, name) for name in ("id", "plan_id", "requested_by", "requested_at", "state")}
    await tx.execute(insert(PlanWhatIfRow).values(asked=asked, attempts=what_if.attempts, **own))


async def count_what_ifs(tx: Transaction, plan_id: UUID) -> int:
    """How many were asked of a locked plan."""
    counted = select(func.count()).select_from(PlanWhatIfRow).where(PlanWhatIfRow.plan_id == plan_id)
    return (await tx.execute(counted)).scalar_one()


async def next_what_if(tx: Transaction) -> WhatIf | None:
    """The oldest what-if that nobody has answered yet and no other worker is at, locked."""
    row = PlanWhatIfRow
    waiting = select(*row.__table__.c).where(row.state == WhatIfState.REQUESTED, _free(row)).order_by(row.id).limit(1)
    found = (await tx.execute(waiting.with_for_update(skip_locked=True))).one_or_none()
    return None if found is None else _what_if(found._mapping)  # noqa: SLF001  SQLAlchemy's documented access


async def get_what_if_locked(tx: Transaction, what_if_id: UUID) -> WhatIf:
    """One that is there, held until commit."""
    one = select(*PlanWhatIfRow.__table__.c).where(PlanWhatIfRow.id == what_if_id).with_for_update()
    return _what_if((await tx.execute(one)).one()._mapping)  # noqa: SLF001  SQLAlchemy's documented access


async def save_what_if(tx: Transaction, what_if: WhatIf, *, lease_seconds: float = 0.0) -> None:
    """Store what became of a locked what-if, left to this worker for so long in real time."""
    changed = {name: getattr(what_if, name) for name in ("state", "attempts", "result", "cost", "bound", "failure")}
    until = _REAL_TIME + timedelta(seconds=lease_seconds)
    one = update(PlanWhatIfRow).where(PlanWhatIfRow.id == what_if.id)
    await tx.execute(one.values(leased_until=until, **changed))


def _free(row: type[MentorPlanRow | PlanWhatIfRow]) -> ColumnElement[bool]:
    """Whether no worker is at it, or the one that was has kept its lease too long."""
    return or_(row.leased_until.is_(None), row.leased_until < _REAL_TIME)


def _what_if(columns: RowMapping) -> WhatIf:
    row, asked = dict(columns), columns["asked"]
    for name in ("asked", "leased_until"):
        del row[name]
    return WhatIf(
        **{
            **row,
            "state": WhatIfState(row["state"]),
            "like_team_id": UUID(asked["like_team_id"]),
            "mentor_ids": tuple(map(UUID, asked["mentor_ids"])),
            "rotations": tuple((date.fromisoformat(each["first_week"]), each["weeks"]) for each in asked["rotations"]),
        }
    )


async def _read(tx: Transaction, statement: Select[tuple[object, ...]]) -> Plan | None:
    row = (await tx.execute(statement)).one_or_none()
    if row is None:
        return None
    columns = dict(row._mapping)  # noqa: SLF001  SQLAlchemy's documented access by column name
    return Plan(**{**columns, "state": PlanState(row.state)})
