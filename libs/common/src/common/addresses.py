"""Which addresses belong to the public internet, and names that stand for nothing else (promise R31).

For requests whose way a stranger has named: the name is looked up once, and what was looked at is what is reached.
"""

import asyncio
import socket
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from ipaddress import IPv4Address, IPv4Network, IPv6Network, ip_address
from typing import TypeAlias

Resolve: TypeAlias = Callable[[str, int], Awaitable[Sequence[str]]]
"""Finds the addresses of a name; raises OSError when there are none."""

_NAMES_AT_ONCE = 64
# The one block that global unicast addresses come from; all others are local, multicast or not assigned.
_UNICAST = IPv6Network("2000::/3")
# Inside it: what carries an IPv4 address along, which a gateway on the way would unpack and reach; and examples.
_CARRIERS = (IPv6Network("2001::/32"), IPv6Network("2002::/16"), IPv6Network("3fff::/20"))
# What this or that version of the standard library still takes for global.
_SPECIAL = (IPv4Network("0.0.0.0/8"), IPv4Network("192.0.0.0/24"), IPv4Network("192.88.99.0/24"))


class NotPublic(Exception):
    """A name stands for an address that is none of the public internet."""


def is_public(address: str) -> bool:
    """Whether this is an ordinary address of the internet: not this machine's, its network's, or any special one."""
    try:
        found = ip_address(address)
    except ValueError:
        return False
    if not found.is_global or found.is_multicast or found.is_reserved:
        return False
    if isinstance(found, IPv4Address):
        return not any(found in network for network in _SPECIAL)
    return found in _UNICAST and not any(found in network for network in _CARRIERS)


def is_loopback(address: str) -> bool:
    """Whether this is the machine itself."""
    try:
        return ip_address(address).is_loopback
    except ValueError:
        return False


def absolute(name: str) -> str:
    """The name as it is asked for: whole, so that no search list of ours makes a name of our own network of it."""
    try:
        ip_address(name)
    except ValueError:
        return f"{name}." if "." in name and not name.endswith(".") else name
    return name


class PublicNames:
    """Looks names up; with `loopback` one may also stand for this machine, for installations that are all on one."""

    def __init__(self, *, loopback: bool = False, resolve: Resolve | None = None) -> None:
        self._loopback = loopback
        self._resolve = resolve or self._look_up
        # Threads of its own: a name server that does not answer must hold up no other work of the process.
        self._threads = ThreadPoolExecutor(_NAMES_AT_ONCE, thread_name_prefix="names")
        self._asked: dict[tuple[str, int], asyncio.Future[Sequence[str]]] = {}

    async def addresses(self, name: str, port: int) -> list[str]:
        """All addresses of a name; raises NotPublic if one of them is not, OSError if there are none."""
        try:
            found = list(dict.fromkeys(await self._ask(name, port)))
        except UnicodeError as error:
            raise OSError("no such name can be") from error
        if not found:
            raise OSError("the name has no address")
        if not all(is_public(address) or (self._loopback and is_loopback(address)) for address in found):
            raise NotPublic("the name stands for an address that is not public")
        return found

    def close(self) -> None:
        """Wait for no question that is still open."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def _ask(self, name: str, port: int) -> Sequence[str]:
        """One question about a name at a time, its answer for all who wait: one without an answer takes one thread."""
        asked = self._asked.get((name, port))
        if asked is None:
            asked = self._asked[name, port] = asyncio.ensure_future(self._resolve(name, port))
            asked.add_done_callback(lambda _: self._asked.pop((name, port), None))
        return await asyncio.shield(asked)

    async def _look_up(self, name: str, port: int) -> Sequence[str]:
        look_up, asked = asyncio.get_running_loop().run_in_executor, absolute(name)
        found = await look_up(self._threads, lambda: socket.getaddrinfo(asked, port, type=socket.SOCK_STREAM))
        return [str(address[4][0]) for address in found]
