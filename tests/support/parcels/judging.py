"""What became of parcels after a drill: lost, doubled, out of order, and how often each stands in the topic."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from tests.support.drills.figures import Drill
from tests.support.parcels.driver import deliveries, scalar
from tests.support.parcels.running import Parcels
from tests.support.waiting import eventually


async def settle(parcels: Parcels, keys: Sequence[UUID], each: int, *, deadline: float) -> None:
    """Wait until every parcel was delivered, and the group has read to the end: what was doubled comes last."""

    async def delivered() -> bool:
        return int(str(await scalar(parcels.database, "SELECT count(*) FROM delivery"))) >= len(keys) * each

    await eventually(delivered, deadline)
    await eventually(parcels.consumed, deadline)


async def judge(drill: Drill, parcels: Parcels, keys: Sequence[UUID], each: int) -> None:
    """Note the figures of invariants I4, I5 and I7, and fail where one is broken."""
    had: dict[UUID, list[int]] = defaultdict(list)
    for key, sequence, _ in await deliveries(parcels.database):
        had[key].append(sequence)
    drill.figure("events lost", sum(each - len(set(had[key])) for key in keys), limit="== 0")
    drill.figure("double effects", sum(len(had[key]) - len(set(had[key])) for key in keys), limit="== 0")
    drill.figure("keys out of order", sum(had[key] != sorted(had[key]) for key in keys), limit="== 0")
    parked = int(str(await scalar(parcels.database, "SELECT count(*) FROM parked_event WHERE resolved_at IS NULL")))
    drill.figure("events left parked", parked, limit="== 0")


async def judge_topic(drill: Drill, parcels: Parcels, keys: Sequence[UUID], each: int, *, duplicates: str) -> None:
    """Note what the topic itself holds: all of it, each key's first copies in order, and few copies."""
    records: list[Any] = await parcels.topic()
    firsts: dict[bytes, list[int]] = defaultdict(list)
    for record in records:
        sequence = int(dict(record.headers)["ce_sequence"])
        if sequence not in firsts[record.key]:
            firsts[record.key].append(sequence)
    wanted = list(range(1, each + 1))
    wrong = sum(firsts[str(key).encode()] != wanted for key in keys)
    drill.figure("keys with a gap or an inversion in the topic", wrong, limit="== 0")
    copies = Counter(dict(record.headers)["ce_id"] for record in records)
    more = sum(count - 1 for count in copies.values())
    drill.figure("copies in the topic", 100 * more / (len(keys) * each), unit="%", limit=duplicates)
