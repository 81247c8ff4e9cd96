"""What a caller may do with a thing now, and why the rest is closed: asked of the routes and of the rules themselves.

    actions, closed_actions = await actions_of(
        request, by, {"approveRelease": lambda: offered.against_approving(tx, release_id, by=by, now=now)},
        release_id=release_id,
    )

A route says who may call it and how; a feature's commands say what stands against it at this moment, by the checks
that the operation itself makes. So nothing is offered that would be refused, unless somebody was faster.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass

from fastapi import FastAPI, Request
from fastapi.routing import APIRoute, iter_route_contexts

from common.auth import Principal
from common.errors import DomainError, Text
from common.web import kinds
from common.web.access import access_of
from common.web.bodies import View

Against = Callable[[], Awaitable[Sequence[DomainError]]]
"""Asks which rules refuse an operation to a caller of a fitting role now; none means that it may be called."""


class OfferedAction(View):
    """What the caller may do now, by its `operationId`, and with which request at the one origin."""

    operation_id: str
    ko: str
    en: str
    method: str
    path: str


class ActionRefusal(View):
    """One thing that stands against it: the code of the problem that the request would be answered with."""

    code: str
    ko: str
    en: str


class RefusedAction(View):
    """What the caller may not do now, and everything that stands against it."""

    operation_id: str
    ko: str
    en: str
    because: list[ActionRefusal]


@dataclass(frozen=True, slots=True)
class _Operation:
    method: str
    path: str
    name: Text
    roles: frozenset[str] | None


async def actions_of(
    request: Request, by: Principal, against: Mapping[str, Against], **named: object
) -> tuple[list[OfferedAction], list[RefusedAction]]:
    """The operations that are open to the caller, and those that are closed; `named` are the parameters of their paths.

    Of an operation that the caller's role may not call, that alone is said, and its rules are not asked.
    """
    operations = _operations(request.app)
    root = request.scope.get("root_path", "")
    opened: list[OfferedAction] = []
    closed: list[RefusedAction] = []
    for operation_id, ask in against.items():
        operation = operations[operation_id]
        words = {"operation_id": operation_id, "ko": operation.name.ko, "en": operation.name.en}
        because = [_not_allowed()] if _is_for_others(operation, by) else [_reason(each) for each in await ask()]
        if because:
            closed.append(RefusedAction(**words, because=because))
        else:
            path = f"{root}{operation.path.format_map(named)}"
            opened.append(OfferedAction(**words, method=operation.method, path=path))
    return opened, closed


def _is_for_others(operation: _Operation, by: Principal) -> bool:
    return operation.roles is not None and by.role not in operation.roles


def _not_allowed() -> ActionRefusal:
    kind = kinds.ROLE_NOT_ALLOWED
    return ActionRefusal(code=kind.code, ko=kind.title.ko, en=kind.title.en)


def _reason(refusal: DomainError) -> ActionRefusal:
    return ActionRefusal(code=refusal.code, ko=refusal.title.ko, en=refusal.title.en)


def _operations(app: FastAPI) -> Mapping[str, _Operation]:
    """The application's operations by id; they are the same as long as it runs."""
    known: Mapping[str, _Operation] | None = getattr(app.state, "operations", None)
    if known is None:
        known = app.state.operations = {
            str(route.operation_id): _operation(route, str(context.path))
            for context in iter_route_contexts(app.routes)
            if isinstance(route := context.original_route, APIRoute) and route.operation_id is not None
        }
    return known


def _operation(route: APIRoute, path: str) -> _Operation:
    (method,) = route.methods or ("GET",)
    # A summary is Korean, with the English after it in brackets, as a rule of the repository wants it.
    ko, _, en = (route.summary or "").partition(" (")
    return _Operation(method, path, Text(ko, en.removesuffix(")")), access_of(route.dependant).roles)
