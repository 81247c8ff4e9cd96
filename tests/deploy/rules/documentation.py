"""What is said of the API is read where the API is called, and what a process says of itself is not."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from tests.deploy.rendered import Rendered
from tools.deploy.rendering import ROOT

_PAGE = ROOT / "services/metrics/src/metrics/page_templates/developers.html"
_LINK = re.compile(r'href="([^"]+)"')
_SERVICE = "{{ service }}"
_API = "-api"
_SAID_BELOW = {
    "docs": ("", "/start.js", "/assets/swagger-ui.css", "/assets/swagger-ui-bundle.js"),
    "openapi.json": ("",),
    "problems": ("", "/token-missing"),
}
"""What a service serves for those who read about it, and what is fetched with it."""
_OF_ITSELF = ("/livez", "/readyz", "/startupz", "/openmetrics")


def documents_are_reached(rendered: Rendered) -> list[str]:
    """Each link of the page for developers leads somewhere, and each host explains the problems that it answers with."""
    if rendered.overlay == "local":
        return [f"{link} is on the page for developers, and no way leads there" for link in _not_led_by_caddy(rendered)]
    public = next(each for each in _hosts(rendered) if _led(rendered, each, "/developers"))
    return [
        f"{link} is on the page for developers, and does not lead to {' '.join(_served_as(link))}"
        for link in _links(rendered)
        if _led(rendered, public, link) != _served_as(link)
    ] + [
        f"{host} answers with {service}'s problems, and {path} leads nowhere there"
        for host in _hosts(rendered)
        for service in _services_at(rendered, host)
        for path in _documents_of(service)
        if _led(rendered, host, path) != _served_as(path)
    ]


def what_a_process_tells_of_itself_stays_inside(rendered: Rendered) -> list[str]:
    """Health and figures are for who runs it: no way in from outside ends there. The local gateway is one machine's own."""
    if rendered.overlay == "local":
        return []
    return [
        f"{host}{prefix}{path} shows everybody {path} of {led[0]}"
        for host in _hosts(rendered)
        for prefix in ("", *(f"/{service}" for service in _services(rendered)))
        for path in _OF_ITSELF
        if (led := _led(rendered, host, f"{prefix}{path}")) is not None
    ]


def _services(rendered: Rendered) -> list[str]:
    return sorted(name.removesuffix(_API) for name in rendered.names("Service") if name.endswith(_API))


def _links(rendered: Rendered) -> Iterator[str]:
    for link in _LINK.findall(_PAGE.read_text("utf-8")):
        if _SERVICE in link:
            yield from (link.replace(_SERVICE, service) for service in _services(rendered))
        else:
            yield link


def _documents_of(service: str) -> Iterator[str]:
    for name, below in _SAID_BELOW.items():
        yield from (f"/{service}/{name}{each}" for each in below)


def _served_as(address: str) -> tuple[str, str]:
    """Which API has it under which address of its own: below a service's name that service, else metrics' pages."""
    first, _, rest = address.removeprefix("/").partition("/")
    return ("metrics-api", address) if first == "developers" else (f"{first}{_API}", f"/{rest}")


def _not_led_by_caddy(rendered: Rendered) -> Iterator[str]:
    (caddyfile,) = (each["data"]["Caddyfile"] for each in rendered.of("ConfigMap") if "Caddyfile" in each["data"])
    pages = {way for line in re.findall(r"^\s*@pages path (.+)$", caddyfile, re.MULTILINE) for way in line.split()}
    passed = set(re.findall(r"^\s*handle_path /(\w+)/\* \{$", caddyfile, re.MULTILINE))
    for link in _links(rendered):
        if link not in pages and link.split("/")[1] not in passed:
            yield link


def _hosts(rendered: Rendered) -> list[str]:
    return sorted({host for route in rendered.of("HTTPRoute") for host in route["spec"]["hostnames"]})


def _services_at(rendered: Rendered, host: str) -> list[str]:
    """The services of which some part of the API is called at this host."""
    return [
        service
        for service in _services(rendered)
        if any(
            match["path"]["value"].startswith(f"/{service}/v1")
            for route in rendered.of("HTTPRoute")
            if host in route["spec"]["hostnames"]
            for rule in route["spec"]["rules"]
            for match in rule.get("matches", ())
        )
    ]


def _led(rendered: Rendered, host: str, path: str) -> tuple[str, str] | None:
    """Where the gateway leads a request, and as what: an exact match wins, then the longest prefix (Gateway API).

    A rule without a match is the redirect of the listener without a certificate, which serves nobody.
    """
    fitting = [
        (match["path"]["type"] == "Exact", len(match["path"]["value"]), rule, match["path"]["value"])
        for route in rendered.of("HTTPRoute")
        if host in route["spec"]["hostnames"]
        for rule in route["spec"]["rules"]
        for match in rule.get("matches", ())
        if _fits(match["path"], path)
    ]
    if not fitting:
        return None
    _, _, rule, value = max(fitting, key=lambda each: each[:2])
    return rule["backendRefs"][0]["name"], _rewritten(rule, value, path)


def _fits(match: Mapping[str, Any], path: str) -> bool:
    value = match["value"]
    return path == value or (match["type"] == "PathPrefix" and path.startswith(value.rstrip("/") + "/"))


def _rewritten(rule: Mapping[str, Any], value: str, path: str) -> str:
    for each in rule.get("filters", ()):
        if each["type"] == "URLRewrite":
            replaced: str = each["urlRewrite"]["path"]["replacePrefixMatch"]
            return (replaced.rstrip("/") + path.removeprefix(value)) or "/"
    return path


RULES = (documents_are_reached, what_a_process_tells_of_itself_stays_inside)
