"""Money first: the split rule and the budget lines, each proposed by one person and confirmed by another.

They are the year's: a season of another seed on the same data is a second call on what is left.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from contracts.types import Source, municipality
from smartfactory.scenarios.model import Scenario
from smartfactory.season import people
from smartfactory.season.origin import Json, Person
from smartfactory.season.stage import Stage


@dataclass(frozen=True, slots=True)
class Line:
    """One line as its council voted it, and the two people who bring it in."""

    source: Source
    municipality_code: str | None
    amount_won: int
    legal_regime: str
    funder: str
    proposer: Person
    confirmer: Person

    @property
    def entity(self) -> str:
        """The line's stable name, of which its idempotency keys are made."""
        return f"{self.source}-{self.municipality_code or 'all'}"


async def agree_split_rule(stage: Stage) -> None:
    """The officer proposes who pays what, the approver confirms."""
    split = stage.scenario.split
    body = {
        "version": split.version.value,
        "title": split.title.value,
        "shares": [{"source": source, "rate_bp": rate} for source, rate in split.rates_bp.value.items()],
        "capped_sources": split.capped_sources.value,
        "valid_from": split.valid_from.value.isoformat(),
        "source_note": split.source_note.value,
    }

    async def agree(version: str) -> None:
        await stage.origin.post(
            people.PROVINCE_OFFICER,
            "/funding/v1/split-rules",
            body,
            step="propose-split",
            entity=version,
            every_seed=True,
        )
        path = f"/funding/v1/split-rules/{version}/confirmations"
        await stage.origin.post(
            people.PROVINCE_APPROVER, path, None, step="confirm-split", entity=version, every_seed=True
        )

    await stage.play(stage.scenario.calendar.budgets_proposed_at, "split rule agreed", [split.version.value], agree)


async def vote_budgets(stage: Stage) -> None:
    """The lines that are there before the call."""
    lines = [line for line in _lines(stage.scenario) if line.municipality_code not in _late(stage.scenario)]
    proposed: dict[str, Json] = {}

    async def propose(line: Line) -> None:
        proposed[line.entity] = await _propose(stage, line)

    async def confirm(line: Line) -> None:
        await _confirm(stage, line, proposed[line.entity])

    calendar = stage.scenario.calendar
    await stage.play(calendar.budgets_proposed_at, "budget lines proposed", lines, propose)
    await stage.play(calendar.budgets_confirmed_at, "budget lines confirmed", lines, confirm)


async def vote_late_budgets(stage: Stage) -> None:
    """The lines of councils that vote after the ranking was proposed, so that it could not know them."""
    lines = [line for line in _lines(stage.scenario) if line.municipality_code in _late(stage.scenario)]

    async def vote(line: Line) -> None:
        await _confirm(stage, line, await _propose(stage, line))

    await stage.play(stage.scenario.calendar.late_budgets_at, "supplementary budgets voted", lines, vote)


async def _propose(stage: Stage, line: Line) -> Json:
    body = {
        "source": line.source,
        "track": stage.scenario.call.track.value,
        "fiscal_year": stage.scenario.call.fiscal_year.value,
        "municipality_code": line.municipality_code,
        "amount_won": line.amount_won,
        "legal_regime": line.legal_regime,
        "funder": line.funder,
    }
    return await stage.origin.post(
        line.proposer, "/funding/v1/budget-lines", body, step="propose-line", entity=line.entity, every_seed=True
    )


async def _confirm(stage: Stage, line: Line, proposed: Json) -> None:
    path = f"/funding/v1/budget-lines/{proposed['id']}/confirmations"
    await stage.origin.post(
        line.confirmer,
        path,
        None,
        step="confirm-line",
        entity=line.entity,
        version=proposed["version"],
        every_seed=True,
    )


def _late(scenario: Scenario) -> Sequence[str]:
    return scenario.budgets.confirmed_late.value


def _lines(scenario: Scenario) -> list[Line]:
    shared = [
        Line(
            source=Source(source),
            municipality_code=None,
            amount_won=part.confirmed_won.value,
            legal_regime=part.legal_regime.value,
            funder=part.funder.value,
            proposer=people.PROVINCE_OFFICER,
            confirmer=people.PROVINCE_TREASURER,
        )
        for source, part in scenario.budgets.shared.items()
    ]
    municipal = [
        Line(
            source=Source.MUNICIPALITY,
            municipality_code=code,
            amount_won=amount_won,
            legal_regime=scenario.budgets.municipal_regime.value,
            funder=municipality(code).ko,
            proposer=people.municipality_officer(code),
            confirmer=people.municipality_approver(code),
        )
        for code, amount_won in scenario.budgets.municipality_confirmed_won.value.items()
    ]
    return [*shared, *municipal]
