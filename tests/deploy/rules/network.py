"""Network policies connect exactly what tests/deploy/graph.toml declares."""

import ipaddress
import itertools
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from tests.deploy.rendered import Rendered
from tools.deploy.rendering import ROOT, Manifest

_GRAPH: Mapping[str, Any] = tomllib.loads((ROOT / "tests/deploy/graph.toml").read_text("utf-8"))
_NAME = "kubernetes.io/metadata.name"


@dataclass(frozen=True)
class Party:
    """Somebody who speaks or is spoken to; of ours if it is in our namespace, where policies bind it."""

    name: str
    namespace: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)
    ports: Mapping[str, int] = field(default_factory=dict)
    address: str = ""

    @property
    def is_ours(self) -> bool:
        return self.namespace == "smartfactory"


def policies_connect_what_is_declared(rendered: Rendered) -> list[str]:
    allowed, declared = set(connections(rendered)), set(_declared(rendered))
    return [f"nothing declares {_said(each)}, and policies allow it" for each in sorted(allowed - declared)] + [
        f"{_said(each)} is declared, and no policy allows it" for each in sorted(declared - allowed)
    ]


def connections(rendered: Rendered) -> Iterator[tuple[str, str, int]]:
    """Every connection that the policies leave possible, as from, to and port."""
    policies = rendered.of("NetworkPolicy")
    parties = _parties(rendered)
    for source, target in itertools.product(parties, parties):
        if source.is_ours or target.is_ours:
            if source.name == target.name and not source.labels:
                continue
            for port in sorted(set(target.ports.values())):
                if _lets(policies, "Egress", source, target, port) and _lets(policies, "Ingress", target, source, port):
                    yield source.name, target.name, port


def _lets(policies: Sequence[Manifest], way: str, bound: Party, other: Party, port: int) -> bool:
    """Whether the one whom policies bind may speak with the other: who is bound by none may."""
    if not bound.is_ours:
        return True
    binding = [
        policy["spec"]
        for policy in policies
        if way in policy["spec"]["policyTypes"] and _selected(policy["spec"]["podSelector"], bound.labels)
    ]
    peers, rules = ("from", "ingress") if way == "Ingress" else ("to", "egress")
    asked = bound if way == "Ingress" else other
    return not binding or any(
        (peers not in rule or any(_is(peer, other) for peer in rule[peers]))
        and ("ports" not in rule or any(_covers(each, asked, port) for each in rule["ports"]))
        for spec in binding
        for rule in spec.get(rules, ())
    )


def _covers(given: Mapping[str, Any], asked: Party, port: int) -> bool:
    wanted = given.get("port", port)
    if isinstance(wanted, str):
        return asked.ports.get(wanted) == port
    return wanted <= port <= given.get("endPort", wanted)


def _is(peer: Mapping[str, Any], party: Party) -> bool:
    if "ipBlock" in peer:
        if not party.address:
            return False
        address = ipaddress.ip_address(party.address)
        block = peer["ipBlock"]
        return address in ipaddress.ip_network(block["cidr"]) and not any(
            address in ipaddress.ip_network(but) for but in block.get("except", ())
        )
    if party.address:
        return False
    of_namespace = (
        _selected(peer["namespaceSelector"], {_NAME: party.namespace}) if "namespaceSelector" in peer else party.is_ours
    )
    return of_namespace and _selected(peer.get("podSelector", {}), party.labels)


def _selected(selector: Mapping[str, Any], labels: Mapping[str, str]) -> bool:
    if not selector.get("matchLabels", {}).items() <= labels.items():
        return False
    for each in selector.get("matchExpressions", ()):
        has = each["key"] in labels
        good = {
            "In": has and labels.get(each["key"]) in each.get("values", ()),
            "NotIn": labels.get(each["key"]) not in each.get("values", ()),
            "Exists": has,
            "DoesNotExist": not has,
        }
        if not good[each["operator"]]:
            return False
    return True


def _parties(rendered: Rendered) -> list[Party]:
    ours = [Party(pod.name, "smartfactory", pod.labels, pod.ports()) for pod in rendered.pods()]
    ours += [Party(*each) for each in _pods_of_operators(rendered)]
    outside = [
        Party(
            name,
            said.get("namespace", ""),
            said.get("labels", {}),
            {str(port): port for port in said["ports"]},
            said.get("address", ""),
        )
        for name, said in (_GRAPH["outside"] | _GRAPH[rendered.overlay].get("outside", {})).items()
    ]
    return ours + outside


def _pods_of_operators(rendered: Rendered) -> Iterator[tuple[str, str, Mapping[str, str], Mapping[str, int]]]:
    """The pods that operators make of the objects that they are given, with the labels that they give them."""
    for cluster in rendered.of("Cluster"):
        name = cluster["metadata"]["name"]
        labels = {"cnpg.io/cluster": name} | cluster["spec"].get("inheritedMetadata", {}).get("labels", {})
        yield name, "smartfactory", labels, {"postgresql": 5432, "metrics": 9187, "status": 8000}
    for pool in rendered.of("KafkaNodePool"):
        metadata = pool["spec"].get("template", {}).get("pod", {}).get("metadata", {})
        labels = {
            "strimzi.io/cluster": pool["metadata"]["labels"]["strimzi.io/cluster"],
            "strimzi.io/pool-name": pool["metadata"]["name"],
            "strimzi.io/name": f"{pool['metadata']['labels']['strimzi.io/cluster']}-kafka",
        } | metadata.get("labels", {})
        yield pool["metadata"]["name"], "smartfactory", labels, _ports_of(rendered, pool)
    for kafka in rendered.of("Kafka"):
        name = kafka["metadata"]["name"]
        yield (
            "entity-operator",
            "smartfactory",
            {"strimzi.io/cluster": name, "strimzi.io/name": f"{name}-entity-operator"},
            {"healthcheck": 8080},
        )


def _ports_of(rendered: Rendered, pool: Manifest) -> Mapping[str, int]:
    roles = pool["spec"]["roles"]
    ports = {"tcp-agent": 8443, "metrics": 9404}
    if "controller" in roles:
        ports["tcp-ctrlplane"] = 9090
    if "broker" in roles:
        ports["tcp-replication"] = 9091
        for kafka in rendered.of("Kafka"):
            ports |= {f"tcp-{each['name']}": each["port"] for each in kafka["spec"]["kafka"]["listeners"]}
    return ports


def _declared(rendered: Rendered) -> Iterator[tuple[str, str, int]]:
    ours = [party.name for party in _parties(rendered) if party.is_ours]
    groups = _GRAPH["groups"] | _GRAPH[rendered.overlay].get("groups", {}) | {"everybody": ours}
    for edge in _GRAPH[rendered.overlay]["edges"]:
        ends, port = edge.rsplit(":", 1)
        sources, targets = ([name.strip() for name in end.split(",")] for end in ends.split("->"))
        for source, target in itertools.product(sources, targets):
            yield from (
                (one, other, int(port))
                for one, other in itertools.product(groups.get(source, [source]), groups.get(target, [target]))
            )


def _said(connection: tuple[str, str, int]) -> str:
    source, target, port = connection
    return f"{source} -> {target} : {port}"


RULES = (policies_connect_what_is_declared,)
