"""What a replay does, step by step, decided before it begins: the same recording, faults and seed give the same steps.

Nothing is planned that the programme promises not to do. A gap holds back the end of one key's events while others go
on, so the order of a key is kept; a repetition is of an event with all that was sent of its key after it, as after a
relay that died before it knew what it had sent.
"""

import random
from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from typing import TypeAlias

from common.errors import Text
from metrics.webhooks.domain.messages import SAMSUNG, MessageType
from smartfactory.sandbox.options import Faults, Restarted
from smartfactory.sandbox.recording import ToTell
from smartfactory.stack.faults import StackFault

_HELD_FOR = (3, 12)
_AGAIN_AFTER = (1, 8)


@dataclass(frozen=True, slots=True)
class Tell:
    """Tell an event; `late` if it was held back, so that later ones of other keys went before it."""

    at: datetime
    one: ToTell
    late: bool = False


@dataclass(frozen=True, slots=True)
class Again:
    """Send an event once more that has been sent, to Kafka with what follows it in its key, and by webhook alone."""

    at: datetime
    one: ToTell
    on_kafka: bool = True


@dataclass(frozen=True, slots=True)
class Restart:
    """End a process of ours, and wait until it is there again."""

    at: datetime
    what: Restarted


Step: TypeAlias = Tell | Again | Restart


def planned(events: Sequence[ToTell], kinds: AbstractSet[MessageType], faults: Faults) -> list[Step]:
    """The steps of a replay; raises StackFault when nothing of these kinds was recorded, or more is asked than goes."""
    chosen = [one for one in events if any(message.type in kinds for message in one.messages)]
    if not chosen:
        raise StackFault(
            Text("고른 종류의 이벤트가 녹화에 없습니다.", "The recording has no event of these kinds."),
            Text("--only를 넓히거나 빼 주세요.", "Ask for more kinds with --only, or leave it away."),
        )
    chance = random.Random(faults.seed)
    told = _with_gaps(chosen, faults.gaps, chance)
    after: dict[int, list[Step]] = {}
    for place in _some(len(told), faults.duplicates, chance, "--duplicates"):
        later = min(place + chance.randint(*_AGAIN_AFTER), len(told) - 1)
        after.setdefault(later, []).append(Again(told[later].at, told[place].one))
    for what, times in sorted(faults.restarts.items()):
        for place in _some(len(told), times, chance, "--restarts"):
            after.setdefault(place, []).append(Restart(told[place].at, what))
    return [step for place, tell in enumerate(told) for step in (tell, *after.get(place, ()))]


def all_again(events: Sequence[ToTell], told: Sequence[int]) -> list[Step]:
    """Everything once more that a replay has told, at these places of the recording: as after a log that was lost."""
    begun: set[object] = set()
    steps: list[Step] = []
    for one in (events[place] for place in told):
        begins = any(message.owner == SAMSUNG for message in one.messages) and one.recorded.key not in begun
        begun |= {one.recorded.key} if begins else set()
        steps.append(Again(one.recorded.at, one, on_kafka=begins))
    return steps


def _with_gaps(events: Sequence[ToTell], gaps: int, chance: random.Random) -> list[Tell]:
    """Each gap holds one key's events from a place on, until some of other keys have gone before them."""
    order = list(events)
    held: set[object] = set()
    for _ in range(gaps):
        places = [
            place
            for place, (one, following) in enumerate(pairwise(order))
            if one.recorded.key not in held and following.recorded.key != one.recorded.key
        ]
        if not places:
            raise _too_many("--gaps", len(held))
        begin = chance.choice(places)
        key = order[begin].recorded.key
        held.add(key)
        end = begin + 1 + chance.randint(*_HELD_FOR)
        # Sorting is stable: who is held and who goes on each keep their order.
        order[begin:end] = sorted(order[begin:end], key=lambda one: one.recorded.key == key)
    told: list[Tell] = []
    newest, moment = -1, order[0].recorded.at
    for one in order:
        moment = max(moment, one.recorded.at)
        told.append(Tell(moment, one, late=one.place < newest))
        newest = max(newest, one.place)
    return told


def _some(places: int, wanted: int, chance: random.Random, option: str) -> list[int]:
    if wanted > places:
        raise _too_many(option, places)
    return sorted(chance.sample(range(places), wanted))


def _too_many(option: str, most: int) -> StackFault:
    return StackFault(
        Text(f"{option}는 여기서 {most}까지 할 수 있습니다.", f"{option} can be {most} here at most."),
        Text(f"{option}를 줄이거나 --only를 넓혀 주세요.", f"Ask for fewer with {option}, or for more kinds."),
    )
