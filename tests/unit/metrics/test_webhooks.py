"""Webhooks' rules: signatures, waits, addresses that may be named, and what a message may hold."""

import re
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from uuid import UUID

import msgspec
import pytest
from standardwebhooks import Webhook, WebhookVerificationError

from common.consumer import Received
from common.event import decode, new_id, open_envelope
from metrics.consumers import HANDLERS
from metrics.settings import LOCAL_WEBHOOK_KEY, Settings
from metrics.webhooks.commands.telling import TOLD, tell
from metrics.webhooks.domain import deliveries, endpoints, messages, signatures
from metrics.webhooks.domain.deliveries import Attempt, Claimed, DeliveryState, Outcome
from metrics.webhooks.domain.messages import MessageType
from metrics.webhooks.store.deliveries import QUEUE
from metrics.webhooks.store.endpoints import RULE
from tests.repo.tree import ROOT
from tools.catalogue import golden

ENDPOINT, EVENT = UUID(int=1), UUID(int=2)
BODY = '{"type":"seat.empty","data":{"name":"전주"}}'.encode()
SECRETS = [signatures.secret_of(b"key", ENDPOINT, salt) for salt in (b"new", b"old")]


def verify(headers: dict[str, str], body: bytes = BODY, secret: bytes = SECRETS[0]) -> None:
    Webhook(signatures.shown(secret)).verify(body, headers)


def signed(at: datetime | None = None, *secrets: bytes) -> dict[str, str]:
    return dict(signatures.headers(str(EVENT), BODY, secrets or SECRETS, at=at or datetime.now(UTC)))


@pytest.mark.promise("R32")
def test_somebody_elses_library_verifies_either_of_two_live_secrets():
    for secret in SECRETS:
        verify(signed(), secret=secret)


@pytest.mark.promise("R32")
@pytest.mark.parametrize("seconds", [-301, -3_600, 301])
def test_an_old_or_future_delivery_is_refused(seconds: int):
    with pytest.raises(WebhookVerificationError):
        verify(signed(datetime.now(UTC) + timedelta(seconds=seconds)))


@pytest.mark.promise("R32")
def test_a_forged_one_is_refused():
    good = signed()
    forged = [
        (good, BODY + b" ", SECRETS[0]),
        (good | {"webhook-id": str(ENDPOINT)}, BODY, SECRETS[0]),
        (good | {"webhook-timestamp": str(int(good["webhook-timestamp"]) + 1)}, BODY, SECRETS[0]),
        (good | {"webhook-signature": good["webhook-signature"].replace("v1,", "v1a,")}, BODY, SECRETS[0]),
        (good, BODY, signatures.secret_of(b"key", ENDPOINT, b"another")),
        (good, BODY, signatures.secret_of(b"key", EVENT, b"new")),
        (good, BODY, signatures.secret_of(b"another", ENDPOINT, b"new")),
    ]
    for headers, body, secret in forged:
        with pytest.raises(WebhookVerificationError):
            verify(headers, body, secret)


def claimed(tries: int) -> Claimed:
    return Claimed(
        id=new_id(), endpoint_id=ENDPOINT, event_id=EVENT, type=MessageType.SEAT_EMPTY, body="{}", url="https://a.example",
        salts=(b"new",), attempts=tries, tries=tries,
    )  # fmt: skip


def attempt(outcome: Outcome = Outcome.REFUSED, told_wait_seconds: int | None = None) -> Attempt:
    return Attempt(
        outcome=outcome, began_at=datetime.now(UTC), milliseconds=1, status=500, told_wait_seconds=told_wait_seconds
    )


@pytest.mark.promise("R32")
def test_it_is_tried_for_more_than_three_days_with_growing_waits_and_then_given_up():
    waits = [deliveries.after(claimed(tries), attempt(), RULE, draw=0).wait_seconds for tries in range(1, 10)]
    assert waits == sorted(waits)
    assert timedelta(hours=75) < timedelta(seconds=sum(waits)) < timedelta(hours=80)
    assert deliveries.after(claimed(10), attempt(), RULE, draw=0).state is DeliveryState.GIVEN_UP
    assert deliveries.after(claimed(10), attempt(Outcome.DELIVERED), RULE, draw=0).state is DeliveryState.DELIVERED


def test_chance_adds_to_a_wait_and_never_shortens_it():
    least, most = (deliveries.after(claimed(3), attempt(), RULE, draw=draw).wait_seconds for draw in (0.0, 0.999))
    assert least == RULE.waits_seconds[2]
    assert least < most <= least * 1.1


