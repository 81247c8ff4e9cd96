"""P17: what is summed up over all cases, asked for over HTTP while 100,000 of them exist, beside the same among 176.

Each size has a database and an API of its own. Requests leave at random moments; who may not ask gets nothing, and an
answer that does not add up to what the tables hold voids its figures.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import msgspec

from contracts.roles import Role
from tools.bench import cases
from tools.bench.figures import Figure, Slice, quantile, value_ratio
from tools.bench.ground import Ground
from tools.bench.http_load import Generator, request
from tools.bench.http_read import Line, NotAnswered
from tools.bench.ledger import Ledger, tree_pss_bytes
from tools.bench.suites import Variant

SIZES = (176, 100_000)
_REQUESTS, _RATE = 60, 15.0
_ANEW_SECONDS = 120.0
_WORKED_OUT_ANEW = "published outcomes worked out anew"
# Not its content: as after a change that has an effect by the day of publication.
_CHANGE = """
    INSERT INTO outcome_change (month, writer, version) VALUES ('2020-01-01', 0, gen_random_uuid())
    ON CONFLICT (month, writer) DO UPDATE SET version = excluded.version
"""

Check = Callable[[Any, Mapping[str, int]], bool]


@dataclass(frozen=True, slots=True)
class Asked:
    """What is asked, by whom (nobody without a role), and whether an answer adds up."""

    path: str
    role: Role | None
    adds_up: Check


def _due(answer: Any, wanted: Mapping[str, int]) -> bool:  # noqa: ANN401  JSON
    totals = [one for one in answer["aggregates"] if one["dimension"] == "TOTAL"]
    return bool(totals) and all(one["n_due"] == wanted["built"] for one in totals)


def _counted(answer: Any, wanted: Mapping[str, int]) -> bool:  # noqa: ANN401  JSON
    return bool(answer["counted"] == wanted["counted"])


def _counted_in_full(answer: Any, wanted: Mapping[str, int]) -> bool:  # noqa: ANN401  JSON
    return bool(answer["total"]["counted"] == wanted["counted"])


def _committed(answer: Any, wanted: Mapping[str, int]) -> bool:  # noqa: ANN401  JSON
    return bool(sum(one["committed_won"] for one in answer["by_source"]) == wanted["committed_won"])


def _day(answer: Any, wanted: Mapping[str, int]) -> bool:  # noqa: ANN401  JSON
    return bool(answer["reports_due"]["count"] == wanted["unreported"])


_YEAR = cases.years()[0]
ASKED: Mapping[str, Asked] = {
    "public outcomes": Asked("/v1/public/outcomes", None, _due),
    "public gauge": Asked("/v1/public/gauge", None, _counted),
    "gauge": Asked("/v1/gauge", Role.PROVINCE_OFFICER, _counted_in_full),
    "money": Asked(f"/v1/money?fiscal_year={_YEAR}", Role.PROVINCE_OFFICER, _committed),
    "today": Asked("/v1/today", Role.PROVINCE_OFFICER, _day),
}


def _name(what: str, size: int) -> str:
    return f"{what} among {size:,}"


def _figures(sizes: Sequence[int]) -> Sequence[Figure]:
    small, large = (sizes[0], sizes[-1])
    found = []
    for what in ASKED:
        ours, few = _name(what, large), _name(what, small)
        found += [
            Figure(
                f"P17 {what}",
                f"p99 in ms while {large:,} cases exist",
                partial(_p99, ours),
                (ours,),
                1_000.0,
                300.0,
                higher_is_better=False,
            ),
            Figure(
                f"X17 {what}",
                f"p50 among {large:,} / among {small}",
                value_ratio((ours, "p50 ms"), (few, "p50 ms")),
                (ours, few),
                higher_is_better=False,
            ),
        ]
    return tuple(found)


def _p99(name: str, one: Mapping[str, Slice]) -> float:
    return one[name].values["p99 ms"]


@dataclass
class Aggregates:
    """Metrics' API over projections of so many cases."""

    ground: Ground
    sizes: Sequence[int] = SIZES
    requests: int = _REQUESTS
    name: str = "aggregates"
    figures: Sequence[Figure] = field(init=False)
    _wanted: dict[int, dict[str, int]] = field(default_factory=dict)
    _generators: dict[int, Generator] = field(default_factory=dict)
    _seed: int = 0

    def __post_init__(self) -> None:
        self.figures = _figures(self.sizes)

    async def prepare(self) -> None:
        for size in self.sizes:
            urls = self.ground.make_database("metrics", f"metrics_{size}")
            async with self.ground.administrator(f"metrics_{size}") as admin:
                await cases.fill(admin, size)
                self._wanted[size] = dict(await admin.fetchrow(cases.EXPECTED, _YEAR))
            self.ground.start_apart(_api(size), "metrics", "api", urls)
        await self.ground.until_ready(*(_api(size) for size in self.sizes))
        for size in self.sizes:
            self._generators[size] = Generator(self.ground.ports[_api(size)])
            self.ground.closing.append(self._generators[size].close)

    async def begin_round(self) -> None:
        self.ground.quiet()
        self._seed += 1

    def variants(self) -> Mapping[str, Variant]:
        found: dict[str, Variant] = {
            _name(what, size): partial(self._measure, asked, size)
            for what, asked in ASKED.items()
            for size in self.sizes
        }
        return found | {_name(_WORKED_OUT_ANEW, size): partial(self._anew, size) for size in self.sizes}

    async def _measure(self, asked: Asked, size: int) -> Slice:
        one = request("GET", asked.path, self._headers(asked))
        # Once alone, so that nothing is measured that only a first request needs, and to see whether it adds up.
        answer, _ = await self._until_answered(one, size)
        fault = (
            "" if asked.adds_up(answer, self._wanted[size]) else "the answer does not add up to what the tables hold"
        )
        ledger = Ledger(self.ground.pids({"api": _api(size), "postgres": "postgres"}))
        spent = ledger.read()
        load = await self._generators[size].poisson([one] * self.requests, rate=_RATE, seed=self._seed)
        answered, taken = load.statuses()[200], load.latencies()
        if answered != self.requests:
            fault = fault or f"{self.requests - answered} requests were not answered with 200"
        values = {f"p{share:g} ms": 1_000 * quantile(taken, share / 100) for share in (50, 95, 99)}
        return Slice(answered, load.seconds, fault=fault, cpu_seconds=ledger.since(spent), values=values)

    async def _anew(self, size: int) -> Slice:
        """How long until the public tables are there after a change, for whoever asks first."""
        asked = ASKED["public outcomes"]
        async with self.ground.administrator(f"metrics_{size}") as admin:
            await admin.execute(_CHANGE)
        ledger = Ledger(self.ground.pids({"api": _api(size), "postgres": "postgres"}))
        spent = ledger.read()
        answer, seconds = await self._until_answered(request("GET", asked.path, self._headers(asked)), size)
        fault = (
            "" if asked.adds_up(answer, self._wanted[size]) else "the answer does not add up to what the tables hold"
        )
        pss = tree_pss_bytes(self.ground.children[_api(size)].pid) / 1e6
        values = {"ms": 1_000 * seconds, "PSS MB after": pss}
        return Slice(1, seconds, fault=fault, cpu_seconds=ledger.since(spent), values=values)

    async def _until_answered(self, one: bytes, size: int) -> tuple[Any, float]:
        """The answer and how long it took, asking again while the service says that it is not ready yet."""
        began = time.monotonic()
        while True:
            line = await Line.to(self.ground.ports[_api(size)])
            try:
                return msgspec.json.decode(await line.ask(one)), time.monotonic() - began
            except NotAnswered:
                if time.monotonic() - began > _ANEW_SECONDS:
                    raise
            finally:
                line.close()

    def _headers(self, asked: Asked) -> dict[str, str]:
        if asked.role is None:
            return {}
        token = self.ground.issuer.token(role=asked.role.value, tenant="52", subject="bench")
        return {"Authorization": f"Bearer {token}"}


def _api(size: int) -> str:
    return f"cases-{size}-api"
