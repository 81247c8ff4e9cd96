"""The firm's one page: where its cases stand, what comes next and until when, papers, burden, objection; nobody else's."""

from collections.abc import AsyncIterator, Callable
from typing import Any
from uuid import uuid4

import httpx2
import pytest

from contracts.roles import Role
from metrics.main import SERVICE
from smartfactory.stack.provision import DatabaseUrls
from tests.support.applicant import DURING, running_applicant
from tests.support.listening import Listener, listener
from tests.support.neighbours import Neighbours, neighbours, nobody_there, reading

pytestmark = pytest.mark.anyio

COMPANY = str(uuid4())
AT = "2024-05-20T01:00:00Z"


def application(**changes: Any) -> dict[str, Any]:
    told: dict[str, Any] = {
        "id": str(uuid4()), "company_id": COMPANY, "call_id": str(uuid4()), "fiscal_year": 2024, "type_code": "JS2",
        "municipality_code": "52130", "total_cost_won": 132_000_000, "project_title": "자동 집계", "plan_sha256": "a" * 64,
        "status": "ELIGIBLE", "created_at": AT, "submitted_at": AT, "supplement": None, "eligibility": None,
        "outcome": None, "withdrawn_at": None,
    }  # fmt: skip
    return told | changes


def deadline(kind: str, of: dict[str, Any], last_day: str, duty: str = "FIRM") -> dict[str, Any]:
    return {
        "kind": kind, "due_at": f"{last_day}T15:00:00Z", "rule": "R", "rule_version": "2024-2", "state": "OPEN",
        "settled_at": None, "duty": duty, "application_id": of["id"], "project_id": None, "last_day": last_day,
        "days_left": 3,
    }  # fmt: skip


def project(of: dict[str, Any], project_id: str) -> dict[str, Any]:
    return {
        "id": project_id, "application_id": of["id"], "company_id": COMPANY, "call_id": of["call_id"],
        "type_code": "JS2", "municipality_code": "52130", "fiscal_year": 2024, "track": "B", "total_cost_won": 132_000_000,
        "cap_won": 60_000_000, "split_rule_version": "b-2024", "promoted": False, "state": "CONFIRMED",
        "state_reason": None, "selected_at": AT,
    }  # fmt: skip


def committed(project_id: str) -> dict[str, Any]:
    return {
        "project_id": project_id, "total_cost_won": 132_000_000, "cap_won": 60_000_000, "split_rule_version": "b-2024",
        "nominal_burden_bp": 2000, "effective_burden_bp": 3454, "state": "COMMITTED",
        "shares": [{"source": "PROVINCE", "amount_won": 86_400_000}, {"source": "SME", "amount_won": 45_600_000}],
        "refusal": None, "decided_at": AT, "released_at": None,
    }  # fmt: skip


class Firm:
    """The page over neighbours that answer what they are told."""

    def __init__(self, metrics: Listener, told: Neighbours) -> None:
        self.metrics, self.told = metrics, told

    def tell(self, **lists: list[dict[str, Any]]) -> None:
        names = ("applications", "projects", "agreements", "builds", "deadlines", "objections")
        for name in (*names, "commitments", "settlements", "repayments"):
            self.told.answers[f"/v1/{name}"] = {"items": lists.get(name, []), "next": None}

    async def open(self, role: str = Role.COMPANY_STAFF, lang: str = "ko") -> httpx2.Response:
        return await opened(self.metrics, role, COMPANY, lang)


async def opened(metrics: Listener, role: str, tenant: str, lang: str = "ko") -> httpx2.Response:
    headers = {"Accept": "text/html", **metrics.issuer.headers(role=role, tenant=tenant)}
    return await metrics.http.get(f"/firm?lang={lang}", headers=headers)


@pytest.fixture
async def firm(fresh_databases: Callable[..., dict[str, DatabaseUrls]]) -> AsyncIterator[Firm]:
    with neighbours() as told:
        async with listener(SERVICE, fresh_databases("metrics", migrated=True), **told.settings()) as metrics:
            yield Firm(metrics, told)


