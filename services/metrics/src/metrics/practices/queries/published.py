"""Published cases for everybody: region, sector and size band, and the firm's name where the firm agreed to that.

Figures whose reports were corrected since, and those of a project that was terminated, are withheld until somebody
verifies them anew: the case says so and stays.
"""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, Select, case, select

from common.acting import as_service
from common.db import Transaction
from common.web import Page, PageRequest, View, paginate
from metrics.outcomes.queries.proofs import WaveAfter, day_of
from metrics.practices.domain.cases import PracticeState
from metrics.practices.domain.refusals import GoodPracticeUnknown
from metrics.practices.queries.cases import PracticeFigureView, PracticeFilter, doubtful
from metrics.practices.queries.studies import held_and_adopted
from metrics.practices.store.cases import GoodPracticeRow


class PublicPractice(View):
    """One published case. `firm_name` is null where the firm has not agreed; `under_review` has no figures for now.

    `studied` and `adopted` count studies that were held and projects; null is fewer than `suppressed_below`.
    """

    id: UUID
    municipality_code: str
    sector: str
    size_band: str
    firm_name: str | None
    wave: WaveAfter
    title_ko: str
    title_en: str
    summary_ko: str
    summary_en: str
    processes: list[str]
    technologies: list[str]
    figures: list[PracticeFigureView]
    under_review: bool
    studied: int | None
    adopted: int | None
    suppressed_below: int
    criteria_version: str
    published_on: date


async def list_published(
    tx: Transaction, page: PageRequest, wanted: PracticeFilter, *, minimum: int
) -> Page[PublicPractice]:
    """The newest nomination first."""
    statement = _published().where(*wanted.conditions())
    async with as_service(tx):
        rows, turns = await paginate(tx, statement, page, by=[GoodPracticeRow.id], descending=True)
        counts = await held_and_adopted(tx, [row.id for row in rows], minimum=minimum)
    items = [_shown(row, counts[row.id], minimum=minimum) for row in rows]
    return Page[PublicPractice](items=items, **turns)


async def every_published(tx: Transaction, *, minimum: int) -> list[PublicPractice]:
    """For a later feature: all that is published, the newest nomination first."""
    async with as_service(tx):
        rows = (await tx.execute(_published().order_by(GoodPracticeRow.id.desc()))).all()
        counts = await held_and_adopted(tx, [row.id for row in rows], minimum=minimum)
    return [_shown(row, counts[row.id], minimum=minimum) for row in rows]


async def published_names(tx: Transaction) -> dict[UUID, str]:
    """For a later feature that works as the service: under which name the firm of a project is published, if it is."""
    row = GoodPracticeRow
    named = row.named & (row.state == PracticeState.PUBLISHED.value) & row.firm_name.is_not(None)
    found = await tx.execute(select(row.project_id, row.firm_name).where(named))
    return {project_id: name for project_id, name in found if name is not None}


async def get_published(tx: Transaction, practice_id: UUID, *, minimum: int) -> PublicPractice:
    """One published case; raises GoodPracticeUnknown."""
    async with as_service(tx):
        row = (await tx.execute(_published().where(GoodPracticeRow.id == practice_id))).one_or_none()
        counts = await held_and_adopted(tx, [practice_id], minimum=minimum)
    if row is None:
        raise GoodPracticeUnknown
    return _shown(row, counts[practice_id], minimum=minimum)


def _published() -> Select[*tuple[Any, ...]]:
    """Only what everybody may see leaves the database, the name not before a publisher has read it."""
    row = GoodPracticeRow
    return select(
        row.id,
        row.municipality_code,
        row.sector,
        row.size_band,
        case((row.named, row.firm_name)).label("firm_name"),
        row.wave,
        row.title_ko,
        row.title_en,
        row.summary_ko,
        row.summary_en,
        row.processes,
        row.technologies,
        row.figures,
        doubtful().label("under_review"),
        row.criteria_version,
        row.published_at,
    ).where(row.state == PracticeState.PUBLISHED.value)


def _shown(row: Row[Any], counts: tuple[int | None, int | None], *, minimum: int) -> PublicPractice:
    told = dict(row._mapping)  # noqa: SLF001  SQLAlchemy's documented access by name
    told |= {"studied": counts[0], "adopted": counts[1], "suppressed_below": minimum}
    published_at: datetime = told.pop("published_at")
    told["figures"] = [] if told["under_review"] else told["figures"]
    return PublicPractice.model_validate({**told, "published_on": day_of(published_at)})
