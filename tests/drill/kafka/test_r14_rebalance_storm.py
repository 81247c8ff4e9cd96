"""Promise R14: members of a group come, go, die and pause at random."""

import asyncio
import random
import signal
import time

import pytest

from common.event import new_id
from common.waiting import pause
from tests.support.drills.figures import Drill
from tests.support.parcels.driver import tell
from tests.support.parcels.events import ParcelSent
from tests.support.parcels.judging import judge, settle
from tests.support.parcels.running import Parcels
from tests.support.pausing import pause_process, resume_process
from tests.support.servers import ServiceProcess

KEYS, MEMBERS = 12, 4
_PAUSE_SECONDS = 3.0  # longer than the session, so that another member takes over from one that still runs


@pytest.mark.promise("R14", "I7", "I10")
async def test_members_that_come_go_die_and_pause_leave_nothing_stuck_and_do_nothing_twice(
    parcels: Parcels, drill: Drill
):
    """Six partitions and four members; every second one of them is started, stopped, killed or frozen."""
    steps, chance = drill.scale(ci=6, full=60), random.Random(14)
    keys, over = [new_id() for _ in range(KEYS)], asyncio.Event()
    members = [parcels.worker() for _ in range(MEMBERS)]
    for member in members:
        member.start()
    sending, frozen, told = asyncio.create_task(_send(parcels, keys, over)), dict[int, float](), list[str]()
    stopping = set[int]()
    for _ in range(steps):
        told.append(_strike(members, frozen, stopping, chance))
        await pause(asyncio.Event(), 1.0)
        for one in [one for one, since in frozen.items() if time.monotonic() - since > _PAUSE_SECONDS]:
            resume_process(members[one].child)
            del frozen[one]
    over.set()
    each = await sending
    calm = time.monotonic()
    for number, member in enumerate(members):
        if number in frozen:
            resume_process(member.child)
        if number in stopping:
            # It was told to end and may take its time: who ends later than this has ended by itself.
            await asyncio.to_thread(member.wait_for_end)
        if member.exit_code() is not None:
            member.start()
    await settle(parcels, keys, each, deadline=60)
    drill.figure("events", KEYS * each)
    drill.figure("blows", len(told))
    await judge(drill, parcels, keys, each)
    drill.figure("until nothing waited any more", time.monotonic() - calm, unit="s", limit="<= 30")
    ended = sum(member.exit_code() is not None for member in members)
    drill.figure("members that ended by themselves", ended, limit="== 0")


def _strike(members: list[ServiceProcess], frozen: dict[int, float], stopping: set[int], chance: random.Random) -> str:
    number = chance.randrange(len(members))
    member = members[number]
    if member.exit_code() is not None:
        member.start()
        stopping.discard(number)
        return "start"
    if number in frozen:
        return "none"
    blow = chance.choice(["stop", "kill", "freeze"])
    if blow == "stop":
        member.child.send(signal.SIGTERM)
        stopping.add(number)
    elif blow == "kill":
        member.kill()
    else:
        pause_process(member.child)
        frozen[number] = time.monotonic()
    return blow


async def _send(parcels: Parcels, keys: list, over: asyncio.Event) -> int:
    """Send to every key in turn until it is over; how many to each."""
    each = 0
    while not over.is_set():
        for key in keys:
            async with parcels.database.transaction() as tx:
                await tell(tx, ParcelSent(parcel_id=key, grams=1))
        each += 1
        await pause(over, 0.1)
    return each
