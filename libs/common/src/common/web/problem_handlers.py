"""Which problem each kind of exception becomes, for an application that serves routes."""

import logging
from collections.abc import Mapping
from http import HTTPStatus

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

from common.errors import DomainError
from common.web import kinds
from common.web.faults import field_faults
from common.web.kinds import ProblemKind, Refused
from common.web.methods import allowed_methods
from common.web.problems import domain_problem, problem

_KIND_OF_STATUS: Mapping[int, ProblemKind] = {
    400: kinds.REQUEST_MALFORMED,
    404: kinds.ROUTE_NOT_FOUND,
    413: kinds.BODY_TOO_LARGE,
}

_log = logging.getLogger(__name__)


def add_problem_handlers(app: FastAPI) -> None:
    """Answer every kind of exception with a problem."""

    @app.exception_handler(Refused)
    async def refused(request: Request, error: Refused) -> Response:
        _let_go(error)
        return problem(request, error.kind, facts=error.facts, errors=error.errors, headers=error.headers)

    @app.exception_handler(DomainError)
    async def rule_broken(request: Request, error: DomainError) -> Response:
        _let_go(error)
        return domain_problem(request, error)

    @app.exception_handler(RequestValidationError)
    async def input_invalid(request: Request, error: RequestValidationError) -> Response:
        _let_go(error)
        findings = error.errors()
        if any(finding["type"] == "json_invalid" for finding in findings):
            return problem(request, kinds.REQUEST_MALFORMED)
        return problem(request, kinds.INPUT_INVALID, errors=field_faults(findings))

    @app.exception_handler(HTTPException)
    async def http_refused(request: Request, error: HTTPException) -> Response:
        _let_go(error)
        if error.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
            allowed = ", ".join(allowed_methods(request))
            return problem(request, kinds.METHOD_NOT_ALLOWED, facts={"allowed": allowed}, headers={"Allow": allowed})
        kind = _KIND_OF_STATUS.get(error.status_code)
        if kind is None:
            kind = (
                kinds.REQUEST_MALFORMED
                if error.status_code < HTTPStatus.INTERNAL_SERVER_ERROR
                else kinds.INTERNAL_ERROR
            )
        limit = request.app.state.runtime.settings.max_body_bytes
        return problem(request, kind, facts={"limit_bytes": limit} if kind is kinds.BODY_TOO_LARGE else None)

    @app.exception_handler(ClientDisconnect)
    async def gone(request: Request, _error: ClientDisconnect) -> Response:
        # Nobody hears this; it is no fault of ours either, and the log says so.
        return problem(request, kinds.REQUEST_MALFORMED)

    @app.exception_handler(Exception)
    async def unexpected(request: Request, error: Exception) -> Response:
        _log.error("a request failed unexpectedly: %s", type(error).__name__, exc_info=error)
        return problem(request, kinds.INTERNAL_ERROR)


def _let_go(error: Exception) -> None:
    """Free at once what an answered refusal holds.

    The frames it went through name it and the body that was refused, and it names them: megabytes for each hostile
    body, which would stay until one of the collector's rare rounds (promise R27).
    """
    error.__traceback__ = error.__cause__ = error.__context__ = None
