"""R18: one request, sent by eight clients at once to replicas that crash and lose answers: one effect, one answer."""

import asyncio
import contextlib
import random
from collections import defaultdict
from collections.abc import AsyncIterator

import pytest

from contracts.roles import Role
from contracts.types import MUNICIPALITIES
from tests.support.drills.figures import Drill
from tests.support.drills.history import Clients, Effect, Moment, Person
from tests.support.drills.installation import Installation, page
from tests.support.drills.invariants.audit import hold
from tests.support.drills.proxy import FaultProxy
from tests.support.drills.season import for_each, played
from tests.support.servers import ServiceProcess
from tests.support.waiting import eventually

_PLACE = "command.before_commit"
_CLIENTS, _KEYS_AT_ONCE, _REPLICAS = 8, 4, 4
_DEAF_SHARE = 0.3
_LEAST_CRASHES = 0.15
_TOWNS = tuple(one.code for one in MUNICIPALITIES)
_LINES = "SELECT count(*) FROM budget_line WHERE fiscal_year = 2033"


@pytest.mark.promise("R18", "I3")
async def test_one_request_sent_by_many(installation: Installation, drill: Drill):
    """Each key by 8 clients at once; replicas are killed before they commit, and a third of all answers is lost."""
    keys, history = drill.scale(ci=20, full=1000), installation.history
    apis = [installation.process("funding", "api") for _ in range(_REPLICAS)]
    proxies = [FaultProxy(int(api.env["HTTP_PORT"]), seed=number) for number, api in enumerate(apis)]
    await played(installation)
    mark = len(history.moments)
    addresses = {"funding": [f"http://127.0.0.1:{proxy.port}" for proxy in proxies]}
    async with (
        installation.clients(seed=18, replicas=addresses) as clients,
        crashing(apis, within=drill.scale(ci=4, full=7)) as crashes,
    ):
        with contextlib.ExitStack() as faults:
            for proxy in proxies:
                faults.enter_context(proxy.deaf(_DEAF_SHARE))
            await for_each(range(keys), lambda number: _eight_times(clients, number), at_once=_KEYS_AT_ONCE)
    for proxy in proxies:
        proxy.close()

    bodies: dict[str | None, set[str]] = defaultdict(set)
    for one in history.since(mark):
        if one.phase in {"ok", "fail"}:
            bodies[history.operations[one.operation].key].add(f"{one.status} {one.body}")
    drill.figure("keys", len(bodies), limit=f"== {keys}")
    drill.figure("crashes before the commit", len(crashes), limit=f">= {int(keys * _LEAST_CRASHES)}")
    drill.figure("answers that never came", sum(one.phase == "unknown" for one in history.since(mark)))
    drill.figure("effects", await _value(installation, _LINES), limit=f"== {keys}")
    drill.figure("keys with two different answers", sum(len(seen) != 1 for seen in bodies.values()), limit="== 0")
    async with installation.clients(seed=180) as clients:
        drill.figure("status of the key with other content", await _other_content(clients), limit="== 422")
        drill.figure("status without a key", await _without_key(clients), limit="== 400")
    await installation.settled()
    await hold(installation, drill)


@contextlib.asynccontextmanager
async def crashing(apis: list[ServiceProcess], *, within: int) -> AsyncIterator[list[str]]:
    """Replicas that die before the commit of one of their next commands, and are started again at once."""
    deaths: list[str] = []
    over, chance = asyncio.Event(), random.Random(18)

    async def supervise(api: ServiceProcess) -> None:
        while not over.is_set():
            api.start(FAILPOINTS=f"{_PLACE}=kill9@{chance.randint(1, within)}")
            await eventually(lambda: over.is_set() or api.exit_code() is not None, 600)
            if api.exit_code() is not None:
                deaths.append(api.name)
        api.kill()

    tasks = [asyncio.create_task(supervise(api)) for api in apis]
    await eventually(lambda: all(page(api, "livez") == 200 for api in apis), 60, what="the replicas live")
    try:
        yield deaths
    finally:
        over.set()
        await asyncio.gather(*tasks)


async def _eight_times(clients: Clients, number: int) -> None:
    await asyncio.gather(*(_propose(clients, number) for _ in range(_CLIENTS)))


async def _propose(clients: Clients, number: int, **changes: object) -> object:
    town = _TOWNS[number % len(_TOWNS)]
    return await clients.post(
        Person(Role.MUNICIPALITY_OFFICER, town, f"officer-{town}"),
        "funding",
        "/v1/budget-lines",
        {
            "source": "MUNICIPALITY",
            "track": f"K{number}",
            "fiscal_year": 2033,
            "municipality_code": town,
            "amount_won": 1_000_000,
            "legal_regime": "LOCAL_SUBSIDY",
            "funder": "가상 재원",
            **changes,
        },
        kind="propose-line",
        key=f"drill-r18-key-{number:05d}",
        effect=Effect("funding", "budget-line-proposed", "budget-line/{id}"),
        may_fail=bool(changes),
    )


async def _other_content(clients: Clients) -> int:
    await _propose(clients, 0, amount_won=2)
    return _last(clients).status or 0


async def _without_key(clients: Clients) -> int:
    by = Person(Role.MUNICIPALITY_OFFICER, _TOWNS[0], "officer")
    operation = clients.history.begin("propose-without-key", "funding", by, "POST", "/v1/budget-lines")
    return (await clients.once(operation, {}, {})).status or 0


def _last(clients: Clients) -> Moment:
    return clients.history.moments[-1]


async def _value(installation: Installation, sql: str) -> int:
    return int(installation.servers.postgres.run(sql, database=installation.urls["funding"].owner.rsplit("/", 1)[1]))
