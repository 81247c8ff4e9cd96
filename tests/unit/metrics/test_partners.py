"""What partners may see: ids, codes and dates of ten facts, the same on Kafka, in the feed and in webhooks."""

import re
from datetime import UTC, date, datetime
from uuid import UUID

import msgspec
import pytest

from common.consumer import Received
from common.event import DomainEvent, decode, encode_data, open_envelope, source_of
from common.kafka import kept_days
from contracts import partner
from contracts.principals import PARTNER_TOPICS, publisher_of
from metrics.consumers import HANDLERS
from metrics.partners import commands
from metrics.webhooks.commands import telling
from metrics.webhooks.domain import messages
from metrics.webhooks.store.deliveries import QUEUE
from tests.repo.tree import ROOT
from tools.catalogue import golden

NOW = datetime(2024, 5, 20, 1, tzinfo=UTC)
GOLDEN = [
    (event, record)
    for event in sorted(commands.SEEN, key=lambda each: each.TYPE)
    for record in golden.read(ROOT)[event.TYPE]
]  # fmt: skip
NAMES = [f"{event.__name__}-{number}" for number, (event, _) in enumerate(GOLDEN)]
_NEVER = re.compile(r"won|score|name|phone|mail|address|subject|person|company|application|cause|fault|reason|_bp$")
_SEEN = {
    "partner.project.selected.v1",
    "partner.project.agreement-effective.v1",
    "partner.project.inspection-passed.v1",
    "partner.project.terminated.v1",
    "partner.mentoring.training-completed.v1",
    "partner.mentoring.residency-assigned.v1",
    "partner.mentoring.residency-started.v1",
    "partner.mentoring.residency-ended.v1",
    "partner.mentoring.item-closed.v1",
}
"""The list of decisions.md, but for the end of an outcome wave, which follows from no event that is heard."""


def heard(record: object, event: type[DomainEvent]) -> tuple[DomainEvent, Received]:
    envelope, data = open_envelope(record)  # type: ignore[arg-type]
    received = Received(
        event_id=envelope.event_id, type=envelope.type, topic=envelope.topic, key=envelope.key, sequence=1, at=NOW,
        now=NOW, correlation_id="kim.minsu.0101",
    )  # fmt: skip
    return decode(envelope, data, event), received


def test_they_see_the_facts_that_were_agreed_and_metrics_hears_each():
    seen = {commands.seen_of(*heard(record, event)).event.TYPE for event, record in GOLDEN}  # type: ignore[union-attr]
    assert {type_.removeprefix("kr.jeonbuk.smartfactory.") for type_ in seen} == _SEEN
    assert set(HANDLERS) >= commands.SEEN


@pytest.mark.parametrize(("event", "record"), GOLDEN, ids=NAMES)
def test_what_they_see_holds_ids_codes_and_dates_and_nothing_else(event: type[DomainEvent], record: object):
    seen = commands.seen_of(*heard(record, event))
    assert seen is not None
    fields = msgspec.structs.asdict(seen.event)
    assert [name for name in fields if _NEVER.search(name)] == []
    for name, value in fields.items():
        assert isinstance(value, UUID | str | date) or name in {"weeks", "promoted"}, name
        assert not isinstance(value, str) or re.fullmatch(r"[A-Z0-9_]{1,20}", value), f"{name} is no code"


def test_the_end_of_a_wave_holds_no_more_and_is_told_by_webhook_in_the_same_words():
    for record in golden.read(ROOT)[partner.PartnerWaveClosed.TYPE]:
        closed, received = heard(record, partner.PartnerWaveClosed)
        fields = msgspec.structs.asdict(closed)
        assert [name for name in fields if _NEVER.search(name)] == []
        for name, value in fields.items():
            assert isinstance(value, UUID | str | date), name
            assert not isinstance(value, str) or re.fullmatch(r"[A-Z0-9_]{1,20}", value), f"{name} is no code"
        message = telling.message_of(commands.Seen(received.event_id, closed))
        assert (message.owner, message.id, message.type) == (messages.SAMSUNG, received.event_id, "outcome.wave_closed")
        assert msgspec.json.decode(msgspec.json.encode(message.data)) == msgspec.json.decode(encode_data(closed))


@pytest.mark.parametrize(("event", "record"), GOLDEN, ids=NAMES)
def test_a_webhook_of_samsung_says_the_same_under_the_same_id(event: type[DomainEvent], record: object):
    told, received = heard(record, event)
    seen = commands.seen_of(told, received)
    assert seen is not None
    (message,) = [
        values
        for statement, values in telling.tell(told, received)
        if statement is QUEUE and values["owner"] == messages.SAMSUNG
    ]
    assert msgspec.json.decode(str(message["body"]))["data"] == msgspec.json.decode(encode_data(seen.event))
    assert message["event_id"] == seen.id


def test_its_id_follows_from_the_events_and_is_another():
    event, record = GOLDEN[0]
    told, received = heard(record, event)
    first, again = commands.seen_of(told, received), commands.seen_of(told, received)
    other = commands.seen_of(told, msgspec.structs.replace(received, event_id=UUID(int=7)))
    assert first is not None
    assert again is not None
    assert other is not None
    assert first.id == again.id
    assert len({first.id, other.id, received.event_id}) == 3


def test_partner_topics_are_told_by_metrics_and_kept_for_ninety_days():
    events = [each for each in vars(partner).values() if isinstance(each, type) and each.__name__.startswith("Partner")]
    assert len(events) == 10
    assert {publisher_of(each) for each in events} == {"metrics"}
    assert {each.TOPIC: kept_days()[each.TOPIC] for each in events} == dict.fromkeys(PARTNER_TOPICS, 90)
    assert {source_of(each.TYPE) for each in events} == {"/partner"}
    assert "applicant.project.v1" not in kept_days()


def test_what_a_request_called_itself_does_not_leave():
    """A correlation id may be what a client of ours wrote in a header."""
    event, record = GOLDEN[0]
    told, received = heard(record, event)
    for statement, values in commands.tell(told, received):
        assert "kim.minsu" not in repr((statement, values))
