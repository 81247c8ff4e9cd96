"""What a replay does, step by step, decided before it begins: the same recording, faults and seed give the same steps.

Nothing is planned that the programme promises not to do. A gap holds back the end of one key's events while others go
on, so the order of a key is kept; webhooks promise none, so of some a later one of their key goes before. A repetition
is of an event with all that was sent of its key after it, as after a relay that died before it knew what it had sent.
"""

import random
from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import pairwise
from typing import TypeAlias

from common.errors import Text
from metrics.webhooks.domain.messages import SAMSUNG, MessageType
from smartfactory.sandbox.options import Faults, Restarted
from smartfactory.sandbox.recording import Ending, ToTell, endings_of
from smartfactory.stack.faults import StackFault

_HELD_FOR = (3, 12)
_AGAIN_AFTER = (1, 8)


@dataclass(frozen=True, slots=True)
class Tell:
    """Tell an event; `late` if it was held back, so that later ones of other keys went before it.

    With `hold` its webhooks wait for a `Release`; on Kafka and in the feed it is told at once.
    """

    at: datetime
    one: ToTell
    late: bool = False
    hold: bool = False


@dataclass(frozen=True, slots=True)
class Release:
    """Let the held webhooks of an event go, once those of a later one of its key have been taken."""

    at: datetime
    one: ToTell
    behind: ToTell


@dataclass(frozen=True, slots=True)
class Close:
    """Move the clock behind the last day of a wave, and wait until metrics has told that it is over."""

    at: datetime
    one: Ending
    late: bool = False


@dataclass(frozen=True, slots=True)
class Again:
    """Send an event once more that has been sent, to Kafka with what follows it in its key, and by webhook alone."""

    at: datetime
    one: ToTell | Ending
    on_kafka: bool = True


@dataclass(frozen=True, slots=True)
class Restart:
    """End a process of ours, and wait until it is there again."""

    at: datetime
    what: Restarted


Step: TypeAlias = Tell | Release | Close | Again | Restart


def planned(events: Sequence[ToTell], kinds: AbstractSet[MessageType], faults: Faults) -> list[Step]:
    """The steps of a replay; raises StackFault when nothing of these kinds was recorded, or more is asked than goes."""
    endings = endings_of(events)
    wanted = MessageType.WAVE_CLOSED in kinds
    completions = {one.completion.place for one in endings} if wanted else set()
    chosen = [
        one for one in events if one.place in completions or any(message.type in kinds for message in one.messages)
    ]
    if not chosen:
        raise StackFault(
            Text("고른 종류의 이벤트가 녹화에 없습니다.", "The recording has no event of these kinds."),
            Text("--only를 넓히거나 빼 주세요.", "Ask for more kinds with --only, or leave it away."),
        )
    chance = random.Random(faults.seed)
    last = max(one.at for one in chosen)
    # Metrics closes what it has heard the completion of, whatever was chosen: what the clock comes to is told.
    ending = [one for one in endings if one.completion in chosen and (wanted or one.closes_at <= last)]
    told = _with_endings(_with_gaps(chosen, faults.gaps, chance), ending)
    after: dict[int, list[Step]] = {}
    repeated = _some(len(told), faults.duplicates, chance, "--duplicates")
    for place in repeated:
        later = min(place + chance.randint(*_AGAIN_AFTER), len(told) - 1)
        after.setdefault(later, []).append(Again(told[later].at, told[place].one))
    for what, times in sorted(faults.restarts.items()):
        for place in _some(len(told), times, chance, "--restarts"):
            after.setdefault(place, []).append(Restart(told[place].at, what))
    for place, later in _overtaken(told, faults.gaps, set(repeated), chance):
        held, behind = told[place], told[later]
        if isinstance(held, Tell) and isinstance(behind, Tell):
            told[place] = replace(held, hold=True)
            after.setdefault(later, []).insert(0, Release(behind.at, held.one, behind.one))
    return [step for place, tell in enumerate(told) for step in (tell, *after.get(place, ()))]


