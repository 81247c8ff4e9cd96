"""Puts the HTTP application of a service together: its routers inside the layers that all services share."""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from fastapi import APIRouter, FastAPI
from fastapi.routing import APIRoute, iter_route_contexts
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.types import ASGIApp, Scope

from common.examples import DocumentFacts
from common.web.documents import add_documents
from common.web.edge import Edge
from common.web.health import Health, health_routes
from common.web.kinds import catalogue
from common.web.openapi_document import use_document
from common.web.problem_handlers import add_problem_handlers
from common.web.published_document import PublishedDocument, served_at
from common.web.routes import GuardedRoute
from common.web.runtime import Runtime

_EXPOSED_HEADERS = ("ETag", "Location", "Link", "Retry-After", "X-Request-Id", "Idempotency-Replayed")
_ACCEPTED_HEADERS = ("Authorization", "Content-Type", "Idempotency-Key", "If-Match", "Accept-Language", "X-Request-Id")


class Application(FastAPI):
    """A FastAPI application whose outermost layer is ours."""

    def build_middleware_stack(self) -> ASGIApp:
        settings = self.state.runtime.settings
        return Edge(
            super().build_middleware_stack(),
            root_path=settings.root_path,
            timeout_seconds=settings.request_timeout_seconds,
            max_body_bytes=settings.max_body_bytes,
        )


def create_app(
    runtime: Runtime,
    health: Health,
    routers: Sequence[APIRouter],
    *,
    title: str,
    description: str,
    documents: DocumentFacts,
    carried: Path | None,
    at_end: Callable[[], Awaitable[None]],
) -> FastAPI:
    """Make the application; `carried` is its OpenAPI document if it has one, and `at_end` runs when it shuts down."""
    settings = runtime.settings

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        async with runtime.denials.followed():
            yield
        await at_end()

    app = Application(
        title=title,
        description=description,
        contact=dict(documents.contact) or None,
        license_info=dict(documents.licence) or None,
        version="1",
        redirect_slashes=False,
        openapi_url=None,
        max_body_size=settings.max_body_bytes,
        lifespan=lifespan,
        telemetry={"operation_spans": False, "logs": False, "exclude": _is_probe},
        middleware=[
            Middleware(
                CORSMiddleware,
                allow_origins=list(settings.allowed_origins),
                allow_methods=["GET", "POST", "PUT", "PATCH", "DELETE"],
                allow_headers=list(_ACCEPTED_HEADERS),
                expose_headers=list(_EXPOSED_HEADERS),
            )
        ]
        if settings.allowed_origins
        else [],
    )
    app.state.runtime = runtime
    app.state.health = health
    for feature in routers:
        # As they are: `include_router` would make each route a second time, and look for it twice.
        app.router.routes.extend(feature.routes)
    _refuse_unguarded(app)
    app.router.routes.extend(health_routes(health))
    add_documents(app, catalogue(), PublishedDocument(app, carried))
    add_problem_handlers(app)
    use_document(app, servers=served_at(settings.root_path), known=documents.examples)
    return app


def _is_probe(scope: Scope) -> bool:
    return scope["path"] in {"/livez", "/readyz", "/startupz", "/openmetrics"}


def _refuse_unguarded(app: FastAPI) -> None:
    for route in iter_route_contexts(app.routes):
        if isinstance(route.original_route, APIRoute) and not isinstance(route.original_route, GuardedRoute):
            raise TypeError(f"{route.path} is not made by common.web.router(): nobody checks who calls it")
