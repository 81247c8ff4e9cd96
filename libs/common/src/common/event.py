"""What an event is, and how it looks on the wire.

An event is a frozen value with a type, a topic and a key, registered once and known by its CloudEvents type. On Kafka
it is a CloudEvents 1.0 record in binary mode: attributes are headers, the value is the event's JSON as committed.
Structured mode is read too; what tells the two apart is the content type, not the presence of `ce_` headers.
"""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from functools import cache
from typing import ClassVar, NoReturn, TypeVar
from uuid import UUID

import msgspec
import uuid_utils.compat

TYPE_PREFIX = "kr.jeonbuk.smartfactory"

_SEQUENCE_DIGITS = 20
_SEQUENCE_END = 2**63
_STRUCTURED = "application/cloudevents"
_JSON = b"application/json"
_TRACEPARENT = re.compile(rb"00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}")
_EventClass = TypeVar("_EventClass", bound="type[DomainEvent]")


class DomainEvent(msgspec.Struct, frozen=True, kw_only=True):
    """Something that happened and was committed, in the past tense. Subclasses are declared with `@event`."""

    TYPE: ClassVar[str]
    TOPIC: ClassVar[str]
    VERSION: ClassVar[int]
    KEY_FIELD: ClassVar[str]
    KEPT_DAYS: ClassVar[int | None]

    @property
    def key(self) -> UUID:
        """The aggregate's id: the order of events is kept per key."""
        value: UUID = getattr(self, self.KEY_FIELD)
        return value


_registry: dict[str, type[DomainEvent]] = {}
_decoders: dict[type[DomainEvent], msgspec.json.Decoder[DomainEvent]] = {}
_encoder = msgspec.json.Encoder()


def event(
    *,
    service: str,
    aggregate: str,
    happened: str,
    version: int,
    key: str,
    kept_days: int | None = None,
) -> "_Declare":
    """Declare an event class: its CloudEvents type, its topic `<service>.<aggregate>.v1` and its key field.

    `kept_days` is how long Kafka keeps the topic; without it, for ever.
    """
    return _Declare(
        TYPE=f"{TYPE_PREFIX}.{service}.{aggregate}.{happened}.v{version}",
        TOPIC=f"{service}.{aggregate}.v1",
        VERSION=version,
        KEY_FIELD=key,
        KEPT_DAYS=kept_days,
    )


def registered_events() -> dict[str, type[DomainEvent]]:
    """Every declared event by its CloudEvents type."""
    return dict(_registry)


def new_id() -> UUID:
    """A UUIDv7: unique, sortable by time, kind to indexes; it tells its time, so it is never a secret."""
    return uuid_utils.compat.uuid7()


class Envelope(msgspec.Struct, frozen=True, kw_only=True):
    """Everything about an event but its data. `topic` is the logical one, without an installation's prefix."""

    event_id: UUID
    type: str
    topic: str
    key: UUID
    sequence: int
    occurred_at: datetime
    recorded_at: datetime
    correlation_id: str
    causation_id: str | None = None
    traceparent: str | None = None


class WireRecord(msgspec.Struct, frozen=True, kw_only=True):
    """A Kafka record as it came or as it goes, before anybody has looked into it."""

    topic: str
    partition: int = -1
    offset: int = -1
    key: bytes | None
    value: bytes | None
    headers: Sequence[tuple[str, bytes | None]]


class Undecodable(Exception):
    """The record is no event this program can read; `detail` says why without repeating its content."""

    reason: ClassVar[str] = "undecodable"

    def __init__(self, detail: str) -> None:
        self.detail = detail
        super().__init__(detail)


class UnknownVersion(Undecodable):
    """A type this program knows, in a version it does not."""

    reason: ClassVar[str] = "unknown-version"


def encode_data(event: DomainEvent) -> bytes:
    """The event's own fields as JSON: the bytes that are stored and sent."""
    return _encoder.encode(event)


def encode(envelope: Envelope, data: bytes) -> WireRecord:
    """Make the CloudEvents record in binary mode; the same envelope and data always give the same bytes."""
    source, type_, schema = _of_type(envelope.type)
    moments = _in_utc(envelope.occurred_at), _in_utc(envelope.recorded_at)
    # Four texts made in C at once; none of them can hold what stands between them.
    id_, key, occurred_at, recorded_at = _encoder.encode((envelope.event_id, envelope.key, *moments))[2:-2].split(
        b'","'
    )
    headers = [
        ("ce_specversion", b"1.0"),
        ("ce_id", id_),
        ("ce_source", source),
        ("ce_type", type_),
        ("ce_subject", key),
        ("ce_time", occurred_at),
        ("ce_dataschema", schema),
        ("ce_partitionkey", key),
        ("ce_sequence", b"%0*d" % (_SEQUENCE_DIGITS, envelope.sequence)),
        ("ce_recordedtime", recorded_at),
        ("ce_correlationid", envelope.correlation_id.encode()),
    ]
    if envelope.causation_id is not None:
        headers.append(("ce_causationid", envelope.causation_id.encode()))
    if envelope.traceparent is not None:
        headers.append(("ce_traceparent", envelope.traceparent.encode()))
    headers.append(("content-type", _JSON))
    return WireRecord(topic=envelope.topic, key=key, value=data, headers=headers)


