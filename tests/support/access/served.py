"""The worlds of the matrix served by real processes: the same databases and things, asked over loopback."""

from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import httpx2
from sqlalchemy import delete

from common.kafka import KafkaOptions
from common.schema import log_place
from smartfactory.stack.provision import DatabaseUrls
from smartfactory.stack.topics import have_topics
from tests.support.access.building import built_worlds
from tests.support.access.table import PERMISSIONS, TOPICS
from tests.support.access.worlds import Ask, World
from tests.support.connections import kept
from tests.support.key_server import serving_keys
from tests.support.servers import Servers, ServiceProcess
from tests.support.tokens import ISSUER
from tests.support.waiting import eventually
from tools.catalogue.permissions import ALLOWED, Operation

_ROLES = ("api", "worker")


@dataclass
class Served:
    """All services as processes over the worlds' databases; each world's requests go to its API."""

    kafka: KafkaOptions
    urls: Mapping[str, DatabaseUrls]
    worlds: dict[str, World] = field(default_factory=dict)
    processes: dict[str, ServiceProcess] = field(default_factory=dict)
    ports: dict[str, int] = field(default_factory=dict)
    spans: list[Path] = field(default_factory=list)

    def log(self) -> dict[str, str]:
        """All that each process has printed."""
        return {name: process.log for name, process in self.processes.items()}

    def own_request(self, operation: Operation) -> tuple[str, Ask]:
        """A role that may do the operation on what is its own, and the request."""
        role = next(role for role in PERMISSIONS.roles if PERMISSIONS.answer(operation.name, role, "own") == ALLOWED)
        return role, self.worlds[operation.service].ask(operation.id, role, "own")


@asynccontextmanager
async def served(
    servers: Servers, urls: Mapping[str, DatabaseUrls], folder: Path, *, env: Mapping[str, str]
) -> AsyncIterator[Served]:
    """Build the worlds in these databases, then serve each by its API and its worker, at its programme's time."""
    prefix = servers.topic_prefix()
    kafka = KafkaOptions(bootstrap_servers=servers.bootstrap_servers, client_id="served", topic_prefix=prefix)
    async with AsyncExitStack() as stack:
        worlds = await stack.enter_async_context(built_worlds(urls))
        await have_topics(kafka, TOPICS)
        running = Served(kafka, urls)
        stack.callback(_end, running)
        for name, world in worlds.items():
            await _forget_the_log(world)
            clock, spans = folder / f"{name}-clock", folder / f"{name}-spans.jsonl"
            clock.write_text(world.app.state.runtime.clock.now().isoformat(), encoding="ascii")
            running.spans.append(spans)
            told = {
                "ISSUER": ISSUER,
                "JWKS_URL": stack.enter_context(serving_keys(world.issuer)).jwks_url,
                "PROGRAMME_CLOCK_FILE": str(clock),
                "SPAN_FILE": str(spans),
                "REGISTERS_URL": "http://127.0.0.1:1/",
                "DOCUMENTS_FOLDER": str(folder / "documents"),
                **env,
            }
            for role in _ROLES:
                process = servers.service(name, role, urls[name], topic_prefix=prefix, env=told)
                running.processes[f"{name}-{role}"] = process.start()
                running.ports[f"{name}-{role}"] = int(process.env["HTTP_PORT" if role == "api" else "WORKER_PORT"])
            origin = f"http://127.0.0.1:{running.ports[f'{name}-api']}"
            client = httpx2.AsyncClient(base_url=origin, timeout=30, limits=kept())
            running.worlds[name] = replace(world, http=await stack.enter_async_context(client))
        for name, port in running.ports.items():
            await eventually(lambda port=port: _alive(port), 60, what=f"{name} is alive")
        yield running


def _end(running: Served) -> None:
    for process in running.processes.values():
        if process.child is not None:
            process.child.kill()


async def _forget_the_log(world: World) -> None:
    """The worlds heard what no topic holds; a worker would take the empty log for one that was lost."""
    async with world.owner.transaction() as tx:
        await tx.execute(delete(log_place))


async def _alive(port: int) -> bool:
    try:
        async with httpx2.AsyncClient() as client:
            return (await client.get(f"http://127.0.0.1:{port}/livez")).status_code == 200
    except httpx2.HTTPError:
        return False
