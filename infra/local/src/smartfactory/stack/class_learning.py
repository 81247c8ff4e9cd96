"""Makes the file of Kafka's classes (`class_cache`) when the environment is set up, and fetches the JARs for it.

As a program (`python -m smartfactory.stack.class_learning`) it is a step of setup.sh. Nothing depends on its success:
what it could not fetch the first start fetches, and without the file a broker starts with twice the processor time.
"""

import contextlib
import os
import signal
import sys
import tempfile
from pathlib import Path

from smartfactory.stack import class_cache, jars
from smartfactory.stack.kafka import JVM, KafkaOptions, start_kafka
from smartfactory.stack.ports import free_port
from smartfactory.stack.process import ProgramFailed

_WRITING_SECONDS = 60.0


def main() -> int:
    """Make it if it is missing; the exit code is 1 where a start has to do without."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))  # through every `finally`
    if os.environ.get("KAFKA_BOOTSTRAP_SERVERS"):
        return 0  # somebody else's Kafka is used here: no broker is ever started
    try:
        is_there = class_cache.made_once(jars.class_path(), JVM, _learn)
    except (jars.DownloadFailed, ProgramFailed, OSError) as failed:
        sys.stderr.write(f"{failed}\n")
        return 1
    return 0 if is_there else 1


def _learn(path: Path) -> None:
    """Let a broker of no use to anybody start and end, and its JVM keep the classes that a start takes."""
    with tempfile.TemporaryDirectory(prefix="smartfactory-kafka-") as folder:
        directory = Path(folder)
        options = KafkaOptions(
            directory=directory, log=directory / "log", port=free_port(), controller_port=free_port()
        )
        broker = start_kafka(options, classes=class_cache.recording(path))
        try:
            broker.await_ready()
        finally:
            # It writes at its end, which takes as long as the start. Half a file is none.
            if broker.child.stop(grace_seconds=_WRITING_SECONDS) == -signal.SIGKILL:
                with contextlib.suppress(FileNotFoundError):
                    path.unlink()


if __name__ == "__main__":
    sys.exit(main())