@cache
def _of_type(type_: str) -> tuple[bytes, bytes, bytes]:
    return source_of(type_).encode(), type_.encode(), f"urn:smartfactory:schema:{type_}".encode()


def source_of(type_: str) -> str:
    """The CloudEvents source of a type: the service that tells it."""
    return "/" + type_.removeprefix(TYPE_PREFIX + ".").split(".", 1)[0]


def open_envelope(record: WireRecord) -> tuple[Envelope, bytes]:
    """Read who, what and which sequence, and hand on the data unread; raises `Undecodable`."""
    if record.value is None:
        raise Undecodable("the record has no value")
    if (envelope := _as_we_write(record)) is not None:
        return envelope, record.value
    if is_misnamed(record):
        raise Undecodable("the name of a header is not UTF-8")
    attributes, data = _structured(record) if _is_structured(record) else _binary(record)
    if attributes.get("specversion") != "1.0":
        raise Undecodable("specversion is not 1.0")
    envelope = Envelope(
        event_id=_uuid(attributes, "id"),
        type=_required(attributes, "type"),
        topic=record.topic,
        key=_uuid(attributes, "partitionkey"),
        sequence=_sequence(attributes),
        occurred_at=_time(attributes, "time"),
        recorded_at=_time(attributes, "recordedtime"),
        correlation_id=_required(attributes, "correlationid"),
        causation_id=attributes.get("causationid"),
        traceparent=attributes.get("traceparent"),
    )
    _required(attributes, "source")
    if record.key != str(envelope.key).encode():
        raise Undecodable("the record's key is not the event's partitionkey")
    return envelope, data


def is_misnamed(record: WireRecord) -> bool:
    """Tell whether the name of a header is no UTF-8; its bytes then stand in it as surrogates."""
    return any(not name.isascii() and _holds_surrogates(name) for name, _ in record.headers)


def traceparent_of(record: WireRecord) -> str | None:
    """The trace that the record's headers name in its one form, whether or not anything else of it can be read."""
    named = (value for name, value in record.headers if name.lower() == "ce_traceparent" and value is not None)
    return next((value.decode() for value in named if _TRACEPARENT.fullmatch(value)), None)


def decode(envelope: Envelope, data: bytes, cls: type[DomainEvent]) -> DomainEvent:
    """Read the data into its class; raises `Undecodable` for anything our own encoder would not have written."""
    decoder = _decoders.get(cls)
    if decoder is None:
        decoder = _decoders.setdefault(cls, msgspec.json.Decoder(cls))
    try:
        found = decoder.decode(data)
        if _encoder.encode(found) != data:
            _check_json(data)
    except (msgspec.MsgspecError, ValueError, RecursionError, UnicodeError) as error:
        # The message of a decoding error may quote what stands in the data; its class never does.
        raise Undecodable(f"the data is not a valid {cls.TYPE} ({type(error).__name__})") from None
    if found.key != envelope.key:
        raise Undecodable(f"{cls.KEY_FIELD} in the data is not the event's partitionkey")
    if envelope.topic != cls.TOPIC:
        raise Undecodable(f"{cls.TYPE} does not belong on topic {envelope.topic}")
    return found


class _Declare:
    def __init__(self, **said: str | int | None) -> None:
        self._said = said

    def __call__(self, cls: _EventClass) -> _EventClass:
        for name, value in self._said.items():
            setattr(cls, name, value)
        if cls.TYPE in _registry:
            raise ValueError(f"two event classes declare {cls.TYPE}")
        if cls.KEY_FIELD not in cls.__struct_fields__:
            raise ValueError(f"{cls.__name__} has no field {cls.KEY_FIELD} to be its key")
        _registry[cls.TYPE] = cls
        return cls


_ALWAYS = ("specversion", "id", "source", "type", "subject", "time", "dataschema", "partitionkey", "sequence")
_HEX = "[0-9a-f]"
_UUID = f"({_HEX}{{8}}-{_HEX}{{4}}-{_HEX}{{4}}-{_HEX}{{4}}-{_HEX}{{12}})"
# The values of our headers with a NUL between them, which none of ours holds: id, type, time, key, sequence, recorded
# time, correlation, and what there may be of causation and trace.
_VALUES = (
    f"1\\.0\0{_UUID}\0[^\0]+\0([^\0]+)\0[^\0]*\0([^\0]*Z)\0[^\0]*\0{_UUID}"
    f"\0([0-9]{{{_SEQUENCE_DIGITS}}})\0([^\0]*Z)\0([^\0]+)"
)


def _form(*, causation: bool, trace: bool) -> tuple[tuple[str, ...], re.Pattern[str]]:
    some = ("causationid",) * causation + ("traceparent",) * trace
    names = (*(f"ce_{name}" for name in (*_ALWAYS, "recordedtime", "correlationid", *some)), "content-type")
    values = _VALUES + ("\0([^\0]+)" if causation else "()") + ("\0([^\0]+)" if trace else "()")
    return names, re.compile(f"{values}\0{_JSON.decode()}")


