"""Budget lines over HTTP: one person proposes, another confirms."""

from typing import Annotated
from uuid import UUID

from fastapi import Query, Response
from pydantic import Field

from common.auth import Principal
from common.errors import Text
from common.web import (
    MULTI_STATUS,
    Body,
    ChangedFrom,
    IfMatch,
    Now,
    Page,
    PageQuery,
    Sheet,
    Tx,
    Upload,
    UploadResult,
    allowed,
    csv_file,
    csv_response,
    router,
    uploaded,
    with_etag,
)
from contracts.roles import MUNICIPALITY_ROLES, PROVINCE_ROLES, Role
from contracts.types import Source, Won
from funding.budgets import commands, queries
from funding.budgets.domain import LegalRegime, LineState
from funding.budgets.queries import BudgetLineFilter, BudgetLineSort, BudgetLineView

routes = router(tags=["budgets"])

_TRACK = r"^[A-Z][A-Z0-9-]{0,15}$"  # A letter first, so that no number of a phone or an account passes for one.
_MUNICIPALITY = r"^[0-9]{5}$"
_Proposer = Annotated[Principal, allowed(Role.PROVINCE_OFFICER, Role.MUNICIPALITY_OFFICER, Role.MUNICIPALITY_CLIENT)]
_Confirmer = Annotated[Principal, allowed(Role.PROVINCE_TREASURER, Role.MUNICIPALITY_APPROVER)]
_Reader = Annotated[Principal, allowed(*PROVINCE_ROLES, *MUNICIPALITY_ROLES, Role.TECHNOPARK_OPERATOR, Role.AUDITOR)]


class ProposeBudgetLine(Body):
    """An appropriation as its council decided it; `municipality_code` belongs to source MUNICIPALITY only."""

    source: Source
    track: str = Field(pattern=_TRACK)
    fiscal_year: int = Field(ge=2000, le=2100)
    municipality_code: str | None = Field(None, pattern=_MUNICIPALITY)
    amount_won: int = Field(ge=1, le=10**15)
    legal_regime: LegalRegime
    funder: str = Field(min_length=1, max_length=200)


_LABELS = {
    "source": Text(ko="재원", en="source"),
    "track": Text(ko="사업 트랙", en="track"),
    "fiscal_year": Text(ko="회계연도", en="fiscal year"),
    "municipality_code": Text(ko="시·군 코드", en="municipality"),
    "amount_won": Text(ko="금액(원)", en="amount in won"),
    "legal_regime": Text(ko="예산 과목의 근거 법", en="legal regime"),
    "funder": Text(ko="출연 기관", en="funder"),
}
_SHEET = Sheet(
    name="budget-lines",
    model=ProposeBudgetLine,
    labels=_LABELS,
    example={
        "source": "MUNICIPALITY",
        "track": "B",
        "fiscal_year": 2024,
        "municipality_code": "52130",
        "amount_won": 300_000_000,
        "legal_regime": "LOCAL_SUBSIDY",
        "funder": "군산시",
    },
    identity=("track", "fiscal_year", "source", "municipality_code"),
)


@routes.post(
    "/v1/budget-lines",
    status_code=201,
    operation_id="proposeBudgetLine",
    summary="예산 항목 제안 (Propose a budget line)",
)
async def propose_budget_line(
    body: ProposeBudgetLine, by: _Proposer, tx: Tx, now: Now, response: Response
) -> BudgetLineView:
    """의회가 정한 예산을 적습니다. 다른 사람이 확정해야 쓸 수 있습니다. Usable once another person confirms it."""
    line_id = await commands.propose_line(tx, _proposal(body), by=by, now=now)
    return with_etag(await queries.get_line(tx, line_id, by=by), response)


