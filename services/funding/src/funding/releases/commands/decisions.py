"""What people do with a release: the firm asks, officers approve or reject, the treasurer orders; nobody does two.

Every step takes the project's lock first, then the release's row: so a hold, an order and the last won of a line wait
for each other instead of crossing.
"""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from common.acting import as_service
from common.auth import Principal
from common.db import Transaction
from common.event import new_id
from common.journal import JsonValue
from contracts.roles import COMPANY_ROLES, MUNICIPALITY_ROLES
from contracts.types import Source, Won
from funding.carry_overs import commands as carry_overs
from funding.coverages import commands as coverages
from funding.ledger import commands as ledger
from funding.releases.commands import telling
from funding.releases.domain import release as domain
from funding.releases.domain.holds import HoldReason
from funding.releases.domain.refusals import (
    ApprovalNotYours,
    GateNotReached,
    PayeeAccountMissing,
    ReleaseExists,
    ReleaseLineUnknown,
    ReleaseUnknown,
    SelfPayNotProven,
)
from funding.releases.domain.release import (
    Approval,
    Body,
    Invoice,
    Payee,
    Rejection,
    Release,
    ReleaseLine,
    ReleaseState,
    VoidReason,
)
from funding.releases.domain.terms import ApprovalRule, Gate
from funding.releases.store import holds, lines, releases, terms
from funding.self_payments import queries as self_payments
from funding.standings import commands as standings

__all__ = [
    "Gate",
    "Invoice",
    "Rejection",
    "approval_of",
    "approve_release",
    "check_line_free",
    "check_may_reject",
    "order_release",
    "reject_release",
    "request_release",
]


async def request_release(
    tx: Transaction,
    project_id: UUID,
    source: Source,
    *,
    gate: Gate | None,
    invoice: Invoice | None,
    amount_won: Won,
    by: Principal,
    now: datetime,
) -> UUID:
    """Ask for a tranche or a draw; its amount is reserved on the line at once, or the request is refused."""
    await lines.lock_project(tx, project_id)
    line = await lines.get(tx, project_id, source)
    if by.role in COMPANY_ROLES and by.tenant != str(line.company_id):
        raise ReleaseLineUnknown
    version = terms.of_version(line.terms_version)
    await _check_free(tx, project_id, source)
    domain.check_request(line, version.of(source), gate=gate, invoice=invoice is not None, amount_won=amount_won)
    account = await _check_ready(tx, project_id, gate or Gate.AGREEMENT_EFFECTIVE, by=by)
    async with as_service(tx):
        if await releases.is_taken(
            tx, project_id, source, gate=gate, invoice_number=invoice.number if invoice else None
        ):
            raise ReleaseExists
        reservation_id = await ledger.reserve(
            tx,
            project_id,
            line.budget_line_id,
            municipality_code=line.municipality_code if source is Source.MUNICIPALITY else None,
            amount_won=amount_won,
            at=now,
        )
        await carry_overs.check_payable(tx, line.budget_line_id, now=now)
    due = version.approvals_due(source, amount_won)
    release = _begun(
        line,
        due,
        reservation_id,
        gate=gate,
        invoice=invoice,
        account=account,
        amount_won=amount_won,
        by=by,
        now=now,
    )
    await releases.add(tx, release)
    await telling.tell_step(tx, release, by=by, now=now)
    return release.id


async def approve_release(
    tx: Transaction, release_id: UUID, *, read_version: int, by: Principal, now: datetime
) -> None:
    """One more officer says yes, for the body whose role it is; with the last, the firm's standing is asked anew."""
    release = await _locked(tx, release_id, read_version, by=by)
    approval, approved = approval_of(release, await releases.approvals_of(tx, release_id), by=by, now=now)
    facts: dict[str, JsonValue] = {"body": approval.body.value}
    await releases.add_approval(tx, release_id, approval)
    await releases.save(tx, approved)
    if approved.state is ReleaseState.APPROVED:
        await telling.tell_step(tx, approved, by=by, now=now, facts=facts)
        await standings.ask_if_needed(
            tx, release.project_id, release.company_id, release.municipality_code, by=by, now=now
        )
    else:
        await telling.tell_decision(tx, approved, "release-approval-given", by=by, now=now, facts=facts)


def approval_of(
    release: Release, approvals: Sequence[Approval], *, by: Principal, now: datetime
) -> tuple[Approval, Release]:
    """This officer's yes, and the release with it; raises what stands against it."""
    body = Body.MUNICIPALITY if by.role in MUNICIPALITY_ROLES else Body.PROVINCE
    if body is Body.MUNICIPALITY and release.source is not Source.MUNICIPALITY:
        raise ApprovalNotYours(body=body)
    approval = Approval(body, by.person, now)
    return approval, domain.approve(release, approvals, approval)


