"""P13: what a case costs among 176, 10,000 and 100,000 of them: to rank it, to decide and tell it, to hand another one
in, and to commit its money. Flat means that none costs more than half as much again.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from uuid import UUID

from common.event import new_id
from smartfactory.stack import migrations
from smartfactory.stack.provision import DatabaseUrls, Passwords, provision
from tools.bench import cohort
from tools.bench.applications import ADD_CALL, ADD_DRAFTS, plan, real_time, terms
from tools.bench.figures import Figure, Slice, value_ratio
from tools.bench.ground import Ground
from tools.bench.suites import Variant

SIZES = (176, 10_000, 100_000)
ACTS = {
    "rank": "ranked",
    "decide": "decided with all others",
    "tell": "told its outcome",
    "submit": "handed in beside so many",
    "commit": "its money committed beside so many",
}
_SERVICES = ("applicant", "funding")
_SAMPLE = 300
_PORTIONS = 8
_AT_LEAST = 1_000
"""A smaller cohort is gone through again until so many cases have been: 176 alone are over in a moment."""


def _name(size: int) -> str:
    return f"{size:,} cases"


def _figures() -> Sequence[Figure]:
    small = _name(SIZES[0])
    return tuple(
        Figure(
            f"P13 {act} {size // 1_000}k",
            f"a case {said}: {size:,} / {SIZES[0]}, time",
            value_ratio((_name(size), act), (small, act)),
            (_name(size), small),
            1.5,
            1.1,
            higher_is_better=False,
        )
        for act, said in ACTS.items()
        for size in SIZES[1:]
    )


@dataclass
class Cohorts:
    """Each size has databases of its own, so that its tables are no larger than its cohort makes them."""

    ground: Ground
    name: str = "cohorts"
    figures: Sequence[Figure] = field(default_factory=_figures)
    _urls: dict[int, dict[str, DatabaseUrls]] = field(default_factory=dict)
    _calls: dict[int, tuple[UUID, UUID]] = field(default_factory=dict)

    async def prepare(self) -> None:
        admin, passwords = self.ground.postgres.admin, Passwords(self.ground.folder / "passwords.json")
        for size in SIZES:
            names = {service: f"{service}_{size}" for service in _SERVICES}
            # The first is migrated; nobody is connected to it when the others are copied.
            first = {service: f"{service}_{SIZES[0]}" for service in _SERVICES} if size != SIZES[0] else None
            self._urls[size] = provision(admin, passwords, names, templates=first)
            if first is None:
                owners = {service: urls.owner for service, urls in self._urls[size].items()}
                migrations.migrate(owners, self.ground.folder / "cohort-migrations.log")
        for size in SIZES:
            await self._fill(size)

    async def begin_round(self) -> None:
        """Each variant undoes what it did before it does it again."""
        self.ground.quiet()

    def variants(self) -> Mapping[str, Variant]:
        return {_name(size): partial(self._measure, size) for size in SIZES}

    async def _fill(self, size: int) -> None:
        now = real_time()
        closed, opened = self._calls[size] = new_id(), new_id()
        async with self.ground.administrator(f"applicant_{size}") as admin:
            for call_id, closes in ((closed, now - timedelta(days=1)), (opened, now + timedelta(days=30))):
                opens = now - timedelta(days=30)
                # A third has a place, whatever the size: who has one costs more than who has none.
                wanted = terms(opens, closes, seats=size // (3 * len(cohort.PLACES)), plenty=True)
                await admin.execute(ADD_CALL, call_id, opens, closes, wanted)
            await cohort.import_cohort(admin, closed, size, plan=plan(), at=now - timedelta(days=2))
        await self.ground.part("cohorts").ask("fund", url=self._urls[size]["funding"].application, at=now.isoformat())
        async with self.ground.administrator(f"funding_{size}") as admin:
            await cohort.copy_commitments(admin, size)

    async def _measure(self, size: int) -> Slice:
        values, ranked = await self._selected(size)
        part, urls, opened = self.ground.part("cohorts"), self._urls[size], self._calls[size][1]
        at = real_time().isoformat()
        async with self.ground.administrator(f"applicant_{size}") as admin:
            companies = await admin.fetch("SELECT id FROM company WHERE name LIKE 'Cohort %' LIMIT 100")
            rows = await admin.fetch(ADD_DRAFTS, [row["id"] for row in companies], _SAMPLE, opened, plan())
        drafts = [[str(row["id"]), str(row["company_id"])] for row in rows]
        submitted = await part.ask("submit", url=urls["applicant"].application, drafts=drafts, at=at)
        committed = await part.ask("commit", url=urls["funding"].application, count=_SAMPLE, at=at)
        values["submit"] = submitted["seconds"] / submitted["operations"] * 1e6
        values["commit"] = committed["seconds"] / committed["operations"] * 1e6
        return Slice(ranked, sum(values.values()) / 1e6 * ranked, fault=await self._fault(size), values=values)

    async def _selected(self, size: int) -> tuple[dict[str, float], int]:
        """Microseconds a case of ranking, deciding and telling, and how many cases were ranked for that."""
        spent, cases, told = dict.fromkeys(("rank", "decide", "tell"), 0.0), 0, 0
        while cases < _AT_LEAST:
            async with self.ground.administrator(f"applicant_{size}") as admin:
                await cohort.undo_selection(admin)
            did = await self.ground.part("cohorts").ask(
                "select",
                url=self._urls[size]["applicant"].application,
                call_id=str(self._calls[size][0]),
                most_portions=_PORTIONS,
                at=real_time().isoformat(),
            )
            cases, told = cases + did["cases"], told + did["told"]
            for act in spent:
                spent[act] += did[act]
        per = {"rank": cases, "decide": cases, "tell": told}
        return {act: seconds / per[act] * 1e6 for act, seconds in spent.items()}, cases

    async def _fault(self, size: int) -> str:
        """Why the slice is void, or nothing: each told case has one outcome and one event, each place one project."""
        async with self.ground.administrator(f"applicant_{size}") as admin:
            found = await admin.fetchrow(_COUNT)
        wanted = min(size, _PORTIONS * 250)
        wrong = [f"{name} {found[name]}" for name in ("told", "outcomes", "ranked") if found[name] != wanted]
        if found["projects"] != found["selected"]:
            wrong.append(f"{found['projects']} projects of {found['selected']}")
        return f"of {wanted} told: {', '.join(wrong)}" if wrong else ""


_COUNT = """
    SELECT (SELECT told FROM selection_decision) AS told, (SELECT count(*) FROM case_outcome) AS outcomes,
        (SELECT count(*) FROM outbox WHERE type LIKE '%.ranked.v1') AS ranked,
        (SELECT count(*) FROM project) AS projects,
        (SELECT count(*) FROM case_outcome WHERE outcome = 'SELECTED') AS selected
"""
