"""A project's page: its timeline, money and evidence as the real services show them to this reader, and what is missing."""

from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import httpx2
import pytest

from common.http import HttpClient
from contracts.roles import Role
from metrics.main import SERVICE
from smartfactory.stack.provision import DatabaseUrls
from tests.support.building_site import MENTOR, sha256, site_under_way
from tests.support.funding import OFFICER
from tests.support.funding import running_funding as funding_running
from tests.support.judging import AUDITOR, JEONJU, running_judging
from tests.support.listening import Listener, listener
from tests.support.neighbours import neighbours, nobody_there, reading
from tests.support.releases import approved, ask_tranche, budgets, in_force
from tests.support.waiting import eventually

pytestmark = pytest.mark.anyio

BAD = "<script>alert('x')</script>\"'>{{ 48271*69621 }}"
WORKED_OUT = str(48271 * 69621)  # so long that no id or time on a page has it by chance
UNHEARD = {
    "applicant": ("신청 서비스가 응답하지", "No answer from the applicant service"),
    "funding": ("예산 서비스가 응답하지", "No answer from the funding service"),
    "mentoring": ("멘토링 서비스가 응답하지", "No answer from the mentoring service"),
}
AT = "2024-05-20T01:00:00Z"


@dataclass
class Pages:
    """The metrics service, and whom its pages read."""

    metrics: Listener

    def read(self, **others: HttpClient) -> None:
        assert self.metrics.app is not None
        self._there = set(others)
        found: dict[str, HttpClient] = self.metrics.app.state.runtime.others
        self._stack.push_async_callback(self._close, dict(others))
        for name in ("applicant", "funding", "mentoring"):
            found[name] = others.get(name) or nobody_there()

    async def open(self, project_id: object, *, role: str, tenant: str = "52", lang: str = "ko") -> httpx2.Response:
        """The page, opened again while a service that is there does not answer a busy machine in the time of a page."""
        headers = {"Accept": "text/html", **self.metrics.issuer.headers(role=role, tenant=tenant)}

        async def once() -> httpx2.Response:
            page = await self.metrics.http.get(f"/projects/{project_id}?lang={lang}", headers=headers)
            for name in self._there:
                assert not any(said in page.text for said in UNHEARD[name]), page.text
            return page

        return await eventually(once, what="the page with all that is there")

    async def _close(self, others: dict[str, HttpClient]) -> None:
        for each in others.values():
            await each.aclose()

    def __post_init__(self) -> None:
        self._stack = AsyncExitStack()
        self._there: set[str] = set()

    async def aclose(self) -> None:
        await self._stack.aclose()


@pytest.fixture
async def pages(fresh_databases: Callable[..., dict[str, DatabaseUrls]]) -> AsyncIterator[Pages]:
    async with listener(SERVICE, fresh_databases("metrics", migrated=True)) as metrics:
        opened = Pages(metrics)
        yield opened
        await opened.aclose()


async def test_what_the_applicant_service_shows_each_reader_while_the_money_is_away(
    pages: Pages, fresh_databases: Callable[..., dict[str, DatabaseUrls]]
) -> None:
    async with running_judging(fresh_databases("applicant", migrated=True)["applicant"]) as judging:
        site = await site_under_way(judging)
        await site.completed()
        pages.metrics.clock.move_to(judging.clock.now())

        async def opened(by: Any, lang: str = "ko") -> httpx2.Response:
            token = judging.issuer.headers(role=by.role, tenant=by.tenant, subject=by.subject)
            pages.read(applicant=reading(judging.http, token))
            return await pages.open(site.project_id, role=by.role, tenant=by.tenant, lang=lang)

        own = await opened(site.owner)
        assert own.status_code == 200, own.text
        for said in (
            "협약 체결",
            "구축 완료",
            "완료점검 통과",
            "중간점검 통과",
            "세금계산서",
            sha256("photo"),
            "2024-1",
        ):
            assert said in own.text
        assert "예산 서비스가 응답하지 않아" in own.text
        assert "신청 서비스가 응답하지" not in own.text
        assert "해시 사슬" not in own.text, "the journal is for examiners"
        examined = await opened(AUDITOR, "en")
        assert examined.status_code == 200, examined.text
        for said in ("Agreement in force", "Completion passed", "Technopark operator", "Hash chain of the journal"):
            assert said in examined.text
        assert MENTOR.subject not in examined.text, "who is told by role and body, not by name"
        looked = await judging.get("/v1/disclosures", AUDITOR, page_size=100)
        assert any(each["subject"] == AUDITOR.subject for each in looked.json()["items"])
        stranger = type(site.owner)(Role.COMPANY_OWNER, "stranger", str(uuid4()))
        neighbour = type(site.owner)(Role.MUNICIPALITY_OFFICER, "neighbour", "52130")
        for by in (stranger, neighbour):
            hidden = await opened(by)
            assert (hidden.status_code, "project-not-shown" in hidden.text) == (404, True)
        ours = await opened(type(site.owner)(Role.MUNICIPALITY_OFFICER, "ours", JEONJU))
        assert ours.status_code == 200


