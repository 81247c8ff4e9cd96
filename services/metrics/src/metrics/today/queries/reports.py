"""Which performance reports are overdue or due soon, and whose turn it is."""

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, case, func, select

from common.auth import Principal
from common.db import Transaction
from common.web import View
from metrics.today import store
from metrics.today.domain import TodayRule
from metrics.today.queries.actions import TodayAction, report_action
from metrics.today.store import SettlementReportRow


class ReportDue(View):
    """A completed project whose firm has not reported: below zero it is so many days late."""

    project_id: UUID
    settlement_id: UUID
    municipality_code: str
    due_on: date
    days_left: int
    actions: list[TodayAction]


class ReportsDue(View):
    """Reports that are overdue, or due within `due_soon_days`; `rows` are the first of `count`, by their last days."""

    due_soon_days: int
    due_soon_source: str
    count: int
    overdue: int
    rows: list[ReportDue]


async def read_reports(
    tx: Transaction, today: date, rule: TodayRule, *, by: Principal, municipality_code: str | None, most: int
) -> ReportsDue:
    """All of them, or one municipality's own."""
    row = SettlementReportRow
    due = _due(today, rule, municipality_code)
    counted = select(func.count(), func.count(case((row.due_on < today, 1)))).where(*due)
    count, overdue = (await tx.execute(counted)).one()
    listed = _listed(due).limit(most)
    return ReportsDue(
        due_soon_days=rule.due_soon_days,
        due_soon_source=rule.due_soon_source,
        count=count,
        overdue=overdue,
        rows=[
            ReportDue(
                project_id=project_id,
                settlement_id=settlement_id,
                municipality_code=place,
                due_on=due_on,
                days_left=(due_on - today).days,
                actions=[report_action(settlement_id, by)],
            )
            for project_id, settlement_id, place, due_on in await tx.execute(listed)
        ],
    )


def all_reports_due(today: date, *, municipality_code: str | None) -> Select[*tuple[Any, ...]]:
    """For a later feature: every one of them by its last day, for whoever reads row after row."""
    return _listed(_due(today, store.rule_in_force(today), municipality_code))


def _due(today: date, rule: TodayRule, municipality_code: str | None) -> list[ColumnElement[bool]]:
    row = SettlementReportRow
    due: list[ColumnElement[bool]] = [row.done_at.is_(None), row.due_on <= today + timedelta(days=rule.due_soon_days)]
    if municipality_code is not None:
        due.append(row.municipality_code == municipality_code)
    return due


def _listed(due: Sequence[ColumnElement[bool]]) -> Select[*tuple[Any, ...]]:
    row = SettlementReportRow
    columns = (row.project_id, row.settlement_id, row.municipality_code, row.due_on)
    return select(*columns).where(*due).order_by(row.due_on, row.project_id)
