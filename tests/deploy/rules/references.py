"""Whoever names something names what exists."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from tests.deploy.rendered import Pod, Rendered
from tools.deploy.rendering import ROOT

_PAGE = re.compile(r"^@(?:routes|answers|forms)\.(?:get|post)\(\"([^\"]+)\"", re.MULTILINE)
_CADDYS_PAGES = re.compile(r"^\s*@pages path (.+)$", re.MULTILINE)


def services_lead_to_a_port(rendered: Rendered) -> list[str]:
    found = []
    for service in rendered.of("Service"):
        name, spec = service["metadata"]["name"], service["spec"]
        behind = [pod for pod in rendered.pods() if spec["selector"].items() <= pod.labels.items()]
        if not behind:
            found.append(f"nothing is behind the Service {name}")
        for pod in behind:
            ports = pod.ports()
            found += [
                f"the Service {name} leads to {port['targetPort']} of {pod.name}, which it does not have"
                for port in spec["ports"]
                if port["targetPort"] not in {*ports, *ports.values()}
            ]
    return found


def routes_lead_to_a_service(rendered: Rendered) -> list[str]:
    ports = {
        (each["metadata"]["name"], port["port"]) for each in rendered.of("Service") for port in each["spec"]["ports"]
    }
    listeners = {
        (each["metadata"]["name"], listener["name"])
        for each in rendered.of("Gateway")
        for listener in each["spec"]["listeners"]
    }
    found = []
    for route in rendered.of("HTTPRoute"):
        name = route["metadata"]["name"]
        for rule in route["spec"]["rules"]:
            found += [
                f"the route {name} leads to {to['name']}:{to['port']}, which no Service offers"
                for to in rule.get("backendRefs", ())
                if (to["name"], to["port"]) not in ports
            ]
        found += [
            f"the route {name} hangs on {on['name']}/{on['sectionName']}, which no Gateway has"
            for on in route["spec"]["parentRefs"]
            if (on["name"], on["sectionName"]) not in listeners
        ]
    for pod in rendered.pods():
        for each in pod.container.get("env", ()):
            host, _, port = each.get("value", "").partition(":")
            if each["name"].endswith("_UPSTREAM") and (host, int(port)) not in ports:
                found.append(f"{pod.name} passes requests on to {each['value']}, which no Service offers")
    return found


def pages_are_reached(rendered: Rendered) -> list[str]:
    """Every page of the metrics service has its address at the one origin, and no address leads to none."""
    folder = ROOT / "services/metrics/src/metrics/pages/api"
    pages = {page for path in folder.glob("*.py") for page in _PAGE.findall(path.read_text("utf-8"))}
    led = set(_ways_to_pages(rendered))
    return [
        f"{page} is a page, and no way leads there"
        for page in sorted(pages)
        if not any(_is_at(page, way) for way in led)
    ] + [f"{way} leads to no page" for way in sorted(led) if not any(_is_at(page, way) for page in pages)]


def _ways_to_pages(rendered: Rendered) -> Iterator[str]:
    """Addresses that metrics sees as they are, those with what is below them ending in `/*`."""
    if rendered.overlay == "local":
        (caddyfile,) = (each["data"]["Caddyfile"] for each in rendered.of("ConfigMap") if "Caddyfile" in each["data"])
        yield from (way for ways in _CADDYS_PAGES.findall(caddyfile) for way in ways.split())
        return
    for rule in rendered.one("HTTPRoute", "public")["spec"]["rules"]:
        if rule["backendRefs"][0]["name"] == "metrics-api" and "filters" not in rule:
            for match in rule["matches"]:
                yield match["path"]["value"] + ("/*" if match["path"]["type"] == "PathPrefix" else "")


def _is_at(page: str, way: str) -> bool:
    return page == way or (way.endswith("/*") and page.startswith(way[:-1]))


def what_pods_refer_to_exists(rendered: Rendered) -> list[str]:
    made = {
        "Secret": rendered.names("Secret") | secrets_of_operators(rendered),
        "ConfigMap": rendered.names("ConfigMap"),
        "PersistentVolumeClaim": rendered.names("PersistentVolumeClaim"),
        "ServiceAccount": rendered.names("ServiceAccount") | {"default"},
    }
    return [
        f"{pod.name} refers to the {kind} {name}, which nobody makes"
        for pod in rendered.pods()
        for kind, name in _references(pod)
        if name not in made[kind]
    ]


def secrets_of_operators(rendered: Rendered) -> set[str]:
    """Secrets that operators make of the objects that they are given."""
    made = {each["spec"]["target"]["name"] for each in rendered.of("ExternalSecret")}
    made |= rendered.names("KafkaUser")
    made |= {f"{name}-cluster-ca-cert" for name in rendered.names("Kafka")}
    for name in rendered.names("Cluster"):
        made |= {f"{name}-app", f"{name}-ca"}
    return made | {each["spec"]["secretName"] for each in rendered.of("Certificate")}


def images_are_those_of_compose(rendered: Rendered) -> list[str]:
    known = rendered.images_of_compose
    used = {pod.container["image"] for pod in rendered.pods()}
    if rendered.overlay == "production":  # ours only, by digest and from a registry; the rest is operators' business
        names = {image.partition("@")[0].rpartition("/")[2] for image in used}
        used = {f"{name}:dev" for name in names if name.startswith("smartfactory-")}
    return [] if known is None else [f"{image} is not what compose runs" for image in sorted(used - known)]


def _references(pod: Pod) -> Iterator[tuple[str, str]]:
    yield "ServiceAccount", pod.spec.get("serviceAccountName", "default")
    for source in pod.container.get("envFrom", ()):
        for key, kind in (("configMapRef", "ConfigMap"), ("secretRef", "Secret")):
            if key in source:
                yield kind, source[key]["name"]
    for each in pod.container.get("env", ()):
        if "secretKeyRef" in each.get("valueFrom", {}):
            yield "Secret", each["valueFrom"]["secretKeyRef"]["name"]
    for volume in pod.spec.get("volumes", ()):
        yield from _of_volume(volume)


def _of_volume(volume: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    if "configMap" in volume:
        yield "ConfigMap", volume["configMap"]["name"]
    if "secret" in volume:
        yield "Secret", volume["secret"]["secretName"]
    if "persistentVolumeClaim" in volume:
        yield "PersistentVolumeClaim", volume["persistentVolumeClaim"]["claimName"]
    sources: Sequence[Mapping[str, Any]] = volume.get("projected", {}).get("sources", ())
    for source in sources:
        for key, kind in (("configMap", "ConfigMap"), ("secret", "Secret")):
            if key in source:
                yield kind, source[key]["name"]


def mounts_have_volumes(rendered: Rendered) -> list[str]:
    found = []
    for pod in rendered.pods():
        templates = pod.workload["spec"].get("volumeClaimTemplates", ())
        there = {each["name"] for each in pod.spec.get("volumes", ())} | {
            each["metadata"]["name"] for each in templates
        }
        mounted = {each["name"] for each in pod.container.get("volumeMounts", ())}
        found += [f"{pod.name} mounts {name}, which it does not have" for name in sorted(mounted - there)]
        found += [f"{pod.name} has {name} and mounts it nowhere" for name in sorted(there - mounted)]
    return found


RULES = (
    services_lead_to_a_port,
    routes_lead_to_a_service,
    pages_are_reached,
    what_pods_refer_to_exists,
    images_are_those_of_compose,
    mounts_have_volumes,
)
