"""The form of the extra call: one draft for one form, in its person's name, and nothing typed is lost by a refusal."""

import asyncio
import base64
import json
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import pytest

from common.http import HttpClient
from smartfactory.stack.provision import DatabaseUrls
from tests.support.applicant import APPROVER, running_applicant
from tests.support.applicant import OPERATOR as DRAFTER
from tests.support.days import CALL, WANJU, published
from tests.support.extra_calls import (
    TYPED,
    address,
    an_offer,
    call_told,
    draft_told,
    filled,
    form_of,
    sent,
    shown,
    tell_calls,
)
from tests.support.neighbours import Neighbours, neighbours, nobody_there, reading
from tests.support.signing_in import OFFICER, OPERATOR, Form, LocalIssuer, Pages, local_issuer, pages_with, said
from tests.support.signing_in import WANJU as WANJU_OFFICER

pytestmark = pytest.mark.anyio

OTHER_OFFICER = "municipality.officer:52140:officer-52140"


@dataclass
class Office:
    """The pages with an offer, over an applicant service that answers what it is told."""

    pages: Pages
    told: Neighbours

    def ask(self, client: HttpClient) -> None:
        """From now on this is the applicant service."""
        self.pages.app.state.runtime.others["applicant"] = client


@pytest.fixture
def issuer(tmp_path: Path) -> Iterator[LocalIssuer]:
    with local_issuer(tmp_path) as running:
        yield running


@pytest.fixture
async def office(
    issuer: LocalIssuer, fresh_databases: Callable[..., dict[str, DatabaseUrls]], monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Office]:
    monkeypatch.setattr("metrics.neighbours.commands._SECONDS", 8.0)
    urls = fresh_databases("metrics", migrated=True)["metrics"]
    with neighbours() as told:
        async with pages_with(issuer, urls, **told.settings()) as pages:
            tell_calls(told)
            yield Office(pages, told)


async def test_an_operator_drafts_the_extra_call_once_however_often_the_form_is_sent(
    office: Office, fresh_databases: Callable[..., dict[str, DatabaseUrls]]
) -> None:
    async with (
        running_applicant(fresh_databases("applicant", migrated=True)["applicant"]) as applicant,
        office.pages.browser() as browser,
    ):
        call_id = UUID(await applicant.published_call())
        operator = applicant.issuer.headers(role=DRAFTER.role, tenant=DRAFTER.tenant, subject=DRAFTER.subject)
        office.ask(reading(applicant.http, operator))
        day = await an_offer(office.pages, call_id)
        await browser.sign_in(OPERATOR)
        prepared = form_of(await shown(browser, address(call_id), "앞선 공고에서 그대로 옮기는 내용"))
        assert (prepared["title_ko"], prepared["seats"]) == ("2024년 완주군 JS1 추가모집", "2")
        assert prepared["title_en"] == "Extra call 2024: JS1 in Wanju-gun"
        form = prepared | TYPED
        await asyncio.gather(*(browser.send(address(call_id), form) for _ in range(2)))
        again = await sent(browser, address(call_id), form)
        calls = (await applicant.get("/v1/calls", DRAFTER)).json()["items"]
        drafts = [call for call in calls if call["state"] == "DRAFT"]
        assert len(drafts) == 1, "twice at once and once more"
        draft, drafted = drafts[0], f"/today/calls/{drafts[0]['id']}"
        assert (again.status_code, again.headers["location"]) == (303, drafted)
        assert (draft["title_ko"], draft["opens_at"]) == (TYPED["title_ko"], "2024-12-03T09:00:00+09:00")
        assert [(line["municipality_code"], line["seats"]) for line in draft["seat_lines"]] == [(WANJU, 2)]
        assert sorted(line["amount_won"] for line in draft["planned_budget_lines"]) == [29_473_684, 50_526_314]
        rules = ("도 결재자가 게시합니다", "고친 사람은 게시할 수 없습니다")
        await shown(browser, drafted, "초안을 저장했습니다", "완주군 JS1 2", *rules)
        await shown(browser, f"{address(call_id)}&lang=en", "A draft for these seats has been begun already")
        committee = {"committee_date": "2024-03-05", "committee_resolution_number": "2024-9"}
        await applicant.made(f"/v1/calls/{draft['id']}/publications", committee, by=APPROVER, version=1)
        await shown(browser, f"{drafted}?lang=en", "The call is published, and cannot change any more.")
        closes_at = office.pages.clock.now() + timedelta(days=14)
        await day.tell(published(UUID(draft["id"]), m52710=2, closes_at=closes_at))
        gone = await browser.send(address(call_id), form | {"key": "another-key-of-this-form"})
        assert (gone.status_code, "적으신 내용" in said(gone)) == (409, True)
        assert "완주군 JS1 추가모집 &lt;b&gt;재공고&lt;/b&gt;" in gone.text


