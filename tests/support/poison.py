"""Events that must not have an effect, one of each kind, each with a mark that may turn up nowhere but in its bytes."""

import gzip
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from uuid import UUID

import msgspec

from common.event import WireRecord, new_id
from tests.support.parcels.driver import wire
from tests.support.parcels.events import ParcelSent

MARK = "홍길동-010-5555-0199"
NINES = "9" * 20
"""Of both numbers that are too large: so many that no id, time or trace has them by chance."""
TRACE_ID = "4bf92f3577b34da6a3ce929d0e0e4736"
LARGEST_VALUE = 520_000
"""What still fits a record of our topics with its headers."""

_TRACEPARENT = f"00-{TRACE_ID}-00f067aa0ba902b7-01".encode()


@dataclass(frozen=True, slots=True)
class Poison:
    """How to make a record of this kind for a parcel, what it is parked for, and whether its trace can be told."""

    make: Callable[[UUID], WireRecord]
    reason: str = "undecodable"
    traced: bool = True


def _event(parcel_id: UUID, **fields: object) -> WireRecord:
    sent = wire(ParcelSent(parcel_id=parcel_id, grams=1, note=MARK), 1)
    headers = [*sent.headers, ("ce_traceparent", _TRACEPARENT)]
    return msgspec.structs.replace(sent, **({"headers": headers} | fields))


def _of_value(value: Callable[[bytes], bytes | None]) -> Callable[[UUID], WireRecord]:
    """A whole event but for its value, which is made of the honest one."""

    def make(parcel_id: UUID) -> WireRecord:
        honest = _event(parcel_id)
        assert honest.value is not None
        return msgspec.structs.replace(honest, value=value(honest.value))

    return make


def _of_headers(**changed: bytes | None) -> Callable[[UUID], WireRecord]:
    def make(parcel_id: UUID) -> WireRecord:
        honest = _event(parcel_id)
        named = {name.replace("-", "_"): value for name, value in changed.items()}
        kept = [(name, value) for name, value in honest.headers if name.replace("-", "_") not in named]
        return msgspec.structs.replace(honest, headers=[*kept, *changed.items()])

    return make


def _with(member: bytes) -> Callable[[bytes], bytes]:
    return lambda honest: honest[:-1] + b"," + member + b"}"


def _zipped(parcel_id: UUID) -> WireRecord:
    bomb = gzip.compress(_event(parcel_id).value or b"") + gzip.compress(b" " * 50_000_000)
    honest = _event(parcel_id)
    return msgspec.structs.replace(honest, value=bomb, headers=[*honest.headers, ("content-encoding", b"gzip")])


def _under_a_strangers_key(parcel_id: UUID) -> WireRecord:
    return _event(parcel_id, key=str(new_id()).encode())


def _structured(data: bytes) -> Callable[[UUID], WireRecord]:
    def make(parcel_id: UUID) -> WireRecord:
        return in_structured_mode(_event(parcel_id), data)

    return make


def in_structured_mode(record: WireRecord, data: bytes | None = None) -> WireRecord:
    """The same event as one JSON document, as CloudEvents allows a sender to write it."""
    attributes = {name[3:]: value.decode() for name, value in record.headers if name.startswith("ce_") and value}
    whole = msgspec.json.encode(attributes)[:-1] + b',"data":' + (data or record.value or b"null") + b"}"
    headers = [("content-type", b"application/cloudevents+json; charset=UTF-8")]
    return msgspec.structs.replace(record, value=whole, headers=headers)


KINDS: Mapping[str, Poison] = {
    "bad UTF-8": Poison(_of_value(lambda honest: honest.replace(MARK.encode()[:3], b"\xff\xfe\xfd"))),
    "truncated": Poison(_of_value(lambda honest: honest[: len(honest) - 5])),
    "unknown version": Poison(
        _of_headers(ce_type=b"kr.jeonbuk.smartfactory.parcels.parcel.sent.v9"), "unknown-version"
    ),
    "null value": Poison(_of_value(lambda _: None)),
    "depth 10,000": Poison(_of_value(_with(b'"deep":' + b"[" * 10_000 + b"]" * 10_000))),
    "NaN": Poison(_of_value(_with(b'"ratio":NaN'))),
    "as large as a topic takes": Poison(_of_value(lambda honest: honest + b" " * (LARGEST_VALUE - len(honest)) + b"x")),
    "a member twice": Poison(_of_value(_with(b'"grams":2'))),
    "another aggregate's key": Poison(_under_a_strangers_key),
    "huge integer": Poison(_of_value(lambda honest: honest.replace(b'"grams":1', b'"grams":' + b"9" * 5_000))),
    "empty": Poison(_of_value(lambda _: b"")),
    "gzip bomb": Poison(_zipped),
    # Beyond the twelve that promise R6 names:
    "an integer no column holds": Poison(
        _of_value(lambda honest: honest.replace(b'"grams":1', b'"grams":-' + b"9" * 30)), "failed"
    ),
    "refused by a rule": Poison(_of_value(lambda honest: honest.replace(b'"grams":1', b'"grams":1000000')), "refused"),
    "a header that is not UTF-8": Poison(_of_headers(ce_correlationid=b"\xff\xfe")),
    "no headers at all": Poison(lambda parcel_id: _event(parcel_id, headers=[]), traced=False),
    "a sequence that is no number": Poison(_of_headers(ce_sequence="１".encode())),
    "NUL in an attribute": Poison(_of_headers(ce_correlationid=b"a\x00b")),
    "structured, and cut short": Poison(_structured(b'{"parcel_id":'), traced=False),
    "structured, and deep": Poison(_structured(b"[" * 10_000 + b"]" * 10_000), traced=False),
}
"""Every kind, by its name."""
