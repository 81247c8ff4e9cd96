"""On whose behalf a transaction works, as row-level security in PostgreSQL asks: a caller, or the service itself.

It is said together with BEGIN and gone with the transaction, however that ends, so a pooled connection carries nobody
over to the next one. Who says nothing sees no row.
"""

import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any, Self

import asyncpg
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection

from common.auth import SERVICE_ROLE, Principal

SETTING = "smartfactory.caller"
"""The setting that policies read, through the functions of `row_security_v1`."""

PUBLIC_ROLE = "public"

_BETWEEN = "\x1f"
_INFO = "smartfactory.acting"
_BECOME = text("SELECT set_config('smartfactory.caller', :said, true)")
_STAY = text("SELECT set_config('smartfactory.caller', :said, false)")


@dataclass(frozen=True, slots=True)
class Acting:
    """A role with its tenant and subject, or the service, which is of none."""

    role: str
    tenant: str = ""
    subject: str = ""

    def __post_init__(self) -> None:
        # The separator is not printable either: no subject can pass for two of the parts.
        if not f"{self.role}{self.tenant}{self.subject}".isprintable():
            raise ValueError("who acts is named in printable characters")

    @classmethod
    def of(cls, caller: Principal | None) -> Self:
        """Whoever a request comes from; without a token it is anybody. No token makes its bearer the service."""
        if caller is None:
            return cls(PUBLIC_ROLE)
        if caller.role == SERVICE_ROLE:
            raise ValueError("a request cannot act as the service")
        return cls(caller.role, caller.tenant or "", caller.subject)

    @property
    def said(self) -> str:
        """The setting's value."""
        return _BETWEEN.join((self.role, self.tenant, self.subject)).rstrip(_BETWEEN)


THE_SERVICE = Acting(SERVICE_ROLE)


class SpeakingConnection(asyncpg.Connection):  # type: ignore[misc]
    """A connection that says on whose behalf in the same message as BEGIN: no round trip more, for reads and writes."""

    __slots__ = ("_opening",)

    def __init__(self, *connection: Any, **options: Any) -> None:  # noqa: ANN401  asyncpg's own
        super().__init__(*connection, **options)
        self._opening = ""

    def begin_as(self, acting: Acting | None) -> None:
        """Say so with the next BEGIN; None leaves what the connection was opened with."""
        self._opening = "" if acting is None else f"SET LOCAL {SETTING} = {_literal(acting.said)};"

    async def execute(self, query: str, *parameters: Any, timeout: float | None = None) -> str:  # noqa: ANN401, ASYNC109  asyncpg's signature
        opening = self._opening if query.startswith("BEGIN") else ""
        if not opening:
            return str(await super().execute(query, *parameters, timeout=timeout))
        self._opening = ""
        try:
            return str(await super().execute(query + opening, timeout=timeout))
        except BaseException:
            # Begun or not, nobody knows: such a connection must not be lent again.
            self.terminate()
            raise


def note_acting(tx: AsyncConnection, acting: Acting | None, *, said: bool) -> None:
    """For `common.db`: begin this transaction on somebody's behalf, unless its connection was opened on theirs."""
    connection: SpeakingConnection = _raw(tx)
    connection.begin_as(acting if said else None)
    tx.info[_INFO] = acting


async def stay_acting(connection: AsyncConnection, acting: Acting) -> None:
    """For `common.db`: from now on a connection that is lent to nobody after this works on somebody's behalf."""
    await connection.execute(_STAY, {"said": acting.said})


@contextlib.asynccontextmanager
async def as_service(tx: AsyncConnection) -> AsyncIterator[None]:
    """See and write all rows in the block, where the work is the service's own and not the caller's.

    Each use is listed with its reason in tests/repo/acting_as_service.toml. Costs two small statements.
    """
    before: Acting | None = tx.info.get(_INFO)
    if before == THE_SERVICE:
        yield
        return
    await _become(tx, THE_SERVICE)
    try:
        yield
    except BaseException:
        # Where this cannot be said any more, the transaction is lost, or goes back to a savepoint before the block.
        with contextlib.suppress(SQLAlchemyError, OSError):
            await _become(tx, before)
        raise
    await _become(tx, before)


async def _become(tx: AsyncConnection, acting: Acting | None) -> None:
    tx.info[_INFO] = acting
    await tx.execute(_BECOME, {"said": "" if acting is None else acting.said})


def _raw(tx: AsyncConnection) -> Any:  # noqa: ANN401  asyncpg has no types
    connection = tx.sync_connection
    assert connection is not None  # noqa: S101  it was started
    return connection.connection.driver_connection


def _literal(value: str) -> str:
    # Backslashes stand for themselves: standard_conforming_strings is one of the session's settings in common.db.
    return "'" + value.replace("'", "''") + "'"
