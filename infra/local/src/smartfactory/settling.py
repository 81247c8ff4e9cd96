"""A season that is played again moves programme time back, and whatever is still on its way must be heard before that.

An event of a later day that is heard on an earlier one is decided by an earlier day's rules.
"""

import asyncio
import time
from collections.abc import Mapping

from common.errors import Text
from smartfactory.check.events import on_their_way
from smartfactory.snapshots import snapshots
from smartfactory.stack.faults import StackFault

_DEADLINE_SECONDS = 120.0
_PAUSE_SECONDS = 0.25


class StillOnTheirWay(StackFault):
    """Events that a run before this one left do not arrive."""

    def __init__(self, count: int) -> None:
        super().__init__(
            Text(
                f"이전 실행의 이벤트 {count}건이 {_DEADLINE_SECONDS:.0f}초 안에 처리되지 않았습니다.",
                f"{count} events of the run before were not heard within {_DEADLINE_SECONDS:.0f} s.",
            ),
            Text(
                "서비스 로그를 확인한 뒤 같은 명령을 다시 실행해 주세요. 잃은 것은 없습니다.",
                "Look into the services' logs, then run the same command again. Nothing is lost.",
            ),
        )


async def settle(urls: Mapping[str, str]) -> None:
    """Wait until every committed event is applied or parked wherever it is heard; raises StillOnTheirWay."""
    ends = time.monotonic() + _DEADLINE_SECONDS
    while True:
        async with snapshots(urls) as databases:
            waiting = await on_their_way(databases)
        if not waiting:
            return
        if time.monotonic() > ends:
            raise StillOnTheirWay(len(waiting))
        await asyncio.sleep(_PAUSE_SECONDS)
