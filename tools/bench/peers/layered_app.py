"""The bare application in two layers made with BaseHTTPMiddleware: a request id, and a log line."""

import logging
import sys
from collections.abc import Awaitable, Callable

from fastapi import FastAPI, Request, Response
from starlette.middleware.base import BaseHTTPMiddleware

from common.event import new_id
from tools.bench.anchors.bare_app import bare, serve

_log = logging.getLogger(__name__)
Next = Callable[[Request], Awaitable[Response]]


def layered() -> FastAPI:
    """What a tutorial's second page adds."""
    app = bare()

    async def with_request_id(request: Request, following: Next) -> Response:
        response = await following(request)
        response.headers["X-Request-Id"] = request.headers.get("x-request-id", str(new_id()))
        return response

    async def with_log(request: Request, following: Next) -> Response:
        response = await following(request)
        _log.debug("request %s %s", request.method, response.status_code)
        return response

    app.add_middleware(BaseHTTPMiddleware, dispatch=with_request_id)
    app.add_middleware(BaseHTTPMiddleware, dispatch=with_log)
    return app


if __name__ == "__main__":
    serve(layered(), int(sys.argv[1]))
