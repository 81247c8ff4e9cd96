"""Several brokers on this machine, each of which a drill may kill and start again."""

import shutil
from pathlib import Path

from confluent_kafka.admin import AdminClient

from smartfactory.stack import ports
from smartfactory.stack.kafka import Kafka, KafkaOptions, start_kafka
from tests.support.waiting import eventually_now


class Cluster:
    """Brokers that are controllers too; each record is on all of them, and a majority must acknowledge it."""

    def __init__(self, folder: Path, *, brokers: int) -> None:
        controllers = tuple(ports.free_port() for _ in range(brokers))
        self._options = {
            node: KafkaOptions(
                directory=folder / f"node-{node}",
                log=folder / f"node-{node}.log",
                port=ports.free_port(),
                controller_port=controllers[node - 1],
                node=node,
                controller_ports=controllers,
            )
            for node in range(1, brokers + 1)
        }
        self._running: dict[int, Kafka] = {}

    @property
    def bootstrap_servers(self) -> str:
        return ",".join(options.bootstrap_servers for options in self._options.values())

    def start(self) -> None:
        """Start those that do not run, and wait until all serve."""
        for node, options in self._options.items():
            if node not in self._running:
                self._running[node] = start_kafka(options)
        for kafka in self._running.values():
            kafka.await_ready()

    def kill(self, node: int) -> None:
        self._running.pop(node).kill()

    def wipe(self, node: int) -> None:
        """Kill a broker and lose its disk."""
        self.kill(node)
        shutil.rmtree(self._options[node].directory)

    def stop(self) -> None:
        for kafka in self._running.values():
            kafka.kill()
        self._running.clear()

    def leader(self, topic: str, partition: int = 0) -> int:
        """The broker that leads a partition."""
        return int(self._metadata(topic).partitions[partition].leader)

    def await_in_sync(self, topic: str, deadline: float = 60.0) -> None:
        """Wait until every partition has all its copies: only then may the next broker go."""

        def all_of_them() -> bool:
            partitions = self._metadata(topic).partitions.values()
            return bool(partitions) and all(len(one.isrs) == len(self._options) for one in partitions)

        eventually_now(all_of_them, deadline)

    def _metadata(self, topic: str):
        admin = AdminClient({"bootstrap.servers": self.bootstrap_servers})
        return admin.list_topics(topic, timeout=60).topics[topic]
