"""Named places where a fault drill makes this process die, wait or fail, on purpose and on record.

`FAILPOINTS="relay.after_send=kill9;consumer.after_commit=raise@3"` arms two of them: `@3` waits for the third hit,
`pause:<file>` waits until that file exists. Every action is first written to stderr, so that a drill can prove where it
hit. Settings refuse them in production.
"""

import asyncio
import json
import os
import signal
import sys
from dataclasses import dataclass, field
from pathlib import Path

NAMES = (
    "command.before_commit",
    "command.after_commit",
    "relay.after_select",
    "relay.after_send",
    "consumer.before_commit",
    "consumer.after_commit",
    "job.after_claim",
    "job.after_send",
    "job.before_commit",
    "rebuild.half_way",
    "rebuild.before_exchange",
    "rebuild.before_commit",
    "saga.after_claim",
    "saga.after_answer",
    "saga.before_commit",
    "saga.after_commit",
    "saga.before_post",
)
"""Every place that can be armed."""

_PAUSE_POLL_SECONDS = 0.02


class Injected(Exception):
    """The fault that `raise` injects."""


@dataclass
class _Armed:
    action: str
    argument: str
    on_hit: int
    hits: int = field(default=0)


_armed: dict[str, _Armed] = {}


def arm(spec: str) -> None:
    """Arm the failpoints of a `FAILPOINTS` value, instead of those armed before; an unknown name is an error."""
    armed = {}
    for part in filter(None, (piece.strip() for piece in spec.split(";"))):
        name, _, rest = part.partition("=")
        what, _, on_hit = rest.partition("@")
        action, _, argument = what.partition(":")
        if name not in NAMES or action not in {"kill9", "pause", "raise"} or (action == "pause") != bool(argument):
            raise ValueError(f"FAILPOINTS: {part!r} is not <name>=kill9|raise|pause:<file>[@<hit>]; names: {NAMES}")
        armed[name] = _Armed(action, argument, int(on_hit or 1))
    _armed.clear()
    _armed.update(armed)


async def hit(name: str) -> None:
    """Pass a failpoint: nothing at all unless it is armed."""
    armed = _armed.get(name)
    if armed is None:
        return
    armed.hits += 1
    if armed.hits != armed.on_hit:
        return
    record = {"failpoint": name, "action": armed.action, "hit": armed.hits, "pid": os.getpid()}
    sys.stderr.write(json.dumps(record) + "\n")
    sys.stderr.flush()
    if armed.action == "kill9":
        os.kill(os.getpid(), signal.SIGKILL)
    elif armed.action == "pause":
        gate = Path(armed.argument)
        while not gate.exists():  # noqa: ASYNC110, ASYNC240  another process makes the file; there is no event to await
            await asyncio.sleep(_PAUSE_POLL_SECONDS)
    else:
        raise Injected(name)
