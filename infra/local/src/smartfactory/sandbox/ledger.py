"""What a replay has told, kept as it goes: what a report is made of, also of a replay that was broken off."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from pathlib import Path
from uuid import UUID

import msgspec

from common.errors import Text
from metrics.webhooks.domain.messages import SAMSUNG
from smartfactory.stack.faults import StackFault


class TellingOf(msgspec.Struct, frozen=True, kw_only=True):
    """One event that was told: to whom under which id, and whether later ones of other keys went before it."""

    place: int
    type: str
    at: datetime
    messages: dict[str, UUID]
    late: bool = False


class Repetition(msgspec.Struct, frozen=True, kw_only=True):
    """One event that was sent again, with the events of its key that Kafka had again after it."""

    place: int
    on_kafka: list[UUID]
    by_webhook: int


class Overtaking(msgspec.Struct, frozen=True, kw_only=True):
    """One event whose webhooks waited until those of a later one of its key had been taken."""

    place: int
    behind: int


class Restarting(msgspec.Struct, frozen=True, kw_only=True):
    """One process that was ended and is there again, and how many events the feed had then.

    By webhook so many came again: a worker that dies has kept nothing of what was answered last.
    """

    what: str
    feed: int
    by_webhook: int = 0


class Ledger(msgspec.Struct, kw_only=True):
    """One replay. Without `ended_at` it was broken off, or is under way."""

    replay: int
    said: str
    seed: int
    began_at: datetime
    ended_at: datetime | None = None
    told: list[TellingOf] = []
    again: list[Repetition] = []
    restarts: list[Restarting] = []
    overtaken: list[Overtaking] = []

    def ids_of(self, owner: str) -> list[UUID]:
        """What this owner was to hear, in the order in which it was told."""
        return [one.messages[owner] for one in self.told if owner in one.messages]

    @property
    def owners(self) -> list[str]:
        """Everybody who was told something, Samsung first."""
        return sorted({owner for one in self.told for owner in one.messages}, key=lambda one: (one != SAMSUNG, one))


class Ledgers:
    """The replays of one sandbox, each in a file of its own."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @property
    def numbers(self) -> list[int]:
        """Of all replays there were, oldest first."""
        return sorted(int(path.stem.removeprefix("replay-")) for path in self._folder.glob("replay-*.json"))

    def keep(self, ledger: Ledger) -> None:
        """Write it down, whole or not at all."""
        self._folder.mkdir(exist_ok=True)
        path = self._path(ledger.replay)
        fresh = path.with_name(f"{path.name}.new")
        fresh.write_bytes(msgspec.json.encode(ledger))
        fresh.replace(path)

    def get(self, number: int | None) -> Ledger:
        """This replay, or the newest; raises StackFault when there is none."""
        known = self.numbers
        if not known:
            raise StackFault(
                Text("아직 재생한 것이 없습니다.", "Nothing was replayed yet."),
                Text("smartfactory sandbox replay를 먼저 실행해 주세요.", "Run `smartfactory sandbox replay` first."),
            )
        if number is not None and number not in known:
            raise StackFault(
                Text(f"{number}번 재생은 없습니다.", f"There is no replay {number}."),
                Text(f"1번부터 {known[-1]}번까지 있습니다.", f"There are 1 to {known[-1]}."),
            )
        return msgspec.json.decode(self._path(number or known[-1]).read_bytes(), type=Ledger)

    def _path(self, number: int) -> Path:
        return self._folder / f"replay-{number}.json"


def owner_named(name: str, ledger: Ledger) -> str:
    """Whose ids are meant by `samsung` or a municipality's code; raises StackFault."""
    if (owner := SAMSUNG if name.lower() == "samsung" else name) in ledger.owners:
        return owner
    known = ", ".join(one.lower() for one in ledger.owners)
    raise StackFault(
        Text(f"이 재생은 {name}에 알린 것이 없습니다.", f"This replay told {name} nothing."),
        Text(f"--as에 다음 중 하나를 쓰세요: {known}", f"Use one of these with --as: {known}"),
    )


def counted(ids: Iterable[UUID]) -> Mapping[UUID, int]:
    """How often each is there."""
    found: dict[UUID, int] = {}
    for one in ids:
        found[one] = found.get(one, 0) + 1
    return found
