"""`smartfactory parked`: events that a service could not apply, shown, tried again, or dropped by two people."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from importlib import import_module
from typing import Annotated, TypeVar

from cyclopts import App, Parameter, validators
from rich.console import Console
from rich.table import Table

from common import parked
from common.acting import THE_SERVICE
from common.auth import Principal
from common.clock import FileClock
from common.consumer.batch import Applier
from common.consumer.redrive import Redriven, discard_event, redrive_event
from common.db import Database
from common.errors import DomainError, Text
from common.parked import ParkedEvent
from contracts.roles import Role
from smartfactory.console import GOOD
from smartfactory.people import tenant_of
from smartfactory.running import DATA_DIR, DataDir, application_urls, running_data
from smartfactory.stack.datadir import DataDirectory
from smartfactory.stack.faults import StackFault
from smartfactory.stack.provision import SERVICES

app = App(name="parked", help="Events that could not be applied: list, show, redrive, discard.")

_SHOWN_BYTES = 2_000
_CONTENT = frozenset({"record", "detail"})
_LOOK = Text("smartfactory parked list로 다시 확인해 주세요.", "Look again with `smartfactory parked list`.")

EventId = Annotated[int, Parameter(validator=validators.Number(gte=1, lt=2**63))]

_Result = TypeVar("_Result")


@app.command(name="list")
def list_events(*, service: str | None = None, data_dir: DataDir = DATA_DIR) -> int:
    """List what waits, each key's events in their order."""
    data = running_data(data_dir)
    table = Table("service", "id", "topic", "key", "sequence", "type", "reason", "attempts", "parked at")
    for one in [service] if service else SERVICES:
        for event in asyncio.run(_with_database(data, one, _waiting)):
            facts = (event.id, event.key.topic, event.key.key, event.sequence, event.type, event.fault, event.attempts)
            table.add_row(one, *(str(fact) for fact in facts), event.parked_at.isoformat(timespec="seconds"))
    console = Console()
    console.print(table if table.row_count else f"{GOOD} 보류된 이벤트가 없습니다 · nothing is parked")
    return 0


@app.command
def show(service: str, id_: EventId, /, *, content: bool = False, data_dir: DataDir = DATA_DIR) -> int:
    """Show one parked event: which it is, where it stood, why it waits.

    Parameters
    ----------
    service
        Whose.
    id_
        The number that `parked list` shows.
    content
        Also the received bytes and the whole message: case data, for whoever may see it.
    """
    event = asyncio.run(_with_database(running_data(data_dir), service, _one(id_)))
    console = Console()
    shown = {name: getattr(event, name) for name in ParkedEvent.__dataclass_fields__ if name not in _CONTENT}
    shown |= {"fault": event.fault, "trace_id": event.trace_id}
    for name, value in shown.items():
        console.print(f"{name:<18} {value}", markup=False, highlight=False)
    if content:
        text = (event.record.value or b"")[:_SHOWN_BYTES].decode(errors="backslashreplace")
        console.print(f"{event.detail}\n{text}", markup=False, highlight=False)
    return 0


@app.command
def redrive(service: str, id_: EventId, /, *, by: str, reason: str, data_dir: DataDir = DATA_DIR) -> int:
    """Try a parked event and what waits behind it again, in order; `by` is who asks for it, `reason` what changed."""

    async def work(database: Database, applier: Applier, at: datetime) -> Redriven:
        async with database.transaction() as tx:
            return await redrive_event(tx, applier, id_, by=_operator(by), reason=reason, at=at)

    return _tell(asyncio.run(_with_applier(running_data(data_dir), service, work)))


@app.command
def discard(service: str, id_: EventId, /, *, by: str, reason: str = "", data_dir: DataDir = DATA_DIR) -> int:
    """Ask to drop a parked event (with `--reason`), or confirm what somebody else has asked (without)."""

    async def work(database: Database, applier: Applier, at: datetime) -> Redriven | None:
        async with database.transaction() as tx:
            if reason:
                await parked.ask_discard(tx, id_, by=_operator(by), reason=reason, at=at)
                return None
            return await discard_event(tx, applier, id_, by=_operator(by), at=at)

    done = asyncio.run(_with_applier(running_data(data_dir), service, work))
    if done is not None:
        return _tell(done)
    Console().print("폐기를 요청했습니다. 다른 사람이 확인해야 합니다 · asked; a second person must confirm")
    return 0


def _tell(done: Redriven) -> int:
    Console().print(
        f"적용 {done.applied}건, 남음 {done.left}건, 다음 순번 {done.next_sequence} · "
        f"applied {done.applied}, still waiting {done.left}, next sequence {done.next_sequence}"
    )
    return 0 if done.left == 0 else 1


async def _with_applier(
    data: DataDirectory, service: str, work: Callable[[Database, Applier, datetime], Awaitable[_Result]]
) -> _Result:
    """Work on a service's database with its handlers, as its own API does."""
    clock = FileClock(data.clock_file)

    async def prepared(database: Database) -> _Result:
        handlers = import_module(f"{service}.main").SERVICE.handlers
        return await work(database, Applier(database, clock, handlers, service=service), clock.now())

    return await _with_database(data, service, prepared)


async def _waiting(database: Database) -> Sequence[ParkedEvent]:
    async with database.transaction(read_only=True) as tx:
        return await parked.list_waiting(tx)


def _one(id_: EventId) -> Callable[[Database], Awaitable[ParkedEvent]]:
    async def find(database: Database) -> ParkedEvent:
        async with database.transaction(read_only=True) as tx:
            return await parked.show(tx, id_)

    return find


async def _with_database(data: DataDirectory, service: str, work: Callable[[Database], Awaitable[_Result]]) -> _Result:
    url = application_urls(data).get(service)
    if url is None:
        raise StackFault(
            Text(f"{service}라는 서비스가 없습니다.", f"There is no service {service}."),
            Text(f"{', '.join(SERVICES)} 중 하나를 쓰세요.", f"Use one of {', '.join(SERVICES)}."),
        )
    database = Database(url, application_name="smartfactory-parked", acting=THE_SERVICE, pool_size=2)
    try:
        return await work(database)
    except DomainError as refused:
        texts = {"ko": refused.detail.ko.format_map(refused.facts), "en": refused.detail.en.format_map(refused.facts)}
        raise StackFault(Text(**texts), _LOOK) from refused
    finally:
        await database.dispose()


def _operator(subject: str) -> Principal:
    return Principal(
        issuer="urn:smartfactory:local",
        subject=subject,
        role=Role.PLATFORM_OPERATOR,
        tenant=tenant_of(Role.PLATFORM_OPERATOR),
        token_id="",
    )
