"""A closed call and its submitted cases, put into place by the features' own stores: what judging starts from."""

import itertools
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

from applicant.applications.domain.case import Application, ApplicationStatus, Consents, Eligibility, Plan
from applicant.applications.store import cases
from applicant.calls import domain as calls
from applicant.companies import store as companies
from applicant.companies.domain import Company, CompanyFacts, SizeClass, Worksite, WorksiteFacts
from common import event as events
from common.db import Transaction
from contracts.types import BasisPoints, BusinessNumber, MunicipalityCode, Source, Won, business_number_check_digit

CLOSES = datetime(2024, 4, 3, 8, tzinfo=UTC)
NOW = datetime(2024, 5, 2, 1, tzinfo=UTC)
JEONJU, WANJU = "52110", "52710"

_numbers = itertools.count(1)


def closed_call(
    call_id: UUID,
    seats: Mapping[tuple[str, str], int],
    *,
    province_won: int,
    municipality_won: Mapping[str, int],
    size_min: int,
) -> calls.Call:
    """A published, closed call of 2024's Track B with these seats, caps of 40M (JS1) and 80M (JS2)."""
    planned = [calls.PlannedBudgetLine(Source.PROVINCE, None, Won(province_won))]
    for code in sorted({code for _, code in seats}):
        won = municipality_won.get(code, 10_000_000_000)
        planned.append(calls.PlannedBudgetLine(Source.MUNICIPALITY, MunicipalityCode(code), Won(won)))
    terms = calls.CallTerms(
        track=calls.Track.B,
        title_ko="모집공고",
        title_en="Call",
        fiscal_year=2024,
        opens_at=CLOSES - timedelta(days=14),
        closes_at=CLOSES,
        split_rule_version="b-2024",
        types=(calls.ProjectType("JS1", Won(40_000_000)), calls.ProjectType("JS2", Won(80_000_000))),
        rates=(
            calls.Rate(Source.PROVINCE, BasisPoints(5508), capped=True),
            calls.Rate(Source.MUNICIPALITY, BasisPoints(3213), capped=True),
        ),
        seat_lines=tuple(calls.SeatLine(t, MunicipalityCode(m), n) for (t, m), n in seats.items()),
        planned_budget_lines=tuple(planned),
        panel_rule=calls.PanelRule(size_min, 5, 6000, 1200, tuple(calls.TieBreak)),
        screening_rule_version="2024-1",
        supplement_days=7,
    )
    publication = calls.Publication(CLOSES - timedelta(days=20), "approver", date(2024, 3, 5), "2024-1")
    return calls.Call(call_id, terms, calls.CallState.PUBLISHED, ("drafter",), publication, version=2)


async def add_case(
    tx: Transaction,
    call_id: UUID,
    type_code: str,
    municipality_code: str,
    cost_won: int,
    *,
    first_timer: bool,
    status: ApplicationStatus,
) -> Application:
    """A submitted application of a company and a worksite of its own, in the state it is wanted in."""
    number = next(_numbers)
    # A range of its own: `tests.support.applicant.business_number` counts from a hundred million in the same process.
    stem = f"{300_000_000 + number}"
    facts = CompanyFacts(
        business_number=BusinessNumber(f"{stem}{business_number_check_digit(stem)}"),
        corporate_number=None,
        name=f"가상기업 {number}",
        representative_name="가상인",
        size_class=SizeClass.SMALL,
        ksic_code="29000",
        ksic_revision="11",
        annual_sales_won=Won(1_000_000_000),
        employees=10,
        supported_before=not first_timer,
        head_office_address="전북특별자치도",
    )
    company = Company(events.new_id(), facts, version=1)
    await companies.add_company(tx, company)
    site = WorksiteFacts(
        "공장", municipality_code, NOW.date(), MunicipalityCode(municipality_code), "주소", None, 100, False
    )
    worksite = Worksite(events.new_id(), company.id, site, version=1)
    await companies.add_worksite(tx, worksite)
    plan = Plan(
        Won(cost_won), "과제", "요약", "0" * 64, facts.business_number, Won(cost_won), False, Consents(*[True] * 4)
    )
    application = Application(
        id=events.new_id(),
        company_id=company.id,
        call_id=call_id,
        fiscal_year=2024,
        type_code=type_code,
        worksite_id=worksite.id,
        municipality_code=MunicipalityCode(municipality_code),
        plan=plan,
        status=status,
        created_at=CLOSES - timedelta(days=2),
        version=1,
        submitted_at=CLOSES - timedelta(days=1) + timedelta(seconds=number),
        first_timer=first_timer,
        eligibility=Eligibility("2024-1", (), CLOSES, None) if status is ApplicationStatus.ELIGIBLE else None,
    )
    await cases.add_application(tx, application)
    return application
