"""What a route's function takes and gives, found out once at the start instead of once per request.

FastAPI reads the signature, documents it and owns the fields; its own way to a call would serve every kind of function
there is. A route of ours is a coroutine with one body at most, whose dependencies are coroutines: for such a one the
way is short, and a function that wants more does not start.
"""

import inspect
import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Self

from fastapi import Request, Response
from fastapi.datastructures import DefaultPlaceholder
from fastapi.dependencies.models import Dependant
from fastapi.dependencies.utils import request_body_to_args, request_params_to_args
from fastapi.encoders import jsonable_encoder
from fastapi.exceptions import RequestValidationError, ResponseValidationError
from fastapi.responses import JSONResponse
from fastapi.routing import APIRoute
from fastapi.utils import is_body_allowed_for_status_code
from pydantic_core import PydanticUndefined
from starlette.exceptions import HTTPException

_JSON = "application/json"
_JSON_KIND = "+json"

Field = Any  # FastAPI's ModelField, which has no public name


@dataclass(slots=True)
class _Given:
    """What one request has given so far."""

    request: Request
    body: object = PydanticUndefined
    errors: list[Any] = field(default_factory=list)
    solved: dict[object, object] = field(default_factory=dict)
    """By the dependency's function: what two parameters ask for is made once."""
    response: Response | None = None


@dataclass(frozen=True, slots=True)
class _Takes:
    """The parameters of one function."""

    call: Callable[..., Awaitable[Any]]
    needs: Sequence[tuple[str | None, "_Takes"]]
    path: Sequence[tuple[str, Field]]
    parameters: Sequence[tuple[Sequence[Field], Callable[[Request], Mapping[str, Any]]]]
    body: Field | None
    request: str | None
    response: str | None

    @classmethod
    def of(cls, dependant: Dependant, *, body: Field | None = None) -> Self:
        call = dependant.call
        if call is None or not inspect.iscoroutinefunction(call if inspect.isfunction(call) else type(call).__call__):
            raise TypeError(f"{call!r} is no coroutine function: a thread or a cleanup has no place in a request")
        if list(dependant.body_params) != ([] if body is None else [body]):
            raise TypeError(f"{call!r} takes more than one body, or a part of one")
        kinds = (
            (dependant.query_params, _query),
            (dependant.header_params, _headers),
            (dependant.cookie_params, _cookies),
        )
        return cls(
            call=call,
            needs=tuple((child.name, cls.of(child)) for child in dependant.dependencies),
            path=tuple((field.validation_alias or field.alias, field) for field in dependant.path_params),
            parameters=tuple((tuple(fields), where) for fields, where in kinds if fields),
            body=body,
            request=dependant.request_param_name,
            response=dependant.response_param_name,
        )

    async def gather(self, given: _Given) -> dict[str, Any] | None:
        """The arguments of a call, or none when something is wrong with them."""
        values: dict[str, Any] = {}
        wrong_before = len(given.errors)
        for name, needed in self.needs:
            if needed.call in given.solved:
                value = given.solved[needed.call]
            else:
                arguments = await needed.gather(given)
                if arguments is None:
                    continue
                value = given.solved[needed.call] = await needed.call(**arguments)
            if name is not None:
                values[name] = value
        for alias, field_ in self.path:
            values[field_.name], errors = field_.validate(given.request.path_params[alias], {}, loc=("path", alias))
            given.errors += errors
        for fields, where in self.parameters:
            found, errors = request_params_to_args(fields, where(given.request))
            values |= found
            given.errors += errors
        if self.body is not None:
            values[self.body.name] = await _body_of(given, self.body)
        if self.request is not None:
            values[self.request] = given.request
        if self.response is not None:
            values[self.response] = given.response = given.response or _blank()
        return None if len(given.errors) > wrong_before else values


async def _body_of(given: _Given, field: Field) -> object:
    if given.body is PydanticUndefined:
        found, errors = await request_body_to_args([field], given.body, embed_body_fields=False)
        value: object = found.get(field.name)
    else:
        value, errors = field.validate(given.body, {}, loc=("body",))
    given.errors += errors
    return value


class Plan:
    """How one route calls its function and writes down what it gives back."""

    def __init__(self, route: APIRoute) -> None:
        self._body_field = route.body_field
        self._takes = _Takes.of(route.dependant, body=route.body_field)
        self._gives = route.response_field
        self._status = route.status_code
        if self._gives is not None and not isinstance(route.response_class, DefaultPlaceholder):
            raise TypeError(f"{route.path} answers with a class of its own: its function returns that, not a model")

    async def answer(self, request: Request) -> Response:
        """Call the function with what the request holds; raises `RequestValidationError` when that does not fit."""
        given = _Given(request)
        if self._body_field is not None:
            given.body = await _read(request)
        values = await self._takes.gather(given)
        if values is None:
            sent = None if given.body is PydanticUndefined else given.body
            raise RequestValidationError(given.errors, body=sent)
        told = await self._takes.call(**values)
        return told if isinstance(told, Response) else self._written(told, given.response)

    def _written(self, told: object, said: Response | None) -> Response:
        status = (said.status_code if said is not None else None) or self._status or 200
        if self._gives is None:
            response: Response = JSONResponse(jsonable_encoder(told), status_code=status)
        else:
            value, errors = self._gives.validate(told, {}, loc=("response",))
            if errors:
                raise ResponseValidationError(errors, body=told)
            response = Response(self._gives.serialize_json(value), status_code=status, media_type=_JSON)
        if not is_body_allowed_for_status_code(status):
            response.body = b""
        if said is not None:
            response.headers.raw.extend(said.headers.raw)
        return response


async def _read(request: Request) -> object:
    content = await request.body()
    if not content:
        return PydanticUndefined
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type != _JSON and not _is_kind_of_json(media_type):
        return content
    try:
        return json.loads(content)
    except json.JSONDecodeError as error:
        found = {"type": "json_invalid", "loc": ("body", error.pos), "msg": "JSON decode error", "input": {}}
        raise RequestValidationError([{**found, "ctx": {"error": error.msg}}], body=error.doc) from error
    except (ValueError, RecursionError) as error:
        # No UTF-8, a number of thousands of digits, or nested without end.
        raise HTTPException(status_code=400) from error


def _is_kind_of_json(media_type: str) -> bool:
    main, _, kind = media_type.partition("/")
    return main == "application" and kind.endswith(_JSON_KIND) and "/" not in kind


def _blank() -> Response:
    """What a function sets headers and a status on, before there is an answer."""
    blank = Response()
    del blank.headers["content-length"]
    blank.status_code = 0  # not said
    return blank


def _query(request: Request) -> Mapping[str, Any]:
    return request.query_params


def _headers(request: Request) -> Mapping[str, Any]:
    return request.headers


def _cookies(request: Request) -> Mapping[str, Any]:
    return request.cookies
