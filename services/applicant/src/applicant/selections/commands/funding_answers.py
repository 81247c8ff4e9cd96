"""What funding's answers do to places: a commitment confirms, a refusal or a release frees, and reserves move up.

Each takes the call's selection first, so that answers for one call are taken one after another by whoever gets them.
"""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from applicant.calls import queries as calls
from applicant.projects import commands as projects
from applicant.selections.commands.promote_reserves import promote_reserves, vacate_place
from applicant.selections.domain.budgets import Balance
from applicant.selections.domain.ranking import Line
from applicant.selections.store import places, rankings
from common.auth import Principal
from common.db import Transaction
from contracts.funding import CommitmentRefused, CommitmentReleased, LineBalance, ProjectCommitted

_APPLICANT = Principal.service("applicant")


async def take_commitment(tx: Transaction, told: ProjectCommitted, *, event_id: UUID, now: datetime) -> None:
    """Confirm the project whose money is committed."""
    await rankings.lock_selection(tx, told.call_id)
    await places.learn_balances(tx, _balances(told.balances))
    await projects.confirm_project(
        tx,
        told.project_id,
        commitment_id=told.commitment_id,
        shares=[(share.source, share.amount_won) for share in told.shares],
        by=_APPLICANT,
        now=now,
    )
    await promote_reserves(tx, told.call_id, evidence=f"event/{event_id}", by=_APPLICANT, now=now)


async def take_refusal(tx: Transaction, told: CommitmentRefused, *, event_id: UUID, now: datetime) -> None:
    """End the project that cannot be funded, and let the next reserve move up that can."""
    await rankings.lock_selection(tx, told.call_id)
    await places.learn_balances(tx, _balances(told.balances))
    freed = await projects.refuse_project(
        tx,
        told.project_id,
        reason=f"{told.rule}: {told.short_source}",
        facts={"needed_won": told.needed_won, "left_won": told.left_won, "short_source": told.short_source},
        by=_APPLICANT,
        now=now,
    )
    await _refill(tx, told.call_id, freed, event_id=event_id, now=now)


async def take_release(tx: Transaction, told: CommitmentReleased, *, event_id: UUID, now: datetime) -> None:
    """Free the place of a withdrawn project whose money is back, and let the next reserve move up."""
    await rankings.lock_selection(tx, told.call_id)
    await places.learn_balances(tx, _balances(told.balances))
    freed = await projects.release_project(
        tx, told.project_id, commitment_id=told.commitment_id, by=_APPLICANT, now=now
    )
    await _refill(tx, told.call_id, freed, event_id=event_id, now=now)


async def take_confirmed_line(tx: Transaction, told: LineBalance, *, event_id: UUID, now: datetime) -> None:
    """Learn of money on a line; a vacated place that nobody could fill may be fillable now.

    Every call of the year and track is held, whether it shows a vacated place or not: an answer that is just freeing
    one has not seen this money, and its place would be filled by nobody.
    """
    concerned = []
    for call_id in await places.calls_with_places(tx):
        terms = (await calls.get_published_call(tx, call_id)).terms
        if (terms.fiscal_year, terms.track.value) == (told.fiscal_year, told.track):
            await rankings.lock_selection(tx, call_id)
            concerned.append(call_id)
    await places.learn_balances(tx, _balances([told]))
    for call_id in concerned:
        await promote_reserves(tx, call_id, evidence=f"event/{event_id}", by=_APPLICANT, now=now)


async def _refill(
    tx: Transaction, call_id: UUID, freed: projects.Project | None, *, event_id: UUID, now: datetime
) -> None:
    if freed is not None:
        await vacate_place(tx, call_id, Line(freed.type_code, freed.municipality_code))
    await promote_reserves(tx, call_id, evidence=f"event/{event_id}", by=_APPLICANT, now=now)


def _balances(told: Sequence[LineBalance]) -> list[Balance]:
    return [
        Balance(
            budget_line_id=line.budget_line_id,
            source=line.source,
            municipality_code=line.municipality_code,
            fiscal_year=line.fiscal_year,
            track=line.track,
            left_won=line.left_won,
            line_version=line.line_version,
        )
        for line in told
    ]
