"""Promise R29 in numbers: no text of a caller stands in a statement, and sqlmap finds no way to make it so."""

import asyncio
import hashlib
import json
import math
import time
import uuid
from collections.abc import Mapping, Sequence
from pathlib import Path
from urllib.parse import urlencode

import httpx2
import pytest

from tests.support.access.places import Place, places_of
from tests.support.access.served import Served
from tests.support.access.table import OFFERED
from tests.support.drills.figures import Drill
from tests.support.forwarding import forwarding
from tests.support.injecting import HERE, QUICK, THOROUGH, Effort, Verdict, open_door, sqlmap, statements_logged
from tests.support.servers import Servers
from tests.support.waiting import eventually

_REFUSED = 422


@pytest.mark.promise("R29")
async def test_no_text_of_a_caller_becomes_a_part_of_a_statement(
    session_servers: Servers, services: Served, drill: Drill
) -> None:
    """A mark with a quote in every place where a caller can write, and none of them in what PostgreSQL is asked to run."""
    places = [place for operation in OFFERED for place in places_of(operation)]
    marks = {f"q{number:05}x": place for number, place in enumerate(places)}
    headers = {f"h{number:05}x": name for number, name in enumerate(("Idempotency-Key", "X-Request-Id", "If-Match"))}
    run = session_servers.postgres.run
    with statements_logged(run, session_servers.folder / "postgres.log") as written, open_door(run) as door:
        faults = [place for mark, place in marks.items() if await _answer(services, place, f"{mark}'") >= 500]
        for mark, name in headers.items():
            await _send_header(services, name, f"{mark}'\"")
        async with httpx2.AsyncClient(timeout=30) as client:
            await client.get(f"{door}planted7310'")
        await eventually(lambda: "planted7310" in written(), 60, what="the log is written")
        log = written()
    inside = [str(place) for mark, place in marks.items() if mark in log] + [
        h for mark, h in headers.items() if mark in log
    ]
    drill.figure("places where a caller can write", len(marks) + len(headers), limit=">= 150")
    drill.figure("statements seen", log.count("LOG:  "), limit="> 500")
    drill.figure("marks found behind a door that is open on purpose", int("planted7310" in log), limit="== 1")
    assert not inside, "\n".join(inside)
    drill.figure("marks found in a statement or an error", len(inside), limit="== 0")
    assert not faults, "\n".join(map(str, faults))
    drill.figure("5xx", len(faults), limit="== 0")


@pytest.mark.promise("R29")
async def test_sqlmap_finds_nothing(session_servers: Servers, services: Served, tmp_path: Path, drill: Drill) -> None:
    """sqlmap at every place that takes any text, quickly, then thoroughly at as many as there is time for."""
    most, seconds = drill.scale(ci=(1, 0.0), full=(None, 45.0))
    effort = drill.scale(ci=QUICK, full=THOROUGH)
    places = [place for operation in OFFERED for place in places_of(operation)]
    # An id, a number, a date or a code is refused before anything is asked: there, sqlmap meets 422 and nothing else.
    targets = sorted([place for place in places if await _answer(services, place, "q'") != _REFUSED], key=_order)
    with open_door(session_servers.postgres.run) as door:
        planted, (tried, statuses) = await asyncio.gather(
            asyncio.to_thread(sqlmap, f"{door}postgres{HERE}", tmp_path, effort),
            _try(services, targets[:most], tmp_path, QUICK),
        )
    thoroughly, more = await _try(services, targets, tmp_path, effort, until=time.monotonic() + seconds)
    verdicts, statuses = [*tried.items(), *thoroughly.items()], statuses + more
    drill.figure("places where a caller can write", len(places))
    drill.figure("places that take any text", len(targets), limit="> 20")
    drill.figure("places tried", len(tried), limit=drill.scale(ci=">= 1", full=f"== {len(targets)}"))
    drill.figure("places tried thoroughly", len(thoroughly), limit=drill.scale(ci="", full=">= 3"))
    drill.figure("requests of sqlmap", len(statuses), limit=drill.scale(ci="> 10", full="> 2000"))
    drill.figure("places open on purpose that it found", int(planted.found), limit="== 1")
    found = [name for name, verdict in verdicts if verdict.found]
    assert not found, found
    drill.figure("places that can be injected", len(found), limit="== 0")
    broken = {name: verdict.said[-500:] for name, verdict in verdicts if not verdict.ended}
    assert not broken, broken
    drill.figure("runs of sqlmap that came to no end", len(broken), limit="== 0")
    drill.figure("5xx", sum(status >= 500 for status in statuses), limit="== 0")


async def _try(
    services: Served, targets: Sequence[Place], folder: Path, effort: Effort, *, until: float = math.inf
) -> tuple[dict[str, Verdict], list[int]]:
    """One after the other, two at once, for as long as there is time."""
    waiting, tried, statuses = iter(targets), dict[str, Verdict](), list[int]()

    async def work() -> None:
        while time.monotonic() < until and (place := next(waiting, None)) is not None:
            tried[str(place)] = await asyncio.to_thread(_try_one, services, place, folder, effort, statuses)

    await asyncio.gather(work(), work())
    return tried, statuses


def _try_one(services: Served, place: Place, folder: Path, effort: Effort, statuses: list[int]) -> Verdict:
    role, ask = services.own_request(place.operation)
    world, service = services.worlds[place.operation.service], place.operation.service
    authorised = world.authorised(world.caller(role, "own"))
    ask = place.with_(ask, f"1{HERE}")
    query = f"?{urlencode(ask.query, doseq=True, safe=HERE)}" if ask.query else ""
    body = None if ask.body is None else json.dumps(ask.body)

    def headers() -> Mapping[str, str]:
        return {**authorised, "Idempotency-Key": str(uuid.uuid4()), "If-Match": '"1"'}

    with forwarding(services.ports[f"{service}-api"], headers) as door:
        verdict = sqlmap(f"{door.origin}{ask.path}{query}", folder, effort, method=ask.method, body=body)
        statuses += door.statuses
    return verdict


def _order(place: Place) -> tuple[bool, str]:
    # Filters first, then mixed, so that what there is time for is of all services; and the same at each run.
    return place.kind != "query", hashlib.sha256(str(place).encode()).hexdigest()


async def _answer(services: Served, place: Place, text: str) -> int:
    role, ask = services.own_request(place.operation)
    world = services.worlds[place.operation.service]
    return int((await world.send(place.with_(ask, text), world.caller(role, "own"))).status_code)


async def _send_header(services: Served, name: str, text: str) -> None:
    """To an operation of each service that takes a key, with a body or without."""
    for service, world in services.worlds.items():
        operation = next(each for each in OFFERED if each.service == service and each.method == "POST")
        role, ask = services.own_request(operation)
        sent = {**world.authorised(world.caller(role, "own")), "Idempotency-Key": str(uuid.uuid4()), name: text}
        await world.http.request(ask.method, ask.path, json=ask.body, headers=sent)
