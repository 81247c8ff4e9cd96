"""The data directory of one installation: who holds it, which format it has, and where things are in it."""

import contextlib
import fcntl
import json
import os
import re
import secrets
import shutil
from pathlib import Path
from typing import IO

from smartfactory.stack.faults import (
    data_directory_held,
    data_directory_missing,
    data_directory_refused,
    data_of_another_purpose,
    data_of_another_version,
    data_of_others,
    disk_full,
)

FORMAT_VERSION = "1"
PROGRAMME, SANDBOX = "programme", "sandbox"
"""What a data directory is for; it never changes, so that what was made up does not come among the rest."""
NEEDED_MIB = 1024
_MIB = 1024 * 1024
_PURPOSE = "purpose"
_FORMAT = "format-version"
_OUR_FOLDERS = frozenset(
    {"archives", "documents", "gateway", "kafka", "logs", "outside", "postgres", "sandbox", "spans"}
)
_OUR_FILES = re.compile(
    r"lock|format-version|local-secret|sign-in-secret|programme-clock(\.\d+\.new)?|(kafka-)?passwords\.(json|new)"
    r"|(children|purpose|ports|origin|migrated|kafka-asks|(application|owner|readable)-urls|season-.+)\.json(\.new)?"
)
_THE_DISKS_OWN = "lost+found"


