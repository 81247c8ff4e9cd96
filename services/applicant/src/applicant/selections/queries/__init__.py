"""Rankings as proposed and selections as decided: the staff see every number, a firm its own result and why."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Row, and_, func, select
from sqlalchemy.orm import InstrumentedAttribute

from applicant.calls import queries as calls
from applicant.companies import queries as companies
from applicant.selections.domain.decision import RankingState, check_fits
from applicant.selections.domain.ranking import Outcome
from applicant.selections.domain.requests import RankingRequestNotFound, RequestState
from applicant.selections.domain.stages import DecisionNotFound, DecisionState
from applicant.selections.queries.what_if import WhatIfView, what_if_view
from applicant.selections.store import rankings
from applicant.selections.store.decisions import SelectionDecisionRow
from applicant.selections.store.places import CaseOutcomeRow
from applicant.selections.store.rankings import RankedCaseRow, RankingRow
from applicant.selections.store.reinstatements import ReinstatementRow
from applicant.selections.store.requests import RankingRequestRow
from common.auth import Principal
from common.db import Transaction
from common.portions import Portion
from common.web import Page, PageRequest, View, page_of, paginate

__all__ = [
    "DecisionView",
    "Outcome",
    "OutcomeView",
    "PlacingView",
    "RankedCaseView",
    "RankingRequestView",
    "RankingView",
    "WhatIfView",
    "list_decisions",
    "list_outcomes",
    "list_ranked_cases",
    "list_requests",
    "placings_of_case",
    "view_decision",
    "view_ranking",
    "view_request",
    "what_if_view",
]


class RankedCaseView(View):
    """One case with every number that decided its place; scores are hundredths of a point."""

    application_id: UUID
    company_id: UUID
    type_code: str
    municipality_code: str
    total_cost_won: int
    need_won: dict[str, int]
    score: int
    bonus: int
    site_score: int
    sheet_scores: list[int]
    dropped_scores: list[int]
    first_timer: bool
    submitted_at: datetime
    position: int
    place: int
    outcome: Outcome
    reserve_order: int | None
    reason_code: str
    reason_ko: str
    reason_en: str


class PlacingView(RankedCaseView):
    """The same in which of a call's rankings, the decided one or another: for those who examine a case."""

    ranking: int
    state: RankingState
    proposed_at: datetime


class RankingView(View):
    """A proposed ranking with its cases, best first; `left_won` is what was left of each budget when it was made.

    `cases` is empty where it was asked for without them; `case_count` always counts them all.
    """

    id: UUID
    call_id: UUID
    number: int
    state: RankingState
    proposed_at: datetime
    left_won: dict[str, int]
    case_count: int
    cases: list[RankedCaseView]
    version: int


class RefusalView(View):
    """The rule that refused what was asked for, and what it says."""

    code: str
    ko: str
    en: str


class RankingRequestView(View):
    """A ranking that was asked for; once it is PROPOSED, `ranking` is its number. REFUSED has changed nothing."""

    id: UUID
    call_id: UUID
    state: RequestState
    ranking: int | None
    requested_at: datetime
    ended_at: datetime | None
    refusal: RefusalView | None


class DecisionView(View):
    """A decision of a call that is made and told in stages; `told` of its `cases` have been told so far.

    REQUESTED is being checked, DECIDED stands and is being told, TOLD is over; REFUSED has changed nothing.
    """

    id: UUID
    call_id: UUID
    ranking: int
    state: DecisionState
    cases: int
    told: int
    requested_at: datetime
    decided_at: datetime | None
    ended_at: datetime | None
    refusal: RefusalView | None


class PassedOverView(View):
    """The budget that was short when this reserve's turn came."""

    budget: str
    needed_won: int
    left_won: int


class OutcomeView(View):
    """What was decided for one case and what became of it; the reason is the one given at the decision.

    A case that was never ranked and came back by an objection (`reinstated_at`) has place and scores 0.
    """

    application_id: UUID
    company_id: UUID
    type_code: str
    municipality_code: str
    outcome: Outcome
    decided_outcome: Outcome
    place: int
    reserve_order: int | None
    project_id: UUID | None
    promoted_at: datetime | None
    passed_over: PassedOverView | None
    score: int
    bonus: int
    reason_code: str
    reason_ko: str
    reason_en: str
    reinstated_at: datetime | None


async def view_ranking(tx: Transaction, call_id: UUID, number: int, *, with_cases: bool = True) -> RankingView:
    """One ranking of a call; raises RankingTooLarge when its cases are asked for and do not fit into one answer."""
    found = await rankings.get_ranking(tx, call_id, number)
    count = await rankings.count_cases(tx, found.id)
    cases: list[RankedCaseView] = []
    if with_cases:
        check_fits(count, call_id)
        statement = _RANKED.where(RankedCaseRow.ranking_id == found.id).order_by(RankedCaseRow.position)
        cases = [RankedCaseView.model_validate(row) for row in await tx.execute(statement)]
    return RankingView(
        id=found.id,
        call_id=found.call_id,
        number=found.number,
        state=found.state,
        proposed_at=found.proposed_at,
        left_won=dict(found.left_won),
        case_count=count,
        cases=cases,
        version=found.version,
    )


async def list_ranked_cases(tx: Transaction, call_id: UUID, number: int, page: PageRequest) -> Page[RankedCaseView]:
    """The cases of a ranking, best first."""
    found = await rankings.get_ranking(tx, call_id, number)
    statement = _RANKED.where(RankedCaseRow.ranking_id == found.id)
    return await page_of(RankedCaseView, tx, statement, page, by=[RankedCaseRow.position])


