"""`smartfactory parked`: events that a service could not apply, shown, tried again, or dropped by two people."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from importlib import import_module
from typing import Annotated, TypeVar

from cyclopts import App, Parameter, validators
from rich.console import Console
from rich.table import Table

from common import parked
from common.auth import Principal
from common.clock import FileClock
from common.consumer.batch import Applier
from common.consumer.redrive import redrive as redrive_key
from common.db import Database
from common.errors import DomainError, Text
from common.parked import ParkedEvent
from contracts.roles import Role
from smartfactory.console import GOOD
from smartfactory.running import DATA_DIR, DataDir, application_urls, running_data
from smartfactory.stack.datadir import DataDirectory
from smartfactory.stack.faults import StackFault
from smartfactory.stack.provision import SERVICES

app = App(name="parked", help="Events that could not be applied: list, show, redrive, discard.")

_SHOWN_BYTES = 2_000
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
            facts = (event.id, event.key.topic, event.key.key, event.sequence, event.type, event.reason, event.attempts)
            table.add_row(one, *(str(fact) for fact in facts), event.parked_at.isoformat(timespec="seconds"))
    console = Console()
    console.print(table if table.row_count else f"{GOOD} 보류된 이벤트가 없습니다 · nothing is parked")
    return 0


@app.command
def show(service: str, id_: EventId, /, *, data_dir: DataDir = DATA_DIR) -> int:
    """Show one parked event with the bytes that were received."""
    event = asyncio.run(_with_database(running_data(data_dir), service, _one(id_)))
    console = Console()
    for name in (*ParkedEvent.__dataclass_fields__,):
        if name != "record":
            console.print(f"{name:<18} {getattr(event, name)}", markup=False, highlight=False)
    content = (event.record.value or b"")[:_SHOWN_BYTES].decode(errors="backslashreplace")
    console.print(content, markup=False, highlight=False)
    return 0


@app.command
def redrive(service: str, id_: EventId, /, *, by: str, data_dir: DataDir = DATA_DIR) -> int:
    """Try a parked event and all that wait behind it again, in order; `by` is who asks for it."""
    data = running_data(data_dir)

    async def work(database: Database) -> tuple[int, int]:
        event = await _one(id_)(database)
        handlers = import_module(f"{service}.main").SERVICE.handlers
        applier = Applier(database, FileClock(data.clock_file), handlers, service=service)
        done = await redrive_key(database, applier, event.key, by=_operator(by))
        return done.applied, done.left

    applied, left = asyncio.run(_with_database(data, service, work))
    Console().print(f"적용 {applied}건, 남음 {left}건 · applied {applied}, still waiting {left}")
    return 0 if left == 0 else 1


@app.command
def discard(service: str, id_: EventId, /, *, by: str, reason: str = "", data_dir: DataDir = DATA_DIR) -> int:
    """Ask to drop a parked event (with `--reason`), or confirm what somebody else has asked (without)."""
    data = running_data(data_dir)
    at = FileClock(data.clock_file).now()

    async def work(database: Database) -> str:
        async with database.transaction() as tx:
            if reason:
                await parked.ask_discard(tx, id_, by=_operator(by), reason=reason, at=at)
                return "폐기를 요청했습니다. 다른 사람이 확인해야 합니다 · asked; a second person must confirm"
            await parked.confirm_discard(tx, id_, by=_operator(by), at=at)
            return "폐기했습니다 · discarded"

    Console().print(asyncio.run(_with_database(data, service, work)))
    return 0


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
    database = Database(url, application_name="smartfactory-parked", pool_size=2)
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
        tenant=None,
        token_id="",
    )
