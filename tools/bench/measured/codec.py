"""P8: writing and reading an event as the shipped code does, with all its checks, against msgspec alone."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import msgspec

from common.event import Envelope, decode, encode, encode_data, new_id, open_envelope
from contracts.applicant import ApplicationSubmitted
from tools.bench.events import envelope_of, submitted
from tools.bench.figures import Figure, Slice
from tools.bench.suites import Variant

OURS, MSGSPEC = "event written, read and checked", "msgspec Struct"
_SECONDS = 0.15


class _Whole(msgspec.Struct, frozen=True):
    """The same facts in one Struct: what a codec without headers and without checks has to do."""

    specversion: str
    id: UUID
    source: str
    type: str
    partitionkey: UUID
    time: datetime
    recordedtime: datetime
    sequence: int
    correlationid: str
    causationid: str | None
    traceparent: str | None
    data: ApplicationSubmitted


_encoder, _decoder = msgspec.json.Encoder(), msgspec.json.Decoder(_Whole)


@dataclass
class Codec:
    """In this process: it is Python and C alone, without a wait."""

    name: str = "codec"
    figures: Sequence[Figure] = (
        Figure(
            "P8",
            "event written, read and checked, time / msgspec Struct",
            lambda one: one[MSGSPEC].rate / one[OURS].rate,
            (OURS, MSGSPEC),
            3.0,
            1.2,
            higher_is_better=False,
        ),
    )

    async def prepare(self) -> None:
        """Nothing to start."""

    async def begin_round(self) -> None:
        """Nothing to empty."""

    def variants(self) -> Mapping[str, Variant]:
        return {OURS: self._ours, MSGSPEC: self._msgspec}

    async def _ours(self) -> Slice:
        event = submitted(new_id())
        envelope, count, same, began = envelope_of(event), 0, True, time.perf_counter()
        while time.perf_counter() - began < _SECONDS:
            for _ in range(100):
                record = encode(envelope, encode_data(event))
                opened, data = open_envelope(record)
                same &= decode(opened, data, ApplicationSubmitted) == event
            count += 100
        seconds = time.perf_counter() - began
        return Slice(count, seconds, fault="" if same else "what was read is not what was written")

    async def _msgspec(self) -> Slice:
        event = submitted(new_id())
        whole, count, same, began = _whole(envelope_of(event), event), 0, True, time.perf_counter()
        while time.perf_counter() - began < _SECONDS:
            for _ in range(100):
                same &= _decoder.decode(_encoder.encode(whole)).data == event
            count += 100
        seconds = time.perf_counter() - began
        return Slice(count, seconds, fault="" if same else "what was read is not what was written")


def _whole(envelope: Envelope, event: ApplicationSubmitted) -> _Whole:
    return _Whole(
        specversion="1.0",
        id=envelope.event_id,
        source="/applicant",
        type=envelope.type,
        partitionkey=envelope.key,
        time=envelope.occurred_at,
        recordedtime=envelope.recorded_at,
        sequence=envelope.sequence,
        correlationid=envelope.correlation_id,
        causationid=envelope.causation_id,
        traceparent=envelope.traceparent,
        data=event,
    )
