"""What is written is a CloudEvent that others read, and nothing that is none is read as one."""

import json

import msgspec
import pytest
from cloudevents.core.bindings import kafka as binding
from cloudevents.core.formats.json import JSONFormat
from cloudevents.core.v1.event import CloudEvent
from hypothesis import given
from hypothesis import strategies as st

from common.event import Undecodable, WireRecord, decode, encode, encode_data, new_id, open_envelope
from tests.support.parcels.driver import AT, wire
from tests.support.parcels.events import ParcelSent

KEY = new_id()
EVENT = ParcelSent(parcel_id=KEY, grams=7, note="소포")
RECORD = wire(EVENT, 12)


def _structured() -> WireRecord:
    message = binding.KafkaMessage(headers=dict(RECORD.headers), key=RECORD.key, value=RECORD.value)
    theirs = binding.to_structured(binding.from_binary(message, JSONFormat()), JSONFormat())
    return WireRecord(topic=RECORD.topic, key=RECORD.key, value=theirs.value, headers=list(theirs.headers.items()))


STRUCTURED = _structured()
"""The same event as another system may write it: one JSON object with everything in it."""


def _read(record: WireRecord) -> ParcelSent:
    envelope, data = open_envelope(record)
    found = decode(envelope, data, ParcelSent)
    assert isinstance(found, ParcelSent)
    return found


def _with(name: str, value: bytes | None) -> WireRecord:
    kept = [(header, old) for header, old in RECORD.headers if header != name]
    return msgspec.structs.replace(RECORD, headers=[*kept, *([(name, value)] if value is not None else [])])


def test_an_event_survives_the_way_there_and_back() -> None:
    envelope, data = open_envelope(RECORD)
    assert decode(envelope, data, ParcelSent) == EVENT
    assert (envelope.sequence, envelope.key, envelope.occurred_at) == (12, KEY, AT)


def test_the_same_event_is_always_the_same_bytes() -> None:
    envelope, data = open_envelope(RECORD)
    again = encode(envelope, encode_data(decode(envelope, data, ParcelSent)))
    assert (again.key, again.value, again.headers) == (RECORD.key, RECORD.value, RECORD.headers)


def test_the_cloudevents_sdk_reads_what_we_write() -> None:
    message = binding.KafkaMessage(headers=dict(RECORD.headers), key=RECORD.key, value=RECORD.value)
    event = binding.from_binary(message, JSONFormat())
    assert isinstance(event, CloudEvent)
    assert event.get_data() == json.loads(RECORD.value or b"")
    assert (event.get_type(), event.get_source(), event.get_subject()) == (ParcelSent.TYPE, "/parcels", str(KEY))
    assert (event.get_time(), event.get_datacontenttype()) == (AT, "application/json")
    assert (event.get_extension("sequence"), event.get_extension("partitionkey")) == (f"{12:020d}", str(KEY))


@pytest.mark.parametrize("write", [binding.to_structured, binding.to_binary])
def test_we_read_what_the_cloudevents_sdk_writes_in_both_modes(write) -> None:
    message = binding.KafkaMessage(headers=dict(RECORD.headers), key=RECORD.key, value=RECORD.value)
    theirs = write(binding.from_binary(message, JSONFormat()), JSONFormat())
    key = theirs.key.encode() if isinstance(theirs.key, str) else theirs.key
    record = WireRecord(topic=RECORD.topic, key=key, value=theirs.value, headers=list(theirs.headers.items()))
    assert _read(record) == EVENT


def test_the_mode_is_told_by_the_content_type_and_not_by_ce_headers() -> None:
    headers = [("ce_type", b"another"), *STRUCTURED.headers]
    assert _read(msgspec.structs.replace(STRUCTURED, headers=headers)) == EVENT


@pytest.mark.parametrize(
    "record",
    [
        msgspec.structs.replace(RECORD, value=None),
        msgspec.structs.replace(RECORD, value=b""),
        msgspec.structs.replace(RECORD, value=b"\xff"),
        msgspec.structs.replace(RECORD, value=(RECORD.value or b"")[:-1]),
        msgspec.structs.replace(RECORD, value=b'{"x":' * 10_000),
        msgspec.structs.replace(RECORD, value=(RECORD.value or b"")[:-1] + b',"grams":8}'),
        msgspec.structs.replace(RECORD, value=(RECORD.value or b"")[:-1] + b',"more":NaN}'),
        msgspec.structs.replace(RECORD, value=(RECORD.value or b"").replace(str(KEY).encode(), str(new_id()).encode())),
        msgspec.structs.replace(RECORD, key=str(new_id()).encode()),
        msgspec.structs.replace(RECORD, key=None),
        msgspec.structs.replace(RECORD, topic="parcels.delivery.v1"),
        _with("ce_id", None),
        _with("ce_id", b"not a uuid"),
        _with("ce_specversion", b"0.3"),
        _with("ce_sequence", b"-1"),
        _with("ce_sequence", b"0"),
        _with("ce_sequence", b"9" * 20),
        _with("ce_sequence", "１".encode()),
        _with("ce_time", b"2024-03-04T05:06:07"),
        _with("ce_time", b"yesterday"),
        _with("ce_time", b"0001-01-01T00:00:00+14:00"),
        _with("ce_correlationid", b"a\x00b"),
        _with("ce_source", b"\xff"),
        _with("content-type", b"application/cloudevents+json"),
        msgspec.structs.replace(STRUCTURED, value=(STRUCTURED.value or b"")[:-1] + b',"x":"\xff"}'),
        msgspec.structs.replace(STRUCTURED, value=(STRUCTURED.value or b"")[:-1] + b',"\xff":1}'),
    ],
)
def test_what_is_no_event_is_refused_without_repeating_its_content(record: WireRecord) -> None:
    with pytest.raises(Undecodable) as refused:
        _read(record)
    assert "소포" not in refused.value.detail
    assert str(KEY) not in refused.value.detail


def test_a_field_added_later_is_no_fault() -> None:
    grown = (RECORD.value or b"")[:-1] + b',"colour":"red"}'
    assert _read(msgspec.structs.replace(RECORD, value=grown)) == EVENT


def _opened(record: WireRecord) -> object:
    try:
        return open_envelope(record)
    except Undecodable as fault:
        return fault.detail.lower()


_ODD = st.sampled_from([b"", b"\0", b"Z", b"a\0b", b"\xff", b"0" * 20, b"9" * 20, b"2026-03-20T10:00:00+09:00", None])
_BENT = st.tuples(st.integers(0, 40), st.sampled_from([b"\0", b"z", b"Z", b"-", b" ", b"\xc3", b"0"]))


@given(header=st.integers(0, len(RECORD.headers) - 1), bent=_BENT, odd=_ODD, is_odd=st.booleans(), others=st.booleans())
def test_our_own_records_are_read_at_once_as_they_would_be_with_care(
    header: int, bent: tuple[int, bytes], odd: bytes | None, *, is_odd: bool, others: bool
) -> None:
    """Names in capitals are not as we write them, so that such a record is read with care."""
    name, value = RECORD.headers[header]
    place, byte = bent
    changed = odd if is_odd else (value or b"")[:place] + byte + (value or b"")[place + 1 :]
    headers = [(each, changed if each == name else old) for each, old in RECORD.headers]
    if others:
        headers = [(each, old) for each, old in headers if each != "ce_causationid"]
    record = msgspec.structs.replace(RECORD, headers=headers)
    carefully = msgspec.structs.replace(record, headers=[(each.upper(), old) for each, old in headers])
    assert _opened(record) == _opened(carefully)
