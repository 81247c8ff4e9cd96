"""`smartfactory republish` and `reread`: what an operator does after Kafka lost a log, each in two steps.

Without `--confirm` both only count and say. docs/runbook/kafka-data-lost.md tells when to use which.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from importlib import import_module
from typing import Annotated, TypeVar

from cyclopts import Parameter
from rich.console import Console
from rich.table import Table

from common import republish as logs
from common.acting import THE_SERVICE
from common.auth import Principal
from common.clock import FileClock
from common.consumer import topics_of
from common.db import Database, Transaction
from common.errors import DomainError, Text
from contracts.roles import Role
from smartfactory.console import GOOD
from smartfactory.people import tenant_of
from smartfactory.running import DATA_DIR, DataDir, application_urls, running_data
from smartfactory.stack.faults import StackFault
from smartfactory.stack.provision import SERVICES

_AGAIN = Text("--confirm 없이 다시 실행해 건수를 확인해 주세요.", "Run it without --confirm and look at the count.")
_WHO_AND_WHY = Text("--by와 --reason을 적어 주세요.", "Say it with --by and --reason.")

Confirm = Annotated[int | None, Parameter(help="The count that was shown; without it nothing is done.")]
By = Annotated[str, Parameter(help="Who asks, for the journal.")]
Reason = Annotated[str, Parameter(help="What happened, for the journal.")]

_Result = TypeVar("_Result")


def republish(
    *topics: str,
    every: Annotated[bool, Parameter(name="--all")] = False,
    confirm: Confirm = None,
    by: By = "",
    reason: Reason = "",
    data_dir: DataDir = DATA_DIR,
) -> int:
    """Send topics once more from the first event on, from the outbox; without --confirm only say how many events.

    Parameters
    ----------
    topics
        Which topics, as applicant.project.v1.
    every
        All topics of all services.
    """
    data, console = running_data(data_dir), Console()
    urls = application_urls(data)
    known = {name: asyncio.run(_in(urls[name], logs.histories)) for name in SERVICES}
    wanted = {one.topic for found in known.values() for one in found} if every else set(topics)
    _refuse_unknown(wanted, {one.topic for found in known.values() for one in found})
    found = {name: [one for one in told if one.topic in wanted] for name, told in known.items()}
    count = sum(one.published for told in found.values() for one in told)
    table = Table("service", "topic", "events", "to be sent again")
    for name, told in found.items():
        for one in told:
            table.add_row(name, one.topic, str(one.events), str(one.published))
    console.print(table)
    if confirm is None:
        _say_how(console, "republish", wanted, every=every, count=count)
        return 0
    who, now = _operator(by, reason), FileClock(data.clock_file).now()
    if confirm != count:
        raise _another_count(count)
    for name, told in found.items():
        names, events = [one.topic for one in told], sum(one.published for one in told)

        async def send(tx: Transaction, names: Sequence[str] = names, events: int = events) -> int:
            return await logs.republish(tx, names, confirmed=events, by=who, reason=reason, at=now)

        if told:
            # Each service for itself: should one refuse, what was said before it is done, and stays right.
            asyncio.run(_in(urls[name], send))
            console.print(f"{GOOD} {name}: 이벤트 {events}건을 다시 보냅니다 · {events} events are being sent again")
    return 0


def reread(
    service: str,
    /,
    *topics: str,
    every: Annotated[bool, Parameter(name="--all")] = False,
    confirm: Confirm = None,
    by: By = "",
    reason: Reason = "",
    data_dir: DataDir = DATA_DIR,
) -> int:
    """Have a service read topics from the start of the log there is now; it skips what it has done.

    Parameters
    ----------
    service
        Which service listens.
    topics
        Which topics, as applicant.project.v1.
    every
        All topics that the service listens to.
    """
    if service not in SERVICES:
        raise StackFault(
            Text(f"{service}라는 서비스가 없습니다.", f"There is no service {service}."),
            Text(f"{', '.join(SERVICES)} 중 하나를 쓰세요.", f"Use one of {', '.join(SERVICES)}."),
        )
    data, console = running_data(data_dir), Console()
    url = application_urls(data)[service]
    listens = topics_of(import_module(f"{service}.main").SERVICE.handlers)
    wanted = listens if every else sorted(set(topics))
    _refuse_unknown(set(wanted), set(listens))

    async def look(tx: Transaction) -> list[logs.Heard]:
        return await logs.heard(tx, wanted)

    found = asyncio.run(_in(url, look))
    count = sum(one.events for one in found)
    table = Table("topic", "events done", "state")
    for one in found:
        table.add_row(one.topic, str(one.events), "begins again" if one.begins_again else "goes on")
    console.print(table)
    if confirm is None:
        _say_how(console, f"reread {service}", wanted, every=every, count=count)
        return 0
    who, now = _operator(by, reason), FileClock(data.clock_file).now()

    async def begin(tx: Transaction) -> int:
        return await logs.begin_again(tx, wanted, confirmed=confirm, by=who, reason=reason, at=now)

    asyncio.run(_in(url, begin))
    console.print(f"{GOOD} {service}: 처음부터 다시 읽습니다 · reads from the start, and skips the {count} it has done")
    return 0


async def _in(url: str, work: Callable[[Transaction], Awaitable[_Result]]) -> _Result:
    database = Database(url, application_name="smartfactory-republish", pool_size=1, acting=THE_SERVICE)
    try:
        async with database.transaction() as tx:
            return await work(tx)
    except DomainError as refused:
        texts = {"ko": refused.detail.ko.format_map(refused.facts), "en": refused.detail.en.format_map(refused.facts)}
        raise StackFault(Text(**texts), _AGAIN) from refused
    finally:
        await database.dispose()


def _refuse_unknown(wanted: set[str], known: set[str]) -> None:
    choice = ", ".join(sorted(known))
    if not known:
        raise StackFault(
            Text("보냈거나 듣는 토픽이 아직 없습니다.", "There is no topic yet that was told or is heard."),
            Text("할 일이 없습니다.", "There is nothing to do."),
        )
    if not wanted:
        which = Text("토픽을 지정하지 않았습니다.", "No topic is named.")
    elif wanted - known:
        unknown = ", ".join(sorted(wanted - known))
        which = Text(f"보냈거나 듣는 토픽이 아닙니다: {unknown}", f"No such topic is told or heard: {unknown}")
    else:
        return
    raise StackFault(which, Text(f"{choice} 중에서 고르거나 --all을 쓰세요.", f"Choose among {choice}, or use --all."))


def _say_how(console: Console, command: str, topics: Sequence[str] | set[str], *, every: bool, count: int) -> None:
    which = "--all" if every else " ".join(sorted(topics))
    console.print("아직 바뀐 것은 없습니다. 실행하려면 · Nothing is changed yet. To do it:")
    console.print(f'  smartfactory {command} {which} --confirm {count} --by ... --reason "..."', highlight=False)


def _another_count(count: int) -> StackFault:
    refused = logs.CountNotConfirmed
    texts = {"ko": refused.detail.ko.format(count=count), "en": refused.detail.en.format(count=count)}
    return StackFault(Text(**texts), _AGAIN)


def _operator(subject: str, reason: str) -> Principal:
    if not subject.strip() or not reason.strip():
        raise StackFault(
            Text(
                "누가 왜 요청하는지 적어야 합니다. 바뀐 것은 없습니다.",
                "It must be known who asks, and why. Nothing changed.",
            ),
            _WHO_AND_WHY,
        )
    return Principal(
        issuer="urn:smartfactory:local",
        subject=subject.strip(),
        role=Role.PLATFORM_OPERATOR,
        tenant=tenant_of(Role.PLATFORM_OPERATOR),
        token_id="",
    )
