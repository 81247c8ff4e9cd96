"""`smartfactory notes`: what operators said of their decisions, listed, and erased where it must not be kept."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar
from uuid import UUID

from cyclopts import App
from rich.console import Console

from common import notes
from common.acting import THE_SERVICE
from common.auth import Principal
from common.clock import FileClock
from common.db import Database, Transaction
from common.errors import DomainError, Text
from common.notes import Ground
from contracts.roles import Role
from smartfactory.console import GOOD
from smartfactory.people import tenant_of
from smartfactory.running import DATA_DIR, DataDir, application_urls, running_data
from smartfactory.stack.datadir import DataDirectory
from smartfactory.stack.faults import StackFault
from smartfactory.stack.provision import SERVICES

app = App(name="notes", help="What operators said of their decisions: list, erase.")

_LOOK = Text("smartfactory notes list로 확인해 주세요.", "Look with `smartfactory notes list`.")

_Result = TypeVar("_Result")


@app.command(name="list")
def list_notes(service: str, /, *, chain: str | None = None, data_dir: DataDir = DATA_DIR) -> int:
    """List the latest notes of a service, of one chain of its journal or of all."""
    url = _url(running_data(data_dir), service)

    async def look(tx: Transaction) -> list[notes.Note]:
        return await notes.list_of(tx, chain=chain)

    console = Console()
    for note in asyncio.run(_in(url, look)):
        words = "지움 · erased" if note.words is None else note.words
        told = f"{note.id}  {note.recorded_at.isoformat(timespec='seconds')}  {note.chain}\n  {words}"
        console.print(told, markup=False, highlight=False, soft_wrap=True)
    return 0


@app.command
def erase(service: str, note: UUID, /, *, by: str, ground: Ground, data_dir: DataDir = DATA_DIR) -> int:
    """Erase the words of a note for good; the journal keeps who did it, when, and on which ground."""
    data = running_data(data_dir)
    url, now = _url(data, service), FileClock(data.clock_file).now()

    async def do(tx: Transaction) -> None:
        await notes.erase(tx, note, by=_operator(by), ground=ground, at=now)

    asyncio.run(_in(url, do))
    Console().print(f"{GOOD} 메모를 지웠습니다 · the note is erased")
    return 0


async def _in(url: str, work: Callable[[Transaction], Awaitable[_Result]]) -> _Result:
    database = Database(url, application_name="smartfactory-notes", acting=THE_SERVICE, pool_size=1)
    try:
        async with database.transaction() as tx:
            return await work(tx)
    except DomainError as refused:
        texts = {"ko": refused.detail.ko.format_map(refused.facts), "en": refused.detail.en.format_map(refused.facts)}
        raise StackFault(Text(**texts), _LOOK) from refused
    finally:
        await database.dispose()


def _url(data: DataDirectory, service: str) -> str:
    url = application_urls(data).get(service)
    if url is None:
        raise StackFault(
            Text(f"{service}라는 서비스가 없습니다.", f"There is no service {service}."),
            Text(f"{', '.join(SERVICES)} 중 하나를 쓰세요.", f"Use one of {', '.join(SERVICES)}."),
        )
    return url


def _operator(subject: str) -> Principal:
    return Principal(
        issuer="urn:smartfactory:local",
        subject=subject,
        role=Role.PLATFORM_OPERATOR,
        tenant=tenant_of(Role.PLATFORM_OPERATOR),
        token_id="",
    )
