"""Staying up: an installation, what is done with it, and what watches over it, until one of them ends or Ctrl-C."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

from rich.console import Console

from smartfactory.console import NOTE, show_step, show_trouble
from smartfactory.interrupts import Interrupts
from smartfactory.stack.installation import Installation, InstallationOptions, Watchers, installation
from smartfactory.stack.logs import LogStream, Loudness

INTERRUPTED = 130
"""The exit code of a command that was told to stop."""


async def stay(
    wanted: InstallationOptions,
    work: Callable[[Installation, LogStream], Coroutine[Any, Any, None]],
    *,
    logs: Loudness,
    console: Console,
) -> None:
    """Do the work with the installation, which the work starts; everything is stopped when this returns."""
    stream = LogStream(console, logs)
    watchers = Watchers(
        step=lambda name, seconds: show_step(console, name, seconds),
        trouble=lambda what: show_trouble(console, what),
        log=stream.follow,
    )
    with Interrupts() as interrupts:
        try:
            async with installation(wanted, watchers) as running:
                interrupts.at_second = running.supervisor.kill
                await _until_one_ends(work(running, stream), running.supervisor.watch(), stream.run())
        except asyncio.CancelledError:
            if not interrupts.fired:
                raise
    console.print(f"{NOTE} 모두 멈췄습니다. Everything is stopped.")


async def _until_one_ends(*coroutines: Coroutine[Any, Any, None]) -> None:
    """Run them side by side; the first that ends ends all, with its fault if it has one."""
    tasks = [asyncio.create_task(coroutine) for coroutine in coroutines]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
