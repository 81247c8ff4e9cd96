"""The sleeps of a drill: the rate at which people come, a client's pause before it asks again, a fault that lasts.

None of them waits for something to become so; for that there is tests.support.waiting.
"""

import asyncio


async def pause(seconds: float) -> None:
    """Let this much time pass, for it is what the drill is about."""
    await asyncio.sleep(seconds)