@pytest.mark.parametrize(("told", "wait"), [(3_600, 3_600), (1, 5), (None, 5), (10**9, 86_400)])
def test_a_retry_after_makes_the_wait_longer_up_to_a_day(told: int | None, wait: int):
    assert deliveries.after(claimed(1), attempt(told_wait_seconds=told), RULE, draw=0).wait_seconds == wait


NOW = datetime(2024, 5, 20, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("120", 120),
        (" 0 ", 0),
        (format_datetime(NOW + timedelta(minutes=2), usegmt=True), 120),
        (format_datetime(NOW - timedelta(minutes=2), usegmt=True), 0),
        ("9" * 400, 9_999_999_999),
        ("-5", None),
        ("soon", None),
        ("١٢", None),
        ("", None),
        (None, None),
        ("Mon, 99 Foo 2024 99:99:99 GMT", None),
    ],
)
def test_a_retry_after_is_read_as_seconds_or_a_moment(header: str | None, seconds: int | None):
    assert deliveries.told_wait(header, at=NOW) == seconds


@pytest.mark.parametrize(
    ("status", "outcome"),
    [
        (101, Outcome.REFUSED),
        (200, Outcome.DELIVERED),
        (299, Outcome.DELIVERED),
        (304, Outcome.REDIRECTED),
        (404, Outcome.REFUSED),
        (410, Outcome.GONE),
        (599, Outcome.REFUSED),
        (999, Outcome.REFUSED),
    ],
)
def test_only_a_status_of_success_delivers(status: int, outcome: Outcome):
    assert deliveries.outcome_of(status) is outcome


def test_an_excerpt_is_short_and_can_be_kept():
    assert deliveries.excerpt_of(b"no\x00\r\n\xff" + "점검".encode() * 200) == ("no   \ufffd" + "점검" * 200)[:200]
    assert deliveries.excerpt_of(b"\x00\n") is None


REFUSED = [
    "http://receiver.example/",
    "https://receiver.example:22/",
    "https://receiver.example:80/",
    "https://receiver.example:0/",
    "https://receiver.example:65536/",
    "https://receiver.example:99999/",
    "https://127.0.0.1/",
    "https://127.1/",
    "https://2130706433/",
    "https://017700000001/",
    "https://0x7f000001/",
    "https://0x7f.0.0.1/",
    "https://0177.0.0.1/",
    "https://127.0.0.1.:443/",
    "https://10.0.0.1/",
    "https://172.16.0.1/",
    "https://192.168.1.1/",
    "https://100.64.0.1/",
    "https://169.254.169.254/latest/meta-data/",
    "https://0.0.0.0/",
    "https://0/",
    "https://[::1]/",
    "https://[::]/",
    "https://[:::::]/",
    "https://[receiver.example]/",
    "https://[1.2.3.4]/",
    "https://[::ffff:127.0.0.1]/",
    "https://[::ffff:7f00:1]/",
    "https://[fe80::1]/",
    "https://[fe80::1%25eth0]/",
    "https://[fc00::1]/",
    "https://[64:ff9b::7f00:1]/",
    "https://localhost/",
    "https://localhost./",
    "https://receiver/",
    "https://user@receiver.example/",
    "https://user:pass@receiver.example/",
    "https://127.0.0.1@receiver.example/",
    "https://receiver.example@127.0.0.1/",
    "https://receiver.example#@127.0.0.1/",
    "https://receiver.example/#part",
    "https://receiver.example\\@127.0.0.1/",
    "https:\\\\receiver.example/",
    "https:/receiver.example/",
    "https://",
    "https:///path",
    "//receiver.example/",
    "receiver.example",
    "HTTPS://receiver.example/",
    "https://RECEIVER.example/",
    "https://receiver.example/ 한글",
    "https://수신.example/",
    "https://①②⑦.⓪.⓪.①/",
    "https://receiver.example/a b",
    "https://receiver.example/\r\nHost: 127.0.0.1",
    "https://receiver.example/\x00",
    "https://receiver..example:/",
    "https://receiver.example:443:22/",
    "file:///etc/passwd",
    "gopher://receiver.example/",
    "ftp://receiver.example/",
    "javascript:alert(1)",
    "data:text/plain,x",
    "https://" + "a" * 260 + ".example/",
    "https://-receiver.example/",
    "https://receiver.example./",
    "https://224.0.0.1/",
    "https://metrics-db.prod.svc.cluster.local/",
    "https://metadata.google.internal/",
    "https://hooks.localhost/",
    "https://router.home.arpa/",
]


