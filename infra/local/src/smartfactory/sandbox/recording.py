"""The recording: what somebody outside is told of a played season, in its order, with its programme moments.

It holds those fields that leave the programme, and no others: no money, no score, nothing of a person or a firm. Ids
are small numbers, so that each replay has ids of its own. The fields that our own services want beside them are made
up when an event is told; nobody outside ever sees one.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property
from importlib.resources import files
from types import UnionType
from typing import Annotated, Any, TypeAlias, Union, get_args, get_origin
from uuid import UUID, uuid5

import msgspec
from msgspec.structs import FieldInfo, fields

from common.consumer import Received
from common.event import TYPE_PREFIX, DomainEvent, registered_events
from contracts.applicant import ProjectCompleted
from contracts.partner import PartnerWaveClosed
from metrics.outcomes.queries.endings import windows_of
from metrics.partners.commands import Seen
from metrics.wave_closings.domain import Response, closes_at, event_id_of
from metrics.webhooks.commands.telling import Message, message_of, messages_of, told_fields

FORMAT = 1
_FILE = "season.jsonl"
_NAMESPACE = UUID("6d1c2f0a-9b1e-5c57-8a52-7f0f3c0f5a01")
_MADE_UP_CODE = "SANDBOX"


EventClass: TypeAlias = type[DomainEvent]


class Head(msgspec.Struct, frozen=True, kw_only=True):
    """The first line: what was recorded, and how many lines follow."""

    format: int
    season: str
    events: int


class Recorded(msgspec.Struct, frozen=True, kw_only=True):
    """One event: its type without what all types begin with, when it happened, and what is told of it."""

    type: str
    at: Annotated[datetime, msgspec.Meta(tz=True)]
    told: dict[str, Any]

    @property
    def contract(self) -> EventClass:
        """The class of its event; raises KeyError when there is none any more."""
        return registered_events()[f"{TYPE_PREFIX}.{self.type}"]

    @property
    def key(self) -> tuple[str, object]:
        """Whose order is kept: its topic, and the number that stands for its key."""
        cls = self.contract
        return cls.TOPIC, self.told[cls.KEY_FIELD]


class Recording(msgspec.Struct, frozen=True, kw_only=True):
    """A season's events in the order in which they are told."""

    head: Head
    events: Sequence[Recorded]


class Identities:
    """The ids of one replay: the same number is the same id in it, and another one in every other replay."""

    def __init__(self, replay: int) -> None:
        self._replay = replay

    def of(self, number: object) -> UUID:
        """What a recorded number stands for."""
        return uuid5(_NAMESPACE, f"{self._replay}/{number}")

    def of_event(self, place: int) -> UUID:
        """The id of the event at this place of the recording."""
        return uuid5(_NAMESPACE, f"{self._replay}/event/{place}")


class ToTell:
    """A recorded event as this replay tells it, with what each owner is told of it."""

    def __init__(self, place: int, recorded: Recorded, identities: Identities) -> None:
        self.place = place
        self.recorded = recorded
        self.id = identities.of_event(place)
        self.event = made_whole(recorded, identities)

    @property
    def type(self) -> str:
        """What happened, as it is shown."""
        return self.recorded.type

    @property
    def at(self) -> datetime:
        """When it happened."""
        return self.recorded.at

    @property
    def key(self) -> tuple[str, object]:
        """Whose order is kept."""
        return self.recorded.key

    @cached_property
    def messages(self) -> Sequence[Message]:
        """Under which id and type which owner hears of it."""
        return messages_of(self.event, received_as(self.id, self.event, self.recorded.at))


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """An outcome wave that ends in the recording's time: nobody tells it to metrics, which closes it by its clock."""

    place: int
    completion: ToTell
    at: datetime
    """The end of its last day, which is the moment that is told."""
    messages: Sequence[Message]

    @property
    def type(self) -> str:
        """What happened, as it is shown."""
        return PartnerWaveClosed.TYPE.removeprefix(f"{TYPE_PREFIX}.")

    @property
    def key(self) -> tuple[str, object]:
        """Its project's: it comes behind the completion."""
        return self.completion.key

    @property
    def closes_at(self) -> datetime:
        """When metrics' clock has come to it."""
        return closes_at(self.at)


def to_tell(recording: Recording, *, replay: int) -> list[ToTell]:
    """Every event of the recording with the ids of this replay."""
    identities = Identities(replay)
    return [ToTell(place, one, identities) for place, one in enumerate(recording.events)]