def words(page: httpx2.Response) -> str:
    return " ".join(page.text.split())


async def test_what_is_due_stands_first_with_its_day_and_the_papers_in_the_operators_words(firm: Firm) -> None:
    asked = {
        "items": [{"rule": "R-05", "request": "국세 <b>완납</b> 증명"}], "requested_at": AT, "due_at": AT,
        "answered_at": None,
    }  # fmt: skip
    calm = application(project_title="한가한 건")
    urgent = application(project_title="급한 건", status="SUPPLEMENT_REQUESTED", supplement=asked)
    firm.tell(applications=[calm, urgent], deadlines=[
        deadline("SUPPLEMENT", urgent, "2024-05-24"), deadline("SCREENING_DECISION", calm, "2024-05-21", "OPERATOR"),
    ])  # fmt: skip
    page = await firm.open()
    assert page.status_code == 200, page.text
    said = words(page)
    assert said.index("급한 건") < said.index("한가한 건")
    assert '<time datetime="2024-05-24">2024년 5월 24일</time>까지' in said
    assert "국세 &lt;b&gt;완납&lt;/b&gt; 증명" in said
    assert "2024-05-21" not in said, "what an office has to do is not the firm's"
    assert said.count("지금 기업이 할 일은 없습니다") == 1


async def test_burden_self_pay_settlement_and_repayment_of_a_project(firm: Firm) -> None:
    case, id_ = application(outcome="SELECTED"), str(uuid4())
    settlement = {
        "project_id": id_, "rule_version": "2024-1", "due_on": "2025-01-31", "state": "DUE", "spent_won": None,
        "report_sha256": None, "query": None, "opened_at": AT, "submitted_at": None, "attested_at": None,
        "fixed_at": None, "closed_at": None,
    }  # fmt: skip
    back = {
        "project_id": id_, "source": "PROVINCE", "principal_won": 1_000_000, "interest_won": 237, "surcharge_won": 0,
        "late_won": 0, "rule_version": "2024-1", "due_on": "2025-02-28", "state": "ORDERED", "ordered_at": AT,
        "paid_at": None, "ended_at": None,
    }  # fmt: skip
    firm.tell(
        applications=[case], projects=[project(case, id_)], commitments=[committed(id_)], settlements=[settlement],
        repayments=[back],
    )  # fmt: skip
    firm.told.answers[f"/v1/coverages/{id_}/self-pay"] = {
        "self_pay_won": 45_600_000, "proven_won": 5_600_000, "held_won": 0, "unverified_won": 0, "proven": False,
    }  # fmt: skip
    said = words(await firm.open(lang="en"))
    assert "20.0% by the rule, 34.5% in fact, ₩45,600,000" in said
    assert "Pay and prove your own part: ₩40,000,000" in said
    assert 'Hand in the performance report</strong> <span>until <time datetime="2025-01-31">' in said
    assert "Pay back ₩1,000,237" in said
    assert f'href="/projects/{id_}?lang=en"' in said


async def test_an_objection_has_its_last_day_and_its_place_until_one_is_filed(firm: Firm) -> None:
    refused = application(status="INELIGIBLE")
    window = deadline("OBJECTION_WINDOW", refused, "2024-06-10")
    firm.tell(applications=[refused], deadlines=[window])
    said = words(await firm.open())
    assert '<time datetime="2024-06-10">2024년 6월 10일</time>까지 대표가' in said
    assert '<a href="/applicant/docs">이의신청하는 곳</a>' in said
    filed = {
        "application_id": refused["id"], "against": "INELIGIBLE", "filed_at": AT, "due_at": AT, "state": "FILED",
        "consequence": None, "decided_at": None,
    }  # fmt: skip
    firm.tell(applications=[refused], deadlines=[window], objections=[filed])
    said = words(await firm.open())
    assert "이의신청하는 곳" not in said
    assert "이의신청 접수" in said