async def reject_release(
    tx: Transaction, release_id: UUID, reason: Rejection, *, read_version: int, by: Principal, now: datetime
) -> None:
    """An officer says no before the order: what was reserved goes back to the line."""
    release = await _locked(tx, release_id, read_version, by=by)
    check_may_reject(release, by=by)
    async with as_service(tx):
        resolution_id = await ledger.void(tx, release.reservation_id, at=now)
    rejected = domain.void(release, VoidReason.REJECTED, resolution_id, now=now)
    await releases.save(tx, rejected)
    await telling.tell_step(tx, rejected, by=by, now=now, facts={"rejection": reason.value})


def check_may_reject(release: Release, *, by: Principal) -> None:
    """Raises why this officer may not say no."""
    if by.role in MUNICIPALITY_ROLES and release.source is not Source.MUNICIPALITY:
        raise ApprovalNotYours(body=Body.MUNICIPALITY)
    domain.check_may_reject(release, by.person)


async def order_release(tx: Transaction, release_id: UUID, *, read_version: int, by: Principal, now: datetime) -> None:
    """The treasurer orders the payment of what is approved and not held; the worker brings it to the bank.

    The firm must be in good standing at this moment; if it is not, the rule's own words say why its money is held.
    """
    release = await _locked(tx, release_id, read_version, by=by)
    await check_line_free(tx, release)
    await carry_overs.check_payable(tx, release.budget_line_id, now=now)
    approvals = await releases.approvals_of(tx, release_id)
    domain.check_may_order(release, approvals, by.person)
    standing = await standings.check_good(tx, release.project_id, now=now)
    ordered = domain.order(release, approvals, standing_id=standing.id, by=by.person, now=now)
    await releases.save(tx, ordered)
    facts: dict[str, JsonValue] = {
        "standing_id": str(standing.id),
        "standing_holds_until": standing.holds_until.isoformat() if standing.holds_until else None,
    }
    await telling.tell_step(tx, ordered, by=by, now=now, facts=facts)


async def check_line_free(tx: Transaction, release: Release) -> None:
    """Raises why nothing leaves the line; a hold for the firm's standing is told in the words of the rule it breaks."""
    open_holds = await holds.open_on(tx, release.project_id, release.source)
    domain.check_free([each.reason for each in open_holds if each.reason is not HoldReason.PROJECT_FIRM_STANDING])


async def _locked(tx: Transaction, release_id: UUID, read_version: int, *, by: Principal) -> Release:
    await lines.lock_project(tx, await releases.project_of(tx, release_id))
    release = await releases.get_locked(tx, release_id)
    if by.role in MUNICIPALITY_ROLES and by.tenant != release.municipality_code:
        raise ReleaseUnknown
    domain.check_version(release, read_version)
    return release


async def _check_free(tx: Transaction, project_id: UUID, source: Source) -> None:
    """Of a held line nothing is asked for; if it is for the firm's standing, the rule's own words say what is wrong."""
    reasons = [each.reason for each in await holds.open_on(tx, project_id, source)]
    domain.check_free([each for each in reasons if each is not HoldReason.PROJECT_FIRM_STANDING])
    if reasons:
        await standings.check_not_bad(tx, project_id)
    domain.check_free(reasons)


async def _check_ready(tx: Transaction, project_id: UUID, gate: Gate, *, by: Principal) -> str:
    """No public won before the firm's own (rule F-04) and its gate; returns the firm's project account."""
    self_pay = await self_payments.get_self_pay(tx, project_id, by=by)
    if not self_pay.proven:
        raise SelfPayNotProven(due_won=self_pay.self_pay_won, proven_won=self_pay.proven_won)
    if not await lines.has_passed(tx, project_id, gate):
        raise GateNotReached(gate=gate)
    share = await coverages.self_pay_share(tx, project_id, by=by)
    if share.account is None:
        raise PayeeAccountMissing
    return share.account


def _begun(
    line: ReleaseLine,
    due: ApprovalRule,
    reservation_id: UUID,
    *,
    gate: Gate | None,
    invoice: Invoice | None,
    account: str,
    amount_won: Won,
    by: Principal,
    now: datetime,
) -> Release:
    return Release(
        id=new_id(),
        project_id=line.project_id,
        source=line.source,
        call_id=line.call_id,
        company_id=line.company_id,
        municipality_code=line.municipality_code,
        budget_line_id=line.budget_line_id,
        mode=line.mode,
        terms_version=line.terms_version,
        gate=gate or Gate.AGREEMENT_EFFECTIVE,
        amount_won=amount_won,
        payee=Payee.SUPPLIER if invoice else Payee.ADOPTER,
        payee_account=invoice.supplier_account if invoice else account,
        supplier_business_number=invoice.supplier_business_number if invoice else None,
        invoice_number=invoice.number if invoice else None,
        invoice_sha256=invoice.sha256 if invoice else None,
        province_approvals_due=due.province,
        municipality_approvals_due=due.municipality,
        state=ReleaseState.RESERVED,
        reservation_id=reservation_id,
        requested_by=by.person,
        requested_at=now,
    )
