"""Deliveries to receivers that answer, fail, hang, are gone, send elsewhere or lie in a private network."""

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from standardwebhooks import WebhookVerificationError

from common import failpoints
from common.event import new_id
from contracts.applicant import AgreementEffective, ProjectSelected
from contracts.funding import CommitmentLapsed, DisbursementReserved
from contracts.mentoring import MentorTrainingCompleted
from contracts.roles import Role
from metrics.webhooks.jobs import ForgetWebhooks
from smartfactory.stack.provision import DatabaseUrls
from tests.support.builders import project_selected, project_withdrawn
from tests.support.listening import NOW
from tests.support.receiving import GUNSAN, JEONJU, Answer, Hooks, Receiver, hooks_over, receiving

pytestmark = [pytest.mark.anyio, pytest.mark.promise("R32")]


@pytest.fixture
async def hooks(fresh_databases: Callable[..., dict[str, DatabaseUrls]]) -> AsyncIterator[Hooks]:
    async with hooks_over(fresh_databases("metrics", migrated=True)) as running:
        yield running


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as running:
        yield running


def effective(selected: ProjectSelected) -> AgreementEffective:
    named = ("project_id", "application_id", "call_id", "type_code", "municipality_code")
    return AgreementEffective(**{name: getattr(selected, name) for name in named})


async def delivery(hooks: Hooks, **by: str) -> Any:
    """The only delivery there is, as its owner sees it."""
    (row,) = await hooks.rows("SELECT id FROM webhook_delivery")
    return (await hooks.send("GET", f"/v1/webhook-deliveries/{row['id']}", **by)).json()


async def test_each_owner_is_told_what_is_its_own_and_can_verify_it(hooks: Hooks, receiver: Receiver):
    _, jeonju = await hooks.register(receiver.url)
    with receiving() as other, receiving() as samsung:
        _, gunsan = await hooks.register(other.url, tenant=GUNSAN)
        _, partner = await hooks.register(samsung.url, role=Role.SAMSUNG_CLIENT, tenant="samsung")
        selected = project_selected(municipality_code=JEONJU)
        trained = MentorTrainingCompleted(mentor_id=new_id(), cohort_id=new_id(), completed_on=NOW.date())
        await hooks.tell(selected, effective(selected), project_withdrawn(selected), trained)
        await hooks.tell(project_selected(municipality_code=GUNSAN))
        await hooks.deliver()
        assert receiver.types == ["agreement.effective", "project.selected", "seat.empty"]
        assert other.types == ["project.selected"]
        assert samsung.types == [
            "agreement.effective", "mentor.training_completed", "project.selected", "project.selected"
        ]  # fmt: skip
        for got in receiver.got:
            assert got.verified_by(jeonju)["data"]["project_id"] == str(selected.project_id)
            for secret in (gunsan, partner):
                with pytest.raises(WebhookVerificationError):
                    got.verified_by(secret)
        for got in samsung.got:
            assert got.verified_by(partner)["data"].keys().isdisjoint({"company_id", "total_cost_won", "cap_won"})


async def test_only_the_wanted_types_and_of_money_only_ones_own(hooks: Hooks, receiver: Receiver):
    await hooks.register(receiver.url, "release.approval_waiting", "money.lapsed")
    selected = project_selected()
    said: dict[str, Any] = {
        "project_id": selected.project_id,
        "call_id": selected.call_id,
        "municipality_code": JEONJU,
        "amount_won": 7_777_777,
    }
    for source in ("MUNICIPALITY", "PROVINCE"):
        await hooks.tell(DisbursementReserved(**said, release_id=new_id(), source=source, gate="ADVANCE"))
        await hooks.tell(CommitmentLapsed(**said, source=source, budget_line_id=new_id()))
    await hooks.tell(selected)
    await hooks.deliver()
    assert receiver.types == ["money.lapsed", "release.approval_waiting"]
    assert {each.message["data"]["source"] for each in receiver.got} == {"MUNICIPALITY"}
    assert b"7777777" not in b"".join(each.body for each in receiver.got)


async def test_an_event_that_comes_again_is_told_once_to_each_endpoint(hooks: Hooks, receiver: Receiver):
    await hooks.register(receiver.url)
    await hooks.register(receiver.url)
    record = hooks.metrics.record(project_selected())
    for _ in range(3):
        await hooks.metrics.apply([record])
    await hooks.deliver()
    assert len(receiver.got) == 2
    # The same id at both: whoever hears it at two addresses counts it once.
    assert len({each.id for each in receiver.got}) == 1


