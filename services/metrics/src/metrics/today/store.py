"""The tables of an officer's day: reports that are out, and what a project of a call costs each source at most."""

from datetime import date, datetime
from uuid import UUID

import msgspec
from sqlalchemy import Index, func
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Mapped, mapped_column

from common.data_files import json_files
from metrics.tables import Tables
from metrics.today.domain import TodayRule

_RULES = tuple(
    sorted(
        (msgspec.json.decode(content, type=TodayRule) for content in json_files("metrics", "today_rules").values()),
        key=lambda rule: rule.valid_from,
    )
)


class SettlementReportRow(Tables):
    """The performance report of a completed project: its last day, and since when it is done.

    Done by its first report, or by the amounts that were fixed, if the report was not told of. Without a last day only
    an end was heard: the service began to listen in between.
    """

    __tablename__ = "settlement_report"
    __table_args__ = (Index("settlement_report_due_idx", "due_on"),)

    project_id: Mapped[UUID] = mapped_column(primary_key=True)
    settlement_id: Mapped[UUID]
    municipality_code: Mapped[str]
    due_on: Mapped[date | None]
    done_at: Mapped[datetime | None]


class CallShareRow(Tables):
    """What one source pays for a project of one type that reaches the call's cap."""

    __tablename__ = "call_share"

    call_id: Mapped[UUID] = mapped_column(primary_key=True)
    type_code: Mapped[str] = mapped_column(primary_key=True)
    source: Mapped[str] = mapped_column(primary_key=True)
    share_won: Mapped[int]


ADD_CALL_SHARE = insert(CallShareRow).on_conflict_do_nothing()

# What is said of one project comes in its order; of several ends the first counts.
_report = insert(SettlementReportRow)
PUT_REPORT = _report.on_conflict_do_update(
    index_elements=[SettlementReportRow.project_id],
    set_={
        "due_on": func.coalesce(_report.excluded.due_on, SettlementReportRow.due_on),
        "done_at": func.coalesce(SettlementReportRow.done_at, _report.excluded.done_at),
    },
)


def rule_in_force(day: date) -> TodayRule:
    """The newest version whose first day has come; before the first, that one."""
    return max((rule for rule in _RULES if rule.valid_from <= day), key=lambda rule: rule.valid_from, default=_RULES[0])
