"""Parked events as those who look after the platform see and settle them: in order, with a reason, dropped by two."""

import asyncio
import itertools
import uuid
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

import httpx2
import msgspec
import pytest
from asgi_lifespan import LifespanManager

from common.api import build_app
from common.clock import FixedClock
from common.consumer.batch import Applier
from common.consumer.waiting_count import CountParked
from common.db import Database
from common.event import new_id
from common.settings import ServiceSettings
from smartfactory.stack.provision import DatabaseUrls
from tests.support.documented import documented
from tests.support.parcels.consumers import HANDLERS
from tests.support.parcels.driver import AT, rows, scalar, sequences_of, set_limit, wire
from tests.support.parcels.events import ParcelSent, ParcelWeighed
from tests.support.parcels.main import MENDER, READER, SERVICE
from tests.support.tokens import Issuer

SECRET = "rather-secret"
AMOUNT = 987_654_321  # grams; so long a number that no id or time has it by chance

_TOLD = """
    SELECT decision, actor, words FROM journal_entry
    JOIN journal_note ON journal_note.id::text = facts -> 'reason' ->> 'note' ORDER BY journal_entry.id
"""
"""What was decided, by whom, and why in their words."""


class Operators:
    """The parcel service's API and the consumer whose events it could not apply."""

    def __init__(self, client: httpx2.AsyncClient, database: Database) -> None:
        self.client, self.database, self.issuer = client, database, Issuer()
        self.applier = Applier(database, FixedClock(AT), HANDLERS, service="parcels")

    async def receive(self, key: UUID, *grams: int, first: int = 1) -> None:
        """Let parcels of these weights arrive, in sequence."""
        sent = [
            wire(ParcelSent(parcel_id=key, grams=weight, note=SECRET), sequence)
            for sequence, weight in enumerate(grams, start=first)
        ]
        await self.applier.apply(sent)

    async def get(self, path: str = "", *, role: str = READER, **query: Any) -> httpx2.Response:
        headers = self.issuer.headers(role=role)
        return await self.client.get(f"/v1/parked-events{path}", params=query, headers=headers)

    async def post(
        self,
        path: str,
        body: object = None,
        *,
        by: str = "one",
        tenant: str = "t-1",
        role: str = MENDER,
        key: str = "",
        version: str = "",
    ) -> httpx2.Response:
        headers = self.issuer.headers(role=role, subject=by, tenant=tenant)
        headers |= {"Idempotency-Key": key or str(uuid.uuid4())}
        headers |= {"If-Match": version} if version else {}
        return await self.client.post(f"/v1/parked-events/{path}", json=body, headers=headers)

    async def waiting(self, key: UUID) -> list[dict[str, Any]]:
        answer = await self.get(key=str(key), state="WAITING")
        assert answer.status_code == 200, answer.text
        return list(answer.json()["items"])


@pytest.fixture
async def operators(urls: DatabaseUrls, database: Database) -> AsyncIterator[Operators]:
    settings = ServiceSettings(app_env="test", database_url=urls.application)
    verifying = Issuer()
    app = build_app(SERVICE, settings, clock=FixedClock(AT), database=database, verifier=verifying.verifier())
    async with (
        LifespanManager(app),
        httpx2.AsyncClient(
            event_hooks=documented(app),
            transport=httpx2.ASGITransport(app, raise_app_exceptions=False),
            base_url="http://parcels.test",
        ) as client,
    ):
        made = Operators(client, database)
        made.issuer = verifying
        yield made


async def test_a_page_says_which_events_wait_and_why_and_nothing_of_what_they_say(operators: Operators):
    heavy, broken = new_id(), new_id()
    await operators.receive(heavy, AMOUNT, 3)
    await operators.applier.apply(
        [msgspec.structs.replace(wire(ParcelSent(parcel_id=broken, grams=1), 1, offset=7), value=SECRET.encode())]
    )
    seen: list[dict[str, Any]] = []
    cursor: dict[str, str] = {}
    for page in itertools.count(1):
        answer = await operators.get(page_size=2, **cursor)
        seen += answer.json()["items"]
        if answer.json()["next"] is None:
            break
        cursor = {"cursor": answer.json()["next"]}
        assert page < 5
    assert [(one["key"], one["sequence"], one["reason"], one["fault"]) for one in seen[:2]] == [
        (str(heavy), 1, "refused", "too-heavy"),
        (str(heavy), 2, "behind", "sequence 2 came while 1 is next"),
    ]
    assert (seen[2]["key"], seen[2]["offset"], seen[2]["reason"]) == (str(broken), 7, "undecodable")
    one = await operators.get(f"/{seen[0]['id']}")
    assert one.json() == seen[0]
    assert SECRET not in str(seen) + one.text
    assert str(AMOUNT) not in str(seen), "an amount of the event is in the rule's message"


