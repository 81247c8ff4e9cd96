"""What an integrator may ask of a replay, read from the command line; each wrong word has its own answer."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from common.errors import Text
from metrics.webhooks.domain.messages import MessageType
from smartfactory.stack.faults import StackFault

MAX = "max"
RESTARTS_MAX = 3
"""Of one process: after six within a minute whoever looks after it takes it for broken, and two replays may be one."""

_SPEED = re.compile(r"([0-9]{1,6}(?:\.[0-9]{1,3})?)(s|m|h|d|w)/s", re.ASCII)
_SECONDS = {"s": 1, "m": 60, "h": 3_600, "d": 86_400, "w": 604_800}
_RESTART = re.compile(r"([a-z]+)(?:=([0-9]{1,4}))?", re.ASCII)


class Restarted(StrEnum):
    """What of ours can be started anew in the midst of a replay."""

    BROKER = "broker"
    WORKER = "worker"
    API = "api"


@dataclass(frozen=True, slots=True, kw_only=True)
class Faults:
    """How often what goes wrong; the same seed means at the same places."""

    duplicates: int = 0
    gaps: int = 0
    restarts: Mapping[Restarted, int] = field(default_factory=dict)
    seed: int = 1


def speed_of(word: str) -> float | None:
    """Programme seconds in a second, or None for as fast as it goes; raises StackFault."""
    if word == MAX:
        return None
    found = _SPEED.fullmatch(word)
    seconds = float(found[1]) * _SECONDS[found[2]] if found else 0.0
    if seconds <= 0:
        raise StackFault(
            Text(f"--speed {word}은(는) 속도가 아닙니다.", f"--speed {word} is no speed."),
            Text(
                "1초에 흐를 사업 시간을 1d/s, 12h/s, 2w/s처럼 적거나 max를 쓰세요.",
                "Say how much programme time passes in a second, as 1d/s, 12h/s or 2w/s, or say max.",
            ),
        )
    return seconds


def restarts_of(words: str) -> dict[Restarted, int]:
    """What to start anew and how often, of `worker,broker=2`; raises StackFault."""
    wanted: dict[Restarted, int] = {}
    for word in filter(None, words.split(",")):
        found = _RESTART.fullmatch(word.strip())
        if found is None or found[1] not in set(Restarted):
            raise StackFault(
                Text(f"--restarts의 {word}을(를) 알 수 없습니다.", f"--restarts does not know {word}."),
                Text(
                    f"{', '.join(Restarted)} 중에서 worker,broker=2처럼 적어 주세요.",
                    f"Choose among {', '.join(Restarted)}, as worker,broker=2.",
                ),
            )
        what, times = Restarted(found[1]), int(found[2] or 1)
        wanted[what] = wanted.get(what, 0) + times
        if wanted[what] > RESTARTS_MAX:
            raise StackFault(
                Text(
                    f"{what}은(는) 한 번의 재생에서 {RESTARTS_MAX}번까지 다시 시작할 수 있습니다.",
                    f"{what} can be restarted {RESTARTS_MAX} times in one replay.",
                ),
                Text("--restarts의 횟수를 줄여 주세요.", "Ask for fewer with --restarts."),
            )
    return wanted


def kinds_of(words: str) -> frozenset[MessageType]:
    """Which kinds of `residency,project.selected` are told, all without any; raises StackFault."""
    wanted: set[MessageType] = set()
    for word in filter(None, (one.strip() for one in words.split(","))):
        found = [kind for kind in MessageType if kind == word or kind.startswith(f"{word}.")]
        if not found:
            raise StackFault(
                Text(f"--only의 {word}은(는) 이벤트 종류가 아닙니다.", f"--only does not know the kind {word}."),
                _among(sorted(MessageType)),
            )
        wanted |= set(found)
    return frozenset(wanted or MessageType)


def _among(kinds: Sequence[str]) -> Text:
    known = ", ".join(kinds)
    return Text(f"다음 중에서 고르세요: {known}", f"Choose among: {known}")
