"""One installation for drills: real processes of every service on a PostgreSQL with fsync and a real Kafka."""

import contextlib
import http.client
import time
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from pathlib import Path

import asyncpg
import psutil
from confluent_kafka.admin import AdminClient, NewTopic

from smartfactory.clock import ClockFile
from smartfactory.stack.migrations import topics
from smartfactory.stack.process import Child
from smartfactory.stack.provision import SERVICES, DatabaseUrls
from tests.support.drills.history import Clients, History
from tests.support.drills.outside import Outside
from tests.support.drills.proxy import FaultProxy
from tests.support.servers import Servers, ServiceProcess
from tests.support.waiting import eventually, eventually_now

_PARTITIONS = 6
_NICE = 5
_REPLICAS = {"applicant": 2, "funding": 2}
SUBSCRIPTIONS: Mapping[str, Sequence[str]] = {
    "applicant": ("funding.budget.v1", "funding.commitment.v1", "funding.standing.v1"),
    "funding": ("applicant.project.v1", "applicant.selection.v1", "applicant.standing.v1"),
    "mentoring": ("applicant.project.v1",),
    "metrics": (
        "applicant.application.v1",
        "applicant.call.v1",
        "applicant.project.v1",
        "funding.budget.v1",
        "funding.commitment.v1",
        "funding.disbursement.v1",
        "funding.repayment.v1",
        "funding.settlement.v1",
        "mentoring.mentor.v1",
        "mentoring.rotation.v1",
    ),
}
"""Who listens to what, by decisions.md and not by the code."""

_UNSENT = "SELECT count(*) FROM outbox WHERE published_at IS NULL"
_SENT = "SELECT topic, count(*) FROM outbox GROUP BY topic"
_ARRIVED = """
    SELECT (SELECT count(*) FROM inbox) + count(*) FROM parked_event
     WHERE resolved_at IS NULL AND event_id IS NOT NULL AND event_id NOT IN (SELECT event_id::text FROM inbox)
"""


