"""What every route does around its function: let the caller in, open the transaction, keep the answer, commit, answer.

The order is the promise: an answer leaves only after the commit that makes it true (promise R18), and what a POST did
is done once however often it is sent.
"""

import json
import logging
import re
from collections.abc import Callable, Coroutine, Sequence
from enum import Enum
from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.dependencies.models import Dependant
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute, _extract_endpoint_context
from sqlalchemy.exc import DBAPIError
from starlette.exceptions import HTTPException
from starlette.routing import Match
from starlette.types import Scope

from common import context, failpoints, idempotency
from common.acting import Acting
from common.auth import Principal
from common.db import Transaction, is_lock_timeout
from common.errors import DomainError, RuleRefused
from common.idempotency import Claim, KeyReused, StoredAnswer
from common.web import kinds
from common.web.access import Access, access_of
from common.web.faults import misread_moment, unexpected_body, unknown_parameter
from common.web.kinds import Refused
from common.web.moments import form_of
from common.web.openapi import document_route
from common.web.parameters import open_recording_transaction, open_transaction, version_read
from common.web.problems import RETRY_AFTER_SECONDS, busy, domain_problem
from common.web.runtime import runtime_of
from common.web.uploads import CSV, JSON, upload_of

_READING = frozenset({"GET"})
_DECIDING_BY_VERSION = frozenset({"PUT", "PATCH", "DELETE"})
_STORED_HEADERS = ("content-type", "content-language", "etag", "location")
_NOTHING_SAID = frozenset({b"", b"{}", b"null"})
_LOWEST_UNSTORED_STATUS = 300

_log = logging.getLogger(__name__)

_Handler = Callable[[Request], Coroutine[Any, Any, Response]]


def router(*, tags: Sequence[str | Enum]) -> APIRouter:
    """The router of a feature: `router = common.web.router(tags=["applications"])`."""
    return APIRouter(route_class=GuardedRoute, tags=list(tags))


class GuardedRoute(APIRoute):
    """A route with one access rule, one transaction and, for POST, one idempotency key."""

    def __init__(self, path: str, endpoint: Callable[..., Any], **options: Any) -> None:  # noqa: ANN401  FastAPI's own
        super().__init__(path, endpoint, **options)
        self.access: Access = access_of(self.dependant)
        self.records_reading = _depends_on(self.dependant, open_recording_transaction)
        self.uses_transaction = self.records_reading or _depends_on(self.dependant, open_transaction)
        self.needs_version = _depends_on(self.dependant, version_read)
        self.parameters = _query_names(self.dependant)
        self.upload = upload_of(self.dependant)
        self.media_types = (CSV, JSON) if self.upload else (JSON,) if self.body_field else ()
        self.moments = _query_moments(self.dependant)
        methods = self.methods or set()
        if "POST" in methods and self.access.public:
            raise TypeError(f"POST {path} is public: an idempotency key needs to belong to somebody")
        if methods & _DECIDING_BY_VERSION and not self.needs_version:
            raise TypeError(f"{path} changes what somebody has read: it needs Annotated[int, IfMatch()]")
        document_route(self)
        self._begins, self._ends = path.partition("{")[0], path.rpartition("}")[2]
        # FastAPI looks up the function's source at its first request, for the words of an error of its own, and keeps
        # it. Reading files holds up whoever else asks, so it is done now.
        _extract_endpoint_context(endpoint)

    def get_route_handler(self) -> _Handler:
        inner = super().get_route_handler()

        async def answer(request: Request) -> Response:
            return await self._answer(request, inner)

        return answer

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        # Most routes of a service are not the one: this says so without a look at the pattern.
        path = scope["path"]
        if self._begins not in path or not path.endswith(self._ends):
            return Match.NONE, {}
        return super().matches(scope)

    async def _answer(self, request: Request, inner: _Handler) -> Response:
        try:
            caller = await self.access.check(request)
            request.state.caller = caller
            self._refuse_odd_parameters(request)
            request_id: str = request.state.request_id
            with context.carried(correlation=request_id, causation=request_id, by=caller.actor if caller else None):
                if request.method == "POST" and caller is not None:
                    return await self._answer_once(request, inner, caller)
                return await self._answer_in_transaction(request, inner)
        except (Refused, DomainError, RequestValidationError, HTTPException):
            raise
        except Exception as error:
            refusal = busy(error)
            if refusal is None:
                raise
            raise refusal from error

    async def _answer_in_transaction(self, request: Request, inner: _Handler) -> Response:
        if not self.uses_transaction:
            return await inner(request)
        await self._read_body(request)
        reading = request.method in _READING and not self.records_reading
        acting = Acting.of(request.state.caller)
        async with runtime_of(request).database.transaction(read_only=reading, acting=acting) as tx:
            request.state.tx = tx
            response = await inner(request)
            if not reading:
                await failpoints.hit("command.before_commit")
        if not reading:
            await failpoints.hit("command.after_commit")
        return response

    async def _answer_once(self, request: Request, inner: _Handler, caller: Principal) -> Response:
        key = _key_of(request)
        body = await self._read_body(request)
        wanted = Claim.of(caller, method="POST", route=self.path_format, key=key)
        content = idempotency.fingerprint(
            method="POST",
            path=request.scope["path"],
            query=request.url.query,
            content_type=request.headers.get("content-type", ""),
            body=body,
        )

        async def run(tx: Transaction) -> Response:
            request.state.tx = tx
            response = await inner(request)
            if response.status_code >= _LOWEST_UNSTORED_STATUS:
                raise TypeError(f"{request.url.path} answered {response.status_code} by hand: raise an error instead")
            return response

        try:
            return await _once(request, caller, wanted, content, run)
        except RuleRefused as refusal:
            # The rule undid all that the function did, the claim of the key with it; its refusal is the answer to keep.
            # Should the same request have been answered in between, then that is the answer.
            refused = domain_problem(request, refusal)

            async def refuse(_tx: Transaction) -> Response:
                return refused

            return await _once(request, caller, wanted, content, refuse)

    async def _read_body(self, request: Request) -> bytes:
        # Read before the transaction opens, so that a slow sender holds no connection.
        body = await request.body()
        if body and self.media_types:
            media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
            if media_type not in self.media_types and not media_type.endswith("+json"):
                raise Refused(kinds.MEDIA_TYPE_UNSUPPORTED, facts={"accepted": ", ".join(self.media_types)})
        if not self.media_types and body.strip() not in _NOTHING_SAID:
            # Not passed over in silence: whoever sends a field believes that it counts (promise R26).
            raise Refused(kinds.INPUT_INVALID, errors=[unexpected_body()])
        return body

    def _refuse_odd_parameters(self, request: Request) -> None:
        if not request.scope["query_string"]:
            return
        unknown = sorted(set(request.query_params) - self.parameters)
        if unknown:
            raise Refused(kinds.INPUT_INVALID, errors=[unknown_parameter(name) for name in unknown[:50]])
        misread = [
            misread_moment(name, self.moments[name][1])
            for name, value in request.query_params.multi_items()
            if name in self.moments and not self.moments[name][0].fullmatch(value)
        ]
        if misread:
            raise Refused(kinds.INPUT_INVALID, errors=misread)


