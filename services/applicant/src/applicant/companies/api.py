"""HTTP: a company registers itself and its worksites."""

from datetime import date
from typing import Annotated
from uuid import UUID

from fastapi import Response
from pydantic import Field

from applicant.companies import commands, queries
from applicant.companies.commands import CompanyFacts, WorksiteFacts
from applicant.companies.queries import CompanyView, SizeClass, WorksiteList, WorksiteView
from applicant.disclosures.commands import record_disclosure
from common.auth import Principal
from common.clock import KST
from common.db import Transaction
from common.web import AccessPoint, Body, Now, RecordingTx, Tx, allowed, etag, router
from contracts.roles import COMPANY_ROLES, MUNICIPALITY_ROLES, PROVINCE_ROLES, Role
from contracts.types import Won

routes = router(tags=["companies"])

_READERS = (*sorted(COMPANY_ROLES | PROVINCE_ROLES | MUNICIPALITY_ROLES), Role.TECHNOPARK_OPERATOR, Role.AUDITOR)


class RegisterCompany(Body):
    """A company's own description. Its id is the tenant of the token that registers it."""

    business_number: str = Field(max_length=20, description="사업자등록번호, ten digits with or without hyphens.")
    corporate_number: str | None = Field(None, max_length=20, description="법인등록번호; none for a sole proprietor.")
    name: str = Field(min_length=1, max_length=200)
    representative_name: str = Field(min_length=1, max_length=100)
    size_class: SizeClass
    ksic_code: str = Field(max_length=6)
    ksic_revision: str = Field(pattern="^[0-9]{1,2}$", description="10, or 11 since 2024-07-01.")
    annual_sales_won: int = Field(ge=0)
    employees: int = Field(ge=0)
    supported_before: bool
    head_office_address: str = Field(min_length=1, max_length=500)
    contact_email: str | None = Field(None, min_length=3, max_length=254, description="Where notices go.")


class AddWorksite(Body):
    """A plant. Its municipality code is taken as written on a record of `recorded_on`, today by default."""

    name: str = Field(min_length=1, max_length=200)
    municipality_code: str = Field(pattern="^[0-9]{5}$")
    recorded_on: date | None = None
    address: str = Field(min_length=1, max_length=500)
    factory_registration_number: str | None = Field(None, min_length=1, max_length=50)
    manufacturing_floor_m2: int = Field(ge=0)
    in_industrial_complex: bool


@routes.post(
    "/v1/companies", status_code=201, operation_id="registerCompany", summary="기업 등록 (Register the own company)"
)
async def register_company(
    body: RegisterCompany,
    by: Annotated[Principal, allowed(Role.COMPANY_OWNER)],
    tx: Tx,
    now: Now,
    response: Response,
) -> CompanyView:
    """토큰의 기업을 사업자등록번호로 등록합니다. 번호는 검증하고, 한 번만 등록할 수 있습니다.

    Registers the token's company; its business number is checked and taken once only.
    """
    facts = CompanyFacts(
        business_number=commands.checked_business_number(body.business_number),
        corporate_number=commands.checked_corporate_number(body.corporate_number),
        name=body.name,
        representative_name=body.representative_name,
        size_class=body.size_class,
        ksic_code=commands.checked_ksic_code(body.ksic_code),
        ksic_revision=body.ksic_revision,
        annual_sales_won=Won(body.annual_sales_won),
        employees=body.employees,
        supported_before=body.supported_before,
        head_office_address=body.head_office_address,
        contact_email=commands.checked_contact_email(body.contact_email),
    )
    company = await commands.register_company(tx, queries.own_company_id(by), facts, by=by, now=now)
    etag(response, company.version)
    return queries.company_view(company)


@routes.get("/v1/companies/{company_id}", operation_id="getCompany", summary="기업 조회 (Read a company)")
async def get_company(
    company_id: UUID,
    by: Annotated[Principal, allowed(*_READERS)],
    tx: RecordingTx,
    access_point: AccessPoint,
    response: Response,
) -> CompanyView:
    """기업 정보. 담당자가 남의 기업을 보면 열람 기록이 남습니다. Somebody else's look at a company is recorded."""
    view = await queries.view_company(tx, company_id, by=by)
    await _record(tx, company_id, "getCompany", by, access_point)
    etag(response, view.version)
    return view


@routes.post(
    "/v1/companies/{company_id}/worksites",
    status_code=201,
    operation_id="addWorksite",
    summary="사업장 추가 (Add a worksite)",
)
async def add_worksite(
    company_id: UUID,
    body: AddWorksite,
    by: Annotated[Principal, allowed(Role.COMPANY_OWNER, Role.COMPANY_STAFF)],
    tx: Tx,
    now: Now,
) -> WorksiteView:
    """기업의 사업장을 시·군 코드와 함께 등록합니다. 2024-01-18 전의 기록은 옛 코드(45xxx)로도 적을 수 있습니다.

    Adds a worksite; a record from before 2024-01-18 may carry the old code.
    """
    queries.check_own(company_id, by)
    recorded_on = body.recorded_on or now.astimezone(KST).date()
    facts = WorksiteFacts(
        name=body.name,
        code_as_written=body.municipality_code,
        recorded_on=recorded_on,
        municipality_code=commands.counted_municipality(body.municipality_code, recorded_on),
        address=body.address,
        factory_registration_number=body.factory_registration_number,
        manufacturing_floor_m2=body.manufacturing_floor_m2,
        in_industrial_complex=body.in_industrial_complex,
    )
    return queries.worksite_view(await commands.add_worksite(tx, company_id, facts, by=by, now=now))


@routes.get(
    "/v1/companies/{company_id}/worksites",
    operation_id="listWorksites",
    summary="사업장 목록 (List a company's worksites)",
)
async def list_worksites(
    company_id: UUID, by: Annotated[Principal, allowed(*_READERS)], tx: RecordingTx, access_point: AccessPoint
) -> WorksiteList:
    """기업의 모든 사업장. All worksites of a company."""
    view = await queries.view_worksites(tx, company_id, by=by)
    await _record(tx, company_id, "listWorksites", by, access_point)
    return view


async def _record(tx: Transaction, company_id: UUID, action: str, by: Principal, access_point: str) -> None:
    # A sole proprietor's name, number and address are personal data (domain.md section 6); one's own need no record.
    if by.role not in COMPANY_ROLES:
        await record_disclosure(
            tx, data_subject=f"company/{company_id}", action=action, by=by, access_point=access_point
        )