async def test_after_a_rotation_both_secrets_verify_and_then_only_the_new_one(hooks: Hooks, receiver: Receiver):
    endpoint_id, old = await hooks.register(receiver.url)
    rotated = await hooks.send("POST", f"/v1/webhook-endpoints/{endpoint_id}/secret-rotations")
    new = rotated.json()["secret"]
    until = datetime.fromisoformat(rotated.json()["previous_secret_until"])
    assert timedelta(hours=23) < until - datetime.now(UTC) <= timedelta(hours=24)
    await hooks.tell(project_selected())
    await hooks.deliver()
    (both,) = receiver.got
    assert both.headers["webhook-signature"].count("v1,") == 2
    assert both.verified_by(old) == both.verified_by(new)
    await hooks.run("UPDATE webhook_endpoint SET previous_until = now()")
    await hooks.tell(project_selected())
    await hooks.deliver()
    one = receiver.got[1]
    assert one.verified_by(new)
    with pytest.raises(WebhookVerificationError):
        one.verified_by(old)
    seen = await hooks.send("GET", f"/v1/webhook-endpoints/{endpoint_id}")
    assert seen.json()["previous_secret_until"] is None


async def test_a_receiver_that_fails_for_days_gets_it_when_it_is_well_again(hooks: Hooks, receiver: Receiver):
    _, secret = await hooks.register(receiver.url)
    receiver.answer(Answer(500, body="점검 중".encode()))
    await hooks.tell(project_selected())
    for tries in range(1, 10):
        await hooks.deliver()
        seen = await delivery(hooks)
        assert (seen["state"], seen["attempts"]) == ("FAILED", tries)
        await hooks.hurry()
    receiver.answer(Answer(200))
    await hooks.deliver()
    seen = await delivery(hooks)
    assert (seen["state"], seen["attempts"], seen["next_attempt_at"]) == ("DELIVERED", 10, None)
    assert [(each["outcome"], each["status"]) for each in seen["log"]] == [("REFUSED", 500)] * 9 + [("DELIVERED", 200)]
    assert seen["log"][0]["excerpt"] == "점검 중"
    assert {(each.id, each.body) for each in receiver.got} == {(seen["webhook_id"], receiver.got[0].body)}
    assert receiver.got[-1].verified_by(secret) == seen["message"]


async def test_what_was_given_up_is_sent_again_by_its_owner_or_an_operator(hooks: Hooks, receiver: Receiver):
    endpoint_id, _ = await hooks.register(receiver.url)
    receiver.answer(Answer(503))
    await hooks.tell(project_selected())
    for _ in range(10):
        await hooks.deliver()
        await hooks.hurry()
    await hooks.deliver()
    assert len(receiver.got) == 10
    listed = await hooks.send("GET", f"/v1/webhook-endpoints/{endpoint_id}/deliveries?state=GIVEN_UP")
    (given_up,) = listed.json()["items"]
    receiver.answer(Answer(204))
    for by in ({"role": Role.PLATFORM_OPERATOR, "tenant": "52"}, {"role": Role.MUNICIPALITY_OFFICER}):
        path = f"/v1/webhook-deliveries/{given_up['id']}/redeliveries"
        again = await hooks.send("POST", path, **by)
        assert (again.status_code, again.json()["state"]) == (201, "QUEUED"), again.text
        twice = await hooks.send("POST", path, **by)
        assert (twice.status_code, twice.json()["code"]) == (409, "webhook-delivery-under-way")
        await hooks.deliver()
        assert (await delivery(hooks))["state"] == "DELIVERED"
    assert len({each.id for each in receiver.got}) == 1
    refused = await hooks.send("POST", path, role=Role.MUNICIPALITY_APPROVER)
    elsewhere = await hooks.send("POST", path, tenant=GUNSAN)
    assert (refused.status_code, elsewhere.status_code) == (403, 404)


async def test_what_a_receiver_said_is_its_owners_to_read(hooks: Hooks, receiver: Receiver):
    await hooks.register(receiver.url)
    receiver.answer(Answer(500, body=b"case of Hong"))
    await hooks.tell(project_selected())
    await hooks.deliver()
    assert [each["excerpt"] for each in (await delivery(hooks))["log"]] == ["case of Hong"]
    operator = await delivery(hooks, role=Role.PLATFORM_OPERATOR, tenant="52")
    assert [(each["status"], each["excerpt"]) for each in operator["log"]] == [(500, None)]