async def _once(
    request: Request,
    caller: Principal,
    wanted: Claim,
    content: bytes,
    act: Callable[[Transaction], Coroutine[Any, Any, Response]],
) -> Response:
    """Take the key, act and keep the answer in one transaction; or replay the answer that is kept."""
    async with runtime_of(request).database.transaction(acting=Acting.of(caller)) as tx:
        stored = await _claimed(tx, wanted, content)
        if stored is not None:
            return _replayed(stored)
        response = await act(tx)
        await idempotency.store(tx, wanted, _to_store(request, response))
        await failpoints.hit("command.before_commit")
    await failpoints.hit("command.after_commit")
    return response


async def _claimed(tx: Transaction, wanted: Claim, content: bytes) -> StoredAnswer | None:
    try:
        return await idempotency.claim(tx, wanted, content)
    except KeyReused:
        raise Refused(kinds.IDEMPOTENCY_KEY_REUSED) from None
    except DBAPIError as error:
        if is_lock_timeout(error):
            raise Refused(kinds.REQUEST_IN_PROGRESS, headers={"Retry-After": RETRY_AFTER_SECONDS}) from None
        raise


def _key_of(request: Request) -> str:
    header = request.headers.get("idempotency-key")
    if header is None:
        raise Refused(kinds.IDEMPOTENCY_KEY_MISSING)
    key = idempotency.well_formed(header)
    if key is None:
        raise Refused(kinds.IDEMPOTENCY_KEY_MALFORMED)
    return key


def _to_store(request: Request, response: Response) -> StoredAnswer:
    headers = {name: response.headers[name] for name in _STORED_HEADERS if name in response.headers}
    body, hidden = bytes(response.body), getattr(request.state, "shown_once", None)
    if hidden is not None and response.status_code < _LOWEST_UNSTORED_STATUS:
        body = json.dumps({**json.loads(body), hidden: None}, ensure_ascii=False).encode()
    return StoredAnswer(status=response.status_code, headers=headers, body=body)


def _replayed(stored: StoredAnswer) -> Response:
    headers = {**stored.headers, "Idempotency-Replayed": "true"}
    return Response(stored.body, status_code=stored.status, headers=headers)


def _depends_on(dependant: Dependant, call: object) -> bool:
    return any(child.call is call or _depends_on(child, call) for child in dependant.dependencies)


def _query_moments(dependant: Dependant) -> dict[str, tuple[re.Pattern[str], str]]:
    forms = {each.alias: form_of(each.field_info.annotation) for each in dependant.query_params}
    found = {name: form for name, form in forms.items() if form is not None}
    for child in dependant.dependencies:
        found |= _query_moments(child)
    return found


def _query_names(dependant: Dependant) -> frozenset[str]:
    names = {parameter.alias for parameter in dependant.query_params}
    for child in dependant.dependencies:
        names |= _query_names(child)
    return frozenset(names)
