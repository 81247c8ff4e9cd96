"""An overlay as the rules see it: its objects, its pods and what these read. A test plants faults in copies of it."""

import copy
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any

import yaml

from tools.deploy.rendering import ROOT, Manifest, objects, text_of

_TEMPLATES = {"Deployment", "StatefulSet", "Job"}


@dataclass(frozen=True)
class Pod:
    """A pod as its workload describes it."""

    name: str
    kind: str
    labels: Mapping[str, str]
    spec: Mapping[str, Any]
    workload: Manifest

    @property
    def container(self) -> Mapping[str, Any]:
        """Its one container."""
        (only,) = self.spec["containers"]
        return only

    @property
    def component(self) -> str:
        return self.labels.get("app.kubernetes.io/component", "")

    @property
    def service(self) -> str:
        """The service whose process it is, or nothing."""
        return self.labels["app.kubernetes.io/name"] if self.component in {"api", "worker", "migrate"} else ""

    def ports(self) -> dict[str, int]:
        return {each["name"]: each["containerPort"] for each in self.container.get("ports", ())}


@dataclass(frozen=True)
class Rendered:
    """Everything that one overlay would apply."""

    overlay: str
    manifests: Sequence[Manifest] = field(repr=False)
    images_of_compose: frozenset[str] | None = None
    """What the compose file runs, where there is one."""

    def of(self, kind: str) -> list[Manifest]:
        return [each for each in self.manifests if each["kind"] == kind]

    def names(self, kind: str) -> set[str]:
        return {each["metadata"]["name"] for each in self.of(kind)}

    def one(self, kind: str, name: str) -> Manifest:
        (found,) = (each for each in self.of(kind) if each["metadata"]["name"] == name)
        return found

    def pods(self) -> Iterator[Pod]:
        for each in self.manifests:
            if each["kind"] in _TEMPLATES:
                template = each["spec"]["template"]
                yield Pod(
                    each["metadata"]["name"], each["kind"], template["metadata"]["labels"], template["spec"], each
                )

    def environment(self, pod: Pod) -> dict[str, str]:
        """What the pod's process reads: its environment, and the files of its secrets under the names of settings."""
        read: dict[str, str] = {}
        for source in pod.container.get("envFrom", ()):
            if "configMapRef" in source:
                read |= self.one("ConfigMap", source["configMapRef"]["name"])["data"]
        read |= {each["name"]: each.get("value", "") for each in pod.container.get("env", ())}
        return read

    def secret_files(self, pod: Pod) -> set[str]:
        """The settings that its secrets are mounted as; a secret that is not listed item by item gives all it has."""
        files: set[str] = set()
        for volume in pod.spec.get("volumes", ()):
            if volume["name"] == "secrets":
                for source in volume["projected"]["sources"]:
                    secret = source["secret"]
                    if "items" in secret:
                        files |= {each["path"] for each in secret["items"]}
                    else:
                        files |= self.keys_of_secret(secret["name"])
        return files

    def keys_of_secret(self, name: str) -> set[str]:
        for each in self.of("Secret"):
            if each["metadata"]["name"] == name:
                return set(each.get("data", {})) | set(each.get("stringData", {}))
        for each in self.of("ExternalSecret"):
            if each["spec"]["target"]["name"] == name:
                return set(each["spec"]["target"]["template"]["data"])
        return set()

    def plant(self, kind: str, name: str, path: str, value: Any) -> "Rendered":
        """A copy in which one object differs: `path` is keys and indexes with dots, `None` takes the last one away."""
        manifests = [copy.deepcopy(dict(each)) for each in self.manifests]
        (found,) = (each for each in manifests if each["kind"] == kind and each["metadata"]["name"] == name)
        at: Any = found
        *steps, last = (int(step) if step.isdigit() else step.replace("~", ".") for step in path.split("."))
        for step in steps:
            at = at[step]
        if value is None:
            del at[last]
        else:
            at[last] = value
        return replace(self, manifests=manifests)

    def without(self, kind: str, name: str) -> "Rendered":
        kept = [each for each in self.manifests if (each["kind"], each["metadata"]["name"]) != (kind, name)]
        assert len(kept) == len(self.manifests) - 1
        return replace(self, manifests=kept)

    def beside(self, text: str) -> "Rendered":
        """A copy with further objects."""
        return replace(self, manifests=[*self.manifests, *objects(text)])


@cache
def rendered(overlay: str) -> Rendered:
    """The overlay, rendered once."""
    try:
        return Rendered(overlay, objects(text_of(overlay)), images_of_compose())
    except subprocess.CalledProcessError as refused:
        raise AssertionError(refused.stderr) from refused


def images_of_compose() -> frozenset[str] | None:
    """The images that the compose file names, with the tag that it gives ours where nobody says another."""
    path = ROOT / "docker-compose.yml"
    if not path.exists():
        return None
    services = yaml.safe_load(path.read_text("utf-8"))["services"]
    return frozenset(
        each["image"].replace("${SMARTFACTORY_TAG:-dev}", "dev") for each in services.values() if "image" in each
    )
