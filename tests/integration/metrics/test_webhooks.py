"""Owners and their webhook endpoints over HTTP: a secret once, one's own only, and nothing said that is not told."""

import json
from collections.abc import AsyncIterator, Callable
from datetime import date
from typing import Any

import pytest

from common.event import new_id
from contracts.applicant import ProjectNotFunded
from contracts.funding import BudgetLapseWarned, CommitmentLapsed, DisbursementReserved
from contracts.roles import Role
from smartfactory.stack.provision import DatabaseUrls
from tests.support.builders import project_selected, project_withdrawn
from tests.support.receiving import GUNSAN, JEONJU, Hooks, hooks_over

pytestmark = pytest.mark.anyio
URL = "https://receiver.example/hooks"
ENDPOINTS = "/v1/webhook-endpoints"


@pytest.fixture
async def hooks(fresh_databases: Callable[..., dict[str, DatabaseUrls]]) -> AsyncIterator[Hooks]:
    async with hooks_over(fresh_databases("metrics", migrated=True)) as running:
        yield running


async def test_the_secret_is_told_once_and_is_in_no_row(hooks: Hooks):
    body = {"url": URL, "types": ["seat.empty", "agreement.effective", "seat.empty"]}
    first = await hooks.send("POST", ENDPOINTS, body, key="registered-only-once")
    again = await hooks.send("POST", ENDPOINTS, body, key="registered-only-once")
    assert (first.status_code, again.status_code) == (201, 201)
    secret, endpoint_id = first.json()["secret"], first.json()["id"]
    assert secret.startswith("whsec_")
    assert again.json() == {**first.json(), "secret": None}
    seen = await hooks.send("GET", f"{ENDPOINTS}/{endpoint_id}")
    assert {"secret", "salt"}.isdisjoint(seen.json())
    assert (seen.json()["owner"], seen.json()["types"]) == (JEONJU, ["agreement.effective", "seat.empty"])
    kept = await hooks.rows(
        "SELECT to_jsonb(e)::text AS row FROM webhook_endpoint AS e"
        " UNION ALL SELECT to_jsonb(j)::text FROM journal_entry AS j"
        " UNION ALL SELECT convert_from(body, 'UTF8') FROM idempotency_key"
    )
    assert len(kept) == 3
    assert not [row for row in kept if secret.removeprefix("whsec_")[:20] in row["row"]]


async def test_another_body_does_not_see_it_and_operators_only_look(hooks: Hooks):
    endpoint_id, _ = await hooks.register(URL)
    samsung, _ = await hooks.register(URL, role=Role.SAMSUNG_CLIENT, tenant="samsung")
    path = f"{ENDPOINTS}/{endpoint_id}"
    for by in ({"tenant": GUNSAN}, {"role": Role.SAMSUNG_CLIENT, "tenant": "samsung"}):
        for method, what, body in (
            ("GET", "", None),
            ("PUT", "", {"url": URL}),
            ("DELETE", "", None),
            ("POST", "/secret-rotations", None),
            ("POST", "/enablements", None),
            ("GET", "/deliveries", None),
        ):
            version = None if method in {"GET", "POST"} else 1
            answer = await hooks.send(method, path + what, body, version=version, **by)
            assert (answer.status_code, answer.json()["code"]) == (404, "webhook-endpoint-not-found"), what
    seen = await hooks.send("GET", ENDPOINTS, role=Role.PLATFORM_OPERATOR, tenant="52")
    assert [each["id"] for each in seen.json()["items"]] == [endpoint_id, samsung]
    # A path may hold what only its owner should know.
    assert {each["url"] for each in seen.json()["items"]} == {"https://receiver.example"}
    one = await hooks.send("GET", path, role=Role.AUDITOR, tenant="52")
    assert one.json()["url"] == "https://receiver.example"
    own = await hooks.send("GET", ENDPOINTS, role=Role.MUNICIPALITY_APPROVER)
    assert [(each["id"], each["url"]) for each in own.json()["items"]] == [(endpoint_id, URL)]
    refused = await hooks.send("POST", ENDPOINTS, {"url": URL}, role=Role.PLATFORM_OPERATOR, tenant="52")
    assert refused.status_code == 403


@pytest.mark.parametrize(
    ("role", "body", "code", "pointer"),
    [
        (Role.MUNICIPALITY_OFFICER, {"url": "https://10.0.0.1/"}, "webhook-url-refused", "/url"),
        (Role.MUNICIPALITY_OFFICER, {"url": "http://receiver.example/"}, "webhook-url-refused", "/url"),
        (Role.MUNICIPALITY_OFFICER, {"url": URL, "types": ["residency.assigned"]}, "webhook-type-not-offered", None),
        (Role.SAMSUNG_CLIENT, {"url": URL, "types": ["settlement.opened"]}, "webhook-type-not-offered", None),
        (Role.SAMSUNG_CLIENT, {"url": URL, "types": ["everything"]}, "input-invalid", "/types/0"),
    ],
)
async def test_what_cannot_be_sent_is_refused(
    hooks: Hooks, role: str, body: dict[str, Any], code: str, pointer: str | None
):
    answer = await hooks.send("POST", ENDPOINTS, body, role=role)
    assert (answer.status_code, answer.json()["code"]) == (422, code), answer.text
    if pointer:
        assert [each["pointer"] for each in answer.json()["errors"]] == [pointer]
    assert await hooks.rows("SELECT id FROM webhook_endpoint") == []


