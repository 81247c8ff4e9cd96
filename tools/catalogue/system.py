"""The system as objects: its services in order, and who publishes and who hears each event."""

import importlib
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from fastapi import FastAPI
from pydantic import SecretStr

from common.api import build_app
from common.event import DomainEvent, registered_events
from common.service import Service
from common.settings import ServiceSettings
from contracts.principals import publisher_of

_NOWHERE = SecretStr("postgresql://nobody@127.0.0.1:1/nowhere")


@dataclass(frozen=True)
class System:
    """All services, and every event their contracts declare."""

    services: Sequence[Service]
    events: Sequence[type[DomainEvent]]

    def consumers_of(self, event: type[DomainEvent]) -> list[str]:
        return [service.name for service in self.services if event in service.handlers]


def load_system(root: Path) -> System:
    """Import every service below `services/` and the contracts it speaks."""
    events = load_events(root)
    names = sorted(path.parent.name for path in root.glob("services/*/pyproject.toml"))
    return System(services=[importlib.import_module(f"{name}.main").SERVICE for name in names], events=events)


def load_events(root: Path) -> list[type[DomainEvent]]:
    """Every event the contracts declare, by type."""
    for path in sorted(root.glob("libs/contracts/src/contracts/[a-z]*.py")):
        importlib.import_module(f"contracts.{path.stem}")
    declared = sorted(registered_events().items())
    return [event for _, event in declared if event.__module__.startswith("contracts.")]


def application(service: Service) -> FastAPI:
    """The service's real application, with settings that reach nothing; it is never started."""
    return build_app(service, settings_of(service))


def described(service: Service) -> FastAPI:
    """Its application for those who only read what it says of itself, which takes long to make: the same for all."""
    kept = _described.get(service.name)
    if kept is None or kept[0] is not service:
        kept = _described[service.name] = service, application(service)
    return kept[1]


_described: dict[str, tuple[Service, FastAPI]] = {}


def settings_of(service: Service) -> ServiceSettings:
    """Settings that do not depend on the environment of whoever runs this."""
    fields = {name.upper() for name in service.settings.model_fields}
    kept = {name: os.environ.pop(name) for name in list(os.environ) if name.upper() in fields}
    try:
        return service.settings(app_env="test", database_url=_NOWHERE, root_path=f"/{service.name}")
    finally:
        os.environ.update(kept)


def service_of(event: type[DomainEvent]) -> str:
    """The service that publishes it."""
    return publisher_of(event)
