"""Pages: both languages, no word of script, headers that hold a browser to it, and refusals that people can read."""

import json
import re
from collections.abc import AsyncIterator, Callable
from html.parser import HTMLParser
from urllib.parse import quote

import httpx2
import pytest

from contracts.applicant import AgreementEffective, ProjectCompleted
from metrics.main import SERVICE
from smartfactory.stack.provision import DatabaseUrls
from tests.repo.tree import ROOT
from tests.support.builders import project_selected
from tests.support.listening import Listener, listener
from tests.support.outcomes import REPORTING, facts
from tests.support.pages import NOT_OPENED, PUBLIC_PAGES
from tests.support.practices import decide, done, nominate, nomination, publish, reported
from tools.catalogue.permissions import pages as pages_of

pytestmark = pytest.mark.anyio

_HTML = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
_POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)


@pytest.fixture
async def metrics(fresh_databases: Callable[..., dict[str, DatabaseUrls]]) -> AsyncIterator[Listener]:
    async with listener(SERVICE, fresh_databases("metrics", migrated=True)) as running:
        yield running


class Elements(HTMLParser):
    """Every element of a page with its attributes, and the text in between."""

    def __init__(self, page: httpx2.Response) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.said = ""
        self.feed(page.text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.said += f"{data} "


async def opened(metrics: Listener, path: str, **headers: str) -> httpx2.Response:
    return await metrics.http.get(path, headers={**_HTML, **headers})


async def test_every_page_speaks_both_languages_and_holds_the_browser_to_its_word(metrics: Listener) -> None:
    assert metrics.app is not None
    offered = {page.removeprefix("GET ") for page, roles in pages_of(metrics.app).items() if "public" in roles}
    assert {path.partition("?")[0] for path in PUBLIC_PAGES} >= {p for p in offered - NOT_OPENED if "{" not in p}
    for path in PUBLIC_PAGES:
        korean, english = (
            await opened(metrics, path),
            await opened(metrics, f"{path}{'&' if '?' in path else '?'}lang=en"),
        )
        for page, language in ((korean, "ko"), (english, "en")):
            assert page.status_code == 200, page.text
            assert page.headers["content-type"] == "text/html; charset=utf-8"
            assert page.headers["content-language"] == language
            assert page.headers["content-security-policy"] == _POLICY
            assert page.headers["referrer-policy"] == "same-origin"
            assert page.headers["x-content-type-options"] == "nosniff"
            found = Elements(page).found
            assert ("html", {"lang": language}) in found
            assert not [tag for tag, _ in found if tag in {"script", "style", "iframe", "object"}]
            assert not [name for _, attributes in found for name in attributes if name == "style" or name[:2] == "on"]
            assert [tag for tag, _ in found].count("h1") == 1
            assert len(page.content) < 150_000
        assert re.search("[가-힣]", Elements(korean).said)
        assert korean.text != english.text


async def test_the_language_of_the_address_wins_and_stays_in_its_links(metrics: Listener) -> None:
    page = await opened(metrics, "/?lang=ko", **{"Accept-Language": "en"})
    assert page.headers["content-language"] == "ko"
    links = [attributes["href"] for tag, attributes in Elements(page).found if tag == "a"]
    assert "/developers?lang=ko" in links
    assert "/?lang=en" in links
    assert (await opened(metrics, "/", **{"Accept-Language": "en-GB,ko;q=0.5"})).headers["content-language"] == "en"


async def test_a_refusal_is_a_page_for_a_browser_and_a_problem_for_everybody_else(metrics: Listener) -> None:
    for query in (f"a={quote('<script>alert(1)</script>')}", f"{quote('<script>')}=1", "lang=fr", "lang=ko&lang=en"):
        problem = await metrics.http.get(f"/?{query}")
        page = await opened(metrics, f"/?{query}")
        assert (problem.status_code, page.status_code) == (422, 422)
        assert problem.headers["content-type"] == "application/problem+json"
        told, said = problem.json(), Elements(page)
        for words in (told["title"], told["detail"], told["errors"][0]["detail"]):
            assert words in said.said
        assert "script" not in [tag for tag, _ in said.found]
        assert page.headers["content-security-policy"] == _POLICY
    missing = await opened(metrics, "/no-such-page?lang=en")
    assert missing.status_code == 404
    assert "route-not-found" in missing.text


async def test_a_bad_token_is_refused_on_a_page_too(metrics: Listener) -> None:
    refused = await opened(metrics, "/", Authorization="Bearer x.y.z")
    assert (refused.status_code, refused.headers["content-type"]) == (401, "text/html; charset=utf-8")
    assert refused.headers["www-authenticate"].startswith("Bearer")


async def test_head_tells_what_get_would_and_sends_nothing(metrics: Listener) -> None:
    head, get = await metrics.http.head("/", headers=_HTML), await opened(metrics, "/")
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["content-security-policy"] == get.headers["content-security-policy"]
    assert (await metrics.http.post("/", headers=_HTML)).status_code == 405


async def test_assets_are_kept_for_ever_under_the_name_of_their_content(metrics: Listener) -> None:
    found = Elements(await opened(metrics, "/")).found
    addresses = [
        attributes["href"] for tag, attributes in found if tag == "link" and "assets" in (attributes["href"] or "")
    ]
    assert len(addresses) == 2
    for address in addresses:
        assert address is not None
        assert re.fullmatch(r"/assets/(style|icon)-[0-9a-f]{12}\.(css|svg)", address)
        asset = await metrics.http.get(address)
        assert asset.status_code == 200
        assert asset.headers["cache-control"] == "public, max-age=31536000, immutable"
        assert "url(" not in asset.text
        assert "@import" not in asset.text
        older = address.replace(address[-16:-4], "0" * 12)
        assert (await metrics.http.get(older)).status_code == 404


async def test_the_whole_api_is_one_document_that_the_page_for_developers_leads_to(metrics: Listener) -> None:
    page = Elements(await opened(metrics, "/developers"))
    assert "/developers/openapi.json" in [attributes["href"] for tag, attributes in page.found if tag == "a"]
    served = await metrics.http.get("/developers/openapi.json")
    assert (served.status_code, served.headers["content-type"]) == (200, "application/json")
    assert served.json() == json.loads((ROOT / "docs/api/smartfactory.json").read_text("utf-8"))
    again = await metrics.http.get("/developers/openapi.json", headers={"If-None-Match": served.headers["etag"]})
    assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", served.headers["etag"])
    assert (await metrics.http.get("/developers/openapi.json?version=1")).status_code == 422


async def test_what_people_typed_stays_text_and_figures_keep_their_units(metrics: Listener) -> None:
    metrics.clock.move_to(REPORTING)
    firm = await reported(metrics)
    planted = "<script>alert(1)</script><b onclick=x>&amp;"
    kpis = [{"kpi": "P1", "change_kind": "PERCENT"}, {"kpi": "Q1", "change_kind": "POINTS"}]
    case = await done(await nominate(metrics, firm, nomination(title_ko=planted, summary_ko=planted, kpis=kpis)))
    case = await done(await decide(metrics, case))
    await done(await publish(metrics, case))
    page = Elements(await opened(metrics, "/practices"))
    assert page.said.count(planted) == 2
    assert not {"script", "b"} & {tag for tag, _ in page.found}
    assert "+30.0%" in page.said
    assert "+2.0%p" in page.said


async def test_the_target_is_shown_by_stage_with_its_rule_and_both_years(metrics: Listener) -> None:
    planned = [project_selected() for _ in range(7)]
    built = [project_selected() for _ in range(6)] + [project_selected(municipality_code="52740")]
    await metrics.tell(*planned, *built)
    await metrics.tell(*(AgreementEffective(**facts(each)) for each in built))
    await metrics.tell(*(ProjectCompleted(**facts(each), completion_id=each.project_id) for each in built))
    said = " ".join(Elements(await opened(metrics, "/gauge?lang=en")).said.split())
    assert "Planned 7 selected, and not agreed yet" in said
    assert "300 by 2027" in said
    assert "300 by 2026" in said
    assert "Stages that count: Completed." in said
    assert "Jangsu-gun withheld" in said


async def test_outcomes_stand_beside_the_benchmarks_and_units_are_never_mixed(metrics: Listener) -> None:
    page = Elements(await opened(metrics, "/outcomes?wave=YEAR_1&lang=en"))
    said = " ".join(page.said.split())
    assert "published as +44%" in said
    assert "Published without a unit, compared with nothing" in said
    assert "number of firms not published" in said
    assert {attributes["href"] for tag, attributes in page.found if tag == "a"} >= {"/outcomes?wave=YEAR_2&lang=en"}
    assert (await opened(metrics, "/outcomes?wave=BASELINE")).status_code == 422


async def test_the_dashboard_shows_what_counts_and_withholds_small_places(metrics: Listener) -> None:
    built = [project_selected() for _ in range(6)] + [project_selected(municipality_code="52740")]
    await metrics.tell(*built)
    await metrics.tell(*(AgreementEffective(**facts(each)) for each in built))
    await metrics.tell(*(ProjectCompleted(**facts(each), completion_id=each.project_id) for each in built))
    said = " ".join(Elements(await opened(metrics, "/?lang=en")).said.split())
    assert "7 of 300" in said
    assert "Jangsu withheld" in said
    assert "2027" in said
    assert "2026 was published too" in said
