"""What the clients of a drill saw, request by request: `invoke`, then `ok`, `fail` or `unknown`.

`unknown` is every end that does not say whether the request had its effect: no answer, or an answer of 5xx, "in
progress" or "too many". It is asked again under the same key until an answer is definite.
"""

import itertools
import json
import random
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal, Self
from uuid import UUID, uuid5

import httpx2

from tests.support.connections import kept
from tests.support.drills.pacing import pause
from tests.support.tokens import Issuer

Phase = Literal["invoke", "ok", "fail", "unknown"]
Json = Any

_SEEDED = UUID("6f1d5e1e-0d5b-4c7b-9a67-7a3a3d2b8f10")
_PATIENCE_SECONDS = 90.0
_PAUSE_SECONDS = (0.05, 1.0)
_POOLS, _CONNECTIONS = 20, 50
"""A pool looks at all its connections for every request: one for hundreds of people measures itself."""
_TOKEN_SECONDS = 300.0
"""How long a person keeps a token, which is half of what it is good for."""
_UNKNOWN = frozenset({408, 425, 429})
_IN_PROGRESS = "request-in-progress"


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody with one role of one tenant."""

    role: str
    tenant: str
    subject: str


@dataclass(frozen=True, slots=True)
class Effect:
    """Where a request's effect is to be found: one entry under this decision in this chain of a service's journal."""

    service: str
    decision: str
    chain: str
    """`{id}` stands for the id in the answer."""


@dataclass(frozen=True, slots=True)
class Moment:
    """One line of a history."""

    at: float
    phase: Phase
    operation: int
    attempt: int
    seconds: float = 0.0
    status: int | None = None
    body: str = ""
    retry_after: float | None = None
    """When the answer said to come again, in seconds."""


@dataclass(frozen=True, slots=True)
class Operation:
    """One thing a client wanted done once, or one thing it read (then without a key)."""

    number: int
    kind: str
    service: str
    by: Person
    method: str
    path: str
    key: str | None
    effect: Effect | None


class NeverDefinite(AssertionError):
    """A request found no definite answer for longer than any fault of a drill lasts."""


class Refused(AssertionError):
    """A definite no that the workload did not expect."""


@dataclass
class History:
    """Everything all clients of one installation did, in memory and as lines of JSON in a file."""

    file: Path
    operations: list[Operation] = field(default_factory=list)
    moments: list[Moment] = field(default_factory=list)

    def begin(self, kind: str, service: str, by: Person, method: str, path: str, **more: Any) -> Operation:
        made = Operation(len(self.operations), kind, service, by, method, path, more.get("key"), more.get("effect"))
        self.operations.append(made)
        return made

    def note(self, moment: Moment) -> None:
        self.moments.append(moment)

    def save(self) -> None:
        """Keep it beside the logs, for whoever looks into a drill that failed."""
        with self.file.open("w", encoding="utf-8") as lines:
            for moment in self.moments:
                operation = self.operations[moment.operation]
                line = asdict(moment) | {"kind": operation.kind, "by": operation.by.subject, "key": operation.key}
                lines.write(json.dumps(line | {"path": operation.path}, ensure_ascii=False) + "\n")

    def ended(self, phase: Phase) -> Iterator[tuple[Operation, Moment]]:
        """Operations whose definite end was this."""
        return ((self.operations[one.operation], one) for one in self.moments if one.phase == phase)

    def undecided(self) -> list[Operation]:
        """What was sent and never had a definite end."""
        done = {one.operation for one in self.moments if one.phase in {"ok", "fail"}}
        return [one for one in self.operations if one.number not in done]

    def since(self, mark: int) -> Sequence[Moment]:
        """The moments after a mark that `len(history.moments)` gave."""
        return self.moments[mark:]


class Clients:
    """The people of a drill, on the replicas of each service; who gets no answer goes to another replica."""

    def __init__(self, replicas: Mapping[str, Sequence[str]], history: History, issuer: Issuer, *, seed: int) -> None:
        self.history = history
        self._replicas = replicas
        self._issuer = issuer
        self._seed = seed
        self._numbers = itertools.count(len(history.operations))
        self._chance = random.Random(seed)
        self._turn = itertools.count()
        self._tokens: dict[Person, tuple[float, dict[str, str]]] = {}
        limits = kept(at_most=_CONNECTIONS)
        self._http = [httpx2.AsyncClient(timeout=15, limits=limits) for _ in range(_POOLS)]

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_error: object) -> None:
        for each in self._http:
            await each.aclose()
        self.history.save()

    async def post(
        self,
        by: Person,
        service: str,
        path: str,
        body: Json = None,
        *,
        kind: str,
        version: int | None = None,
        key: str | None = None,
        effect: Effect | None = None,
        may_fail: bool = False,
    ) -> Json:
        """Do one thing once, however often it must be asked; the answer's body, or None after an expected no."""
        name = key or str(uuid5(_SEEDED, f"{self._seed}/{next(self._numbers)}"))
        headers = {"Idempotency-Key": name}
        if version is not None:
            headers["If-Match"] = f'"{version}"'
        operation = self.history.begin(kind, service, by, "POST", path, key=name, effect=effect)
        status, answer = await self._until_definite(operation, headers, body)
        if status >= 400 and not may_fail:
            raise Refused(f"{kind} {path}: {status} {answer}")
        return answer if status < 400 else None

    async def get(self, by: Person, service: str, path: str, *, kind: str = "read") -> Json:
        operation = self.history.begin(kind, service, by, "GET", path)
        status, answer = await self._until_definite(operation, {}, None)
        if status >= 400:
            raise Refused(f"{kind} {path}: {status} {answer}")
        return answer

    async def once(self, operation: Operation, headers: Mapping[str, str], body: Json, attempt: int = 1) -> Moment:
        """Ask one replica once, and note what came of it."""
        self.history.note(Moment(time.monotonic(), "invoke", operation.number, attempt))
        began = time.monotonic()
        try:
            answer = await self._http[operation.number % _POOLS].request(
                operation.method,
                self._address(operation.service) + operation.path,
                json=body,
                headers={**self._signed(operation.by), **headers},
            )
        except httpx2.HTTPError as error:
            end = Moment(
                time.monotonic(), "unknown", operation.number, attempt, time.monotonic() - began, None, repr(error)
            )
        else:
            phase = _phase(answer)
            seconds = time.monotonic() - began
            told = answer.headers.get("retry-after")
            says_when = None if told is None else float(told)
            end = Moment(
                time.monotonic(), phase, operation.number, attempt, seconds, answer.status_code, answer.text, says_when
            )
        self.history.note(end)
        return end

    async def _until_definite(self, operation: Operation, headers: Mapping[str, str], body: Json) -> tuple[int, Json]:
        ends, (seconds, longest) = time.monotonic() + _PATIENCE_SECONDS, _PAUSE_SECONDS
        for attempt in itertools.count(1):
            end = await self.once(operation, headers, body, attempt)
            if end.phase in {"ok", "fail"}:
                assert end.status is not None
                return end.status, json.loads(end.body) if end.body else None
            if time.monotonic() > ends:
                break
            # Who is told when to come again does not come before.
            late = self._chance.random()
            await pause(end.retry_after + late if end.retry_after else seconds * (0.5 + late))
            seconds = min(2 * seconds, longest)
        raise NeverDefinite(f"{operation.kind} {operation.path} under key {operation.key}: {end.status} {end.body}")

    def _address(self, service: str) -> str:
        replicas = self._replicas[service]
        return replicas[next(self._turn) % len(replicas)]

    def _signed(self, by: Person) -> dict[str, str]:
        """The header of somebody who signs in and keeps the token for a while, as people do."""
        since, headers = self._tokens.get(by, (-_TOKEN_SECONDS, {}))
        if time.monotonic() - since >= _TOKEN_SECONDS:
            since, headers = time.monotonic(), self._issuer.headers(role=by.role, tenant=by.tenant, subject=by.subject)
            self._tokens[by] = since, headers
        return headers


def slowest(moments: Iterable[Moment], share: float) -> float:
    """The quantile of the answers' durations, in seconds."""
    durations = sorted(one.seconds for one in moments if one.phase != "invoke")
    return durations[min(len(durations) - 1, int(share * len(durations)))] if durations else 0.0


def _phase(answer: httpx2.Response) -> Phase:
    if answer.status_code < 400:
        return "ok"
    if answer.status_code >= 500 or answer.status_code in _UNKNOWN:
        return "unknown"
    return "unknown" if answer.status_code == 409 and answer.json().get("code") == _IN_PROGRESS else "fail"
