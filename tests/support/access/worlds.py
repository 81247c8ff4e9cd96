"""What the matrix of permissions needs of a service: its application, things of two owners, and one request each."""

import itertools
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol
from uuid import uuid4

from fastapi import FastAPI

from common.db import Database
from contracts.roles import COMPANY_ROLES, MUNICIPALITY_ROLES, PROVINCE_TENANT, Role
from tests.support.examining import digest_of_tables
from tests.support.tokens import Issuer
from tools.catalogue.permissions import PUBLIC

STRAY = "stray"
"""The scope of a caller whose tenant is one that the role cannot have."""

STALE = 999_999
"""A version nobody has: whoever is let in is told so (412), and nothing changes."""


class Answer(Protocol):
    """What both HTTP clients of the tests return."""

    @property
    def status_code(self) -> int: ...
    @property
    def text(self) -> str: ...
    def json(self) -> Any: ...


@dataclass(frozen=True)
class Ask:
    """One request. `shows` is a text that a list's answer holds when the thing is on it."""

    method: str
    path: str
    body: Mapping[str, Any] | None = None
    version: int | None = None
    query: Mapping[str, Any] = field(default_factory=dict)
    shows: str | None = None


Things = Mapping[str, str]
"""The ids of one owner's things, by kind."""

Asks = Mapping[str, Callable[[Things], Ask]]
"""By operation id: the request that does it to these things."""


@dataclass(frozen=True)
class Caller:
    """A role with a tenant, or nobody."""

    role: str
    tenant: str | None
    subject: str


@dataclass
class World:
    """A running service with things of two owners in it, `own` and `other`; whose `own` they are depends on the role."""

    service: str
    app: FastAPI
    http: Any
    owner: Database
    issuer: Issuer
    asks: Asks
    own: Callable[[str], Things]
    other: Things
    company: str
    municipality: str
    members: Mapping[str, str] = field(default_factory=dict)
    supplier: str = PROVINCE_TENANT
    _keys: "itertools.count[int]" = field(default_factory=lambda: itertools.count(1))
    _headers: dict[Caller, dict[str, str]] = field(default_factory=dict)

    def caller(self, role: str, scope: str) -> Caller:
        """Who asks: with the tenant that owns `own`, or with none at all."""
        tenant = {"none": None, STRAY: "t-1"}.get(scope, self._tenant(role))
        return Caller(role, tenant, self.members.get(role, f"matrix-{role}"))

    def ask(self, operation_id: str, role: str, scope: str) -> Ask:
        """The operation on what is the role's own, another's, or nobody's because it does not exist."""
        own = self.own(role)
        things = {
            "own": own,
            "none": own,
            STRAY: own,
            "other": self.other,
            "absent": {name: _absent() for name in own},
        }
        return self.asks[operation_id](things[scope])

    async def send(self, ask: Ask, caller: Caller) -> Any:
        headers = dict(self.authorised(caller))
        if ask.method == "POST":
            headers["Idempotency-Key"] = f"permission-matrix-{next(self._keys)}"
        if ask.version is not None:
            headers["If-Match"] = f'"{ask.version}"'
        return await self.http.request(ask.method, ask.path, json=ask.body, params=ask.query, headers=headers)

    async def state(self) -> Mapping[str, str]:
        """A digest of every row of every table, by table."""
        return await digest_of_tables(self.owner)

    def _tenant(self, role: str) -> str:
        if role in COMPANY_ROLES:
            return self.company
        if role in MUNICIPALITY_ROLES:
            return self.municipality
        return self.supplier if role == Role.SUPPLIER else PROVINCE_TENANT

    def authorised(self, caller: Caller) -> Mapping[str, str]:
        """The headers that say who this is."""
        if caller.role == PUBLIC:
            return {}
        if caller not in self._headers:
            self._headers[caller] = self.issuer.headers(role=caller.role, tenant=caller.tenant, subject=caller.subject)
        return self._headers[caller]


def _absent() -> str:
    """An id of nothing. It begins with a letter, so that it could also name a version of a rule."""
    return f"a{str(uuid4())[1:]}"
