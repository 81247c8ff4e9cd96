"""Who may call a route: the first thing checked, and the one thing a route cannot leave out."""

import logging
from collections.abc import Iterator
from typing import Any

from fastapi import Depends, Request
from fastapi.dependencies.models import Dependant
from opentelemetry import trace

from common.auth import Principal, TokenRefused
from common.web import kinds
from common.web.kinds import Refused
from common.web.runtime import runtime_of

Caller = Principal

_CHALLENGE = 'Bearer realm="smartfactory"'

_log = logging.getLogger(__name__)


class Access:
    """The rule of one route: these roles, or anybody with or without a token."""

    def __init__(self, roles: frozenset[str] | None) -> None:
        self.roles = roles

    @property
    def public(self) -> bool:
        return self.roles is None

    async def __call__(self, request: Request) -> Principal | None:
        """Hand the route its caller, whom `check` has let in before."""
        caller: Principal | None = request.state.caller
        return caller

    async def check(self, request: Request) -> Principal | None:
        """Authenticate and compare the role; a bad token is refused on public routes too."""
        offered = request.headers.getlist("authorization")
        if not offered and self.public:
            return None
        scheme, _, token = offered[0].partition(" ") if offered else ("", "", "")
        if scheme.lower() != "bearer" or not token.strip(" "):
            raise Refused(kinds.TOKEN_MISSING, headers={"WWW-Authenticate": _CHALLENGE})
        runtime = runtime_of(request)
        try:
            if len(offered) > 1:
                raise TokenRefused("two Authorization headers")
            caller = await runtime.verifier.verify(token.strip(" "))
            if not runtime.tenant_fits(caller.role, caller.tenant):
                raise TokenRefused("the tenant does not fit the role")
            runtime.denials.check(caller)
        except TokenRefused as refusal:
            _log.warning("an access token was refused: %s", refusal.reason)
            challenge = f'{_CHALLENGE}, error="invalid_token"'
            raise Refused(kinds.TOKEN_REFUSED, headers={"WWW-Authenticate": challenge}) from None
        trace.get_current_span().set_attribute("smartfactory.role", caller.role)
        if self.roles is not None and caller.role not in self.roles:
            raise Refused(kinds.ROLE_NOT_ALLOWED, facts={"role": caller.role, "roles": ", ".join(sorted(self.roles))})
        return caller


def allowed(*roles: str) -> Any:  # noqa: ANN401  FastAPI's own dependency markers are Any
    """Let these roles in, for `by: Annotated[Principal, ...]`; everybody else is answered with 401 or 403."""
    if not roles:
        raise TypeError("allowed() names at least one role; a public route says anyone()")
    return Depends(Access(frozenset(str(role) for role in roles)))


def anyone() -> Any:  # noqa: ANN401  the same
    """Let everybody in, for `by: Annotated[Principal | None, ...]`; the route may still want to know who asks."""
    return Depends(Access(None))


def access_of(dependant: Dependant) -> Access:
    """The one access rule among a route's dependencies; a route without one, or with two, does not start."""
    found = [call for call in _calls(dependant) if isinstance(call, Access)]
    if len(found) != 1:
        raise TypeError(
            f"{dependant.call!r} declares {len(found)} access rules; it needs one: allowed(...) or anyone()"
        )
    return found[0]


def _calls(dependant: Dependant) -> Iterator[object]:
    for child in dependant.dependencies:
        yield child.call
        yield from _calls(child)
