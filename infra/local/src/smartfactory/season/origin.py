"""The season's way into the system: people with tokens, keys that are the same in every run, and no answer in doubt.

Whatever was sent and not answered is sent again under its own key until an answer comes: the service knows whether it
has acted already. So a season that was cut short goes on where it stopped, and a whole one changes nothing.
"""

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping
from copy import copy
from dataclasses import dataclass
from typing import Any, TypeVar
from urllib.parse import urlencode
from uuid import NAMESPACE_URL, uuid5

from common.errors import Text
from common.http import Answer, HttpClient, HttpFault
from smartfactory.season.options import TokenIssuer
from smartfactory.stack.faults import StackFault

_TOKEN_USED_SECONDS = 240.0
_TOKENS_KEPT = 2_000
_GIVE_UP_SECONDS = 60.0
_FIRST_PAUSE_SECONDS = 0.1
_LONGEST_PAUSE_SECONDS = 2.0
_LONGEST_POLL_SECONDS = 0.5
_LOWEST_ERROR = 400
_REPLACED = 412
_TRY_AGAIN = frozenset({429, 502, 503, 504})
_IN_PROGRESS = "request-in-progress"
_REPLAYED = "idempotency-replayed"

Item = TypeVar("Item")
Json = Any


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody with a token: who they are in words, and their subject, role and tenant."""

    who: str
    subject: str
    role: str
    tenant: str


class SeasonStopped(StackFault):
    """An answer the season cannot go on with: who asked for what, and what came back."""

    def __init__(self, what: str) -> None:
        super().__init__(
            Text(f"시즌을 더 진행할 수 없습니다: {what}", f"The season cannot go on: {what}"),
            Text(
                "원인을 고친 뒤 같은 명령을 다시 실행하면 멈춘 곳부터 이어집니다.",
                "Mend the cause and run the same command again: it goes on where it stopped.",
            ),
        )


class Origin:
    """The public REST API at the one origin, as the season's people use it."""

    def __init__(self, client: HttpClient, issue_token: TokenIssuer, *, year: str, seed: int) -> None:
        self._client = client
        self._issue_token = issue_token
        self._year = year
        self._seed = seed
        self._tokens: dict[Person, tuple[str, float]] = {}
        self._sent: Counter[bool] = Counter()

    @property
    def sent(self) -> int:
        """How many steps were asked for, also under another year's keys."""
        return self._sent.total()

    @property
    def replayed(self) -> int:
        """How many of them were answered in an earlier run already."""
        return self._sent[True]

    def under(self, year: str) -> "Origin":
        """The same way in, with the keys of a season of its own."""
        other = copy(self)
        other._year = year  # noqa: SLF001  of its own class
        return other

    async def post(
        self,
        person: Person,
        path: str,
        body: Mapping[str, object] | None,
        *,
        step: str,
        entity: str,
        version: int | None = None,
        every_seed: bool = False,
        every_season: bool = False,
        not_yet: str | None = None,
    ) -> Json:
        """Do one step for one entity, once and for all; `version` is the one the person has read (If-Match).

        `not_yet` is the code of the refusal that a service gives until it has heard of the thing from another.

        `every_seed` marks what a year has once: a season of another seed then finds it done; `every_season` what the
        programme has once.
        """
        headers = {"Idempotency-Key": self.key(step, entity, every_seed=every_seed, every_season=every_season)}
        if version is not None:
            headers["If-Match"] = f'"{version}"'
        answer = await self._answered(person, "POST", path, body, headers, not_yet=not_yet)
        self._sent[answer.headers.get(_REPLAYED) == "true"] += 1
        return answer.body

    async def put(
        self, person: Person, path: str, body: Mapping[str, object], *, version: int, not_yet: str | None = None
    ) -> None:
        """Put one thing in the place of the version that the person has read; played again, it is there already.

        `not_yet` is the code of the refusal that a service gives until it has heard of the thing from another.
        """
        headers = {"If-Match": f'"{version}"'}
        await self._answered(person, "PUT", path, body, headers, also=_REPLACED, not_yet=not_yet)

    async def get(self, person: Person | None, path: str, **parameters: str) -> Json:
        """Read one thing."""
        query = f"?{urlencode(parameters)}" if parameters else ""
        return (await self._answered(person, "GET", f"{path}{query}", None, {})).body

    async def pages(self, person: Person | None, path: str, **parameters: str) -> list[Json]:
        """Read a whole list, page by page: one that does not grow with the number of applications."""
        return [item async for item in self.each(person, path, **parameters)]

    async def each(self, person: Person | None, path: str, **parameters: str) -> AsyncIterator[Json]:
        """Every item of a list, one page held at a time; what comes after where the reader stops is not asked for."""
        cursor: str | None = None
        while True:
            asked = parameters | {"page_size": "100"} | ({"cursor": cursor} if cursor else {})
            page = await self.get(person, path, **asked)
            for item in page["items"]:
                yield item
            cursor = page["next"]
            if cursor is None:
                return

    def key(self, step: str, entity: str, *, every_seed: bool = False, every_season: bool = False) -> str:
        """The idempotency key of one step for one entity: the same in every run of this season."""
        year = "every year" if every_season else self._year
        seed = "every seed" if every_seed or every_season else self._seed
        return str(uuid5(NAMESPACE_URL, f"smartfactory/season/{year}/{seed}/{step}/{entity}"))

    async def _answered(
        self,
        person: Person | None,
        method: str,
        path: str,
        body: object,
        headers: Mapping[str, str],
        *,
        also: int | None = None,
        not_yet: str | None = None,
    ) -> Answer:
        ends, pause = time.monotonic() + _GIVE_UP_SECONDS, _FIRST_PAUSE_SECONDS
        while True:
            answer, trouble = await self._tried(person, method, path, body, headers)
            if answer is not None and (trouble is None or answer.status == also):
                return answer
            if time.monotonic() > ends or (answer is not None and not _worth_another_try(answer, not_yet)):
                who = person.who if person else "the public"
                raise SeasonStopped(f"{who}: {method} {path}: {trouble}")
            await asyncio.sleep(pause)
            pause = min(2 * pause, _LONGEST_PAUSE_SECONDS)

    async def _tried(
        self, person: Person | None, method: str, path: str, body: object, headers: Mapping[str, str]
    ) -> tuple[Answer | None, str | None]:
        signed = {"Authorization": f"Bearer {await self._token(person)}"} if person else {}
        english = {"Accept-Language": "en"}
        try:
            answer = await self._client.send(method, path, body=body, headers={**headers, **signed, **english})
        except HttpFault as fault:
            return None, str(fault)
        if answer.status < _LOWEST_ERROR:
            return answer, None
        problem = answer.body if isinstance(answer.body, dict) else {}
        said = f"{problem.get('code', '')}: {problem.get('detail', answer.body)} {problem.get('errors', '')}"
        return answer, f"{answer.status} {said}"

    async def _token(self, person: Person) -> str:
        token, issued = self._tokens.get(person, ("", 0.0))
        if not token or time.monotonic() - issued > _TOKEN_USED_SECONDS:
            token = await self._issue_token(subject=person.subject, role=person.role, tenant=person.tenant)
            if len(self._tokens) >= _TOKENS_KEPT:
                self._tokens.clear()  # most are of firms that act once; whoever comes again gets another
            self._tokens[person] = (token, time.monotonic())
        return token