async def test_filters_choose_by_topic_key_and_state(operators: Operators):
    mended, waiting = new_id(), new_id()
    await operators.receive(mended, 2000)
    await operators.receive(waiting, 3000)
    await set_limit(operators.database, 2500)
    (event,) = await operators.waiting(mended)
    assert (await operators.post(f"{event['id']}/redrives", {"reason": "limit raised"})).status_code == 200

    async def keys(**query: str) -> set[str]:
        return {item["key"] for item in (await operators.get(**query)).json()["items"]}

    assert await keys(state="WAITING") == {str(waiting)}
    assert await keys(state="REDRIVEN") == {str(mended)}
    assert await keys(state="DISCARDED") == set()
    assert await keys(topic=ParcelSent.TOPIC) == {str(waiting), str(mended)}
    assert await keys(topic="another") == set()
    assert await keys(key=str(waiting)) == {str(waiting)}
    assert (await operators.get(state="GONE")).status_code == 422


async def test_a_redrive_applies_the_key_in_order_and_a_still_broken_event_waits_on(operators: Operators):
    key = new_id()
    await operators.receive(key, 2000, 1, 3000, 4)
    await set_limit(operators.database, 2500)
    event = (await operators.waiting(key))[0]
    answer = await operators.post(f"{event['id']}/redrives", {"reason": "limit raised"})
    assert answer.json() == {
        "topic": ParcelSent.TOPIC,
        "key": str(key),
        "applied": 2,
        "left": 2,
        "next_sequence": 3,
    }
    assert await sequences_of(operators.database, key) == [1, 2]
    third, fourth = await operators.waiting(key)
    assert (third["sequence"], third["reason"], third["fault"], third["attempts"]) == (3, "refused", "too-heavy", 2)
    assert (fourth["sequence"], fourth["reason"]) == (4, "behind")
    # What comes meanwhile waits in line, and the next redrive brings all of it.
    await operators.receive(key, 5, first=5)
    await set_limit(operators.database, 5000)
    answer = await operators.post(f"{fourth['id']}/redrives", {"reason": "limit raised again"})
    assert (answer.json()["applied"], answer.json()["left"]) == (3, 0)
    assert await sequences_of(operators.database, key) == [1, 2, 3, 4, 5]
    assert await rows(operators.database, _TOLD) == [
        ("parked-event.redriven", "mender:t-1:one", "limit raised"),
        ("parked-event.redriven", "mender:t-1:one", "limit raised again"),
    ]


async def test_a_redrive_sent_twice_is_done_once(operators: Operators):
    key = new_id()
    await operators.receive(key, 2000, 3000)
    await set_limit(operators.database, 2500)
    event = (await operators.waiting(key))[0]
    name = str(uuid.uuid4())
    first = await operators.post(f"{event['id']}/redrives", {"reason": "mended"}, key=name)
    await set_limit(operators.database, 5000)
    second = await operators.post(f"{event['id']}/redrives", {"reason": "mended"}, key=name)
    assert (second.json(), second.headers["Idempotency-Replayed"]) == (first.json(), "true")
    assert await sequences_of(operators.database, key) == [1]
    other = await operators.post(f"{event['id']}/redrives", {"reason": "mended"})
    assert (other.status_code, other.json()["code"]) == (409, "parked-event-resolved")


async def test_two_redrives_of_one_key_at_once_have_every_effect_once(operators: Operators):
    key = new_id()
    await operators.receive(key, 2000, 1, 2, 3)
    await set_limit(operators.database, 5000)
    first, second, *_ = await operators.waiting(key)
    answers = await asyncio.gather(
        *(operators.post(f"{event['id']}/redrives", {"reason": "mended"}, by=event["key"]) for event in (first, second))
    )
    assert [answer.status_code for answer in answers] in ([200, 200], [200, 409], [409, 200])
    assert sum(answer.json().get("applied", 0) for answer in answers) == 4
    assert await sequences_of(operators.database, key) == [1, 2, 3, 4]


async def test_what_an_event_recorded_before_it_failed_again_is_undone(operators: Operators):
    key = new_id()
    await operators.receive(key, 2000)
    event = (await operators.waiting(key))[0]
    before = await scalar(operators.database, "SELECT count(*) FROM outbox")
    answer = await operators.post(f"{event['id']}/redrives", {"reason": "hoping"})
    assert (answer.status_code, answer.json()["applied"], answer.json()["left"]) == (200, 0, 1)
    assert await scalar(operators.database, "SELECT count(*) FROM outbox") == before
    assert await scalar(operators.database, "SELECT count(*) FROM inbox WHERE key = :key", key=key) == 0