async def view_request(tx: Transaction, call_id: UUID, request_id: UUID) -> RankingRequestView:
    """How far one request for a ranking is; raises RankingRequestNotFound."""
    row = (await tx.execute(_REQUESTS.where(_request.call_id == call_id, _request.id == request_id))).one_or_none()
    if row is None:
        raise RankingRequestNotFound
    return _request_view(row)


async def list_requests(tx: Transaction, call_id: UUID, page: PageRequest) -> Page[RankingRequestView]:
    """Every ranking that was asked for of a call, the newest first."""
    await calls.get_published_call(tx, call_id)
    statement = _REQUESTS.where(_request.call_id == call_id)
    found, turns = await paginate(tx, statement, page, by=[_request.id], descending=True)
    return Page[RankingRequestView](items=[_request_view(row) for row in found], **turns)


async def placings_of_case(tx: Transaction, application_id: UUID, portion: Portion) -> list[PlacingView]:
    """A part of the rankings in which a case has stood, the first one first: for those who see every ranking."""
    ranking = RankingRow
    statement = (
        select(*RankedCaseRow.__table__.columns, ranking.number.label("ranking"), ranking.state, ranking.proposed_at)
        .join_from(RankedCaseRow, ranking, ranking.id == RankedCaseRow.ranking_id)
        .where(RankedCaseRow.application_id == application_id)
        .order_by(ranking.number)
    )
    return [PlacingView.model_validate(row) for row in await tx.execute(portion.of(statement))]


async def view_decision(tx: Transaction, call_id: UUID, decision_id: UUID) -> DecisionView:
    """How far one decision is; raises DecisionNotFound."""
    row = (await tx.execute(_DECISIONS.where(_decision.call_id == call_id, _decision.id == decision_id))).one_or_none()
    if row is None:
        raise DecisionNotFound
    return _decision_view(row)


async def list_decisions(tx: Transaction, call_id: UUID, page: PageRequest) -> Page[DecisionView]:
    """Every decision that was asked for of a call, the newest first."""
    await calls.get_published_call(tx, call_id)
    statement = _DECISIONS.where(_decision.call_id == call_id)
    found, turns = await paginate(tx, statement, page, by=[_decision.id], descending=True)
    return Page[DecisionView](items=[_decision_view(row) for row in found], **turns)


async def list_outcomes(
    tx: Transaction, call_id: UUID, page: PageRequest, *, by: Principal, outcome: Outcome | None
) -> Page[OutcomeView]:
    """What was decided for a call's cases: a company sees its own, a municipality its own area, the staff all."""
    await calls.get_published_call(tx, call_id)
    statement = (
        select(*_OUTCOME)
        .join_from(
            CaseOutcomeRow,
            RankedCaseRow,
            and_(
                RankedCaseRow.ranking_id == CaseOutcomeRow.ranking_id,
                RankedCaseRow.application_id == CaseOutcomeRow.application_id,
            ),
            isouter=True,
        )
        .outerjoin(ReinstatementRow, ReinstatementRow.application_id == CaseOutcomeRow.application_id)
        .where(CaseOutcomeRow.call_id == call_id, _visible(by))
    )
    if outcome is not None:
        statement = statement.where(CaseOutcomeRow.outcome == outcome.value)
    return await page_of(OutcomeView, tx, statement, page, by=[CaseOutcomeRow.application_id])


def _refusal(row: Row[Any]) -> RefusalView | None:
    if row.refused_code is None:
        return None
    return RefusalView(code=row.refused_code, ko=row.refused_ko, en=row.refused_en)


def _request_view(row: Row[Any]) -> RankingRequestView:
    return RankingRequestView(
        id=row.id,
        call_id=row.call_id,
        state=row.state,
        ranking=row.number,
        requested_at=row.requested_at,
        ended_at=row.ended_at,
        refusal=_refusal(row),
    )


def _decision_view(row: Row[Any]) -> DecisionView:
    return DecisionView(
        id=row.id,
        call_id=row.call_id,
        ranking=row.number,
        state=row.state,
        cases=row.cases,
        told=row.told,
        requested_at=row.requested_at,
        decided_at=row.decided_at,
        ended_at=row.ended_at,
        refusal=_refusal(row),
    )


_RANKED = select(*RankedCaseRow.__table__.columns)
_request = RankingRequestRow
_REQUESTS = select(*_request.__table__.columns)
_decision = SelectionDecisionRow
_DECISIONS = select(*_decision.__table__.columns)

_whose = func.coalesce(RankedCaseRow.company_id, ReinstatementRow.company_id)


def _visible(by: Principal) -> ColumnElement[bool]:
    return companies.seen_by(by, _whose, CaseOutcomeRow.municipality_code)


_OUTCOME: tuple[ColumnElement[Any] | InstrumentedAttribute[Any], ...] = (
    CaseOutcomeRow.application_id,
    _whose.label("company_id"),
    CaseOutcomeRow.type_code,
    CaseOutcomeRow.municipality_code,
    CaseOutcomeRow.outcome,
    func.coalesce(RankedCaseRow.outcome, Outcome.NOT_SELECTED.value).label("decided_outcome"),
    func.coalesce(RankedCaseRow.place, 0).label("place"),
    CaseOutcomeRow.reserve_order,
    CaseOutcomeRow.project_id,
    CaseOutcomeRow.promoted_at,
    CaseOutcomeRow.passed_over,
    func.coalesce(RankedCaseRow.score, 0).label("score"),
    func.coalesce(RankedCaseRow.bonus, 0).label("bonus"),
    func.coalesce(RankedCaseRow.reason_code, "OBJECTION_UPHELD").label("reason_code"),
    func.coalesce(RankedCaseRow.reason_ko, "이의신청이 받아들여졌습니다.").label("reason_ko"),
    func.coalesce(RankedCaseRow.reason_en, "An objection was upheld.").label("reason_en"),
    ReinstatementRow.reinstated_at,
)
