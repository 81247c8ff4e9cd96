"""What a consumer meets in its worst hour: events delivered again, half of them in the same batch, and poison."""

from collections.abc import Sequence

from common.event import WireRecord

AGAIN_EVERY, POISON_EVERY = 10, 100
_LATER = 600  # further on than a batch is long


def mixed(events: Sequence[WireRecord]) -> list[WireRecord]:
    """Ten percent again (every other one at once, the rest later) and one percent that cannot be read."""
    load: list[WireRecord] = []
    later: list[tuple[int, WireRecord]] = []
    for number, one in enumerate(events):
        load.append(_poisoned(one) if number % POISON_EVERY == POISON_EVERY - 1 else one)
        if number % AGAIN_EVERY == 0:
            if number % (2 * AGAIN_EVERY):
                load.append(one)
            else:
                later.append((number + _LATER, one))
        while later and later[0][0] <= number:
            load.append(later.pop(0)[1])
    return load + [one for _, one in later]


def poison_in(count: int) -> int:
    """How many of so many events `mixed` spoils."""
    return count // POISON_EVERY


def _poisoned(record: WireRecord) -> WireRecord:
    return WireRecord(topic=record.topic, key=record.key, value=b'{"not": "the event"}', headers=record.headers)
