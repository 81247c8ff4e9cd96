"""The local issuer signs people in as a standard provider would: exact addresses, codes that are good once, PKCE."""

import base64
from collections.abc import Callable
from html import escape
from pathlib import Path
from urllib.parse import parse_qsl, quote, urlsplit

import pytest
from fastapi.testclient import TestClient

from smartfactory.issuer.app import ADMIN_HEADER, IssuerOptions, build_issuer
from smartfactory.issuer.grants import LOST_ANSWER_SECONDS, Asked, GrantRefused, Grants, Person, challenge_of
from smartfactory.issuer.tokens import Bearer
from tests.support.signing_in import CLIENT, CLIENT_ID, CLIENT_SECRET, OFFICER, PAGES_ORIGIN, Form

ISSUER = "http://127.0.0.1/issuer"
ADDRESS = "http://127.0.0.1:8080/issuer"
SECRET = "the-secret-of-the-data-directory"
BACK = f"{PAGES_ORIGIN}/signed-in"
VERIFIER = "a-verifier-of-more-than-forty-three-characters-1234"
ASKED = {
    "response_type": "code",
    "client_id": CLIENT_ID,
    "redirect_uri": BACK,
    "scope": "openid profile",
    "state": "the state",
    "nonce": "the nonce",
    "code_challenge": challenge_of(VERIFIER),
    "code_challenge_method": "S256",
}


class Clock:
    def __init__(self) -> None:
        self.now = 1_800_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def client(tmp_path: Path, clock: Clock) -> TestClient:
    options = IssuerOptions(
        app_env="test",
        issuer=ISSUER,
        audience="smartfactory",
        directory=tmp_path,
        admin_secret=SECRET,
        address=ADDRESS,
        client=CLIENT,
        real_time=clock,
    )
    return TestClient(build_issuer(options), follow_redirects=False)


def proof(client_id: str = CLIENT_ID, secret: str = CLIENT_SECRET) -> dict[str, str]:
    joined = f"{quote(client_id, safe='')}:{quote(secret, safe='')}"
    return {"Authorization": "Basic " + base64.b64encode(joined.encode()).decode()}


def sent_back(client: TestClient, **changed: str | None) -> dict[str, str]:
    """What the browser carries back after its person chose, or after what was wrong."""
    asked = {name: value for name, value in {**ASKED, "person": OFFICER, **changed}.items() if value is not None}
    answer = client.post("/authorize", data=asked)
    assert answer.status_code == 303, answer.text
    address = urlsplit(answer.headers["location"])
    assert f"{address.scheme}://{address.netloc}{address.path}" == BACK
    return dict(parse_qsl(address.query))


def redeemed(client: TestClient, code: str, **changed: str) -> tuple[int, dict[str, object]]:
    form = {"grant_type": "authorization_code", "code": code, "redirect_uri": BACK, "code_verifier": VERIFIER}
    answer = client.post("/token", data={**form, **changed}, headers=proof())
    assert answer.headers["cache-control"] == "no-store"
    return answer.status_code, answer.json()


def refreshed(client: TestClient, token: object) -> tuple[int, dict[str, object]]:
    form = {"grant_type": "refresh_token", "refresh_token": str(token)}
    answer = client.post("/token", data=form, headers=proof())
    return answer.status_code, answer.json()


def test_discovery_offers_exactly_what_is_there(client: TestClient) -> None:
    found = client.get("/.well-known/openid-configuration").json()
    assert found["issuer"] == ISSUER
    for name in ("authorization_endpoint", "token_endpoint", "end_session_endpoint", "revocation_endpoint", "jwks_uri"):
        path = found[name].removeprefix(ADDRESS)
        assert found[name].startswith(f"{ADDRESS}/")
        assert client.get(path).status_code != 404, "it is where discovery says"
    assert found["code_challenge_methods_supported"] == ["S256"]


def test_a_container_is_told_to_come_back_inside_and_a_browser_outside(tmp_path: Path) -> None:
    options = IssuerOptions(
        app_env="test",
        issuer=ISSUER,
        audience="smartfactory",
        directory=tmp_path,
        admin_secret=SECRET,
        address=ADDRESS,
        inside="http://outside:8000/issuer",
        client=CLIENT,
    )
    asked = TestClient(build_issuer(options))
    behind = {"jwks_uri", "token_endpoint", "revocation_endpoint"}
    for host, address in (("outside:8000", "http://outside:8000/issuer"), ("127.0.0.1:8080", ADDRESS)):
        found = asked.get("/.well-known/openid-configuration", headers={"Host": host}).json()
        assert found["issuer"] == ISSUER
        assert {name: found[name].rpartition("/")[0] for name in behind} == dict.fromkeys(behind, address)
        for name in ("authorization_endpoint", "end_session_endpoint"):
            assert found[name].startswith(f"{ADDRESS}/"), "a browser goes there"