class Installation:
    """Four services: two replicas of each API that drills write to, one worker each. Faults come and go around it."""

    def __init__(self, servers: Servers, folder: Path) -> None:
        self.servers = servers
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self.prefix = servers.topic_prefix()
        self.urls = servers.fresh_databases(SERVICES, migrated=True)
        self._first_port = servers.postgres.port
        self.way_to_postgres = FaultProxy(self._first_port)
        self.outside = Outside(folder / "outside")
        self.clock_file = folder / "programme-time"
        self.history = History(folder / "history.jsonl")
        self.apis = {name: [self.process(name, "api") for _ in range(count)] for name, count in _REPLICAS.items()}
        self.workers = {name: self.process(name, "worker") for name in SERVICES}
        self._make_topics()

    def start(self) -> None:
        """Start every process that does not run, and wait until all are ready."""
        for process in self.processes:
            if process.child is None or process.exit_code() is not None:
                process.start(FAILPOINTS="")
        for process in self.processes:
            eventually_now(lambda process=process: is_ready(process), 60, what=f"{process.name} is ready")

    @property
    def processes(self) -> list[ServiceProcess]:
        return [*self.workers.values(), *(api for apis in self.apis.values() for api in apis)]

    def process(self, service: str, role: str, **env: str) -> ServiceProcess:
        """One more process of a service, not yet started; keywords change its settings."""
        settings = {
            **self.outside.settings,
            "ISSUER": "https://issuer.test",
            "PROGRAMME_CLOCK_FILE": str(self.clock_file),
            "KAFKA_SESSION_TIMEOUT_MS": "6000",
            # An API gets no address of Kafka from `servers`; all others need it.
            **({} if role == "api" else {"KAFKA_BOOTSTRAP_SERVERS": self.servers.bootstrap_servers}),
            "REGISTER_FIRST_WAIT_SECONDS": "0.2",
            **env,
        }
        urls = self._through_proxy(service)
        made = self.servers.service(service, role, urls, topic_prefix=self.prefix, env=settings)
        # Beside the history, which stays for whoever looks into a drill that failed.
        made.log_file = self.folder / made.log_file.name
        starts_by = made.starts_by
        made.starts_by = lambda command: _behind_the_people(starts_by(command))
        return made

    def clients(self, *, seed: int, replicas: Mapping[str, Sequence[str]] | None = None) -> Clients:
        """People whose requests go into this installation's history; metrics are read where its API is added."""
        addresses = {name: [address_of(api) for api in apis] for name, apis in self.apis.items()}
        return Clients({**addresses, **(replicas or {})}, self.history, self.outside.issuer, seed=seed)

    def move_clock(self, instant: datetime) -> None:
        ClockFile(self.clock_file)(instant)

    def stop(self) -> None:
        for process in self.processes:
            if process.child is not None and process.exit_code() is None:
                process.stop()

    def close(self) -> None:
        for process in self.processes:
            if process.child is not None:
                process.kill()
        self.outside.close()
        self.way_to_postgres.close()

    def raw_urls(self, **other: str) -> dict[str, str]:
        """The databases as an examiner reaches them, who may read everything; keywords put copies in their place."""
        names = {service: urls.owner.rsplit("/", 1)[1] for service, urls in self.urls.items()} | other
        return {service: self.servers.postgres.url(name).replace("+asyncpg", "") for service, name in names.items()}

    async def quiet(self) -> bool:
        """Whether every committed event was sent, and is applied or parked wherever its topic is heard."""
        sent: Counter[str] = Counter()
        arrived: dict[str, int] = {}
        for service, url in self.raw_urls().items():
            connection = await asyncpg.connect(url)
            try:
                unsent = await connection.fetchval(_UNSENT)
                assert not unsent, f"{unsent} events of {service} are not sent"
                sent.update(dict(await connection.fetch(_SENT)))
                arrived[service] = await connection.fetchval(_ARRIVED)
            finally:
                await connection.close()
        for service, heard in SUBSCRIPTIONS.items():
            due = sum(sent[topic] for topic in heard)
            assert arrived[service] == due, f"{arrived[service]} of {due} events arrived at {service}"
        return True

    async def settled(self, deadline: float = 60.0) -> float:
        """Wait until it is quiet; the seconds that took (I10: by itself, without a person)."""
        began = time.monotonic()
        await eventually(self.quiet, deadline, what="every event is sent and applied")
        return time.monotonic() - began

    def _through_proxy(self, service: str) -> DatabaseUrls:
        real, ours = f":{self._first_port}/", f":{self.way_to_postgres.port}/"
        urls = self.urls[service]
        return DatabaseUrls(application=urls.application.replace(real, ours), owner=urls.owner.replace(real, ours))

    def _make_topics(self) -> None:
        self.servers.kafka.start()
        admin = AdminClient({"bootstrap.servers": self.servers.bootstrap_servers})
        wanted = [NewTopic(self.prefix + name, _PARTITIONS, config={"retention.ms": "-1"}) for name in topics()]
        for made in admin.create_topics(wanted).values():
            made.result(30)


def _behind_the_people(child: Child) -> Child:
    """People have machines of their own: where they share the cores they come first, or their own queue is measured."""
    with contextlib.suppress(psutil.NoSuchProcess):
        psutil.Process(child.pid).nice(_NICE)
    return child


def address_of(process: ServiceProcess) -> str:
    return f"http://127.0.0.1:{process.env['HTTP_PORT']}"


def page(process: ServiceProcess, name: str) -> int:
    """The status of a health page of an API or a worker, or 0 without an answer."""
    port = process.env["WORKER_PORT" if process.name.endswith("worker") else "HTTP_PORT"]
    connection = http.client.HTTPConnection("127.0.0.1", int(port), timeout=5)
    try:
        connection.request("GET", f"/{name}")
        return connection.getresponse().status
    except (OSError, http.client.HTTPException):
        return 0
    finally:
        connection.close()


def is_ready(process: ServiceProcess) -> bool:
    assert process.exit_code() is None, f"{process.name} ended\n{process.log[-3000:]}"
    return page(process, "readyz") == 200


def living(processes: Iterable[ServiceProcess]) -> list[str]:
    """The processes that still run, by name."""
    return [process.name for process in processes if process.child is not None and process.exit_code() is None]
