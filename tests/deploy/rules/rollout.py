"""A rollout, an eviction and an end of a pod cost nobody anything."""

from collections.abc import Iterator, Mapping
from typing import Any

from common import api, worker
from common.kafka import PARTITIONS
from tests.deploy.rendered import Pod, Rendered
from tools.catalogue.system import load_system
from tools.deploy.rendering import ROOT

# What a process may still take after its own drain: spans and metrics on their way to a collector.
_LAST_WORDS_SECONDS = 10
# Beside the pool: the listener for the relay's hints, one for what is done outside of it, one for a check.
_CONNECTIONS_BESIDE_THE_POOL = 3
_KEPT_FOR_OPERATORS = 20
_PAGES = {"startupProbe": "/livez", "livenessProbe": "/livez", "readinessProbe": "/readyz"}
_WORKS_BESIDE_MATCHING_MB = 384


def drain_seconds(pod: Pod) -> float:
    """How long the process may go on after SIGTERM, as its code says."""
    if pod.component == "api":
        return api.DRAIN_SECONDS
    return worker.DRAIN_SECONDS + 2 * worker.CLOSE_SECONDS


def pods_have_time_to_end(rendered: Rendered) -> list[str]:
    found = []
    for pod in _processes(rendered):
        pause = pod.container.get("lifecycle", {}).get("preStop", {}).get("sleep", {}).get("seconds", 0)
        delay = float(rendered.environment(pod).get("SHUTDOWN_DELAY_SECONDS", 0)) if pod.component == "api" else 0
        needed = pause + delay + drain_seconds(pod) + _LAST_WORDS_SECONDS
        if pod.spec["terminationGracePeriodSeconds"] <= needed:
            found.append(f"{pod.name} is killed after {pod.spec['terminationGracePeriodSeconds']} s and needs {needed}")
        if pod.component == "api" and pause < 1:
            found.append(f"{pod.name} stops listening while requests still come to it")
    return found


def rollouts_put_the_new_before_the_old(rendered: Rendered) -> list[str]:
    wanted = {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0}}
    return [
        f"{pod.name} has another strategy: {pod.workload['spec'].get('strategy')}"
        for pod in rendered.pods()
        if pod.component in {"api", "worker", "gateway"} and pod.workload["spec"].get("strategy") != wanted
    ]


def probes_ask_what_they_mean(rendered: Rendered) -> list[str]:
    found = []
    for pod in _processes(rendered):
        for probe, page in _PAGES.items():
            asked = pod.container.get(probe, {}).get("httpGet", {})
            if asked != {"path": page, "port": "http"}:
                found.append(f"{pod.name}: {probe} asks {asked or 'nothing'}, and not {page}")
    return found


def apis_stand_twice_and_apart(rendered: Rendered) -> list[str]:
    found = []
    for pod in _processes(rendered):
        replicas = _least(rendered, pod)
        budgets = [each for each in rendered.of("PodDisruptionBudget") if _selects(each["spec"]["selector"], pod)]
        if pod.component == "api" and replicas < 2:
            found.append(f"{pod.name} stands once")
        if len(budgets) != 1:
            found.append(f"{pod.name} has {len(budgets)} disruption budgets")
        elif pod.component == "api" and int(budgets[0]["spec"].get("minAvailable", 0)) not in range(1, replicas):
            found.append(f"{pod.name}: its budget keeps all of it, or nothing")
        spread = {each["topologyKey"] for each in pod.spec.get("topologySpreadConstraints", ())}
        if "kubernetes.io/hostname" not in spread:
            found.append(f"{pod.name} may stand on one node with its others")
        found += [
            f"{pod.name} is spread by somebody else's labels"
            for each in pod.spec.get("topologySpreadConstraints", ())
            if not _selects(each["labelSelector"], pod)
        ]
    return found


