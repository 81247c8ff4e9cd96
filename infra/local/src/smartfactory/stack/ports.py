"""Loopback ports: a free one, and whether one is taken and by whom."""

import fcntl
import http
import http.client
import itertools
import os
import random
import socket
import tempfile
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import psutil

LOOPBACK = "127.0.0.1"
_PROBE_SECONDS = 2.0
# Outgoing connections get their ports above these: from 32768 on Linux, from 49152 elsewhere. A server that starts a
# moment after its port was found would now and then find it given to somebody's connection.
_FOR_SERVERS = range(12_000, 32_000)


def _each_once_around() -> Iterator[int]:
    """The ports for servers in an order of this process alone: two seldom ask for one, and none comes again soon."""
    order = random.SystemRandom().sample(_FOR_SERVERS, len(_FOR_SERVERS))
    return itertools.cycle(order)


_next_ports = _each_once_around()


@cache
def _spoken_for() -> int:
    """An empty file of this user whose byte at a port is locked by the process that was given the port."""
    path = Path(tempfile.gettempdir()) / f"smartfactory-ports-{os.getuid()}"
    return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)


def _speak_for(port: int) -> bool:
    """Keep the port from other processes of this user until this one ends; False when one of them has it."""
    try:
        fcntl.lockf(_spoken_for(), fcntl.LOCK_EX | fcntl.LOCK_NB, 1, port)
    except OSError:
        return False
    return True


def free_port() -> int:
    """A port that nobody listens on at this moment, and that no outgoing connection will be given.

    Nor is it given to another process of this user before this one has ended: between here and the start of a server
    on it, the port is free to see for everybody.

    Raises:
        OSError: every port for servers is taken.
    """
    for port in itertools.islice(_next_ports, len(_FOR_SERVERS)):
        if not is_taken(port) and _speak_for(port):
            return port
    raise OSError(f"every port from {_FOR_SERVERS[0]} to {_FOR_SERVERS[-1]} is taken")


def is_taken(port: int, host: str = LOOPBACK) -> bool:
    """Whether a server could not listen on the port now."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return True
    return False


def may_open(port: int, host: str = LOOPBACK) -> bool:
    """Whether this user may listen on the port at all."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except PermissionError:
            return False
        except OSError:
            return True
    return True


def answers(port: int, path: str) -> bool:
    """Whether an HTTP server on the port answers 200 at the path now."""
    connection = http.client.HTTPConnection(LOOPBACK, port, timeout=_PROBE_SECONDS)
    try:
        connection.request("GET", path)
        return connection.getresponse().status == http.HTTPStatus.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def holder(port: int) -> str | None:
    """The program that listens on the port, as far as we may see it: `caddy (pid 4711)`."""
    try:
        connections = psutil.net_connections("inet")
    except psutil.AccessDenied:
        return None
    for connection in connections:
        listens = connection.status == psutil.CONN_LISTEN and bool(connection.laddr)
        if listens and getattr(connection.laddr, "port", None) == port and connection.pid:
            try:
                return f"{psutil.Process(connection.pid).name()} (pid {connection.pid})"
            except psutil.NoSuchProcess:
                return None
    return None