def test_the_page_says_that_it_is_a_stand_in_and_offers_everybody_korean_first(client: TestClient) -> None:
    page = client.get("/authorize", params=ASKED)
    assert page.status_code == 200
    assert page.text.index("대역 인증기관") < page.text.index("stand-in")
    for who in (OFFICER, "province.approver:52:province-approver", "province.treasurer:52:province-treasurer"):
        assert f'value="{who}"' in page.text
    assert page.text.count("municipality.officer:") == 14
    assert "script" not in page.text
    assert f"form-action 'self' {PAGES_ORIGIN}" in page.headers["content-security-policy"]
    assert Form(page).forms["authorize"].items() >= ASKED.items()


def test_a_season_tells_its_people_and_a_machine_is_nobody_to_choose(client: TestClient, tmp_path: Path) -> None:
    owner = {"name": "<b>가상정밀</b> 대표", "subject": "owner-1", "role": "company.owner", "tenant": "t-1"}
    machine = {"name": "삼성", "subject": "samsung-mentor", "role": "samsung.client", "tenant": "samsung"}
    assert client.put("/local/people", json=[owner]).status_code == 403
    told = client.put("/local/people", json=[owner, machine], headers={ADMIN_HEADER: SECRET})
    assert told.status_code == 204
    page = client.get("/authorize", params=ASKED)
    assert escape(owner["name"]) in page.text
    assert owner["name"] not in page.text
    assert "samsung" not in page.text
    assert "owner-1" in (tmp_path / "people.json").read_text(), "they are there after a restart"


def test_a_code_gives_tokens_for_whom_was_chosen(client: TestClient) -> None:
    back = sent_back(client)
    assert (back["state"], back["iss"]) == ("the state", ISSUER)
    status, tokens = redeemed(client, back["code"])
    assert status == 200
    assert tokens["token_type"] == "Bearer"
    assert {"access_token", "id_token", "refresh_token", "expires_in", "scope"} <= tokens.keys()


@pytest.mark.parametrize("redirect_uri", [f"{BACK}/", f"{BACK}?a=1", "http://pages.test.evil/signed-in", "", None])
def test_a_browser_is_never_sent_to_an_address_that_is_not_registered(
    client: TestClient, redirect_uri: str | None
) -> None:
    asked = {name: value for name, value in {**ASKED, "redirect_uri": redirect_uri}.items() if value is not None}
    for answer in (
        client.get("/authorize", params=asked),
        client.post("/authorize", data={**asked, "person": OFFICER}),
    ):
        assert answer.status_code == 400
        assert "location" not in answer.headers
    assert client.get("/authorize", params={**ASKED, "client_id": "somebody"}).status_code == 400


@pytest.mark.parametrize(
    ("changed", "error"),
    [
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"scope": "profile"}, "invalid_scope"),
        ({"code_challenge": None}, "invalid_request"),
        ({"code_challenge_method": "plain"}, "invalid_request"),
        ({"code_challenge": "short"}, "invalid_request"),
        ({"prompt": "none"}, "login_required"),
        ({"request": "x.y.z"}, "request_not_supported"),
        ({"nonce": "n" * 600}, "invalid_request"),
        ({"person": "province.emperor:52:me"}, "access_denied"),
    ],
)
def test_what_is_wrong_is_told_to_the_client_with_its_state(
    client: TestClient, changed: dict[str, str | None], error: str
) -> None:
    back = sent_back(client, **changed)
    assert (back["error"], back["state"], back["iss"]) == (error, "the state", ISSUER)
    assert "code" not in back


def test_a_parameter_that_stands_twice_is_refused(client: TestClient) -> None:
    answer = client.get("/authorize", params=[*ASKED.items(), ("scope", "openid admin")])
    assert "error=invalid_request" in answer.headers["location"]
    twice = client.post(
        "/token",
        content="grant_type=refresh_token&grant_type=authorization_code",
        headers=proof() | {"Content-Type": "application/x-www-form-urlencoded"},
    )
    assert (twice.status_code, twice.json()["error"]) == (400, "invalid_request")


@pytest.mark.parametrize(
    "changed",
    [{"code_verifier": VERIFIER[:-1]}, {"redirect_uri": f"{BACK}/"}, {"code_verifier": "é" * 43}],
)
def test_a_code_is_good_for_its_own_verifier_and_address_and_a_wrong_try_ends_it(
    client: TestClient, changed: dict[str, str]
) -> None:
    code = sent_back(client)["code"]
    status, answer = redeemed(client, code, **changed)
    assert (status, answer["error"]) == (400, "invalid_grant")
    assert redeemed(client, code)[1]["error"] == "invalid_grant"
    assert redeemed(client, "guessed")[1]["error"] == "invalid_grant"


def test_a_code_is_good_for_a_minute(client: TestClient, clock: Clock) -> None:
    code = sent_back(client)["code"]
    clock.now += 61
    assert redeemed(client, code)[1]["error"] == "invalid_grant"


def test_a_code_that_comes_twice_ends_what_came_of_it(client: TestClient) -> None:
    code = sent_back(client)["code"]
    _, tokens = redeemed(client, code)
    assert redeemed(client, code)[1]["error"] == "invalid_grant"
    assert refreshed(client, tokens["refresh_token"])[1]["error"] == "invalid_grant"


