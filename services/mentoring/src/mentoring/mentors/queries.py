"""Reading cohorts and mentors: a mentor sees the own record, whoever plans and the offices see all."""

from collections.abc import Collection
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import ColumnElement, RowMapping, func, select, true
from sqlalchemy.orm import InstrumentedAttribute

from common.auth import Principal
from common.db import Transaction
from common.web import Page, PageRequest, View, page_of, paginate
from contracts.roles import Role
from mentoring.mentors.domain import CohortUnknown, Mastery, MentorNotRecruited, MentorState, MentorUnknown
from mentoring.mentors.store import MentorCohortRow, MentorRow


class CohortTermsView(View):
    """The rules under which a cohort works."""

    experience_years_min: int
    team_size_min: int
    team_size_max: int
    residency_weeks_min: int
    residency_weeks_max: int
    source_note: str


class CohortView(View):
    """One cohort, its terms, and how many of its mentors may be assigned."""

    id: UUID
    title: str
    recruited_on: date
    terms: CohortTermsView
    opened_at: datetime
    mentors: int
    trained: int


class MentorView(View):
    """One mentor; `subject` is the account."""

    id: UUID
    cohort_id: UUID
    subject: str
    experience_years: int
    processes: list[str]
    technologies: list[str]
    ksic_divisions: list[str]
    state: MentorState
    recruited_at: datetime
    trained_on: date | None
    training_evidence_sha256: str | None
    version: int


_OF_COHORT = MentorRow.cohort_id == MentorCohortRow.id
_COHORTS = select(
    *MentorCohortRow.__table__.c,
    select(func.count()).where(_OF_COHORT).scalar_subquery().label("mentors"),
    select(func.count()).where(_OF_COHORT, MentorRow.state == MentorState.TRAINED).scalar_subquery().label("trained"),
)
_MENTORS = select(*MentorRow.__table__.c)


async def get_cohort(tx: Transaction, cohort_id: UUID) -> CohortView:
    """One cohort, or CohortUnknown."""
    row = (await tx.execute(_COHORTS.where(MentorCohortRow.id == cohort_id))).one_or_none()
    if row is None:
        raise CohortUnknown(cohort_id=cohort_id)
    return _cohort(row._mapping)  # noqa: SLF001  SQLAlchemy's documented access by column name


async def list_cohorts(tx: Transaction, page: PageRequest) -> Page[CohortView]:
    """All cohorts, in the order in which they were opened."""
    rows, turns = await paginate(tx, _COHORTS, page, by=[MentorCohortRow.id])
    return Page(items=[_cohort(row._mapping) for row in rows], **turns)  # noqa: SLF001  documented access


async def get_mentor(tx: Transaction, mentor_id: UUID, *, by: Principal) -> MentorView:
    """One mentor, or MentorUnknown when it is not the caller's to see."""
    row = (await tx.execute(_MENTORS.where(MentorRow.id == mentor_id, _visible(by)))).one_or_none()
    if row is None:
        raise MentorUnknown(mentor_id=mentor_id)
    return MentorView.model_validate(row)


async def list_mentors(
    tx: Transaction, page: PageRequest, *, cohort_id: UUID | None, state: MentorState | None, by: Principal
) -> Page[MentorView]:
    """The mentors that the caller may see, in the order in which they were recruited."""
    statement = _MENTORS.where(_visible(by))
    if cohort_id is not None:
        statement = statement.where(MentorRow.cohort_id == cohort_id)
    if state is not None:
        statement = statement.where(MentorRow.state == state)
    return await page_of(MentorView, tx, statement, page, by=[MentorRow.id])


async def mastery_of(tx: Transaction, mentor_ids: Collection[UUID]) -> dict[UUID, Mastery]:
    """What each of these mentors knows, for features that look at them together."""
    row = MentorRow
    columns = select(row.id, row.processes, row.technologies, row.ksic_divisions).where(row.id.in_(mentor_ids))
    return {
        each.id: Mastery(
            processes=frozenset(each.processes),
            technologies=frozenset(each.technologies),
            ksic_divisions=frozenset(each.ksic_divisions),
        )
        for each in await tx.execute(columns)
    }


async def check_known(tx: Transaction, mentor_ids: Collection[UUID]) -> None:
    """Every one of these is a mentor; raises MentorNotRecruited for a number that names nobody."""
    known = set((await tx.execute(select(MentorRow.id).where(MentorRow.id.in_(mentor_ids)))).scalars())
    for mentor_id in sorted(mentor_ids):
        if mentor_id not in known:
            raise MentorNotRecruited(mentor_id=mentor_id)


async def trained_mentors(tx: Transaction) -> list[UUID]:
    """Everybody who may be assigned, by id."""
    statement = select(MentorRow.id).where(MentorRow.state == MentorState.TRAINED).order_by(MentorRow.id)
    return list((await tx.execute(statement)).scalars())


def is_account(mentor_id: InstrumentedAttribute[UUID], subject: str) -> ColumnElement[bool]:
    """Whether a mentor is the one with this account."""
    return select(MentorRow.id).where(MentorRow.id == mentor_id, MentorRow.subject == subject).exists()


def _visible(by: Principal) -> ColumnElement[bool]:
    return MentorRow.subject == by.subject if by.role == Role.MENTOR else true()


def _cohort(columns: RowMapping) -> CohortView:
    return CohortView.model_validate({**columns, "terms": CohortTermsView.model_validate(dict(columns))})