async def for_each(items: Iterable[Item], work: Callable[[Item], Awaitable[None]], *, at_once: int) -> None:
    """Do the work for every item, so many at once; the first that cannot go on stops the others."""
    waiting = iter(items)

    async def worker() -> None:
        for item in waiting:
            await work(item)

    try:
        async with asyncio.TaskGroup() as group:
            for _ in range(at_once):
                group.create_task(worker())
    except* SeasonStopped as stopped:
        raise stopped.exceptions[0] from None


async def until(condition: Callable[[], Awaitable[bool]], *, what: str, deadline_seconds: float) -> None:
    """Ask again and again until it is so; raises SeasonStopped at the deadline."""
    ends, pause = time.monotonic() + deadline_seconds, _FIRST_PAUSE_SECONDS
    while not await condition():
        if time.monotonic() > ends:
            raise SeasonStopped(f"{what} did not come about within {deadline_seconds:.0f} s")
        await asyncio.sleep(pause)
        pause = min(1.5 * pause, _LONGEST_POLL_SECONDS)


def _worth_another_try(answer: Answer, not_yet: str | None) -> bool:
    code = answer.body.get("code") if isinstance(answer.body, dict) else None
    return answer.status in _TRY_AGAIN or (code is not None and code in {_IN_PROGRESS, not_yet})
