"""P2: what the shipped layers cost a route that does nothing, against the same route in a bare FastAPI application."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from uuid import uuid4

import msgspec

from contracts.roles import Role
from tools.bench.anchors.bare_app import PATH
from tools.bench.figures import Figure, Slice, ratio
from tools.bench.ground import Ground
from tools.bench.http_load import Generator, request
from tools.bench.ledger import Ledger
from tools.bench.suites import Variant

COMPLETE, BARE, LAYERED = "complete app without database", "bare FastAPI", "bare with two BaseHTTPMiddleware"
PROGRAMS = {COMPLETE: "edge-complete", BARE: "edge-bare", LAYERED: "edge-layered"}
_SECONDS, _CONNECTIONS, _MOST = 0.8, 16, 6_000
_BODY = msgspec.json.encode(
    {
        "project_title": "가공 라인 자동 집계와 품질 추적",
        "type_code": "JS2",
        "total_cost_won": 60_000_000,
        "self_pay_capacity_won": 50_000_000,
    }
)


@dataclass
class EdgeCost:
    """PUT with a body of about 150 bytes, validated and answered; nobody asks a database."""

    ground: Ground
    name: str = "edge"
    figures: Sequence[Figure] = (
        Figure(
            "P2", "complete app without database / bare FastAPI", ratio(COMPLETE, BARE), (COMPLETE, BARE), 0.60, 0.80
        ),
        Figure("X2", "peer: two BaseHTTPMiddleware / bare FastAPI", ratio(LAYERED, BARE), (LAYERED, BARE)),
    )
    _generators: dict[str, Generator] = field(default_factory=dict)
    _token: str = ""

    async def prepare(self) -> None:
        anchor, database_url = "tools.bench.anchors.bare_app", self.ground.urls["applicant"].application
        self.ground.start_program(PROGRAMS[BARE], anchor)
        self.ground.start_program(PROGRAMS[COMPLETE], anchor, database_url)
        self.ground.start_program(PROGRAMS[LAYERED], "tools.bench.peers.layered_app")
        await self.ground.until_ready(PROGRAMS[BARE], PROGRAMS[LAYERED])
        await self.ground.until_listening(PROGRAMS[COMPLETE])
        self._generators = {name: Generator(self.ground.ports[program]) for name, program in PROGRAMS.items()}

    async def begin_round(self) -> None:
        self.ground.quiet()
        self._token = self.ground.issuer.token(role=Role.COMPANY_OWNER.value, tenant=str(uuid4()), subject="owner")

    def variants(self) -> Mapping[str, Variant]:
        return {COMPLETE: self._complete, BARE: self._bare, LAYERED: self._layered}

    async def _complete(self) -> Slice:
        return await self._put(COMPLETE)

    async def _bare(self) -> Slice:
        return await self._put(BARE)

    async def _layered(self) -> Slice:
        return await self._put(LAYERED)

    async def _put(self, name: str) -> Slice:
        headers = {"Authorization": f"Bearer {self._token}", "If-Match": '"1"', "X-Request-Id": "bench-0000001"}
        requests = [request("PUT", PATH, headers, _BODY)] * _MOST
        ledger = Ledger(self.ground.pids({"app": PROGRAMS[name]}))
        spent = ledger.read()
        load = await self._generators[name].saturate(requests, connections=_CONNECTIONS, seconds=_SECONDS)
        answered = load.statuses()
        wrong = len(load.exchanges) - answered[200]
        fault = f"{wrong} requests were not answered with 200" if wrong else ""
        return Slice(answered[200], load.seconds, fault=fault, cpu_seconds=ledger.since(spent))
