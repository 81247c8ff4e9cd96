"""The process that serves a service's routes."""

import asyncio
import signal
from collections.abc import Sequence
from types import FrameType

import uvicorn
from fastapi import APIRouter, FastAPI

from common.clock import Clock
from common.consumer import topics_of
from common.consumer.batch import Applier
from common.db import Database
from common.denials import Denials
from common.http import HttpClient
from common.service import Service, clock_of, health_of, keep_what_is_made, open_database
from common.settings import ServiceSettings
from common.tokens import JwksCache, TokenVerifier
from common.web.app import create_app
from common.web.health import Health
from common.web.parked_events import parked_event_routes
from common.web.protocol import careful_protocol
from common.web.runtime import Runtime
from common.web.service_state import service_state_routes

DRAIN_SECONDS = 20
"""How long the requests under way may take after SIGTERM; whoever ends a process waits longer than this."""


def build_app(
    service: Service,
    config: ServiceSettings,
    *,
    clock: Clock | None = None,
    database: Database | None = None,
    verifier: TokenVerifier | None = None,
) -> FastAPI:
    """Make the API. What a test hands in (a clock, a database, a verifier) stays the test's to close."""
    opened = database or open_database(service, config, process="api")
    # A client's base address ends in a slash, and the keys' address must not.
    issuer, _, page = config.jwks_url.rpartition("/")
    keys = JwksCache(HttpClient(issuer), page)
    time = clock or clock_of(config)
    denials = Denials(opened)
    others = service.asks(config)
    runtime = Runtime(
        service=service.name,
        settings=config,
        database=opened,
        clock=time,
        verifier=verifier or TokenVerifier(keys, issuer=config.issuer, audience=config.audience),
        tenant_fits=service.tenant_fits,
        denials=denials,
        others=others,
        listens_to=topics_of(service.handlers),
    )

    async def close() -> None:
        await keys.aclose()
        for other in others.values():
            await other.aclose()
        if database is None:
            await opened.dispose()

    return create_app(
        runtime,
        health_of(service, config, opened, denials),
        (
            *service.routers(),
            *_operating_routes(service, Applier(opened, time, service.handlers, service=service.name)),
        ),
        title=service.title.en,
        description=f"{service.title.ko}\n\n{service.title.en}",
        documents=service.documents,
        carried=service.openapi,
        at_end=close,
    )


def serve(service: Service, config: ServiceSettings) -> int:
    """Serve until SIGTERM: first not ready, then no new connections, then the requests under way are finished."""
    app = build_app(service, config)
    keep_what_is_made()
    options = uvicorn.Config(
        app,
        host=config.http_host,
        port=config.http_port,
        loop="uvloop",
        http=careful_protocol(
            head_seconds=config.request_timeout_seconds,
            connections_max=config.http_connections_max,
            root_path=config.root_path,
        ),
        ws="none",
        lifespan="on",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_graceful_shutdown=DRAIN_SECONDS,
    )
    server = _Server(options, health=app.state.health, delay_seconds=config.shutdown_delay_seconds)
    server.run()
    return 0


def _operating_routes(service: Service, applier: Applier) -> Sequence[APIRouter]:
    roles = service.parked_event_roles
    return () if roles is None else (parked_event_routes(roles, applier), service_state_routes(roles))


class _Server(uvicorn.Server):
    """A server that says it is not ready before it stops listening, and whose end by SIGTERM is a clean one."""

    def __init__(self, config: uvicorn.Config, *, health: Health, delay_seconds: float) -> None:
        super().__init__(config)
        self._health, self._delay_seconds = health, delay_seconds

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:  # noqa: ARG002  uvicorn's signature
        # uvicorn's own would raise the signal again at the end, and a polite stop would look like a death.
        if sig == signal.SIGTERM and not self._health.draining and self._delay_seconds:
            asyncio.get_running_loop().call_later(self._delay_seconds, self._stop)
        else:
            self._stop()
        self._health.draining = True

    def _stop(self) -> None:
        self.should_exit = True