@pytest.mark.promise("R31")
@pytest.mark.parametrize("url", REFUSED)
def test_an_address_that_nothing_is_sent_to_cannot_be_named(url: str):
    with pytest.raises(endpoints.WebhookUrlRefused):
        endpoints.checked_url(url, loopback=False)


@pytest.mark.promise("R31")
def test_those_are_sixty_addresses():
    assert len(set(REFUSED)) >= 60


@pytest.mark.parametrize(
    "url",
    [
        "https://receiver.example",
        "https://hooks.receiver.example:8443/a/b?c=%2F&d=1",
        "https://xn--9i1b14l.example/hooks",
        "https://8.8.8.8/hooks",
        "https://[2606:4700::1111]/hooks",
    ],
)
def test_a_public_one_can(url: str):
    assert endpoints.checked_url(url, loopback=False) == url


def test_this_machine_can_be_named_where_the_settings_say_so():
    for url in ("http://127.0.0.1:3000/hooks", "http://localhost:3000", "http://[::1]:3000/"):
        assert endpoints.checked_url(url, loopback=True) == url
    for url in ("http://10.0.0.1:3000/", "http://receiver.example/", "http://127.0.0.1:99999/"):
        with pytest.raises(endpoints.WebhookUrlRefused):
            endpoints.checked_url(url, loopback=True)


GOLDEN = [
    (event, record)
    for event in sorted(TOLD, key=lambda each: each.TYPE)
    for record in golden.read(ROOT)[event.TYPE]
]  # fmt: skip
_NEVER = re.compile(r"won|score|name|phone|mail|address|subject|person|company|_bp$")


def _told(record: object, event: type) -> list[dict[str, object]]:
    envelope, data = open_envelope(record)
    received = Received(
        event_id=envelope.event_id, type=envelope.type, topic=envelope.topic, key=envelope.key, sequence=1, at=NOW,
        now=NOW, correlation_id="test",
    )  # fmt: skip
    return [dict(values) for statement, values in tell(decode(envelope, data, event), received) if statement is QUEUE]


@pytest.mark.parametrize(
    ("event", "record"), GOLDEN, ids=[f"{event.__name__}-{number}" for number, (event, _) in enumerate(GOLDEN)]
)
def test_a_message_holds_ids_codes_and_dates_and_nothing_else(event: type, record: object):
    for told in _told(record, event):
        message = msgspec.json.decode(str(told["body"]))
        assert message.keys() == {"type", "timestamp", "data"}
        assert [name for name in message["data"] if _NEVER.search(name)] == []
        amounts = [
            value
            for name, value in message["data"].items()
            if isinstance(value, int) and name not in {"weeks", "promoted", "fiscal_year", "stage_days", "days_left"}
        ]
        assert amounts == []
        offered = messages.offered_to(str(told["owner"]))
        assert message["type"] in offered


def test_every_type_is_told_by_some_event_and_every_such_event_is_heard():
    told = {
        (str(each["owner"]) == "SAMSUNG", str(each["type"]))
        for event, record in GOLDEN
        for each in _told(record, event)
    }
    # A wave's end follows from no event: it is told by itself, by the same words.
    samsung = {str(each) for each in messages.TO_SAMSUNG} - {"outcome.wave_closed"}
    assert {type_ for to_samsung, type_ in told if to_samsung} == samsung
    assert {type_ for to_samsung, type_ in told if not to_samsung} >= {
        str(each) for each in messages.TO_MUNICIPALITIES
    } - {"release.approval_waiting", "release.paid", "release.voided", "money.lapsing", "money.lapsed"}
    assert set(HANDLERS) >= TOLD


@pytest.mark.promise("R31")
@pytest.mark.parametrize(
    ("changed", "named"),
    [
        ({}, None),
        ({"webhook_secret_key": LOCAL_WEBHOOK_KEY}, "WEBHOOK_SECRET_KEY"),
        ({"webhook_secret_key": "short"}, "WEBHOOK_SECRET_KEY"),
        ({"webhook_loopback": True}, "WEBHOOK_LOOPBACK"),
        ({"webhook_lease_seconds": 19.0}, "WEBHOOK_LEASE_SECONDS"),
    ],
)
def test_production_has_a_key_of_its_own_and_sends_to_the_internet_only(changed: dict[str, object], named: str | None):
    settings = Settings(
        app_env="test", database_url="postgresql://db/metrics", **({"webhook_secret_key": "k" * 40} | changed)
    )  # type: ignore[arg-type]
    faults = [each.en for each in settings.production_faults() if each.en.startswith("WEBHOOK")]
    assert [each.split(" ")[0] for each in faults] == ([named] if named else [])