def endings_of(events: Sequence[ToTell]) -> list[Ending]:
    """The waves that end before the recording does, in the order of their places, which come behind the recording's."""
    last = max((one.at for one in events), default=None)
    found: list[Ending] = []
    for one in events:
        completed = one.event
        if last is None or not isinstance(completed, ProjectCompleted):
            continue
        for wave, window in windows_of(one.at):
            if closes_at(window.due_at) > last:
                continue
            told = PartnerWaveClosed(
                project_id=completed.project_id,
                type_code=completed.type_code,
                municipality_code=completed.municipality_code,
                wave=wave.value,
                due_on=window.due_on,
                response=Response.NO_RESPONSE.value,
            )
            message = message_of(Seen(event_id_of(completed.project_id, wave.value), told))
            place = len(events) + len(found)
            found.append(Ending(place=place, completion=one, at=window.due_at, messages=(message,)))
    return found


def received_as(event_id: UUID, event: DomainEvent, at: datetime) -> Received:
    """The event as a consumer would have it in hand."""
    return Received(
        event_id=event_id,
        type=event.TYPE,
        topic=event.TOPIC,
        key=event.key,
        sequence=1,
        at=at,
        now=at,
        correlation_id=str(event_id),
    )


def made_whole(recorded: Recorded, identities: Identities) -> DomainEvent:
    """The event with its ids, and with a made-up value for each field that it needs and nobody is told.

    Raises msgspec.ValidationError when the recording is not of these contracts.
    """
    cls = recorded.contract
    said: dict[str, Any] = {}
    for field in fields(cls):
        if field.name in recorded.told:
            value = recorded.told[field.name]
            said[field.name] = str(identities.of(value)) if _is(field, UUID) and value is not None else value
        elif field.required:
            said[field.name] = _made_up(field, recorded, identities)
    return msgspec.convert(said, cls)


def recorded(events: Sequence[tuple[DomainEvent, datetime]], *, season: str) -> Recording:
    """Make a recording of what somebody outside is told of these events; what nobody is told of is left out."""
    numbers: dict[UUID, int] = {}
    kept = []
    for event, at in events:
        told = {}
        for field in fields(type(event)):
            if field.name in told_fields(type(event)):
                value = getattr(event, field.name)
                told[field.name] = numbers.setdefault(value, len(numbers) + 1) if isinstance(value, UUID) else value
        kept.append(Recorded(type=event.TYPE.removeprefix(f"{TYPE_PREFIX}."), at=at, told=told))
    return Recording(head=Head(format=FORMAT, season=season, events=len(kept)), events=kept)


def written(recording: Recording) -> bytes:
    """The recording as its file: one line of JSON for each event, behind one that says what it is."""
    encoder = msgspec.json.Encoder()
    return b"".join(encoder.encode(line) + b"\n" for line in (recording.head, *recording.events))


def read(content: bytes) -> Recording:
    """The recording of a file; raises msgspec.DecodeError when it is none, or is not whole."""
    first, *lines = content.splitlines() or [b""]
    head = msgspec.json.decode(first, type=Head)
    decoder = msgspec.json.Decoder(Recorded)
    found = Recording(head=head, events=[decoder.decode(line) for line in lines])
    if head.format != FORMAT or head.events != len(found.events):
        raise msgspec.DecodeError(f"format {head.format} with {len(lines)} of {head.events} events")
    return found


def the_season() -> Recording:
    """The recording that comes with the program."""
    return read((files("smartfactory.sandbox") / _FILE).read_bytes())


def _is(field: FieldInfo, wanted: type) -> bool:
    return wanted in _types_of(field.type)


def _types_of(declared: object) -> tuple[object, ...]:
    if get_origin(declared) is Annotated:
        return _types_of(get_args(declared)[0])
    if get_origin(declared) in {Union, UnionType}:
        return tuple(one for part in get_args(declared) for one in _types_of(part))
    return (get_origin(declared) or declared,)


def _made_up(field: FieldInfo, recorded: Recorded, identities: Identities) -> object:
    """Nothing that could be taken for a figure: no money, an id that nothing else has, and the day of the event."""
    made: Mapping[type, object] = {
        UUID: str(identities.of(f"{recorded.key}/{field.name}")),
        int: recorded.at.year if field.name == "fiscal_year" else 0,
        str: _MADE_UP_CODE,
        bool: False,
        list: [],
        datetime: recorded.at.isoformat(),
        date: recorded.at.date().isoformat(),
    }
    for one in _types_of(field.type):
        if isinstance(one, type) and one in made:
            return made[one]
    raise TypeError(f"nothing is made up for {recorded.type}.{field.name}")