class DataDirectory:
    """Paths only, until `hold` makes it ours."""

    def __init__(self, root: Path) -> None:
        self.root = root.resolve()
        self._lock: IO[str] | None = None

    @property
    def logs(self) -> Path:
        """One log file per process."""
        return self.root / "logs"

    @property
    def spans(self) -> Path:
        """One file of finished spans per process."""
        return self.root / "spans"

    @property
    def clock_file(self) -> Path:
        """Programme time, when somebody has moved it."""
        return self.root / "programme-clock"

    @property
    def postgres(self) -> Path:
        return self.root / "postgres"

    @property
    def kafka(self) -> Path:
        return self.root / "kafka"

    @property
    def documents(self) -> Path:
        """What the applicant service's callers uploaded."""
        return self.root / "documents"

    @property
    def sandbox(self) -> Path:
        """What replays of a sandbox have told."""
        return self.root / "sandbox"

    @property
    def archives(self) -> Path:
        """Archives of payments that seasons took."""
        return self.root / "archives"

    @property
    def outside(self) -> Path:
        """Keys of the issuer, what the registers know."""
        return self.root / "outside"

    @property
    def passwords(self) -> Path:
        """Passwords of the database roles."""
        return self.root / "passwords.json"

    @property
    def kafka_passwords(self) -> Path:
        """Passwords of the principals on Kafka."""
        return self.root / "kafka-passwords.json"

    @property
    def children(self) -> Path:
        """Who was started, for the start after a crash."""
        return self.root / "children.json"

    def hold(self) -> None:
        """Take the directory for this process, or say who has it; make it if it is new.

        One that holds other things is none of ours and does not become so: whoever clears it would lose them.
        """
        try:
            self.root.mkdir(parents=True, exist_ok=True)
            if not self.is_marked:
                self._refuse_what_was_there_before()
            lock = (self.root / "lock").open("a+")
        except OSError as refused:
            raise data_directory_refused(self.root, refused) from refused
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.close()
            raise data_directory_held(self.root, self.holder()) from None
        lock.truncate(0)
        lock.write(str(os.getpid()))
        lock.flush()
        self._lock = lock
        try:
            self._check_format()
            self._check_disk()
        except BaseException:
            self.release()
            raise

    def dedicate(self, purpose: str) -> None:
        """Say what the directory is for, if nobody has; raise when it is for something else."""
        found = self.purpose
        if found is None:
            self.remember(_PURPOSE, purpose)
        elif found != purpose:
            raise data_of_another_purpose(self.root, found)

    @property
    def purpose(self) -> str | None:
        """What it is for; one from before that was asked is the programme's, and a new one nobody's yet."""
        said = self.recall(_PURPOSE)
        if isinstance(said, str):
            return said
        return PROGRAMME if self.recall("ports") is not None else None

    def refuse_if_held(self) -> None:
        """Raise when another process has the directory."""
        if self.is_held():
            raise data_directory_held(self.root, self.holder())

    def refuse_if_nothing_is_there(self) -> None:
        """Raise when no installation was ever made here."""
        if not self.is_marked:
            raise data_directory_missing(self.root)

    @property
    def is_marked(self) -> bool:
        """Whether an installation was ever made here."""
        return (self.root / _FORMAT).exists()

    def refuse_what_is_of_others(self) -> None:
        """Raise when anything lies here that we did not make."""
        others = sorted(each.name for each in self.root.iterdir() if not _is_ours(each))
        if others:
            raise data_of_others(self.root, others)

    def _refuse_what_was_there_before(self) -> None:
        """Raise when anything lies in a directory that is new to us, also under a name that we would use."""
        found = sorted(each.name for each in self.root.iterdir() if each.name not in {"lock", _THE_DISKS_OWN})
        if found:
            raise data_of_others(self.root, found)

    def clear(self) -> None:
        """Remove what we made, and the directory if nothing else is left of it; raises when anything is not ours."""
        self.refuse_what_is_of_others()
        # The marker last: whoever is cut off begins again.
        for each in sorted(self.root.iterdir(), key=lambda entry: entry.name == _FORMAT):
            if each.name == _THE_DISKS_OWN:
                continue
            if each.is_dir():
                shutil.rmtree(each)
            else:
                each.unlink()
        with contextlib.suppress(OSError):  # a disk's own root stays
            self.root.rmdir()

    def release(self) -> None:
        """Let others have it."""
        if self._lock is not None:
            self._lock.close()
            self._lock = None

    def holder(self) -> int | None:
        """The pid written by whoever holds or last held the lock."""
        try:
            return int((self.root / "lock").read_text())
        except (FileNotFoundError, ValueError):
            return None

    def is_held(self) -> bool:
        """Whether some process has it now."""
        try:
            with (self.root / "lock").open() as lock:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        except (FileNotFoundError, NotADirectoryError):
            return False
        except OSError as refused:
            raise data_directory_refused(self.root, refused) from refused
        return False

    def local_secret(self) -> str:
        """The secret that opens the issuer's local door: whoever may read this directory may be anybody."""
        return self._secret("local-secret")

    def sign_in_secret(self) -> str:
        """The secret by which the issuer knows the pages."""
        return self._secret("sign-in-secret")

    def remember(self, name: str, value: object) -> None:
        """Keep a small fact for later starts and other commands, whole or not at all."""
        path = self.root / f"{name}.json"
        fresh = path.with_name(f"{path.name}.new")
        fresh.touch(mode=0o600)  # some facts hold passwords
        fresh.write_text(json.dumps(value, indent=1, ensure_ascii=False))
        fresh.replace(path)

    def recall(self, name: str) -> object:
        """A fact kept by `remember`, or None."""
        try:
            value: object = json.loads((self.root / f"{name}.json").read_text())
        except (FileNotFoundError, ValueError):
            return None
        return value

    def _secret(self, name: str) -> str:
        path = self.root / name
        if not path.exists():
            path.touch(mode=0o600)
            path.write_text(secrets.token_urlsafe(24))
        return path.read_text()

    def free_mib(self) -> int:
        """Free disk where the directory is or will be."""
        place = self.root
        while not place.exists():
            place = place.parent
        return shutil.disk_usage(place).free // _MIB

    def _check_format(self) -> None:
        path = self.root / _FORMAT
        if not path.exists():
            path.write_text(FORMAT_VERSION)
        found = path.read_text().strip()
        if found != FORMAT_VERSION:
            raise data_of_another_version(self.root, found, FORMAT_VERSION)

    def _check_disk(self) -> None:
        free = self.free_mib()
        if free < NEEDED_MIB:
            raise disk_full(self.root, free, NEEDED_MIB)


def _is_ours(entry: Path) -> bool:
    """Whether it has the name and the kind of something that we make here; a link we never make."""
    if entry.is_symlink():
        return False
    if entry.is_dir():
        return entry.name in _OUR_FOLDERS | {_THE_DISKS_OWN}
    return _OUR_FILES.fullmatch(entry.name) is not None
