"""What a running API hands to each of its requests."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from fastapi import Request

from common.clock import Clock
from common.db import Database
from common.denials import Denials
from common.http import HttpClient
from common.settings import ServiceSettings
from common.tokens import TokenVerifier


@dataclass(frozen=True, slots=True)
class Runtime:
    """The process's own things; one per application, kept in `app.state.runtime`."""

    service: str
    settings: ServiceSettings
    database: Database
    clock: Clock
    verifier: TokenVerifier
    denials: Denials
    tenant_fits: Callable[[str, str | None], bool]
    others: Mapping[str, HttpClient] = field(default_factory=dict)
    """Whom this API reads from, by name."""
    listens_to: Sequence[str] = ()
    """The topics that the service's worker subscribes to."""


def runtime_of(request: Request) -> Runtime:
    found: Runtime = request.app.state.runtime
    return found
