"""One real Chromium, driven from here: what it saw on a page, what axe found there, and pictures of it."""

import asyncio
import json
import os
import shutil
import subprocess
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from tools.node_packages import NODE, ROOT, NotInstalled, environment, installed, one_at_a_time

_HERE = Path(__file__).resolve().parent
_Stream = TypeVar("_Stream")
_NAMES = ("chromium", "chromium-browser", "google-chrome")
_PACKAGES = ("chromium", "fonts-noto-cjk")
_APT_SECONDS, _STARTS_SECONDS, _VISIT_SECONDS = 300, 180, 240
_LINE_BYTES = 16 << 20


class NoBrowser(Exception):
    """There is no Chromium here and none can be had; the message says why."""


@dataclass(frozen=True, slots=True)
class Look:
    """How a page is looked at: the colour scheme, the window, and where a picture of it goes, if one is wanted.

    As `print` it is looked at as paper would show it, so wide as the paper is between its margins.
    """

    scheme: str = "light"
    width: int = 1280
    height: int = 900
    axe: bool = True
    picture: str | None = None
    whole: bool = True
    media: str = "screen"


DESKTOP, PHONE, A4 = 1280, 360, 700
EVERY_LOOK = tuple(Look(scheme, width) for scheme in ("light", "dark") for width in (DESKTOP, PHONE))


@dataclass(frozen=True, slots=True)
class Seen:
    """What a visit came to, after its steps."""

    status: int
    url: str
    title: str
    language: str
    text: str
    focused: str
    looks: Sequence[Mapping[str, Any]]
    console: Sequence[str]
    requests: Sequence[str]
    cookies: Sequence[Mapping[str, Any]] = field(default_factory=tuple)

    def faults(self, origin: str) -> list[str]:
        """What nobody should see: findings of axe, messages of the browser, other hosts, scrolling sideways."""
        found = [f"the browser says {said}" for said in self.console]
        found += [f"asked another host: {url}" for url in self.requests if not url.startswith(f"{origin}/")]
        for look in self.looks:
            where = f"{look['scheme']}, {look['width']} wide"
            found += [f"{where}: axe: {finding}" for finding in look["axe"]]
            found += [f"{where}: scrolls {look['sideways']} sideways"] if look["sideways"] else []
        return found


class Browser:
    """One process for many visits, one after the other; each visit has cookies and a cache of its own."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self._turn = asyncio.Lock()

    async def visit(
        self,
        url: str,
        *,
        looks: Sequence[Look] = (Look(),),
        steps: Sequence[Sequence[str]] = (),
        language: str = "ko-KR",
        cookies: Sequence[Mapping[str, object]] = (),
    ) -> Seen:
        """Open an address, take the steps (`("fill", "#name", "x")`, `("click", "text=Send")`), then look.

        A key that leads to another page is followed by `("arrive", address)`: nothing else says when it is there.
        """
        wanted = {"url": url, "steps": [list(step) for step in steps], "language": language, "cookies": list(cookies)}
        wanted["looks"] = [{name: getattr(look, name) for name in look.__slots__} for look in looks]
        async with self._turn, asyncio.timeout(_VISIT_SECONDS):
            stdin = _piped(self._process.stdin)
            stdin.write(json.dumps(wanted).encode() + b"\n")
            await stdin.drain()
            answer = await _line(self._process)
        return Seen(**answer["seen"])


@asynccontextmanager
async def browser() -> AsyncIterator[Browser]:
    """Start Chromium, and end it; raises NoBrowser."""
    executable = await asyncio.to_thread(chromium)
    try:
        modules = await asyncio.to_thread(installed, _HERE, "browser")
    except (NotInstalled, OSError, subprocess.TimeoutExpired) as fault:
        raise NoBrowser(f"playwright-core and axe-core could not be installed by npm: {fault}") from fault
    process = await asyncio.create_subprocess_exec(
        str(NODE / "bin/node"),
        str(_HERE / "browse.cjs"),
        executable,
        env=environment(NODE_PATH=str(modules)),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        limit=_LINE_BYTES,
    )
    try:
        async with asyncio.timeout(_STARTS_SECONDS):
            await _line(process)
        yield Browser(process)
    finally:
        _piped(process.stdin).close()
        try:
            async with asyncio.timeout(10):
                await process.wait()
        except TimeoutError:
            process.kill()
            await process.wait()


def chromium() -> str:
    """The path of this machine's Chromium; where there is none and we may, Debian's is installed, with Hangul fonts."""
    found = _found()
    if found is None:
        with one_at_a_time(ROOT / ".cache/chromium.lock"):
            if (found := _found()) is None:
                _install()
                found = _found()
    if found is None:
        raise NoBrowser("chromium was installed, and is not on the path")
    return found


def _found() -> str | None:
    return next((path for name in _NAMES if (path := shutil.which(name))), None)


def _install() -> None:
    if shutil.which("apt-get") is None or os.geteuid() != 0:
        raise NoBrowser("there is no Chromium, and only root of a Debian can install it: apt-get install chromium")
    quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for argv in (
        ("apt-get", "-qq", "update"),
        ("apt-get", "-qq", "-y", "--no-install-recommends", "install", *_PACKAGES),
    ):
        try:
            result = subprocess.run(argv, env=quiet, capture_output=True, text=True, timeout=_APT_SECONDS, check=False)
        except (OSError, subprocess.TimeoutExpired) as fault:
            raise NoBrowser(f"{' '.join(argv)}: {fault}") from fault
        if result.returncode != 0:
            raise NoBrowser(f"{' '.join(argv)}: {result.stderr[-500:]}")


def _piped(stream: _Stream | None) -> _Stream:
    if stream is None:
        raise RuntimeError("the browser was started without a pipe to it")
    return stream


async def _line(process: asyncio.subprocess.Process) -> dict[str, Any]:
    line = await _piped(process.stdout).readline()
    answer: dict[str, Any] = json.loads(line) if line else {"fault": f"the browser ended ({process.returncode})"}
    if "fault" in answer:
        raise RuntimeError(answer["fault"])
    return answer
