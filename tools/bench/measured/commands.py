"""P1: the shipped hot command over HTTP against asyncpg alone, and mixed with reading as four to one."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial

from tools.bench.anchors import pgbench
from tools.bench.applications import Applications, fault_of
from tools.bench.figures import Figure, Slice, ratio
from tools.bench.ground import BENCH_DATABASE, Ground
from tools.bench.http_load import Generator
from tools.bench.ledger import Ledger
from tools.bench.suites import Variant
from tools.bench.tables import EMPTY_BENCH_TABLES

CONNECTIONS = 32
SECONDS = 1.2
_MOST_PER_SECOND = 1_500

SUBMIT, RAW, PGBENCH = "submit over HTTP", "raw asyncpg transactions", "pgbench"
MIX, RAW_MIX = "submit and read over HTTP, 4 to 1", "raw asyncpg transactions and selects, 4 to 1"


@dataclass
class Commands:
    """An application is submitted: token, idempotency key, outbox, journal, trace and request log are on."""

    ground: Ground
    applications: Applications
    name: str = "commands"
    figures: Sequence[Figure] = (
        Figure(
            "P1",
            "shipped hot command over HTTP / raw asyncpg transactions",
            ratio(SUBMIT, RAW),
            (SUBMIT, RAW),
            0.20,
            0.35,
        ),
        Figure(
            "P1m", "shipped command and read, 4 to 1 / raw asyncpg, the same mix", ratio(MIX, RAW_MIX), (MIX, RAW_MIX)
        ),
        Figure(
            "A1", "anchor: raw asyncpg transactions / pgbench, same transaction", ratio(RAW, PGBENCH), (RAW, PGBENCH)
        ),
    )
    _generator: Generator = field(init=False)

    async def prepare(self) -> None:
        self.ground.start_service("applicant", "api")
        await self.ground.until_ready("applicant-api")
        self._generator = Generator(self.ground.ports["applicant-api"])

    async def begin_round(self) -> None:
        self.ground.quiet()
        await self.applications.begin_round()
        async with self.ground.administrator(BENCH_DATABASE) as admin:
            await admin.execute(EMPTY_BENCH_TABLES)

    def variants(self) -> Mapping[str, Variant]:
        return {
            SUBMIT: partial(self._over_http, mix=False),
            MIX: partial(self._over_http, mix=True),
            RAW: partial(self._raw, mix=False),
            RAW_MIX: partial(self._raw, mix=True),
            PGBENCH: self._pgbench,
        }

    async def _over_http(self, *, mix: bool) -> Slice:
        return await saturated(self.ground, self.applications, self._generator, ("applicant-api", "postgres"), mix=mix)

    async def _raw(self, *, mix: bool) -> Slice:
        url = self.ground.dsn(BENCH_DATABASE)
        answer = await self.ground.part("transactions").ask("measure", url=url, seconds=1.0, mix=mix)
        return Slice(answer["operations"], answer["seconds"])

    async def _pgbench(self) -> Slice:
        return await pgbench.transactions(self.ground)


async def saturated(
    ground: Ground,
    applications: Applications,
    generator: Generator,
    in_ledger: Sequence[str],
    seconds: float = SECONDS,
    *,
    mix: bool = False,
) -> Slice:
    """Submit, and read in the mix, as fast as the service answers; void unless every 201 has exactly one effect."""
    before = await applications.counts()
    made_ready = applications.four_to_one if mix else applications.drafts
    requests = await made_ready(int(_MOST_PER_SECOND * seconds))
    ledger = Ledger(ground.pids({name: name for name in in_ledger}))
    spent = ledger.read()
    load = await generator.saturate(requests, connections=CONNECTIONS, seconds=seconds)
    cpu = ledger.since(spent)
    counts = {name: number - before[name] for name, number in (await applications.counts()).items()}
    made, read = load.statuses()[201], load.statuses()[200]
    return Slice(
        made + read,
        load.seconds,
        fault=fault_of(counts, answered=made, refused=len(load.exchanges) - made - read),
        cpu_seconds=cpu,
    )
