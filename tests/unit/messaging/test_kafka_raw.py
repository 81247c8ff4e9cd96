"""Records unpacked past the client are what the client unpacks, and what it cannot is kept to the byte."""

import pytest
from aiokafka.record.memory_records import MemoryRecords
from hypothesis import given, settings
from hypothesis import strategies as st

from common.event import Undecodable, is_misnamed, open_envelope
from common.kafka import KafkaFault
from common.kafka_raw import unpacked
from tests.support.misnamed import NAME, Sent, batch

_BYTES = st.one_of(st.none(), st.binary(max_size=300))
_RECORDS = st.lists(
    st.builds(Sent, key=_BYTES, value=_BYTES, headers=st.lists(st.tuples(st.text(max_size=20), _BYTES), max_size=5)),
    min_size=1,
    max_size=20,
)


@settings(max_examples=50, deadline=None)
@given(_RECORDS, st.booleans(), st.integers(0, 2**40))
def test_what_the_client_can_unpack_is_unpacked_the_same(records: list[Sent], zipped: bool, first: int) -> None:
    data = batch(records, first_offset=first, zipped=zipped)
    found = list(unpacked(data, topic="t", partition=3))
    theirs = list(MemoryRecords(data).next_batch())

    assert [(one.offset, one.key, one.value, list(one.headers)) for one in found] == [
        (one.offset, one.key, one.value, list(one.headers)) for one in theirs
    ]
    assert {(one.topic, one.partition) for one in found} == {("t", 3)}
    assert not any(map(is_misnamed, found))


@pytest.mark.parametrize("zipped", [False, True])
@pytest.mark.promise("R6")
def test_a_name_that_is_no_text_keeps_its_bytes_and_makes_its_record_no_event(zipped: bool) -> None:
    sent = [Sent(b"k", b"1", []), Sent(b"k", b"2", [("content-type", b"x"), (NAME, b"\x00")]), Sent(b"k", b"3", [])]
    data = batch(sent, zipped=zipped, misnamed=b"\xff\xfe-name")

    with pytest.raises(UnicodeDecodeError):
        list(MemoryRecords(data).next_batch())
    before, bad, after = unpacked(data, topic="t", partition=0)
    assert [is_misnamed(one) for one in (before, bad, after)] == [False, True, False]
    assert [(name.encode(errors="surrogateescape"), value) for name, value in bad.headers] == [
        (b"content-type", b"x"),
        (b"\xff\xfe-name", b"\x00"),
    ]
    with pytest.raises(Undecodable, match="name of a header is not UTF-8"):
        open_envelope(bad)


def test_a_batch_of_which_only_a_part_came_waits_for_the_next_fetch() -> None:
    whole, next_ = batch([Sent(b"k", b"1", [])]), batch([Sent(b"k", b"2", [])], first_offset=1)

    for cut in range(len(next_)):
        assert [one.value for one in unpacked(whole + next_[:cut], topic="t", partition=0)] == [b"1"]


def test_what_only_the_client_understands_is_a_fault_that_says_so() -> None:
    data = bytearray(batch([Sent(b"k", b"1", [])]))
    for attributes, why in ((0x10, "of a transaction"), (0x03, "compression")):
        data[22] = attributes
        with pytest.raises(KafkaFault, match=why):
            list(unpacked(bytes(data), topic="t", partition=0))
    data[22] = 0x20
    assert list(unpacked(bytes(data), topic="t", partition=0)) == [], "a mark of Kafka's own is no record"
