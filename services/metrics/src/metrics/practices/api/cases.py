"""HTTP: a good practice is nominated, verified, published and withdrawn, and its firm agrees to be named."""

from typing import Annotated
from uuid import UUID

from fastapi import Query, Response
from pydantic import Field

from common.auth import Principal
from common.web import Body, IfMatch, Now, Page, PageQuery, Tx, allowed, router, with_etag
from contracts.roles import COMPANY_ROLES, MUNICIPALITY_ROLES, PROVINCE_ROLES, Role
from metrics.outcomes.queries.proofs import ChangeKind, WaveAfter
from metrics.practices.commands import cases as commands
from metrics.practices.queries import cases as queries
from metrics.practices.queries.cases import GoodPracticeView, PracticeFilter, PracticeState

routes = router(tags=["practices"])

CODE = r"^[A-Za-z0-9_-]{1,40}$"
PLACE = "^[0-9]{5}$"
_CODES_MAX = 20
_Title = Annotated[str, Field(min_length=1, max_length=200)]
_Summary = Annotated[str, Field(min_length=1, max_length=4000)]
_Code = Annotated[str, Field(pattern=CODE)]
_Codes = Annotated[list[_Code], Field(min_length=1, max_length=_CODES_MAX)]
_Reader = Annotated[
    Principal,
    allowed(*sorted(COMPANY_ROLES | MUNICIPALITY_ROLES | PROVINCE_ROLES), Role.TECHNOPARK_OPERATOR, Role.AUDITOR),
]


class NominatedKpi(Body):
    """A KPI that the case is about; its figure comes from the firm's verified reports."""

    kpi: str = Field(pattern=r"^[A-Z][0-9]$")
    change_kind: ChangeKind


class NominateGoodPractice(Body):
    """What was done and which KPIs show it. The codes are those of the criteria in force; no text names the firm."""

    wave: WaveAfter
    title_ko: _Title
    title_en: _Title
    summary_ko: _Summary
    summary_en: _Summary
    sector: _Code
    size_band: _Code
    processes: _Codes
    technologies: _Codes
    kpis: list[NominatedKpi] = Field(min_length=1, max_length=_CODES_MAX)


class DecideGoodPractice(Body):
    """A verification names all of `judged` of the criteria in `met`; a return has a finding instead."""

    decision: commands.PracticeDecision
    finding: commands.PracticeFinding | None = None
    met: list[_Code] = Field(default=[], max_length=_CODES_MAX)


class ConsentToName(Body):
    """Under which name the firm agrees to be shown; null takes the consent back."""

    firm_name: _Title | None


class WithdrawGoodPractice(Body):
    """Why it is shown no longer."""

    reason: commands.WithdrawalReason


@routes.post(
    "/v1/projects/{project_id}/good-practices",
    status_code=201,
    operation_id="nominateGoodPractice",
    summary="우수사례 추천 (Nominate a project as a good practice)",
)
async def nominate_good_practice(
    project_id: UUID,
    body: NominateGoodPractice,
    by: Annotated[Principal, allowed(Role.MUNICIPALITY_OFFICER, Role.TECHNOPARK_OPERATOR)],
    tx: Tx,
    now: Now,
    response: Response,
) -> GoodPracticeView:
    """시·군은 관내 과제를, 테크노파크는 어느 과제나 추천합니다. 수치는 적지 않고 확인된 성과 보고에서 가져옵니다.

    A municipality nominates of its own area, the Technopark any. Figures are not typed: verified reports carry them.
    """
    content = commands.PracticeContent(
        wave=body.wave.value,
        title_ko=body.title_ko,
        title_en=body.title_en,
        summary_ko=body.summary_ko,
        summary_en=body.summary_en,
        sector=body.sector,
        size_band=body.size_band,
        processes=tuple(body.processes),
        technologies=tuple(body.technologies),
        kpis=tuple(commands.NamedKpi(kpi=each.kpi, change_kind=each.change_kind.value) for each in body.kpis),
    )
    practice_id = await commands.nominate_practice(tx, project_id, content, by=by, now=now)
    return with_etag(await queries.get_practice(tx, practice_id, by=by), response)


@routes.get("/v1/good-practices", operation_id="listGoodPractices", summary="우수사례 목록 (List good practices)")
async def list_good_practices(
    by: _Reader,
    tx: Tx,
    page: PageQuery,
    state: Annotated[PracticeState | None, Query()] = None,
    municipality_code: Annotated[str | None, Query(pattern=PLACE)] = None,
    process: Annotated[str | None, Query(pattern=CODE)] = None,
    technology: Annotated[str | None, Query(pattern=CODE)] = None,
    needs_verification: Annotated[bool | None, Query()] = None,
) -> Page[GoodPracticeView]:
    """볼 수 있는 우수사례. needs_verification은 확인한 뒤에 수치가 정정되었거나 과제가 해지된 건입니다.

    The cases the caller may see. `needs_verification` are those whose report was corrected, or whose project ended.
    """
    wanted = PracticeFilter(municipality_code=municipality_code, process=process, technology=technology)
    return await queries.list_practices(tx, page, wanted, by=by, state=state, needs_verification=needs_verification)


