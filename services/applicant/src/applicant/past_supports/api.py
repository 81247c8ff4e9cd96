"""HTTP: the operator imports what schemes supported before, many rows at once, and takes back what was wrong."""

from datetime import date
from typing import Annotated
from uuid import UUID

from fastapi import Query, Response
from pydantic import Field

from applicant.past_supports import commands, queries
from applicant.past_supports.queries import PastSupportView
from common.auth import Principal
from common.errors import Text
from common.web import (
    MULTI_STATUS,
    Body,
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
from contracts.roles import COMPANY_ROLES, MUNICIPALITY_ROLES, PROVINCE_ROLES, Role

routes = router(tags=["past-supports"])

_Name = Annotated[str, Field(min_length=1, max_length=200)]
_Operator = Annotated[Principal, allowed(Role.TECHNOPARK_OPERATOR)]
_Reader = Annotated[
    Principal,
    allowed(
        *sorted(COMPANY_ROLES | MUNICIPALITY_ROLES | PROVINCE_ROLES),
        Role.TECHNOPARK_OPERATOR,
        Role.AUDITOR,
    ),
]


class ImportPastSupport(Body):
    """One support as the scheme's records have it; the municipality's code may be one of before 2024-01-18 (45xxx)."""

    business_number: str = Field(min_length=10, max_length=20)
    company_name: _Name
    worksite_name: _Name
    municipality_code: str = Field(pattern="^[0-9]{5}$")
    scheme: str = Field(min_length=1, max_length=60)
    fiscal_year: int = Field(ge=2014, le=2100)
    supported_on: date
    supported_won: int = Field(ge=0, le=10**12)


class WithdrawPastSupport(Body):
    reason: str = Field(min_length=1, max_length=1000)


_SHEET = Sheet(
    name="past-supports",
    model=ImportPastSupport,
    labels={
        "business_number": Text(ko="사업자등록번호", en="business number"),
        "company_name": Text(ko="기업명", en="company"),
        "worksite_name": Text(ko="사업장", en="plant"),
        "municipality_code": Text(ko="시·군 코드", en="municipality"),
        "scheme": Text(ko="지원사업", en="scheme"),
        "fiscal_year": Text(ko="회계연도", en="fiscal year"),
        "supported_on": Text(ko="지원 결정일", en="supported on"),
        "supported_won": Text(ko="지원금(원)", en="support in won"),
    },
    example={
        "business_number": "4028112341",
        "company_name": "전주정밀식품 주식회사",
        "worksite_name": "제1공장",
        "municipality_code": "45110",
        "scheme": "대·중소 상생형 스마트공장",
        "fiscal_year": 2021,
        "supported_on": "2021-07-05",
        "supported_won": 60_000_000,
    },
    identity=("business_number", "scheme", "fiscal_year", "worksite_name"),
)


@routes.get(
    "/v1/past-supports:template",
    operation_id="getPastSupportTemplate",
    summary="기존 지원기업 파일 양식 (A CSV of past supports to fill in)",
    response_class=Response,
    responses=csv_response(_SHEET),
)
async def get_template(by: _Operator) -> Response:
    """Excel에서 바로 열리는 양식. A CSV that opens right in Excel; its example is not read."""
    return csv_file(_SHEET.template(), name=_SHEET.name, title="기존 지원기업 양식")


@routes.post(
    "/v1/past-supports:batch",
    status_code=MULTI_STATUS,
    operation_id="uploadPastSupports",
    summary="기존 지원기업 가져오기 (Import firms that were supported before)",
)
async def upload_past_supports(
    upload: Annotated[Upload[ImportPastSupport], uploaded(_SHEET)], by: _Operator, tx: Tx, now: Now
) -> UploadResult:
    """줄마다 따로 판단합니다. 같은 파일을 다시 올려도 늘어나지 않습니다. 첫 수혜 요건(R-08)에 반영됩니다.

    Every row is judged by itself, and the same file again adds nothing. From then on the rules on first-timers (R-08)
    know of them; the gauge of 300 does not count them.
    """

    async def take(row: ImportPastSupport) -> UUID:
        record = commands.SupportRecord(
            row.business_number,
            row.company_name,
            row.worksite_name,
            row.municipality_code,
            row.scheme,
            row.fiscal_year,
            row.supported_on,
            row.supported_won,
        )
        return await commands.import_support(tx, record, by=by, now=now)

    return await upload.each(take)


@routes.get("/v1/past-supports", operation_id="listPastSupports", summary="기존 지원 목록 (List past supports)")
async def list_past_supports(
    by: _Reader, tx: Tx, page: PageQuery, business_number: Annotated[str | None, Query(max_length=20)] = None
) -> Page[PastSupportView]:
    """기업은 자기 것, 시·군은 관내. A firm sees its own, a municipality its area's."""
    return await queries.list_supports(tx, page, by=by, business_number=business_number)


@routes.get(
    "/v1/past-supports/{past_support_id}", operation_id="getPastSupport", summary="기존 지원 조회 (Read a past support)"
)
async def get_past_support(past_support_id: UUID, by: _Reader, tx: Tx, response: Response) -> PastSupportView:
    """기록 하나와, 취소에 필요한 ETag. One record, with the ETag that a withdrawal needs."""
    return with_etag(await queries.view_support(tx, past_support_id, by=by), response)


@routes.post(
    "/v1/past-supports/{past_support_id}/withdrawals",
    status_code=201,
    operation_id="withdrawPastSupport",
    summary="기존 지원 취소 (Take back a record that was wrong)",
)
async def withdraw_past_support(
    past_support_id: UUID,
    body: WithdrawPastSupport,
    by: _Operator,
    version: Annotated[int, IfMatch()],
    tx: Tx,
    now: Now,
    response: Response,
) -> PastSupportView:
    """틀린 기록은 사유와 함께 취소하며, 남지만 반영되지 않습니다. It stays with its reason, and no longer counts."""
    await commands.withdraw_support(tx, past_support_id, reason=body.reason, read_version=version, by=by, now=now)
    return with_etag(await queries.view_support(tx, past_support_id, by=by), response)