@routes.get(
    "/v1/budget-lines:template",
    operation_id="getBudgetLineTemplate",
    summary="예산 항목 파일 양식 (A CSV of budget lines to fill in)",
    response_class=Response,
    responses=csv_response(_SHEET),
)
async def get_budget_line_template(by: _Proposer) -> Response:
    """Excel에서 바로 열리는 양식. A CSV that opens right in Excel; its example is not read."""
    return csv_file(_SHEET.template(), name=_SHEET.name, title="예산 항목 양식")


@routes.post(
    "/v1/budget-lines:batch",
    status_code=MULTI_STATUS,
    operation_id="uploadBudgetLines",
    summary="예산 항목 여러 건 제안 (Propose many budget lines)",
)
async def upload_budget_lines(
    upload: Annotated[Upload[ProposeBudgetLine], uploaded(_SHEET)], by: _Proposer, tx: Tx, now: Now
) -> UploadResult:
    """줄마다 따로 판단합니다. 맞는 줄은 제안되고, 틀린 줄은 이유와 함께 거절됩니다.

    Every row is judged by itself: what is right is proposed, what is wrong is refused with the reason.
    """

    async def propose(row: ProposeBudgetLine) -> UUID:
        return await commands.propose_line(tx, _proposal(row), by=by, now=now)

    return await upload.each(propose)


@routes.post(
    "/v1/budget-lines/{budget_line_id}/confirmations",
    status_code=201,
    operation_id="confirmBudgetLine",
    summary="예산 항목 확정 (Confirm another person's budget line)",
)
async def confirm_budget_line(
    budget_line_id: UUID, version: Annotated[int, IfMatch()], by: _Confirmer, tx: Tx, now: Now, response: Response
) -> BudgetLineView:
    """제안자와 다른 사람이 확정합니다. 그때부터 쓸 수 있습니다. Confirmed by another person, the line may be used."""
    await commands.confirm_line(tx, budget_line_id, version=version, by=by, now=now)
    return with_etag(await queries.get_line(tx, budget_line_id, by=by), response)


@routes.get(
    "/v1/budget-lines", operation_id="listBudgetLines", summary="예산 항목 목록 (Budget lines the caller may see)"
)
async def list_budget_lines(
    by: _Reader,
    tx: Tx,
    page: PageQuery,
    track: Annotated[str | None, Query(pattern=_TRACK)] = None,
    fiscal_year: Annotated[int | None, Query(ge=2000, le=2100)] = None,
    source: Source | None = None,
    municipality_code: Annotated[str | None, Query(pattern=_MUNICIPALITY)] = None,
    state: Annotated[list[LineState] | None, Query(description="Repeat it for any of several.")] = None,
    changed_from: ChangedFrom = None,
    sort: BudgetLineSort = BudgetLineSort.PROPOSED,
) -> Page[BudgetLineView]:
    """볼 수 있는 예산 항목: 시·군은 관내만. Budget lines; a municipality sees its own."""
    wanted = BudgetLineFilter(
        track=track,
        fiscal_year=fiscal_year,
        source=source,
        municipality_code=municipality_code,
        state=state or (),
        changed_from=changed_from,
    )
    return await queries.list_lines(tx, page, wanted, sort=sort, by=by)


@routes.get(
    "/v1/budget-lines/{budget_line_id}", operation_id="getBudgetLine", summary="예산 항목 조회 (One budget line)"
)
async def get_budget_line(budget_line_id: UUID, by: _Reader, tx: Tx, response: Response) -> BudgetLineView:
    """예산 항목 하나와 남은 금액, 결정에 필요한 ETag. One line, what is left of it, and its ETag."""
    return with_etag(await queries.get_line(tx, budget_line_id, by=by), response)


def _proposal(body: ProposeBudgetLine) -> commands.LineProposal:
    return commands.LineProposal(
        source=body.source,
        track=body.track,
        fiscal_year=body.fiscal_year,
        municipality_code=body.municipality_code,
        amount_won=Won(body.amount_won),
        legal_regime=body.legal_regime,
        funder=body.funder,
    )