@routes.get(
    "/v1/good-practices/{good_practice_id}",
    operation_id="getGoodPractice",
    summary="우수사례 조회 (Read a good practice)",
)
async def get_good_practice(good_practice_id: UUID, by: _Reader, tx: Tx, response: Response) -> GoodPracticeView:
    """우수사례 하나와, 처리에 필요한 ETag. One case, with the ETag that a step needs."""
    return with_etag(await queries.get_practice(tx, good_practice_id, by=by), response)


@routes.post(
    "/v1/good-practices/{good_practice_id}/decisions",
    status_code=201,
    operation_id="decideGoodPractice",
    summary="우수사례 수치 확인 (Verify a good practice, or return it)",
)
async def decide_good_practice(
    good_practice_id: UUID,
    body: DecideGoodPractice,
    by: Annotated[Principal, allowed(Role.TECHNOPARK_OPERATOR)],
    version: Annotated[int, IfMatch()],
    tx: Tx,
    now: Now,
    response: Response,
) -> GoodPracticeView:
    """추천한 사람이 아닌 담당자가 확인된 성과 보고의 수치로 확인합니다. 정정된 뒤에는 다시 확인합니다.

    Another person than the nominator verifies on what the verified reports carry; anew when one was corrected since.
    """
    await commands.decide_practice(
        tx,
        good_practice_id,
        body.decision,
        finding=body.finding,
        met=body.met,
        read_version=version,
        by=by,
        now=now,
    )
    return with_etag(await queries.get_practice(tx, good_practice_id, by=by), response)


@routes.post(
    "/v1/good-practices/{good_practice_id}/consents",
    status_code=201,
    operation_id="consentToName",
    summary="기업명 공개 동의 (Agree to be named, or take it back)",
)
async def consent_to_name(
    good_practice_id: UUID,
    body: ConsentToName,
    by: Annotated[Principal, allowed(Role.COMPANY_OWNER)],
    version: Annotated[int, IfMatch()],
    tx: Tx,
    now: Now,
    response: Response,
) -> GoodPracticeView:
    """동의가 없으면 지역, 업종, 규모만 공개됩니다. 철회하면 이름은 바로 지워집니다.

    Without it only region, sector and size band are shown. Once it is taken back the name is erased at once.
    """
    await commands.consent_to_name(tx, good_practice_id, body.firm_name, read_version=version, by=by, now=now)
    return with_etag(await queries.get_practice(tx, good_practice_id, by=by), response)


@routes.post(
    "/v1/good-practices/{good_practice_id}/publications",
    status_code=201,
    operation_id="publishGoodPractice",
    summary="우수사례 공개 (Publish a good practice, or the name given since)",
)
async def publish_good_practice(
    good_practice_id: UUID,
    by: Annotated[Principal, allowed(Role.PROVINCE_APPROVER)],
    version: Annotated[int, IfMatch()],
    tx: Tx,
    now: Now,
    response: Response,
) -> GoodPracticeView:
    """추천하거나 확인한 사람이 아닌 도 결재자가 공개합니다. 공개 뒤에 받은 기업명도 이렇게 공개합니다.

    An approver who neither nominated nor verified it. A name that the firm gives afterwards is shown the same way.
    """
    await commands.publish_practice(tx, good_practice_id, read_version=version, by=by, now=now)
    return with_etag(await queries.get_practice(tx, good_practice_id, by=by), response)


@routes.post(
    "/v1/good-practices/{good_practice_id}/withdrawals",
    status_code=201,
    operation_id="withdrawGoodPractice",
    summary="우수사례 공개 철회 (Withdraw a good practice)",
)
async def withdraw_good_practice(
    good_practice_id: UUID,
    body: WithdrawGoodPractice,
    by: Annotated[Principal, allowed(Role.PROVINCE_APPROVER, Role.TECHNOPARK_OPERATOR)],
    version: Annotated[int, IfMatch()],
    tx: Tx,
    now: Now,
    response: Response,
) -> GoodPracticeView:
    """누가 왜 철회했는지 남고, 다시 공개되지 않습니다. 과제는 새로 추천할 수 있습니다.

    Who withdrew it and why is kept; it is not shown again, and its project may be nominated anew.
    """
    await commands.withdraw_practice(tx, good_practice_id, body.reason, read_version=version, by=by, now=now)
    return with_etag(await queries.get_practice(tx, good_practice_id, by=by), response)
