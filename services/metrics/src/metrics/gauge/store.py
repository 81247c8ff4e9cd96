"""The gauge's own tables, and the statements with which events keep them."""

from datetime import date, datetime
from uuid import UUID

import msgspec
from sqlalchemy import SmallInteger, Text, cast, func, literal, select
from sqlalchemy.dialects.postgresql import aggregate_order_by, insert
from sqlalchemy.orm import Mapped, mapped_column

from common.data_files import json_files
from common.db import Transaction
from common.prepared import Prepared
from metrics.gauge.domain import GaugeRule, Site
from metrics.tables import Tables

_RULES = tuple(
    msgspec.json.decode(content, type=GaugeRule) for content in json_files("metrics", "gauge_rules").values()
)


class SiteRow(Tables):
    """One project, with when it reached what; which event came first does not matter."""

    __tablename__ = "site"

    project_id: Mapped[UUID] = mapped_column(primary_key=True)
    application_id: Mapped[UUID]
    call_id: Mapped[UUID]
    type_code: Mapped[str]
    municipality_code: Mapped[str]
    track: Mapped[str | None]
    selected_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    agreed_at: Mapped[datetime | None]
    inspected_at: Mapped[datetime | None]
    suspended_at: Mapped[datetime | None]
    resumed_at: Mapped[datetime | None]
    completed_at: Mapped[datetime | None]
    terminated_at: Mapped[datetime | None]
    termination_cause: Mapped[str | None]
    fault_party: Mapped[str | None]


class ApplicationWorksiteRow(Tables):
    """For which worksite an application was made."""

    __tablename__ = "application_worksite"

    application_id: Mapped[UUID] = mapped_column(primary_key=True)
    worksite_id: Mapped[UUID]
    municipality_code: Mapped[str]


class GaugeChangeRow(Tables):
    """That a project, a worksite or where a project stands in its call has changed.

    A random version for each transaction that wrote one of them.

    Triggers write it. Who writes at the same time writes another row: nobody waits for anybody.
    """

    __tablename__ = "gauge_change"

    writer: Mapped[int] = mapped_column(SmallInteger, primary_key=True)
    version: Mapped[UUID]


ADD_WORKSITE = insert(ApplicationWorksiteRow).on_conflict_do_nothing()

_site = insert(SiteRow)
PUT_SELECTED = _site.on_conflict_do_update(
    index_elements=[SiteRow.project_id],
    set_={"selected_at": _site.excluded.selected_at, "track": _site.excluded.track},
)
PUT_ENDED = _site.on_conflict_do_update(index_elements=[SiteRow.project_id], set_={"ended_at": _site.excluded.ended_at})
PUT_AGREED = _site.on_conflict_do_update(
    index_elements=[SiteRow.project_id], set_={"agreed_at": _site.excluded.agreed_at}
)
PUT_INSPECTED = _site.on_conflict_do_update(
    index_elements=[SiteRow.project_id], set_={"inspected_at": _site.excluded.inspected_at}
)
PUT_SUSPENDED = _site.on_conflict_do_update(
    index_elements=[SiteRow.project_id], set_={"suspended_at": _site.excluded.suspended_at}
)
PUT_RESUMED = _site.on_conflict_do_update(
    index_elements=[SiteRow.project_id], set_={"resumed_at": _site.excluded.resumed_at}
)
PUT_COMPLETED = _site.on_conflict_do_update(
    index_elements=[SiteRow.project_id], set_={"completed_at": _site.excluded.completed_at}
)
PUT_TERMINATED = _site.on_conflict_do_update(
    index_elements=[SiteRow.project_id],
    set_={
        "terminated_at": _site.excluded.terminated_at,
        "termination_cause": _site.excluded.termination_cause,
        "fault_party": _site.excluded.fault_party,
    },
)


_CHANGE = GaugeChangeRow.__table__.c
_STATE = Prepared(
    select(
        func.md5(func.string_agg(cast(_CHANGE.version, Text), aggregate_order_by(literal(""), _CHANGE.writer))).label(
            "state"
        )
    )
)


def rule_in_force(day: date) -> GaugeRule | None:
    """The newest version whose first day has come; None before the first."""
    return max((each for each in _RULES if each.valid_from <= day), key=lambda each: each.valid_from, default=None)


async def state(tx: Transaction) -> str:
    """What projects, worksites and progress stand at: as long as this is the same, so is every count of them."""
    (row,) = await _STATE.all(tx, {})
    return row["state"] or ""


async def sites(tx: Transaction, *, municipality_code: str | None = None) -> list[Site]:
    """Every project that the caller sees, or one municipality's, with its worksite."""
    columns = [column for column in SiteRow.__table__.columns if column.name not in {"application_id", "call_id"}]
    statement = select(*columns, ApplicationWorksiteRow.worksite_id).outerjoin(
        ApplicationWorksiteRow, ApplicationWorksiteRow.application_id == SiteRow.application_id
    )
    if municipality_code is not None:
        statement = statement.where(SiteRow.municipality_code == municipality_code)
    return [Site(**row) for row in (await tx.execute(statement)).mappings()]
