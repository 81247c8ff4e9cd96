"""Where a season's public money stands at its end, as metrics shows it once it has heard all that funding did."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from smartfactory.season import people
from smartfactory.season.options import StandingRow
from smartfactory.season.origin import Json, for_each, until
from smartfactory.season.stage import Stage

_OVER = frozenset({"CLOSED", "DROPPED", "UPHELD"})


@dataclass(slots=True)
class _Books:
    """What funding says of a season's projects and lines."""

    settlements: Sequence[Json] = ()
    recoveries: Sequence[Json] = ()
    repayments: Sequence[Json] = ()
    budget_lines: Sequence[Json] = ()
    carry_overs: Sequence[Json] = ()
    release_lines: list[Json] = field(default_factory=list)


async def money_at_the_end(stage: Stage, in_force: Sequence[str]) -> list[StandingRow]:
    """By source, every state of the year's money, once every case is closed."""
    if stage.scenario.closing is None:
        return []
    books = await _closed(stage, in_force)
    expected = {source: _amounts(books, source) for source in sorted({line["source"] for line in books.budget_lines})}
    call = stage.scenario.call
    asked = {"fiscal_year": str(call.fiscal_year.value), "track": call.track.value}
    shown: list[Mapping[str, Json]] = []

    async def heard() -> bool:
        answer = await stage.origin.get(people.AUDITOR, "/metrics/v1/money", **asked)
        shown[:] = [{each["source"]: each for each in answer["by_source"]}]
        return all(_shows(shown[0].get(source, {}), won) for source, won in expected.items())

    await until(heard, what="the money as funding has it", deadline_seconds=stage.options.settle_deadline_seconds)
    return [
        StandingRow(source, {name: won for name, won in amounts.items() if name != "source"})
        for source, amounts in sorted(shown[0].items())
    ]


async def _closed(stage: Stage, in_force: Sequence[str]) -> _Books:
    books, wanted = _Books(), set(in_force)

    async def of_projects(path: str) -> list[Json]:
        found = await stage.origin.pages(people.AUDITOR, f"/funding/v1/{path}")
        return [each for each in found if each["project_id"] in wanted]

    async def all_closed() -> bool:
        books.settlements, books.recoveries = await of_projects("settlements"), await of_projects("recoveries")
        return all(each["state"] in _OVER for each in (*books.settlements, *books.recoveries))

    async def read(project: str) -> None:
        answer = await stage.origin.get(people.AUDITOR, f"/funding/v1/coverages/{project}/release-lines")
        books.release_lines.extend(answer["lines"])

    await until(all_closed, what="the closed books", deadline_seconds=stage.options.settle_deadline_seconds)
    await for_each(in_force, read, at_once=stage.options.concurrency)
    books.repayments = await of_projects("repayments")
    year, track = str(stage.scenario.call.fiscal_year.value), stage.scenario.call.track.value
    lines = await stage.origin.pages(people.AUDITOR, "/funding/v1/lapsing-money", fiscal_year=year)
    books.budget_lines = [line for line in lines if line["track"] == track]
    books.carry_overs = await stage.origin.pages(
        people.AUDITOR, "/funding/v1/carry-overs", fiscal_year=year, state="CONFIRMED"
    )
    return books


def _amounts(books: _Books, source: str) -> Counter[str]:
    """What must have come to metrics before it shows the end of the season, and under which name it shows it."""
    won = Counter[str]()
    for name, amount_won in _facts(books, source):
        won[name] += amount_won
    return won


def _facts(books: _Books, source: str) -> Iterator[tuple[str, int]]:
    yield from (("refund_due_won", 0), ("recovery_due_won", 0))
    newest = {each["budget_line_id"]: each["amount_won"] for each in books.carry_overs}
    for line in books.budget_lines:
        if line["source"] == source:
            yield "left_won", line["uncommitted_won"]
            yield "carried_over_won", newest.get(line["budget_line_id"], 0)
    for line in books.release_lines:
        if line["source"] == source:
            yield "under_way_won", line["open_won"]
            yield "paid_won", line["paid_won"]
            yield "lapsed_won", line["lapsed_won"]
    for settlement in books.settlements:
        yield from (("settled_won", line["fixed_won"]) for line in settlement["lines"] if line["source"] == source)
    for back in books.repayments:
        if back["source"] == source and back["state"] == "CONFIRMED":
            yield "refunded_won" if back["origin"] == "SETTLEMENT" else "recovered_won", back["principal_won"]
            yield "interest_won", back["interest_won"]


def _shows(amounts: Json, expected: Mapping[str, int]) -> bool:
    return all(amounts.get(name) == won for name, won in expected.items())