_FORMS = dict(_form(causation=causation, trace=trace) for causation in (False, True) for trace in (False, True))


class _Typed(msgspec.Struct, array_like=True):
    id: UUID
    key: UUID
    time: datetime
    recorded_time: datetime


def _as_we_write(record: WireRecord) -> Envelope | None:
    """The envelope of a record whose headers stand as `encode` writes them; any other is read with care instead.

    Nearly every record is one of ours, and the careful way costs as much as applying the event does.
    """
    form = _FORMS.get(tuple([name for name, _ in record.headers]))
    if form is None:
        return None
    try:
        found = form.fullmatch(b"\0".join([value for _, value in record.headers]).decode())  # type: ignore[misc]
        if found is None:
            return None
        id_, type_, time, key, digits, recorded_time, correlation, causation, trace = found.groups()
        sequence = int(digits)
        if not 1 <= sequence < _SEQUENCE_END or record.key != key.encode():
            return None
        typed = msgspec.convert((id_, key, time, recorded_time), _Typed)
    except (ValueError, TypeError, msgspec.MsgspecError):
        # A header without a value, no UTF-8, no such time.
        return None
    return Envelope(
        event_id=typed.id,
        type=type_,
        topic=record.topic,
        key=typed.key,
        sequence=sequence,
        occurred_at=typed.time,
        recorded_at=typed.recorded_time,
        correlation_id=correlation,
        causation_id=causation or None,
        traceparent=trace or None,
    )


def _holds_surrogates(name: str) -> bool:
    return any("\ud800" <= character <= "\udfff" for character in name)


def _is_structured(record: WireRecord) -> bool:
    content_type = next((value for name, value in record.headers if name.lower() == "content-type"), None)
    return content_type is not None and content_type.lower().startswith(_STRUCTURED.encode())


def _binary(record: WireRecord) -> tuple[dict[str, str], bytes]:
    attributes = {}
    for name, value in record.headers:
        if name.lower().startswith("ce_") and value is not None:
            try:
                attributes[name[3:].lower()] = value.decode()
            except UnicodeDecodeError:
                raise Undecodable(f"header {name} is not UTF-8") from None
    return attributes, record.value or b""


def _structured(record: WireRecord) -> tuple[dict[str, str], bytes]:
    try:
        members = msgspec.json.decode(record.value or b"", type=dict[str, msgspec.Raw])
    except (msgspec.MsgspecError, ValueError, RecursionError):
        raise Undecodable("the structured event is not a JSON object") from None
    data = members.pop("data", None)
    if data is None:
        raise Undecodable("the structured event carries no JSON data")
    try:
        attributes = {name: msgspec.json.decode(value, type=str | int | bool) for name, value in members.items()}
    except (msgspec.MsgspecError, ValueError):
        raise Undecodable("an attribute of the structured event is neither text, number nor boolean") from None
    return {name: str(value) for name, value in attributes.items()}, bytes(data)


def _required(attributes: Mapping[str, str], name: str) -> str:
    value = attributes.get(name)
    if not value:
        raise Undecodable(f"attribute {name} is missing")
    if "\x00" in value:
        raise Undecodable(f"attribute {name} holds a NUL")
    return value


def _uuid(attributes: Mapping[str, str], name: str) -> UUID:
    text = _required(attributes, name)
    try:
        value = UUID(text)
    except ValueError:
        raise Undecodable(f"attribute {name} is not a UUID") from None
    if str(value) != text:
        raise Undecodable(f"attribute {name} is not a UUID in its usual form")
    return value


def _sequence(attributes: Mapping[str, str]) -> int:
    text = _required(attributes, "sequence")
    if not (text.isascii() and text.isdigit() and len(text) <= _SEQUENCE_DIGITS) or not 1 <= int(text) < _SEQUENCE_END:
        raise Undecodable("attribute sequence is not a positive whole number")
    return int(text)


def _time(attributes: Mapping[str, str], name: str) -> datetime:
    text = _required(attributes, name)
    try:
        value = datetime.fromisoformat(text)
        if value.tzinfo is None:
            raise Undecodable(f"attribute {name} has no time zone")
        return value.astimezone(UTC)
    except (ValueError, OverflowError):
        raise Undecodable(f"attribute {name} is not an RFC 3339 time") from None


def _in_utc(moment: datetime) -> datetime:
    return moment if moment.tzinfo is UTC else moment.astimezone(UTC)


def _check_json(data: bytes) -> None:
    """Refuse what msgspec lets pass but no honest writer sends: a member named twice, NaN and the infinities."""
    json.loads(data, object_pairs_hook=_no_duplicates, parse_constant=_no_constant)


def _no_duplicates(pairs: Iterable[tuple[str, object]]) -> dict[str, object]:
    members = list(pairs)
    found = dict(members)
    if len(found) != len(members):
        raise ValueError("a member is named twice")
    return found


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")
