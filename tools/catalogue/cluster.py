"""What a cluster is given of the contracts: topics and users of Kafka, and the alerts as its operator wants them."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from common.kafka import MAX_RECORD_BYTES, PARTITIONS, kept_days, retention_ms
from common.kafka_rights import Access
from contracts.principals import PARTNERS
from tools.catalogue.access import accesses_of
from tools.catalogue.system import System

TOPICS = "infra/k8s/kafka/topics.yaml"
USERS = "infra/k8s/kafka/users.yaml"
ALERTS = "infra/k8s/observability/prometheusrule.yaml"
ALERT_SOURCES = "infra/k8s/observability/alerts"

_CLUSTER = "smartfactory"
_REPLICAS = 3
_MADE = "# Made from {} by `python -m tools.catalogue`; do not edit.\n"


def documents(root: Path, system: System) -> dict[str, str]:
    """The generated manifests by their paths."""
    topics = sorted({event.TOPIC for event in system.events})
    return {
        TOPICS: _written("the events that contracts declare", [_topic(name) for name in topics]),
        USERS: _written("the contracts and each service's handlers", [_user(each) for each in accesses_of(system)]),
        ALERTS: _written(f"{ALERT_SOURCES}/*.rules.yaml", [_alerts(root)]),
    }


def _topic(name: str) -> Mapping[str, Any]:
    days = kept_days().get(name)
    return _object(
        "kafka.strimzi.io/v1",
        "KafkaTopic",
        name,
        {
            "partitions": PARTITIONS,
            "replicas": _REPLICAS,
            "config": {
                "retention.ms": retention_ms(days),
                "max.message.bytes": MAX_RECORD_BYTES,
                "min.insync.replicas": _REPLICAS - 1,
                "unclean.leader.election.enable": False,
            },
        },
    )


def _user(access: Access) -> Mapping[str, Any]:
    """A service proves itself by a password, a partner by a certificate: its listener asks for one."""
    rights = [_right("topic", name, ["Write"]) for name in sorted(access.writes - access.reads)]
    rights += [
        _right("topic", name, ["Read", "Write"] if name in access.writes else ["Read"]) for name in sorted(access.reads)
    ]
    if access.group:
        rights.append(_right("group", access.group, ["Read"]))
    spec: dict[str, Any] = {
        "authentication": {"type": "tls" if access.principal in PARTNERS else "scram-sha-512"},
        "authorization": {"type": "simple", "acls": rights},
    }
    if access.read_bytes_per_second is not None:
        # Kafka counts by broker: together they give what was agreed.
        spec["quotas"] = {"consumerByteRate": access.read_bytes_per_second // _REPLICAS}
    return _object("kafka.strimzi.io/v1", "KafkaUser", access.principal, spec)


def _right(kind: str, name: str, operations: list[str]) -> Mapping[str, Any]:
    return {"resource": {"type": kind, "name": name, "patternType": "literal"}, "operations": operations, "host": "*"}


def _alerts(root: Path) -> Mapping[str, Any]:
    groups = [
        group
        for path in sorted((root / ALERT_SOURCES).glob("*.rules.yaml"))
        for group in yaml.safe_load(path.read_text("utf-8"))["groups"]
    ]
    made = _object("monitoring.coreos.com/v1", "PrometheusRule", "smartfactory", {"groups": groups})
    return {**made, "metadata": {"name": "smartfactory"}}


def _object(version: str, kind: str, name: str, spec: Mapping[str, Any]) -> Mapping[str, Any]:
    metadata = {"name": name, "labels": {"strimzi.io/cluster": _CLUSTER}}
    return {"apiVersion": version, "kind": kind, "metadata": metadata, "spec": spec}


def _written(source: str, made: list[Mapping[str, Any]]) -> str:
    return _MADE.format(source) + yaml.safe_dump_all(made, sort_keys=False, width=110, allow_unicode=True)