async def test_a_body_has_a_few_endpoints_and_each_body_its_own(hooks: Hooks):
    for _ in range(hooks.settings.webhook_endpoints_max):
        await hooks.register(URL)
    full = await hooks.send("POST", ENDPOINTS, {"url": URL})
    assert (full.status_code, full.json()["code"]) == (409, "webhook-endpoints-full")
    await hooks.register(URL, tenant=GUNSAN)


async def test_it_is_changed_and_removed_by_who_has_read_it(hooks: Hooks):
    endpoint_id, _ = await hooks.register(URL)
    path, other = f"{ENDPOINTS}/{endpoint_id}", {"url": "https://other.example/", "types": ["seat.empty"]}
    changed = await hooks.send("PUT", path, other, version=1)
    assert (changed.status_code, changed.json()["version"], changed.headers["etag"]) == (200, 2, '"2"')
    assert changed.json()["url"] == other["url"]
    for stale in (await hooks.send("PUT", path, other, version=1), await hooks.send("DELETE", path, version=1)):
        assert (stale.status_code, stale.json()["code"]) == (412, "webhook-endpoint-stale")
    assert (await hooks.send("DELETE", path, version=2)).status_code == 200
    assert (await hooks.send("GET", path)).status_code == 404
    decided = await hooks.rows("SELECT decision, facts FROM journal_entry ORDER BY position")
    assert [row["decision"].removeprefix("webhook-endpoint-") for row in decided] == [
        "registered",
        "changed",
        "removed",
    ]
    assert decided[0]["facts"]["host"] == "receiver.example"


async def test_what_is_active_needs_no_enabling(hooks: Hooks):
    endpoint_id, _ = await hooks.register(URL)
    answer = await hooks.send("POST", f"{ENDPOINTS}/{endpoint_id}/enablements")
    assert (answer.status_code, answer.json()["code"]) == (409, "webhook-endpoint-active")


async def test_an_endpoint_removed_while_an_event_arrives_makes_no_event_fail(hooks: Hooks):
    """Its message is queued for nobody, never sent and soon forgotten."""
    endpoint_id, _ = await hooks.register(URL)
    await hooks.tell(project_selected())
    await hooks.run("DELETE FROM webhook_endpoint WHERE id = cast(:id AS uuid)", id=endpoint_id)
    (delivery,) = await hooks.rows("SELECT id FROM webhook_delivery")
    seen = await hooks.send("GET", f"/v1/webhook-deliveries/{delivery['id']}")
    assert seen.status_code == 404
    await hooks.tell(project_selected())
    assert await hooks.rows("SELECT id FROM parked_event") == []


async def test_what_is_not_there_is_not_found(hooks: Hooks):
    for path, code in ((ENDPOINTS, "webhook-endpoint"), ("/v1/webhook-deliveries", "webhook-delivery")):
        answer = await hooks.send("GET", f"{path}/{new_id()}")
        assert (answer.status_code, answer.json()["code"]) == (404, f"{code}-not-found")


async def test_a_municipality_is_told_that_a_seat_is_empty_an_approval_waits_and_its_money_lapses(hooks: Hooks):
    """Of its own area and its own money; at what the province's money does it need do nothing."""
    wanted = ("seat.empty", "release.approval_waiting", "money.lapsing", "money.lapsed")
    await hooks.register(URL, *wanted)
    await hooks.register(URL, *wanted, tenant=GUNSAN)
    back, refused = project_selected(), project_selected()
    place = {"project_id": refused.project_id, "call_id": refused.call_id, "municipality_code": JEONJU}
    line = {"fiscal_year": 2024, "track": "B", "stage_days": 30, "days_left": 29, "last_day": date(2024, 12, 31)}
    left = {"uncommitted_won": 7_777, "unpaid_won": 0, "carried_won": 0, "lapsing_won": 7_777, "rule_version": "2022-1"}
    of_project = ("project_id", "application_id", "call_id", "type_code", "municipality_code")
    not_funded = ProjectNotFunded(**{name: getattr(refused, name) for name in of_project}, reason="F-05")
    await hooks.tell(back, refused, project_withdrawn(back), not_funded)
    for source, code in (("MUNICIPALITY", JEONJU), ("PROVINCE", None)):
        money = {"source": source, "budget_line_id": new_id()}
        await hooks.tell(
            DisbursementReserved(**place, release_id=new_id(), source=source, gate="ADVANCE", amount_won=1)
        )
        await hooks.tell(BudgetLapseWarned(**money, municipality_code=code, **line, **left))
        await hooks.tell(CommitmentLapsed(**place, **money, amount_won=1))
    told = [
        json.loads(row["body"]) for row in await hooks.rows("SELECT body FROM webhook_delivery ORDER BY type, body")
    ]
    assert [each["type"] for each in told] == [
        "money.lapsed", "money.lapsing", "release.approval_waiting", "seat.empty", "seat.empty"
    ]  # fmt: skip
    assert {each["data"]["municipality_code"] for each in told} == {JEONJU}
    lapsing = told[1]["data"]
    assert (lapsing["days_left"], lapsing["last_day"], "lapsing_won" in lapsing) == (29, "2024-12-31", False)
    causes = {each["data"]["cause"]: each["data"]["project_id"] for each in told[3:]}
    assert causes == {"WITHDRAWN": str(back.project_id), "NOT_FUNDED": str(refused.project_id)}