@pytest.mark.parametrize("late", [False, True], ids=["its successor was used", "a minute later"])
def test_refresh_tokens_turn_and_one_that_comes_twice_ends_the_sign_in(
    client: TestClient, clock: Clock, late: bool
) -> None:
    _, first = redeemed(client, sent_back(client)["code"])
    status, second = refreshed(client, first["refresh_token"])
    assert status == 200
    assert second["refresh_token"] != first["refresh_token"]
    newest = second
    if late:
        clock.now += LOST_ANSWER_SECONDS + 1
    else:
        newest = refreshed(client, second["refresh_token"])[1]
    assert refreshed(client, first["refresh_token"])[1]["error"] == "invalid_grant"
    assert refreshed(client, newest["refresh_token"])[1]["error"] == "invalid_grant", "whoever holds the other one"


def test_who_never_saw_the_answer_to_a_refresh_asks_again_and_what_was_lost_is_withdrawn(
    client: TestClient, clock: Clock
) -> None:
    _, first = redeemed(client, sent_back(client)["code"])
    _, lost = refreshed(client, first["refresh_token"])
    clock.now += LOST_ANSWER_SECONDS / 2
    status, second = refreshed(client, first["refresh_token"])
    assert status == 200
    status, third = refreshed(client, second["refresh_token"])
    assert status == 200
    assert refreshed(client, lost["refresh_token"])[1]["error"] == "invalid_grant", "somebody found it"
    assert refreshed(client, third["refresh_token"])[1]["error"] == "invalid_grant"


def test_nobody_holds_on_to_one_refresh_token_by_asking_again_and_again(client: TestClient, clock: Clock) -> None:
    _, first = redeemed(client, sent_back(client)["code"])
    for _ in range(3):
        assert refreshed(client, first["refresh_token"])[0] == 200
        clock.now += LOST_ANSWER_SECONDS / 2 - 1
    clock.now += LOST_ANSWER_SECONDS / 2
    assert refreshed(client, first["refresh_token"])[1]["error"] == "invalid_grant"


def test_a_sign_in_cannot_be_refreshed_for_ever_and_can_be_revoked(client: TestClient, clock: Clock) -> None:
    _, tokens = redeemed(client, sent_back(client)["code"])
    assert client.post("/revoke", data={"token": str(tokens["refresh_token"])}, headers=proof()).status_code == 200
    assert refreshed(client, tokens["refresh_token"])[0] == 400
    _, tokens = redeemed(client, sent_back(client)["code"])
    clock.now += 13 * 3_600
    assert refreshed(client, tokens["refresh_token"])[1]["error"] == "invalid_grant"


@pytest.mark.parametrize(
    ("form", "headers", "status", "error"),
    [
        ({"grant_type": "authorization_code", "code": "x"}, proof(), 400, "invalid_request"),
        ({"grant_type": "refresh_token"}, proof(), 400, "invalid_request"),
        ({"grant_type": "password", "username": "kim"}, proof(), 400, "unsupported_grant_type"),
        ({"grant_type": "client_credentials"}, proof(), 400, "unauthorized_client"),
        ({"grant_type": "refresh_token", "refresh_token": "x"}, proof(secret="guess"), 401, "invalid_client"),
        ({"grant_type": "refresh_token", "refresh_token": "x"}, {}, 401, "invalid_client"),
        ({}, proof(), 400, "invalid_request"),
    ],
)
def test_the_token_endpoint_names_what_is_wrong(
    client: TestClient, form: dict[str, str], headers: dict[str, str], status: int, error: str
) -> None:
    answer = client.post("/token", data=form, headers=headers) if form else client.post("/token", headers=headers)
    assert (answer.status_code, answer.json()["error"]) == (status, error)
    assert ("www-authenticate" in answer.headers) == (status == 401)


def test_another_client_s_code_is_not_redeemed(clock: Callable[[], float]) -> None:
    grants = Grants(clock)
    asked = Asked(client_id="first", redirect_uri=BACK, challenge=challenge_of(VERIFIER), scope="openid", nonce=None)
    code = grants.code_for(Person("김", Bearer("kim", "auditor", "52")), asked)
    with pytest.raises(GrantRefused, match="another client"):
        grants.redeem(code, client_id="second", redirect_uri=BACK, verifier=VERIFIER)


def test_the_end_of_a_session_leads_to_registered_addresses_only(client: TestClient) -> None:
    asked = {"client_id": CLIENT_ID, "post_logout_redirect_uri": f"{PAGES_ORIGIN}/signed-out", "state": "s"}
    answer = client.get("/end-session", params=asked)
    assert (answer.status_code, answer.headers["location"]) == (303, f"{PAGES_ORIGIN}/signed-out?state=s")
    foreign = client.post("/end-session", data={**asked, "post_logout_redirect_uri": "http://evil.test/"})
    assert foreign.status_code == 400
    assert client.get("/end-session").status_code == 200