async def test_the_money_is_shown_by_source_while_the_applicant_service_is_away(
    pages: Pages, fresh_databases: Callable[..., dict[str, DatabaseUrls]]
) -> None:
    async with funding_running(fresh_databases("funding", migrated=True)["funding"]) as funding:
        await budgets(funding)
        selected = await in_force(funding)
        release = (await ask_tranche(funding, selected)).json()
        await approved(funding, release)
        pages.metrics.clock.move_to(funding.clock.now())
        token = funding.issuer.headers(role=OFFICER.role, tenant=OFFICER.tenant, subject=OFFICER.subject)
        pages.read(funding=reading(funding.http, token))
        page = await pages.open(selected.project_id, role=OFFICER.role, lang="en")
        assert page.status_code == 200, page.text
        commitment = (await funding.get(f"/v1/commitments/{selected.project_id}", OFFICER)).json()
        for share in commitment["shares"]:
            assert f"₩{share['amount_won']:,}" in page.text
        assert f"₩{release['amount_won']:,}" in page.text
        for said in ("Payment approved", "Each source&#39;s part committed", "Own payment verified", "the system"):
            assert said in page.text
        assert "No answer from the applicant service" in page.text
        assert "No answer from the mentoring service" in page.text
        assert "No answer from the funding service" not in page.text


async def test_with_nobody_there_the_page_says_so_and_tells_nothing(pages: Pages) -> None:
    pages.read()
    page = await pages.open(uuid4(), role=Role.PROVINCE_OFFICER)
    assert page.status_code == 503
    for name in ("신청 서비스", "예산 서비스", "멘토링 서비스"):
        assert f"{name}가 응답하지 않아" in page.text


@pytest.mark.parametrize("role", [Role.MENTOR, Role.PANEL_MEMBER, Role.SUPPLIER, Role.PLATFORM_OPERATOR])
async def test_roles_that_see_no_projects_are_refused_before_anybody_is_asked(pages: Pages, role: str) -> None:
    with neighbours() as told:
        pages.read(applicant=HttpClient(told.address))
        assert (await pages.open(uuid4(), role=role)).status_code == 403
        assert told.asked == []


async def test_words_from_elsewhere_stay_text(pages: Pages) -> None:
    id_ = str(uuid4())
    project = {
        "id": id_, "application_id": id_, "company_id": id_, "call_id": id_, "type_code": BAD, "municipality_code": BAD,
        "fiscal_year": 2024, "track": BAD, "total_cost_won": 1, "cap_won": 1, "split_rule_version": BAD,
        "promoted": True, "state": BAD, "state_reason": BAD, "selected_at": AT,
    }  # fmt: skip
    application = {
        **project, "project_title": BAD, "plan_sha256": BAD, "status": BAD, "created_at": AT, "submitted_at": AT,
        "supplement": {"items": [{"request": BAD}], "requested_at": AT, "due_at": AT, "answered_at": AT},
        "eligibility": {"rule_version": BAD, "failed_rules": [BAD], "decided_at": AT, "appeal_until": None},
        "outcome": BAD, "withdrawn_at": AT,
    }  # fmt: skip
    decision = {
        "position": 1, "decision": BAD, "actor": f"{BAD}:{BAD}:{BAD}", "rule_version": BAD, "evidence": [BAD],
        "decided_at": AT,
    }  # fmt: skip
    journal = {"decisions": [decision], "chain": {"position": 1, "hash": BAD}, "more": ["decisions"]}
    document = {
        "id": id_, "kind": BAD, "media_type": BAD, "sha256": BAD, "size_bytes": 1, "edition": 1, "state": BAD,
        "refused_because": BAD, "announced_at": AT, "sealed_at": None,
    }  # fmt: skip
    with neighbours() as told:
        told.answers |= {
            f"/v1/projects/{id_}": project, f"/v1/applications/{id_}": application,
            f"/v1/projects/{id_}/as-of": journal, f"/v1/builds/{id_}/documents": {"items": [document], "next": "more"},
        }  # fmt: skip
        pages.read(applicant=HttpClient(told.address), funding=HttpClient(told.address))
        for lang in ("ko", "en"):
            page = await pages.open(id_, role=Role.AUDITOR, lang=lang)
            assert page.status_code == 200, page.text
            assert "<script" not in page.text
            assert WORKED_OUT not in page.text
            assert page.text.count("&lt;script&gt;") >= 12
    assert all(token is not None for token in told.tokens), "every reading is in the reader's name"