def scaling_stays_within_what_serves_it(rendered: Rendered) -> list[str]:
    found = [
        f"{each['metadata']['name']}: {each['spec']['maxReplicaCount']} workers share {PARTITIONS} partitions"
        for each in rendered.of("ScaledObject")
        if each["spec"]["maxReplicaCount"] > PARTITIONS
    ]
    targets = [each["spec"]["scaleTargetRef"]["name"] for each in _scalers(rendered)]
    found += [f"{name} is scaled and does not exist" for name in set(targets) - rendered.names("Deployment")]
    found += [f"{name} is scaled by two" for name in {name for name in targets if targets.count(name) > 1}]
    offered = connections_offered(rendered)
    for service in (each.name for each in load_system(ROOT).services):
        pods = [pod for pod in _processes(rendered) if pod.service == service]
        wanted = sum(
            (_most(rendered, pod) + 1)
            * (int(rendered.environment(pod)["DATABASE_POOL_SIZE"]) + _CONNECTIONS_BESIDE_THE_POOL)
            for pod in pods
        )
        limit = offered.get(service, 0)
        if wanted + _KEPT_FOR_OPERATORS > limit:
            found.append(f"{service} may open {wanted} connections, and its server has {limit}")
    return found


def connections_offered(rendered: Rendered) -> Mapping[str, int]:
    """By service, the connections its database server has for it."""
    for pod in rendered.pods():
        if pod.component == "database":
            (given,) = (each for each in pod.container["args"] if each.startswith("max_connections="))
            services = [each.name for each in load_system(ROOT).services]
            return dict.fromkeys(services, int(given.partition("=")[2]) // len(services))
    return {
        each["spec"]["bootstrap"]["initdb"]["database"]: int(
            each["spec"]["postgresql"]["parameters"]["max_connections"]
        )
        for each in rendered.of("Cluster")
    }


def a_plan_fits_into_its_worker(rendered: Rendered) -> list[str]:
    found = []
    for pod in _processes(rendered):
        if pod.name == "mentoring-worker":
            limit = pod.container["resources"]["limits"]["memory"]
            needs = int(rendered.environment(pod)["MATCHING_MEMORY_MB"]) + _WORKS_BESIDE_MATCHING_MB
            if not limit.endswith("Mi") or int(limit[:-2]) < needs:
                found.append(f"{pod.name} is killed above {limit} and may take {needs} Mi")
    return found


def migrations_end(rendered: Rendered) -> list[str]:
    found = []
    migrated = set()
    for pod in rendered.pods():
        if pod.component == "migrate":
            migrated.add(pod.service)
            spec = pod.workload["spec"]
            if "activeDeadlineSeconds" not in spec or spec["template"]["spec"].get("restartPolicy") != "Never":
                found.append(f"{pod.name} may run for ever")
            if pod.container["args"] != ["migrate"]:
                found.append(f"{pod.name} does not migrate")
    return found + [f"{each.name} is not migrated" for each in load_system(ROOT).services if each.name not in migrated]


def _processes(rendered: Rendered) -> Iterator[Pod]:
    return (pod for pod in rendered.pods() if pod.service and pod.component != "migrate")


def _scalers(rendered: Rendered) -> list[Any]:
    return [*rendered.of("ScaledObject"), *rendered.of("HorizontalPodAutoscaler")]


def _most(rendered: Rendered, pod: Pod) -> int:
    for each in _scalers(rendered):
        if each["spec"]["scaleTargetRef"]["name"] == pod.name:
            return int(each["spec"].get("maxReplicaCount") or each["spec"]["maxReplicas"])
    return int(pod.workload["spec"].get("replicas", 1))


def _least(rendered: Rendered, pod: Pod) -> int:
    for each in _scalers(rendered):
        if each["spec"]["scaleTargetRef"]["name"] == pod.name:
            return int(each["spec"].get("minReplicaCount") or each["spec"]["minReplicas"])
    return int(pod.workload["spec"].get("replicas", 1))


def _selects(selector: Mapping[str, Any], pod: Pod) -> bool:
    return bool(selector["matchLabels"]) and selector["matchLabels"].items() <= pod.labels.items()


RULES = (
    pods_have_time_to_end,
    rollouts_put_the_new_before_the_old,
    probes_ask_what_they_mean,
    apis_stand_twice_and_apart,
    scaling_stays_within_what_serves_it,
    a_plan_fits_into_its_worker,
    migrations_end,
)