@pytest.mark.parametrize(
    ("consequence", "said"),
    [("FIRST_RESERVE", "이의신청 인용, 첫 번째 예비"), ("NOT_FUNDED", "이의신청 인용, 선정되었으나 예산 부족")],
)
async def test_a_reserve_whose_objection_was_upheld_reads_what_became_of_it_and_not_that_it_is_selected(
    firm: Firm, consequence: str, said: str
) -> None:
    case = application(outcome="RESERVE")
    upheld = {
        "application_id": case["id"], "against": "RESERVE", "filed_at": AT, "due_at": AT, "state": "UPHELD",
        "consequence": consequence, "decided_at": AT,
    }  # fmt: skip
    firm.tell(applications=[case], objections=[upheld])
    page = words(await firm.open())
    assert ">예비</strong>" in page
    assert f">{said}</strong>" in page


async def test_who_has_signed_waits_for_the_supplier_and_is_not_told_to_sign(firm: Firm) -> None:
    case, id_ = application(outcome="SELECTED"), str(uuid4())
    agreement = {
        "project_id": id_, "plan_sha256": None, "state": "ISSUED", "signatures": [], "deadlines": [],
        "drafted_at": AT, "effective_at": None,
    }  # fmt: skip
    due = deadline("AGREEMENT_SIGNATURES", case, "2024-06-20")
    lists = {"applications": [case], "projects": [project(case, id_)], "deadlines": [due]}
    firm.tell(**lists, agreements=[agreement])
    assert "협약 서명</strong>" in words(await firm.open())
    signed = agreement | {"state": "SIGNED_BY_ADOPTER", "signatures": [{"party": "ADOPTER", "signed_at": AT}]}
    firm.tell(**lists, agreements=[signed])
    assert "협약 서명</strong>" not in words(await firm.open())


async def test_without_the_money_the_cases_are_shown_and_the_rest_is_said_to_be_missing(firm: Firm) -> None:
    firm.tell(applications=[application()])
    firm.told.answers["/v1/commitments"] = 503
    said = words(await firm.open())
    assert "자동 집계" in said
    assert "예산 서비스가 응답하지 않아" in said
    assert "마지막으로 연결된 때" in said, "its other lists did answer"


async def test_a_draft_of_a_real_firm_and_nobody_elses(
    firm: Firm, fresh_databases: Callable[..., dict[str, DatabaseUrls]]
) -> None:
    async with running_applicant(fresh_databases("applicant", migrated=True)["applicant"]) as applicant:
        call = await applicant.published_call()
        applicant.clock.move_to(DURING)
        owner, site = await applicant.company()
        other, other_site = await applicant.company()
        await applicant.draft(call, owner, site, project_title="우리 초안")
        await applicant.submitted(call, other, other_site, project_title="남의 신청")
        token = applicant.issuer.headers(role=owner.role, tenant=owner.tenant, subject=owner.subject)
        assert firm.metrics.app is not None
        others = firm.metrics.app.state.runtime.others
        kept = dict(others)
        others["applicant"], others["funding"] = reading(applicant.http, token), nobody_there()
        page = await opened(firm.metrics, owner.role, owner.tenant)
        said = words(page)
        assert page.status_code == 200, page.text
        assert "우리 초안" in said
        assert "남의 신청" not in said
        assert "신청서 제출</strong> <span><time datetime=" in said
        assert "2024-04-03 17:00 KST</time>까지" in said
        for name in ("applicant", "funding"):
            await others[name].aclose()
        others.update(kept)


@pytest.mark.parametrize("role", [Role.PROVINCE_OFFICER, Role.MUNICIPALITY_OFFICER, Role.AUDITOR, Role.SUPPLIER])
async def test_only_a_firm_has_such_a_page(firm: Firm, role: str) -> None:
    tenant = {Role.PROVINCE_OFFICER: "52", Role.MUNICIPALITY_OFFICER: "52110"}.get(Role(role), "52")
    assert (await opened(firm.metrics, role, tenant)).status_code == 403
    assert firm.told.asked == []