def all_again(events: Sequence[ToTell | Ending], told: Sequence[int]) -> list[Step]:
    """Everything once more that a replay has told, at these places of the recording: as after a log that was lost."""
    begun: set[object] = set()
    steps: list[Step] = []
    for one in (events[place] for place in told):
        begins = any(message.owner == SAMSUNG for message in one.messages) and one.key not in begun
        begun |= {one.key} if begins else set()
        steps.append(Again(one.at, one, on_kafka=begins))
    return steps


def _with_gaps(events: Sequence[ToTell], gaps: int, chance: random.Random) -> list[Tell]:
    """Each gap holds one key's events from a place on, until some of other keys have gone before them."""
    order = list(events)
    held: set[object] = set()
    for _ in range(gaps):
        places = [
            place
            for place, (one, following) in enumerate(pairwise(order))
            if one.key not in held and following.key != one.key
        ]
        if not places:
            raise _too_many("--gaps", len(held))
        begin = chance.choice(places)
        key = order[begin].key
        held.add(key)
        end = begin + 1 + chance.randint(*_HELD_FOR)
        # Sorting is stable: who is held and who goes on each keep their order.
        order[begin:end] = sorted(order[begin:end], key=lambda one: one.key == key)
    told: list[Tell] = []
    newest, moment = -1, order[0].at
    for one in order:
        moment = max(moment, one.at)
        told.append(Tell(moment, one, late=one.place < newest))
        newest = max(newest, one.place)
    return told


def _with_endings(told: Sequence[Tell], endings: Sequence[Ending]) -> list[Tell | Close]:
    """Each wave where the clock comes to it, and never before its completion, which may have been held back."""
    order: list[Tell | Close] = list(told)
    for one in sorted(endings, key=lambda ending: ending.closes_at):
        begun = next(place for place, step in enumerate(order) if step.one is one.completion)
        place = next((at for at in range(begun + 1, len(order)) if order[at].at > one.closes_at), len(order))
        before = order[place - 1].at
        order.insert(place, Close(max(one.closes_at, before), one, late=before > one.closes_at))
    return order


def _overtaken(
    told: Sequence[Tell | Close], wanted: int, repeated: AbstractSet[int], chance: random.Random
) -> list[tuple[int, int]]:
    """Some events, each with the next one of its key that the same owner hears of: that one's webhooks go before.

    No event is in two of these pairs, and none that is held is repeated. Samsung's come first: most listen for those.
    """
    pairs: list[tuple[int, int]] = []
    following: dict[object, int] = {}
    for place in reversed(range(len(told))):
        step = told[place]
        if isinstance(step, Tell):
            later = following.get(step.one.key)
            if later is not None and place not in repeated and _owners(step) & _owners(told[later]):
                pairs.append((place, later))
            following[step.one.key] = place
    chance.shuffle(pairs)
    pairs.sort(key=lambda pair: SAMSUNG not in _owners(told[pair[0]]) & _owners(told[pair[1]]))
    chosen: list[tuple[int, int]] = []
    taken: set[int] = set()
    for pair in pairs:
        if len(chosen) < wanted and not taken & set(pair):
            chosen.append(pair)
            taken |= set(pair)
    return chosen


def _owners(step: Tell | Close) -> set[str]:
    return {message.owner for message in step.one.messages}


def _some(places: int, wanted: int, chance: random.Random, option: str) -> list[int]:
    if wanted > places:
        raise _too_many(option, places)
    return sorted(chance.sample(range(places), wanted))


def _too_many(option: str, most: int) -> StackFault:
    return StackFault(
        Text(f"{option}는 여기서 {most}까지 할 수 있습니다.", f"{option} can be {most} here at most."),
        Text(f"{option}를 줄이거나 --only를 넓혀 주세요.", f"Ask for fewer with {option}, or for more kinds."),
    )