@pytest.mark.parametrize("lang", ["ko", "en"])
async def test_what_is_refused_is_told_beside_what_was_typed(office: Office, lang: str) -> None:
    await an_offer(office.pages)
    wrong = {"in": "body", "code": "x", "detail": "접수 시작이 없습니다.", "pointer": "/opens_at"}
    problems = {
        422: {"code": "input-invalid", "title": "값이 틀림", "detail": "다음 값", "errors": [wrong]},
        409: {"code": "some-rule", "title": "규칙이 막음 <i>", "detail": "바뀐 것은 없습니다.", "errors": []},
        403: {"code": "role-not-allowed", "title": "권한 없음", "detail": "역할이 다릅니다."},
    }
    at, again = f"{address()}&lang={lang}", {"ko": "고친 뒤 다시 보내세요", "en": "Correct it and send it again"}[lang]
    async with office.pages.browser() as browser:
        await browser.sign_in(OPERATOR)
        form = await filled(browser, opens_at="", seats="1")
        for status, problem in problems.items():
            office.told.answers["POST /v1/calls"] = (status, problem)
            refused = await sent(browser, at, form)
            assert refused.status_code == status
            assert problem["title"].replace("<i>", "&lt;i&gt;") in refused.text
            assert problem["detail"] in said(refused)
            assert again in said(refused)
            kept = form_of(refused)
            assert kept | {"key": form["key"]} == form, "all that was typed stands in it"
            assert kept["key"] != form["key"], "sent again it is another request"
            assert ("접수 시작이 없습니다." in said(refused)) is (status == 422)
            assert ('aria-describedby="opens_at-hint opens_at-fault"' in refused.text) is (status == 422)
        came = office.told.sent[-1]
        assert came.headers["accept-language"] == lang
        assert came.headers["idempotency-key"] == form["key"]
        claims = came.headers["authorization"].split(".")[1]
        assert json.loads(base64.urlsafe_b64decode(f"{claims}=="))["sub"] == "technopark-operator", "in their own name"


async def test_while_nobody_answers_the_form_stays_and_is_taken_once_when_it_comes_again(office: Office) -> None:
    await an_offer(office.pages)
    applicant = office.pages.app.state.runtime.others["applicant"]
    async with office.pages.browser() as browser:
        await browser.sign_in(OPERATOR)
        form = await filled(browser)
        office.ask(nobody_there())
        away = await browser.send(address(), form)
        assert (away.status_code, "신청 서비스가 응답하지 않았습니다" in said(away)) == (503, True)
        assert form_of(away) == form, "the same key too: nobody knows whether it was done"
        office.ask(applicant)
        for status, code, words in (
            (409, "request-in-progress", "이미 처리하고 있습니다"),
            (503, "service-busy", "잠시 바쁩니다"),
            (502, None, "신청 서비스가 응답하지 않았습니다"),
        ):
            problem = code and {"code": code, "title": "바쁨", "detail": "잠시 바쁩니다"}
            office.told.answers["POST /v1/calls"] = (status, problem)
            unknown = await browser.send(address(), form_of(away))
            assert words in said(unknown), code
            assert form_of(unknown) == form
        office.told.answers["POST /v1/calls"] = (422, {"code": "idempotency-key-reused", "title": "키", "detail": "키"})
        reused = await sent(browser, address(), form)
        assert "그 초안은 저장되었습니다" in said(reused)
        assert form_of(reused)["key"] != form["key"]
        tell_calls(office.told)
        done = await sent(browser, address(), form)
        assert done.headers["location"] == f"/today/calls/{draft_told()['id']}"
        assert len({came.headers["idempotency-key"] for came in office.told.sent}) == 1


async def test_seats_are_as_many_as_are_offered_and_the_rest_is_copied_from_the_earlier_call(office: Office) -> None:
    await an_offer(office.pages)
    async with office.pages.browser() as browser:
        await browser.sign_in(OPERATOR)
        form = await filled(browser)
        for seats in ("0", "3", "-1", "2.5", "２", "", "둘", "9" * 4_400):
            refused = await browser.send(address(), form | {"seats": seats})
            assert (refused.status_code, "1에서 2 사이의 수" in said(refused)) == (422, True)
            assert form_of(refused) == form | {"seats": seats}
        del office.told.answers[f"/v1/calls/{CALL}"]
        hidden = await sent(browser, address(), form)
        assert (hidden.status_code, "앞선 공고를 읽을 수 없어" in said(hidden)) == (409, True)
        assert office.told.sent == []
        office.told.answers[f"/v1/calls/{CALL}"] = call_told()
        assert (await sent(browser, address(), form | {"seats": "1", "closes_at": "later"})).status_code == 303
        body = office.told.sent[0].body
        copied = ("types", "rates", "split_rule_version", "panel_rule", "screening_rule_version", "supplement_days")
        assert {name: body[name] for name in copied} == {name: call_told()[name] for name in copied}
        assert [line["amount_won"] for line in body["planned_budget_lines"]] == [14_736_842, 25_263_157]
        assert (body["opens_at"], body["closes_at"]) == ("2024-12-03T09:00:00+09:00", "later")
        assert set(body) == {*copied, *TYPED, "track", "fiscal_year", "seat_lines", "planned_budget_lines"} - {"seats"}


async def test_who_may_not_draft_reads_the_draft_without_a_form_and_is_refused_with_one(office: Office) -> None:
    await an_offer(office.pages)
    tell_calls(office.told, draft_told())
    for person, status in ((OFFICER, 200), (WANJU_OFFICER, 200), (OTHER_OFFICER, 404)):
        async with office.pages.browser() as browser:
            await browser.sign_in(person)
            seen = await browser.open(address())
            assert (seen.status_code, 'name="title_ko"' in seen.text) == (status, False)
            token = Form(seen).forms["/sign-out"]["form_token"]
            refused = await browser.send(address(), {**TYPED, "form_token": token, "key": "a-key-of-their-own"})
            assert (refused.status_code, "role-not-allowed" in refused.text) == (403, True)
    assert office.told.sent == []


async def test_a_drafted_call_that_is_hidden_or_cannot_be_read_says_so(office: Office) -> None:
    async with office.pages.browser() as browser:
        await browser.sign_in(OFFICER)
        hidden = await browser.open(f"/today/calls/{UUID(int=9)}?lang=en")
        assert (hidden.status_code, "There is no such call" in said(hidden)) == (404, True)
        office.ask(nobody_there())
        away = await browser.open(f"/today/calls/{CALL}")
        assert (away.status_code, "신청 서비스가 응답하지 않아" in said(away)) == (503, True)
