"""Every event ever released is still read: the records kept in libs/contracts/golden are never changed nor lost."""

import msgspec
import pytest

from common.event import decode, encode, encode_data, open_envelope, registered_events
from tests.repo.tree import ROOT
from tools.catalogue import golden
from tools.catalogue.system import load_events

pytestmark = pytest.mark.promise("R7")

_EVENTS = load_events(ROOT)
_GOLDEN = [(type_, number) for type_, records in golden.read(ROOT).items() for number in range(len(records))]


def test_each_shape_of_each_event_is_kept() -> None:
    assert golden.missing(ROOT, _EVENTS) == {}, "accept the growth: python -m tools.catalogue --accept-growth"


@pytest.mark.parametrize(("type_", "number"), _GOLDEN)
def test_an_old_record_is_read_with_all_that_it_says(type_: str, number: int) -> None:
    record = golden.read(ROOT)[type_][number]

    envelope, data = open_envelope(record)
    told = decode(envelope, data, registered_events()[type_])

    assert (envelope.type, envelope.topic, str(envelope.key).encode()) == (type_, record.topic, record.key)
    said, understood = msgspec.json.decode(data), msgspec.json.decode(encode_data(told))
    assert said == {name: understood[name] for name in said}


def test_todays_encoder_writes_the_newest_record_as_it_stands() -> None:
    for type_, records in golden.read(ROOT).items():
        envelope, data = open_envelope(records[-1])
        again = encode(envelope, encode_data(decode(envelope, data, registered_events()[type_])))
        assert (again.key, again.value, list(again.headers)) == (
            records[-1].key,
            records[-1].value,
            list(records[-1].headers),
        ), type_
