"""The operators' page: what each service tells of itself, how far it is behind, what is parked, and who is away since when."""

from collections.abc import AsyncIterator, Callable

import httpx2
import msgspec
import pytest

from common.http import HttpClient
from contracts.roles import Role
from mentoring.main import SERVICE as MENTORING
from metrics.main import SERVICE
from smartfactory.stack.provision import DatabaseUrls
from tests.support.builders import project_selected
from tests.support.listening import Listener, listener
from tests.support.mentoring import project_confirmed
from tests.support.neighbours import neighbours, nobody_there, read_by, reading
from tests.support.signing_in import HTML, said
from tests.support.told_states import SENT_UP_TO, answers, parked, state
from tests.support.waiting import eventually

pytestmark = pytest.mark.anyio

BAD = "<script>alert('x')</script>\"'>{{ 48271*69621 }}"
WORKED_OUT = str(48271 * 69621)  # so long that no id or time on a page has it by chance
THE_OTHERS = ("applicant", "funding", "mentoring")
Databases = Callable[..., dict[str, DatabaseUrls]]


@pytest.fixture
async def metrics(fresh_databases: Databases) -> AsyncIterator[Listener]:
    databases = fresh_databases("metrics", migrated=True)
    async with listener(SERVICE, databases, neighbour_timeout_seconds=3.0) as running:
        yield running


async def opened(metrics: Listener, *, role: str = Role.PLATFORM_OPERATOR, lang: str = "ko") -> httpx2.Response:
    headers = {**HTML, **metrics.issuer.headers(role=role, tenant="52")}
    return await metrics.http.get(f"/operations?lang={lang}", headers=headers)


async def whole(metrics: Listener, **asked: str) -> httpx2.Response:
    """The page, opened again while one of the others does not answer a busy machine in the time of a page."""

    async def once() -> httpx2.Response:
        page = await opened(metrics, **asked)
        assert page.status_code == 200, page.text
        assert 'id="missing"' not in page.text, page.text
        return page

    return await eventually(once, what="all have told how they do")


async def test_a_real_service_and_this_one_tell_of_themselves_and_what_neither_could_apply(
    metrics: Listener, fresh_databases: Databases
) -> None:
    async with listener(MENTORING, fresh_databases("mentoring", migrated=True)) as mentoring:
        broken = mentoring.record(project_confirmed())
        await mentoring.apply([msgspec.structs.replace(broken, value=b"\xff")])
        unknown = metrics.record(project_selected())
        await metrics.apply([msgspec.structs.replace(unknown, value=b"\xff")])
        token = mentoring.issuer.headers(role=Role.PLATFORM_OPERATOR, tenant="52", subject="kim")
        others = {"applicant": nobody_there(), "funding": nobody_there(), "mentoring": reading(mentoring.http, token)}
        pages: list[str] = []

        async def all_told() -> bool:
            page = await opened(metrics)
            assert page.status_code == 200, page.text
            pages.append(said(page))
            return "멘토링 서비스가 응답하지 않아" not in pages[-1]

        async with read_by(metrics.app, **others):
            await eventually(all_told, what="a busy machine has answered in the time of a page")
    read = pages[-1]
    assert read.count("멈춘 키 1개") == 2
    assert read.count("읽을 수 없음") == 2
    assert read.count("이벤트를 내보내는 작업자 없음") == 2, "no worker runs here"
    for words in ("smartfactory parked redrive mentoring", "smartfactory parked redrive metrics", "준비됨", "미확인"):
        assert words in read, words
    assert "신청 서비스가 응답하지 않아" in read


async def test_a_service_in_trouble_is_told_with_the_cause_the_age_and_the_way_to_redrive(metrics: Listener) -> None:
    with neighbours() as told:
        told.answers |= answers()
        async with read_by(metrics.app, **{name: HttpClient(told.address) for name in THE_OTHERS}):
            page = await whole(metrics, lang="en")
            korean = said(await whole(metrics, role=Role.AUDITOR))
    read = said(page)
    for words in (
        "not ready",
        "schema: run `funding migrate`",
        "1,234,567",
        "no worker sends its events",
        "oldest from 2024-05-20 08:30 KST , 90 minutes",
        "oldest from 2024-05-19 22:00 KST , 12 hours",
        "keys standing still: 1",
        "refused by a rule",
        "split-rule-not-found",
        "1 of 2 are shown.",
        "smartfactory parked redrive funding 41",
        "POST /funding/v1/parked-events/41/redrives",
        f"{SENT_UP_TO + 1:,}",
    ):
        assert words in read, words
    assert 'href="/funding/docs"' in page.text
    assert "규칙이 거절함" in korean
    assert all("state=WAITING" in asked for asked in told.asked if "parked" in asked)
    assert all(token is not None for token in told.tokens), "every reading is in the reader's name"


async def test_who_goes_away_is_told_with_the_moment_it_last_answered_and_the_rest_stays(metrics: Listener) -> None:
    with neighbours() as told:
        told.answers |= {"/v1/service-state": state(), "/v1/parked-events": {"items": [], "next": None}}
        async with read_by(metrics.app, **{name: HttpClient(told.address) for name in THE_OTHERS}):
            well = said(await whole(metrics))
            told.answers = {"/v1/service-state": 503, "/v1/parked-events": 503}
            gone = await opened(metrics)
    assert "보류된 이벤트가 없습니다." in well
    assert "응답 없음" not in well
    assert gone.status_code == 200
    read = said(gone)
    assert read.count("부터 응답 없음") == 3
    assert "알려 주지 않은 서비스의 보류 이벤트는 알 수 없습니다." in read
    assert "보류된 이벤트가 없습니다." not in read
    assert "성과 서비스 준비됨" in read


async def test_a_service_that_does_not_know_the_question_is_not_called_away(metrics: Listener) -> None:
    with neighbours() as told:
        async with read_by(metrics.app, **{name: HttpClient(told.address) for name in THE_OTHERS}):
            read = said(await whole(metrics))
    assert read.count("상태를 알려 주지 않음") == 3
    assert "응답 없음" not in read


async def test_it_is_for_operators_and_the_auditor_and_others_ask_nobody(metrics: Listener) -> None:
    with neighbours() as told:
        async with read_by(metrics.app, **{name: HttpClient(told.address) for name in THE_OTHERS}):
            for role in (Role.PROVINCE_OFFICER, Role.TECHNOPARK_OPERATOR, Role.MENTOR_LEAD, Role.SAMSUNG_CLIENT):
                refused = await opened(metrics, role=role)
                assert (refused.status_code, "role-not-allowed" in refused.text) == (403, True), role
            assert told.asked == []
            assert (await opened(metrics, role=Role.AUDITOR)).status_code == 200


async def test_words_from_elsewhere_stay_text(metrics: Listener) -> None:
    place = {"topic": BAD, "partition": 0, "offset": 1}
    bad = state(
        service=BAD, running_version=BAD, ready=False, checks=[{"check": BAD, "good": False, "finding": BAD}],
        listens_to=[BAD], sent=[place], heard=[place],
    )  # fmt: skip
    events = [parked(topic=BAD, key=BAD, reason=BAD, fault=BAD)]
    with neighbours() as told:
        told.answers |= {"/v1/service-state": bad, "/v1/parked-events": {"items": events, "next": None}}
        async with read_by(metrics.app, **{name: HttpClient(told.address) for name in THE_OTHERS}):
            for lang in ("ko", "en"):
                page = await whole(metrics, lang=lang)
                assert "<script" not in page.text
                assert WORKED_OUT not in page.text
                assert page.text.count("&lt;script&gt;") >= 3 * 8
