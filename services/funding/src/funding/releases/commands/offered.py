"""What stands against each step of a release for who asks: the checks of the steps themselves, and nothing is done."""

from collections.abc import Awaitable, Callable
from datetime import datetime
from uuid import UUID

from common.auth import Principal
from common.db import Transaction
from common.errors import DomainError
from funding.carry_overs import commands as carry_overs
from funding.releases.commands import decisions, findings
from funding.releases.domain import release as domain
from funding.releases.store import releases
from funding.standings import commands as standings

__all__ = ["against_approving", "against_finding", "against_ordering", "against_rejecting"]


async def against_approving(tx: Transaction, release_id: UUID, *, by: Principal, now: datetime) -> list[DomainError]:
    """Why this officer cannot say yes."""
    try:
        release = await releases.get(tx, release_id)
        decisions.approval_of(release, await releases.approvals_of(tx, release_id), by=by, now=now)
    except DomainError as refusal:
        return [refusal]
    return []


async def against_rejecting(tx: Transaction, release_id: UUID, *, by: Principal) -> list[DomainError]:
    """Why this officer cannot say no."""
    try:
        decisions.check_may_reject(await releases.get(tx, release_id), by=by)
    except DomainError as refusal:
        return [refusal]
    return []


async def against_ordering(tx: Transaction, release_id: UUID, *, by: Principal, now: datetime) -> list[DomainError]:
    """Why this treasurer cannot order the payment; before it is the treasurer's turn nothing else is asked."""
    found: list[DomainError] = []
    try:
        release = await releases.get(tx, release_id)
        domain.check_may_order(release, await releases.approvals_of(tx, release_id), by.person)
    except DomainError as refusal:
        return [refusal]
    checks: tuple[Callable[[], Awaitable[object]], ...] = (
        lambda: decisions.check_line_free(tx, release),
        lambda: carry_overs.check_payable(tx, release.budget_line_id, now=now),
        lambda: standings.check_good(tx, release.project_id, now=now),
    )
    for check in checks:
        try:
            await check()
        except DomainError as refusal:
            found.append(refusal)
    return found


async def against_finding(tx: Transaction, release_id: UUID) -> list[DomainError]:
    """Why nothing can be said by hand of what the bank did."""
    try:
        await findings.check_may_propose(tx, await releases.get(tx, release_id))
    except DomainError as refusal:
        return [refusal]
    return []