async def test_gone_disables_and_what_happens_meanwhile_waits_until_it_is_enabled(hooks: Hooks, receiver: Receiver):
    endpoint_id, _ = await hooks.register(receiver.url)
    receiver.answer(Answer(410))
    await hooks.tell(project_selected())
    await hooks.deliver()
    seen = await hooks.send("GET", f"/v1/webhook-endpoints/{endpoint_id}")
    assert seen.json()["state"] == "DISABLED"
    gone = await delivery(hooks)
    assert [each["outcome"] for each in gone["log"]] == ["GONE"]
    refused = await hooks.send("POST", f"/v1/webhook-deliveries/{gone['id']}/redeliveries")
    assert (refused.status_code, refused.json()["code"]) == (409, "webhook-endpoint-disabled")
    receiver.answer(Answer(204))
    await hooks.tell(project_selected())
    await hooks.hurry()
    await hooks.deliver()
    assert len(receiver.got) == 1, "nothing is sent to what is gone"
    enabled = await hooks.send("POST", f"/v1/webhook-endpoints/{endpoint_id}/enablements")
    assert (enabled.status_code, enabled.json()["state"]) == (201, "ACTIVE")
    await hooks.deliver()
    assert {row["state"] for row in await hooks.rows("SELECT state FROM webhook_delivery")} == {"DELIVERED"}
    decided = await hooks.rows("SELECT decision, actor FROM journal_entry ORDER BY position")
    assert (decided[1]["decision"], decided[1]["actor"]) == ("webhook-endpoint-disabled", "service:-:metrics")


async def test_gone_at_an_address_that_was_changed_meanwhile_disables_nothing(hooks: Hooks, receiver: Receiver):
    endpoint_id, _ = await hooks.register(receiver.url)
    held = threading.Event()
    receiver.answer(Answer(410, hang=held))
    await hooks.tell(project_selected())
    async with hooks.worker() as job:
        while not receiver.got:
            await job(hooks.metrics.database, hooks.metrics.http._transport.app.state.runtime.clock)
        moved = {"url": "https://other.example/"}
        assert (await hooks.send("PUT", f"/v1/webhook-endpoints/{endpoint_id}", moved, version=1)).status_code == 200
        held.set()
    seen = await hooks.send("GET", f"/v1/webhook-endpoints/{endpoint_id}")
    assert seen.json()["state"] == "ACTIVE"


@pytest.mark.parametrize("status", [429, 503])
async def test_who_says_when_to_come_again_is_left_until_then(hooks: Hooks, receiver: Receiver, status: int):
    await hooks.register(receiver.url)
    receiver.answer(Answer(status, {"Retry-After": "7200"}), Answer(204))
    await hooks.tell(project_selected())
    await hooks.deliver()
    wait = datetime.fromisoformat((await delivery(hooks))["next_attempt_at"]) - datetime.now(UTC)
    assert timedelta(seconds=7_100) < wait < timedelta(seconds=7_930)


@pytest.mark.promise("R31")
async def test_a_redirect_is_a_failure_and_nobody_is_sent_elsewhere(hooks: Hooks, receiver: Receiver):
    with receiving() as elsewhere:
        await hooks.register(receiver.url)
        receiver.answer(Answer(307, {"Location": elsewhere.url}))
        await hooks.tell(project_selected())
        await hooks.deliver()
        assert [each["outcome"] for each in (await delivery(hooks))["log"]] == ["REDIRECTED"]
        assert (len(receiver.got), elsewhere.connections) == (1, 0)


async def test_who_hangs_keeps_no_other_waiting(
    fresh_databases: Callable[..., dict[str, DatabaseUrls]], receiver: Receiver
):
    urls = fresh_databases("metrics", migrated=True)
    async with hooks_over(urls, webhook_timeout_seconds=3.0) as hooks:
        await _one_hangs(hooks, receiver)


async def _one_hangs(hooks: Hooks, receiver: Receiver) -> None:
    with receiving() as slow:
        await hooks.register(slow.url)
        await hooks.register(receiver.url, tenant=GUNSAN)
        slow.answer(Answer(hang=threading.Event()))
        for _ in range(9):
            await hooks.tell(project_selected())
        async with hooks.worker() as job:
            clock = hooks.metrics.http._transport.app.state.runtime.clock
            while len(slow.got) < hooks.settings.webhook_at_once_per_endpoint:
                await job(hooks.metrics.database, clock)
            await hooks.tell(project_selected(municipality_code=GUNSAN))
            while not receiver.got:
                await job(hooks.metrics.database, clock)
            free_at = min(each.at for each in slow.got) + hooks.settings.webhook_timeout_seconds
            assert receiver.got[0].at < free_at, "it waited for a place that another endpoint's receiver held"
            while await job(hooks.metrics.database, clock):
                pass
        outcomes = await hooks.rows("SELECT outcome, count(*) AS times FROM webhook_attempt GROUP BY outcome")
        assert {row["outcome"]: row["times"] for row in outcomes} == {"TIMED_OUT": 9, "DELIVERED": 1}


async def test_a_receiver_that_is_not_there_is_tried_again(hooks: Hooks):
    with receiving() as receiver:
        url = receiver.url
    await hooks.register(url)
    await hooks.tell(project_selected())
    await hooks.deliver()
    assert [(each["outcome"], each["status"]) for each in (await delivery(hooks))["log"]] == [("UNREACHABLE", None)]


