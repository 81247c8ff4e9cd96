"""Where large contents are kept: uploaded in parts, sealed under their own hash, read in chunks.

`Objects` is the port; `FolderObjects` keeps them in a folder that all processes of a service share. What is written is
whole or not there: a part and a sealed object take their name only when their bytes are on the disk.
"""

import asyncio
import hashlib
import os
import shutil
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Protocol
from uuid import UUID, uuid4

from common.scanning import Scanner

_CHUNK_BYTES = 131_072
_HEAD_BYTES = 4_096
_NAME_CHARACTERS = 64
_BESIDE = "."
"""In the name of a file that is still being written."""


@dataclass(frozen=True, slots=True)
class Joined:
    """What the parts of an upload make together."""

    sha256: str
    size_bytes: int
    head: bytes
    finding: str | None


class ObjectLostError(Exception):
    """The object is not where it was put: somebody removed it, or the folder is another one."""


class Objects(Protocol):
    """The port: parts are put in any order and as often as one likes, the last one of a number counts."""

    async def put_part(self, upload: UUID, number: int, content: bytes) -> None: ...

    async def seal(
        self, upload: UUID, *, parts: int, scanner: Callable[[], Scanner], keep: Callable[[Joined], bool]
    ) -> Joined:
        """Join the parts, and keep them under the hash of the whole if `keep` says so; the parts stay until dropped."""
        ...

    async def drop(self, upload: UUID) -> None:
        """Forget the parts of an upload."""
        ...

    async def read(self, sha256: str) -> AsyncIterator[bytes]:
        """The object's bytes; raises ObjectLostError before the first of them."""
        ...

    async def uploads(self) -> list[UUID]:
        """Uploads with parts."""
        ...

    async def sealed_before(self, moment: datetime) -> list[str]:
        """The hashes of objects that were sealed before a moment of real time; what was never finished is removed."""
        ...

    async def remove(self, sha256: str) -> None:
        """Forget an object."""
        ...


class FolderObjects:
    """The port over a folder."""

    def __init__(self, folder: Path) -> None:
        self._parts, self._objects = folder / "parts", folder / "objects"

    async def put_part(self, upload: UUID, number: int, content: bytes) -> None:
        await asyncio.to_thread(self._put_part, upload, number, content)

    async def seal(
        self, upload: UUID, *, parts: int, scanner: Callable[[], Scanner], keep: Callable[[Joined], bool]
    ) -> Joined:
        return await asyncio.to_thread(self._seal, upload, parts, scanner, keep)

    async def drop(self, upload: UUID) -> None:
        await asyncio.to_thread(shutil.rmtree, self._parts / str(upload), ignore_errors=True)

    async def read(self, sha256: str) -> AsyncIterator[bytes]:
        path = self._path(sha256)
        if not await asyncio.to_thread(path.is_file):
            raise ObjectLostError(sha256)
        return self._chunks(path)

    async def uploads(self) -> list[UUID]:
        return await asyncio.to_thread(lambda: [UUID(entry.name) for entry in _entries(self._parts)])

    async def sealed_before(self, moment: datetime) -> list[str]:
        return await asyncio.to_thread(self._sealed_before, moment)

    async def remove(self, sha256: str) -> None:
        await asyncio.to_thread(self._path(sha256).unlink, missing_ok=True)

    async def _chunks(self, path: Path) -> AsyncIterator[bytes]:
        file = await asyncio.to_thread(path.open, "rb")
        try:
            while chunk := await asyncio.to_thread(file.read, _CHUNK_BYTES):
                yield chunk
        finally:
            await asyncio.to_thread(file.close)

    def _put_part(self, upload: UUID, number: int, content: bytes) -> None:
        folder = self._parts / str(upload)
        folder.mkdir(parents=True, exist_ok=True)
        beside = folder / f"{number}{_BESIDE}{uuid4().hex}"
        _write(beside, iter([content]))
        _name(beside, folder / str(number))

    def _seal(self, upload: UUID, parts: int, scanner: Callable[[], Scanner], keep: Callable[[Joined], bool]) -> Joined:
        self._objects.mkdir(parents=True, exist_ok=True)
        joining = _Joining(scanner())
        beside = self._objects / f"{upload}{_BESIDE}{uuid4().hex}"
        paths = [self._parts / str(upload) / str(number) for number in range(1, parts + 1)]
        try:
            _write(beside, joining.through(paths))
            joined = joining.result()
            if keep(joined):
                # Also when it is there already: its time says that somebody needs it now.
                _name(beside, self._path(joined.sha256))
        finally:
            beside.unlink(missing_ok=True)
        return joined

    def _sealed_before(self, moment: datetime) -> list[str]:
        old = [entry for entry in _entries(self._objects) if _is_before(entry, moment)]
        for unfinished in old:
            if _BESIDE in unfinished.name:
                unfinished.unlink(missing_ok=True)
        return [entry.name for entry in old if _BESIDE not in entry.name]

    def _path(self, sha256: str) -> Path:
        if len(sha256) != _NAME_CHARACTERS or not sha256.isalnum():
            raise ObjectLostError(sha256)
        return self._objects / sha256


class _Joining:
    """Parts as one stream, measured and scanned on the way."""

    def __init__(self, scanner: Scanner) -> None:
        self._scanner, self._hash, self._size, self._head = scanner, hashlib.sha256(), 0, b""

    def through(self, paths: list[Path]) -> Iterator[bytes]:
        for path in paths:
            try:
                with path.open("rb") as part:
                    while chunk := part.read(_CHUNK_BYTES):
                        self._look_at(chunk)
                        yield chunk
            except FileNotFoundError as missing:
                raise ObjectLostError(str(path.name)) from missing

    def result(self) -> Joined:
        return Joined(self._hash.hexdigest(), self._size, self._head, self._scanner.finding())

    def _look_at(self, chunk: bytes) -> None:
        self._hash.update(chunk)
        self._size += len(chunk)
        self._scanner.feed(chunk)
        if len(self._head) < _HEAD_BYTES:
            self._head += chunk[: _HEAD_BYTES - len(self._head)]


def _entries(folder: Path) -> list[Path]:
    return list(folder.iterdir()) if folder.is_dir() else []


def _is_before(entry: Path, moment: datetime) -> bool:
    try:
        return entry.stat().st_mtime < moment.timestamp()
    except FileNotFoundError:
        return False  # another worker sweeps as well


def _write(path: Path, chunks: Iterator[bytes]) -> None:
    with path.open("wb") as file:
        for chunk in chunks:
            file.write(chunk)
        file.flush()
        os.fsync(file.fileno())


def _name(beside: Path, path: Path) -> None:
    """Give a whole file its name, and have the name on the disk as well before anybody relies on it."""
    beside.replace(path)
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
