"""Kafka's topics, users and rights are those of the contracts and of the code that uses them, read a second way."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from common.kafka import MAX_RECORD_BYTES, PARTITIONS
from contracts.principals import PARTNER_BYTES_PER_SECOND, PARTNERS
from tests.deploy.rendered import Rendered
from tools.catalogue.system import load_system
from tools.deploy.rendering import ROOT

Right = tuple[str, str, str, str]


def every_topic_is_made_and_none_unused(rendered: Rendered) -> list[str]:
    if rendered.overlay == "local":  # its topics are made by a program, from the same contracts
        (topics,) = (pod for pod in rendered.pods() if pod.component == "topics")
        return [] if topics.container["args"] == ["topics"] else ["nobody makes the topics"]
    declared = {event.TOPIC: event.KEPT_DAYS for event in load_system(ROOT).events}
    made = {each["metadata"]["name"]: each["spec"] for each in rendered.of("KafkaTopic")}
    found = [f"nobody makes the topic {name}" for name in sorted(set(declared) - set(made))]
    found += [f"nothing is told on the topic {name}" for name in sorted(set(made) - set(declared))]
    for name, spec in made.items():
        kept = declared.get(name)
        wanted = -1 if kept is None else kept * 24 * 60 * 60 * 1000
        if spec["config"]["retention.ms"] != wanted:
            found.append(f"{name} is kept for {spec['config']['retention.ms']} ms, not {wanted}")
        if spec["partitions"] != PARTITIONS:
            found.append(f"{name} has {spec['partitions']} partitions, and the code counts on {PARTITIONS}")
        if spec["config"]["max.message.bytes"] < MAX_RECORD_BYTES:
            found.append(f"{name} refuses records that the code sends")
        if not 2 <= spec["config"]["min.insync.replicas"] < spec["replicas"]:
            found.append(f"{name} loses records, or stands still, with one broker")
    return found


def every_right_has_a_use_and_every_use_a_right(rendered: Rendered) -> list[str]:
    """Against AsyncAPI, which is what callers read, and not against the list that the users were made of."""
    if rendered.overlay == "local":
        return []
    given, needed = set(_given(rendered)), set(_needed())
    return [f"{_said(each)} is used, and nobody allows it" for each in sorted(needed - given)] + [
        f"{_said(each)} is allowed, and nobody uses it" for each in sorted(given - needed)
    ]


def principals_sign_in_where_they_belong(rendered: Rendered) -> list[str]:
    """A service by its password on the listener inside, a partner by its certificate on its own, at its pace."""
    if rendered.overlay == "local":
        return []
    found = []
    (kafka,) = rendered.of("Kafka")
    spec = kafka["spec"]["kafka"]
    listeners = {each["name"]: each for each in spec["listeners"]}
    if {name: (each["tls"], each["authentication"]["type"]) for name, each in listeners.items()} != {
        "internal": (True, "scram-sha-512"),
        "partner": (True, "tls"),
    }:
        found.append("the listeners are not one for services and one for partners, both encrypted")
    if spec.get("authorization") != {"type": "simple"}:
        found.append("Kafka lets everybody do everything, or somebody more than the lists say")
    for user in rendered.of("KafkaUser"):
        name, kind = user["metadata"]["name"], user["spec"]["authentication"]["type"]
        if kind != ("tls" if name in PARTNERS else "scram-sha-512"):
            found.append(f"{name} signs in by {kind}")
        if name in PARTNERS:
            pace = user["spec"].get("quotas", {}).get("consumerByteRate", float("inf"))
            if pace * sum(pool["spec"]["replicas"] for pool in _brokers(rendered)) > PARTNER_BYTES_PER_SECOND:
                found.append(f"{name} reads faster than was agreed")
    found += [
        f"{pod.name} signs in as somebody else"
        for pod in rendered.pods()
        if pod.component == "worker" and rendered.environment(pod)["KAFKA_USERNAME"] != pod.service
    ]
    return found


def _brokers(rendered: Rendered) -> list[Mapping[str, Any]]:
    return [dict(each) for each in rendered.of("KafkaNodePool") if "broker" in each["spec"]["roles"]]


def _given(rendered: Rendered) -> Iterator[Right]:
    for user in rendered.of("KafkaUser"):
        for acl in user["spec"]["authorization"]["acls"]:
            resource = acl["resource"]
            name = resource["name"] if resource["patternType"] == "literal" else resource["name"] + "*"
            for operation in acl["operations"]:
                yield user["metadata"]["name"], operation, resource["type"], name


def _needed() -> Iterator[Right]:
    """A service writes and reads back what it publishes, and reads what it receives, in the group of its name."""
    document = json.loads((ROOT / "docs/events/asyncapi.json").read_text("utf-8"))
    addresses = {f"#/channels/{name}": each["address"] for name, each in document["channels"].items()}
    for operation in document["operations"].values():
        service, topic = operation["tags"][0]["name"], addresses[operation["channel"]["$ref"]]
        yield service, "Read", "topic", topic
        if operation["action"] == "send":
            yield service, "Write", "topic", topic
        else:
            yield service, "Read", "group", service
    for partner, topics in PARTNERS.items():
        yield partner, "Read", "group", partner
        yield from ((partner, "Read", "topic", topic) for topic in topics)


def _said(right: Right) -> str:
    principal, operation, kind, name = right
    return f"{principal}: {operation} {kind} {name}"


RULES = (
    every_topic_is_made_and_none_unused,
    every_right_has_a_use_and_every_use_a_right,
    principals_sign_in_where_they_belong,
)
