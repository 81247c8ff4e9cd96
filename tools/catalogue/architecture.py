"""The tables in docs/architecture.md that follow from code: services, features in their order, topics."""

import re
import tomllib
from collections.abc import Iterable
from pathlib import Path

from common.service import Service
from tools.catalogue.asyncapi import keys_of
from tools.catalogue.system import System, service_of

PATH = "docs/architecture.md"
_ROOT = Path(__file__).resolve().parents[2]
_BLOCK = re.compile(r"(<!-- made from code: (?P<name>[\w-]+) -->\n).*?(<!-- end -->)", re.DOTALL)
_NO_FEATURES = {"main", "routes", "consumers", "tables", "settings", "visibility"}


def page(text: str, system: System) -> str:
    """The page with each block made anew; the prose around them is written by people."""
    blocks = {"services": _services(system), "features": _features(system), "topics": _topics(system)}
    return _BLOCK.sub(lambda match: f"{match[1]}{blocks[match['name']]}\n{match[3]}", text)


def features(service: str) -> list[str]:
    """The features of a service in their declared order, earliest first: the import contract is the declaration."""
    settings = tomllib.loads((_ROOT / "pyproject.toml").read_text("utf-8"))
    contract = next(each for each in settings["tool"]["importlinter"]["contracts"] if each["id"] == service)
    declared = [name.strip(" ()") for layer in contract["layers"] for name in re.split(r"[|:]", layer)]
    return [name for name in reversed(declared) if name not in _NO_FEATURES]


def _services(system: System) -> str:
    rows = [
        f"| `{service.name}` | {service.title.en} ({service.title.ko}) | {_code(_published(system, service))} "
        f"| {_code(_heard(service))} |"
        for service in system.services
    ]
    return "\n".join(["| service | is | publishes on | listens to |", "|---|---|---|---|", *rows])


def _features(system: System) -> str:
    rows = [f"| `{service.name}` | {_code(features(service.name), ' < ')} |" for service in system.services]
    return "\n".join(["| service | features, each may call those before it |", "|---|---|", *rows])


def _topics(system: System) -> str:
    topics = sorted({event.TOPIC for event in system.events})
    rows = []
    for topic in topics:
        events = [event for event in system.events if topic == event.TOPIC]
        hearers = sorted({name for event in events for name in system.consumers_of(event)})
        names = ", ".join(event.__name__ for event in events)
        rows.append(f"| `{topic}` | {keys_of(events)} | {names} | {', '.join(hearers)} |")
    return "\n".join(["| topic | key | events | heard by |", "|---|---|---|---|", *rows])


def _published(system: System, service: Service) -> list[str]:
    return sorted({event.TOPIC for event in system.events if service_of(event) == service.name})


def _heard(service: Service) -> list[str]:
    return sorted({event.TOPIC for event in service.handlers})


def _code(names: Iterable[str], between: str = ", ") -> str:
    return between.join(f"`{name}`" for name in names) or "nothing"
