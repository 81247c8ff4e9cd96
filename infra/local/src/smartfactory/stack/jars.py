"""Kafka's JARs: fetched once by `jgo` into the user's cache, each proved by the SHA-256 that the lock file carries."""

import contextlib
import hashlib
import io
import logging
import os
import tomllib
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

_LOCK = "kafka_jars/jgo.lock.toml"
_PARALLEL_DOWNLOADS = 8
_DOWNLOAD_TIMEOUT_SECONDS = 60


class DownloadFailed(Exception):
    """A JAR could not be fetched, or what came is not what the lock file names."""


@dataclass(frozen=True, slots=True)
class Jar:
    """One locked JAR."""

    group: str
    artifact: str
    version: str
    sha256: str

    def path(self, cache: Path) -> Path:
        """Its place in a Maven repository cache."""
        folder = cache.joinpath(*self.group.split("."), self.artifact, self.version)
        return folder / f"{self.artifact}-{self.version}.jar"


def cache_directory() -> Path:
    """Where downloads are kept for every checkout of this user."""
    root = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(root) / "smartfactory" / "maven"


def locked_jars() -> list[Jar]:
    """Every JAR of the lock file."""
    lock = tomllib.loads(files("smartfactory.stack").joinpath(_LOCK).read_text())
    return [
        Jar(entry["groupId"], entry["artifactId"], entry["version"], entry["sha256"]) for entry in lock["dependencies"]
    ]


def missing_jars(cache: Path) -> list[Jar]:
    """The locked JARs that the cache does not hold exactly as they were locked."""
    return [jar for jar in locked_jars() if not _is_intact(jar, cache)]


def class_path(cache: Path | None = None) -> str:
    """The class path of all locked JARs, after fetching those that are missing."""
    directory = cache or cache_directory()
    missing = missing_jars(directory)
    if missing:
        _fetch(missing, directory)
    return os.pathsep.join(str(jar.path(directory)) for jar in locked_jars())


def _is_intact(jar: Jar, cache: Path) -> bool:
    path = jar.path(cache)
    return path.is_file() and hashlib.sha256(path.read_bytes()).hexdigest() == jar.sha256


def _fetch(jars: list[Jar], cache: Path) -> None:
    import truststore  # noqa: PLC0415 - half a second of imports that only a first start needs
    from jgo.maven import MavenContext  # noqa: PLC0415 - the same

    # Behind an office's proxy only the machine's own store knows the authority that signs.
    truststore.inject_into_ssl()
    logging.getLogger("jgo").setLevel(logging.ERROR)
    context = MavenContext(repo_cache=cache, timeout=_DOWNLOAD_TIMEOUT_SECONDS)

    def fetch(jar: Jar) -> None:
        jar.path(cache).unlink(missing_ok=True)
        context.project(jar.group, jar.artifact).at_version(jar.version).artifact().resolve()
        if not _is_intact(jar, cache):
            jar.path(cache).unlink(missing_ok=True)
            message = f"{jar.artifact}-{jar.version}.jar is not the file that the lock names"
            raise DownloadFailed(message)

    # jgo draws progress bars on standard error; the stack has its own way to say what it is doing.
    with contextlib.redirect_stderr(io.StringIO()), ThreadPoolExecutor(_PARALLEL_DOWNLOADS) as pool:
        try:
            list(pool.map(fetch, jars))
        except (OSError, RuntimeError, ValueError) as error:
            message = f"Kafka's JARs could not be fetched: {error}"
            raise DownloadFailed(message) from error