@pytest.mark.promise("R31")
async def test_a_name_of_a_private_address_is_refused_before_connecting(
    fresh_databases: Callable[..., dict[str, DatabaseUrls]], receiver: Receiver
):
    """Also one that stood for a public address when it was registered, and is asked about once for each attempt."""
    asked: list[str] = []

    async def resolve(name: str, port: int) -> Sequence[str]:
        asked.append(name)
        return ["127.0.0.1"]

    async with hooks_over(fresh_databases("metrics", migrated=True), webhook_loopback=False) as hooks:
        await hooks.register(f"https://rebound.example:{receiver.port}/hooks")
        await hooks.tell(project_selected())
        await hooks.deliver(resolve=resolve)
        assert [each["outcome"] for each in (await delivery(hooks))["log"]] == ["ADDRESS_REFUSED"]
        assert (asked, receiver.connections) == (["rebound.example"], 0)


async def test_several_workers_send_each_attempt_once(hooks: Hooks, receiver: Receiver):
    await hooks.register(receiver.url)
    for _ in range(40):
        await hooks.tell(project_selected())
    await asyncio.gather(*(hooks.deliver() for _ in range(4)))
    assert len(receiver.got) == len({each.id for each in receiver.got}) == 40
    rows = await hooks.rows("SELECT state, attempts FROM webhook_delivery")
    assert {(row["state"], row["attempts"]) for row in rows} == {("DELIVERED", 1)}


async def test_a_worker_that_ends_between_sending_and_keeping_sends_again_under_the_same_id(
    hooks: Hooks, receiver: Receiver
):
    await hooks.register(receiver.url)
    await hooks.tell(project_selected())
    failpoints.arm("job.after_send=raise")
    try:
        await hooks.deliver()
    finally:
        failpoints.arm("")
    assert len(receiver.got) == 1
    await hooks.deliver()
    assert len(receiver.got) == 1, "as long as its lease lasts nobody else sends it"
    assert (await delivery(hooks))["state"] == "SENDING"
    await hooks.hurry()
    await hooks.deliver()
    seen = await delivery(hooks)
    assert [each.id for each in receiver.got] == [seen["webhook_id"]] * 2
    assert (seen["state"], [each["number"] for each in seen["log"]]) == ("DELIVERED", [2])


async def test_who_lost_the_lease_keeps_nothing(hooks: Hooks, receiver: Receiver):
    await hooks.register(receiver.url)
    held = threading.Event()
    receiver.answer(Answer(500, hang=held), Answer(204))
    await hooks.tell(project_selected())
    clock = hooks.metrics.http._transport.app.state.runtime.clock
    async with hooks.worker() as slow:
        while not receiver.got:
            await slow(hooks.metrics.database, clock)
        await hooks.hurry()
        await hooks.deliver()
        held.set()
    seen = await delivery(hooks)
    assert (seen["state"], [each["status"] for each in seen["log"]]) == ("DELIVERED", [204])


async def test_old_deliveries_and_those_of_removed_endpoints_are_forgotten(hooks: Hooks, receiver: Receiver):
    kept, _ = await hooks.register(receiver.url)
    removed, _ = await hooks.register(receiver.url)
    await hooks.tell(project_selected(), project_selected())
    await hooks.deliver()
    assert (await hooks.send("DELETE", f"/v1/webhook-endpoints/{removed}", version=1)).status_code == 200
    await hooks.run(
        "UPDATE webhook_delivery SET queued_at = now() - interval '91 days'"
        " WHERE id = (SELECT id FROM webhook_delivery WHERE endpoint_id = cast(:kept AS uuid) LIMIT 1)",
        kept=kept,
    )
    forget = ForgetWebhooks(hooks.settings)
    clock = hooks.metrics.http._transport.app.state.runtime.clock
    assert await forget(hooks.metrics.database, clock)
    (left,) = await hooks.rows("SELECT cast(endpoint_id AS text) AS endpoint_id FROM webhook_delivery")
    assert left["endpoint_id"] == kept
    assert len(await hooks.rows("SELECT delivery_id FROM webhook_attempt")) == 1
    assert not await forget(hooks.metrics.database, clock)


async def test_a_listed_page_shows_the_newest_first(hooks: Hooks, receiver: Receiver):
    endpoint_id, _ = await hooks.register(receiver.url)
    selected = project_selected()
    await hooks.tell(selected)
    await hooks.tell(project_withdrawn(selected))
    listed = await hooks.send("GET", f"/v1/webhook-endpoints/{endpoint_id}/deliveries?page_size=1")
    assert [each["type"] for each in listed.json()["items"]] == ["seat.empty"]
    rest = await hooks.send(
        "GET", f"/v1/webhook-endpoints/{endpoint_id}/deliveries?page_size=1&cursor={listed.json()['next']}"
    )
    assert [each["type"] for each in rest.json()["items"]] == ["project.selected"]