async def test_an_event_is_discarded_by_two_people_and_those_behind_it_go_on(operators: Operators):
    key = new_id()
    await operators.receive(key, 2000, 1, 2)
    event = (await operators.waiting(key))[0]["id"]
    nobody_asked = await operators.post(f"{event}/discard-confirmations", by="two", version='"1"')
    assert nobody_asked.status_code == 412, "the version that was read comes first"
    version = (await operators.get(f"/{event}")).headers["ETag"]
    nobody_asked = await operators.post(f"{event}/discard-confirmations", by="two", version=version)
    assert (nobody_asked.status_code, nobody_asked.json()["code"]) == (409, "discard-not-asked")

    asked = await operators.post(f"{event}/discards", {"reason": "sent by mistake"}, by="one")
    assert (asked.status_code, asked.json()["discard_asked_by"]) == (200, "mender:t-1:one")
    version = asked.headers["ETag"]
    for tenant in ("t-1", "t-2"):
        same = await operators.post(f"{event}/discard-confirmations", by="one", tenant=tenant, version=version)
        assert (same.status_code, same.json()["code"]) == (403, "discard-needs-second-person")
    assert len(await operators.waiting(key)) == 3

    confirmed = await operators.post(f"{event}/discard-confirmations", by="two", version=version)
    assert confirmed.status_code == 200, confirmed.text
    assert (confirmed.json()["applied"], confirmed.json()["left"]) == (2, 0)
    assert await sequences_of(operators.database, key) == [2, 3]
    assert (await operators.get(f"/{event}")).json()["state"] == "DISCARDED"
    assert await rows(operators.database, _TOLD) == [
        ("parked-event.discard-asked", "mender:t-1:one", "sent by mistake"),
        ("parked-event.discarded", "mender:t-1:two", "sent by mistake"),
    ]


async def test_a_confirmation_of_what_was_asked_otherwise_meanwhile_is_refused(operators: Operators):
    key = new_id()
    await operators.receive(key, 2000)
    event = (await operators.waiting(key))[0]["id"]
    read = (await operators.post(f"{event}/discards", {"reason": "sent by mistake"}, by="one")).headers["ETag"]
    await operators.post(f"{event}/discards", {"reason": "nobody will notice"}, by="three")
    stale = await operators.post(f"{event}/discard-confirmations", by="two", version=read)
    assert (stale.status_code, stale.json()["code"]) == (412, "parked-event-changed")
    without = await operators.post(f"{event}/discard-confirmations", by="two")
    assert without.status_code == 428
    assert len(await operators.waiting(key)) == 1


async def test_an_event_behind_another_is_not_discarded(operators: Operators):
    key = new_id()
    await operators.receive(key, 2000, 1)
    behind = (await operators.waiting(key))[1]["id"]
    version = (await operators.post(f"{behind}/discards", {"reason": "away with it"}, by="one")).headers["ETag"]
    answer = await operators.post(f"{behind}/discard-confirmations", by="two", version=version)
    assert (answer.status_code, answer.json()["code"]) == (409, "parked-event-not-first")


@pytest.mark.parametrize("path", ["redrives", "discards", "discard-confirmations"])
async def test_who_may_only_look_settles_nothing(operators: Operators, path: str):
    key = new_id()
    await operators.receive(key, 2000)
    event = (await operators.waiting(key))[0]["id"]
    for role in (READER, "somebody"):
        refused = await operators.post(f"{event}/{path}", {"reason": "x"}, role=role, version='"1"')
        assert (refused.status_code, refused.json()["code"]) == (403, "role-not-allowed")
    assert (await operators.get(role="somebody")).status_code == 403
    assert (await operators.get(f"/{event}", role="somebody")).status_code == 403
    assert (await operators.client.get("/v1/parked-events")).status_code == 401
    assert len(await operators.waiting(key)) == 1


@pytest.mark.parametrize(
    ("body", "status"), [({}, 422), ({"reason": ""}, 422), ({"reason": " "}, 422), ({"reason": "x", "by": "me"}, 422)]
)
async def test_a_redrive_or_a_discard_without_a_reason_is_refused(operators: Operators, body: object, status: int):
    await operators.receive(new_id(), 2000)
    event = (await operators.get()).json()["items"][0]["id"]
    assert (await operators.post(f"{event}/redrives", body)).status_code == status
    assert (await operators.post(f"{event}/discards", body)).status_code == status


@pytest.mark.parametrize("number", ["999999", "0", str(2**63), "x"])
async def test_a_number_that_no_event_has(operators: Operators, number: str):
    expected = 404 if number == "999999" else 422
    assert (await operators.get(f"/{number}")).status_code == expected
    assert (await operators.post(f"{number}/redrives", {"reason": "x"})).status_code == expected


async def test_the_metric_counts_what_waits_by_topic_and_says_zero_where_nothing_does(
    operators: Operators, monkeypatch: pytest.MonkeyPatch
):
    told: dict[str, float] = {}

    class _Gauge:
        def set(self, value: float, attributes: dict[str, str]) -> None:
            told[attributes["topic"]] = value

    monkeypatch.setattr("common.consumer.waiting_count._parked", _Gauge())
    count = CountParked(["silent.topic.v1"], monotonic=itertools.count(100.0, 10.0).__next__)
    key = new_id()
    await operators.receive(key, 2000, 1)
    await operators.applier.apply([wire(ParcelWeighed(parcel_id=new_id(), grams=1), 1)])
    await count(operators.database, FixedClock(AT))
    assert told == {ParcelSent.TOPIC: 2, "silent.topic.v1": 0}
    await set_limit(operators.database, 5000)
    event = (await operators.waiting(key))[0]["id"]
    await operators.post(f"{event}/redrives", {"reason": "mended"})
    await count(operators.database, FixedClock(AT))
    assert told == {ParcelSent.TOPIC: 0, "silent.topic.v1": 0}
