"""What Schemathesis is told of this system, in its own process: who sends a case, and a version that can be true.

Both follow from the case's content, so that a case that is tried again is the same case.
"""

import json
import os
import zlib
from typing import Any

import schemathesis

_TOKENS: dict[str, str] = json.loads(os.environ["SMARTFACTORY_TOKENS"])
_ROLES = sorted(_TOKENS)
_CREATED: dict[str, str] = {}
"""Who made what, by its id: the authorization that was answered with 201. A proposal is there for who may see it."""
_CREATED_STATUS = 201


@schemathesis.auth(refresh_interval=None)  # type: ignore[call-overload]  its types know a number only
class TokenOfSomeRole:
    """Three of four times a role that may call the operation, else whichever comes; what was made, its maker reads."""

    def get(self, case: Any, _context: Any) -> str:
        if case.method == "GET":
            for value in (case.path_parameters or {}).values():
                if maker := _CREATED.get(str(value)):
                    return maker
        may = case.operation.definition.raw.get("x-roles") or _ROLES
        number = _number_of(case)
        roles = [role for role in may if role in _TOKENS] if number % 4 else _ROLES
        return _TOKENS[roles[number // 4 % len(roles)]]

    def set(self, case: Any, data: str, _context: Any) -> None:
        case.headers["Authorization"] = f"Bearer {data}"


@schemathesis.hook
def before_call(_context: Any, case: Any, _options: Any) -> None:
    """What nobody can make up: a version, from 1 to 4 in two of three, and a cursor, left out of a good request.

    And no NUL in its address: that is malformed in any parameter, before anybody asks which one it is.
    """
    if case.meta is not None and not case.meta.generation.mode.is_positive:
        return
    if "If-Match" in (case.headers or {}) and _number_of(case) % 3:
        case.headers["If-Match"] = f'"{_number_of(case) % 4 + 1}"'
    if "cursor" in (case.query or {}):
        del case.query["cursor"]
    for name, value in list((case.query or {}).items()):
        if isinstance(value, str):
            case.query[name] = value.replace("\0", "")


@schemathesis.hook
def after_call(_context: Any, case: Any, response: Any) -> None:
    """Remember who made a thing."""
    if response.status_code != _CREATED_STATUS:
        return
    made = response.json()
    if isinstance(made, dict) and isinstance(made.get("id"), str):
        _CREATED[made["id"]] = case.headers["Authorization"].removeprefix("Bearer ")


def _number_of(case: Any) -> int:
    said = (case.operation.label, case.path_parameters, case.query, case.body)
    return zlib.crc32(repr(said).encode("utf-8", "surrogatepass"))
