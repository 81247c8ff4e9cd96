"""What every pod of ours has, by the restricted profile and beyond it."""

from collections.abc import Iterator

from tests.deploy.rendered import Pod, Rendered

# Images of others know whom they run as.
_OTHERS_USERS = {"postgres": 999, "kafka": 1000}
_ADDED = {"gateway": ["NET_BIND_SERVICE"]}
_LEAST_UID = 10_000


def pods_are_restricted(rendered: Rendered) -> list[str]:
    return [f"{pod.name}: {fault}" for pod in rendered.pods() for fault in _looser(pod)]


def _looser(pod: Pod) -> Iterator[str]:
    user, own = pod.spec.get("securityContext", {}), pod.container.get("securityContext", {})
    if user.get("runAsNonRoot") is not True:
        yield "may run as root"
    uid = user.get("runAsUser", 0)
    if uid != _OTHERS_USERS.get(pod.name) and uid <= _LEAST_UID:
        yield f"runs as {uid}, which may be somebody on the node"
    if user.get("seccompProfile") != {"type": "RuntimeDefault"}:
        yield "has no seccomp profile"
    if own.get("allowPrivilegeEscalation") is not False:
        yield "may gain rights"
    if own.get("readOnlyRootFilesystem") is not True:
        yield "may write its image"
    capabilities = own.get("capabilities", {})
    if capabilities.get("drop") != ["ALL"] or capabilities.get("add", []) != _ADDED.get(pod.name, []):
        yield f"has capabilities: {capabilities}"
    if pod.spec.get("automountServiceAccountToken") is not False:
        yield "gets a token for Kubernetes"
    if pod.spec.get("enableServiceLinks") is not False:
        yield "gets other Services as environment variables"
    for forbidden in ("hostNetwork", "hostPID", "hostIPC"):
        if pod.spec.get(forbidden):
            yield forbidden
    for volume in pod.spec.get("volumes", ()):
        if "hostPath" in volume:
            yield f"reads the node's disk as {volume['name']}"
        if "emptyDir" in volume and "sizeLimit" not in volume["emptyDir"]:
            yield f"may fill the node's disk with {volume['name']}"


def containers_say_what_they_need(rendered: Rendered) -> list[str]:
    found = []
    for pod in rendered.pods():
        needs = pod.container.get("resources", {})
        lacking = {"cpu", "memory", "ephemeral-storage"} - set(needs.get("requests", {}))
        unlimited = {"memory", "ephemeral-storage"} - set(needs.get("limits", {}))
        found += [f"{pod.name} does not ask for {each}" for each in sorted(lacking)]
        found += [f"{pod.name} has no limit of {each}" for each in sorted(unlimited)]
        if "cpu" in needs.get("limits", {}):
            found.append(f"{pod.name} is stopped in the middle of its work by a limit of cpu")
        if pod.spec.get("priorityClassName") not in rendered.names("PriorityClass"):
            found.append(f"{pod.name} has no priority that exists")
    return found


def images_are_exact(rendered: Rendered) -> list[str]:
    found = []
    for pod in rendered.pods():
        image = pod.container["image"]
        name, _, digest = image.partition("@")
        tag = name.rpartition("/")[2].partition(":")[2]
        if rendered.overlay == "production":
            if not digest.startswith("sha256:"):
                found.append(f"{pod.name}: {image} has no digest")
        elif tag in {"", "latest"}:
            found.append(f"{pod.name}: {image} has no exact tag")
        if pod.container.get("imagePullPolicy") != "IfNotPresent":
            found.append(f"{pod.name}: says not when its image is pulled")
    return found


RULES = (pods_are_restricted, containers_say_what_they_need, images_are_exact)
