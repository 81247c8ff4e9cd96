"""Clawback: a termination or an officer opens a case, its lines are held, and two people decide after the firm spoke.

A decision and a payment wait for each other: while a release of the project is under way nothing is decided, and from
the day on which the case is open nothing more is ordered. So no won is taken back that was not paid (R21).
"""

import contextlib
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from uuid import UUID

from common import journal, outbox
from common.acting import as_service
from common.auth import Principal
from common.clock import KST
from common.db import Transaction
from common.event import new_id
from common.journal import JsonValue
from contracts.applicant import ProjectTerminated
from contracts.funding import RecoveryDecided, RecoveryEnded
from contracts.roles import COMPANY_ROLES
from funding.coverages import commands as coverages
from funding.recoveries import domain, store
from funding.recoveries.domain import Finding, Ground, Hearing, Recovery, RecoveryState
from funding.releases.commands import ending
from funding.releases.commands import lines as release_lines
from funding.releases.commands.ending import ReleaseLine
from funding.repayments import commands as repayments

__all__ = [
    "Finding",
    "Ground",
    "Hearing",
    "begin_after_termination",
    "close_paid_back",
    "decide_recovery",
    "give_notice",
    "give_opinion",
    "hear_objection",
    "object_to_recovery",
    "open_recovery",
    "propose_recovery",
    "send_recovery_back",
]

_SERVICE = Principal.service("funding")


async def begin_after_termination(tx: Transaction, told: ProjectTerminated, *, event_id: UUID, now: datetime) -> None:
    """Stop what is not ordered; what was paid is looked at, case by case, and where nothing was, the money lapses.

    A case that an officer has opened before goes on in its place: it holds the same lines and asks back the same money.
    """
    await release_lines.end_project(tx, told.project_id, now=now)
    lines = await ending.lock_lines(tx, told.project_id)
    if not any(line.kept_won or line.open_won for line in lines):
        for line in lines:
            await ending.give_up_rest(tx, line, now=now)
        return
    if await store.is_known(tx, event_id):
        return
    with contextlib.suppress(domain.RecoveryExists):
        await _open(
            tx,
            told.project_id,
            domain.ground_of(told.cause, told.fault_party),
            by=_SERVICE,
            now=now,
            cause=told.cause,
            fault_party=told.fault_party,
            event_id=event_id,
        )


async def open_recovery(tx: Transaction, project_id: UUID, ground: Ground, *, by: Principal, now: datetime) -> UUID:
    """An officer suspects a breach: the project's lines are held from this moment on."""
    await ending.lock_lines(tx, project_id)
    return await _open(tx, project_id, ground, by=by, now=now)


async def give_notice(tx: Transaction, recovery_id: UUID, *, read_version: int, by: Principal, now: datetime) -> None:
    """Tell the firm what is held against it; it may speak until a day that the rules count."""
    recovery = await _locked(tx, recovery_id, read_version, by=by)
    until = repayments.last_day(now, repayments.rules_of(recovery.rule_version).opinion_days)
    noticed = domain.give_notice(recovery, until, by=by.person, now=now)
    await store.save(tx, noticed)
    await _journal(tx, noticed, "recovery-noticed", {"opinion_until": until.isoformat()}, by=by, now=now)


async def give_opinion(
    tx: Transaction, recovery_id: UUID, sha256: str, *, read_version: int, by: Principal, now: datetime
) -> None:
    """The firm speaks."""
    recovery = await _locked(tx, recovery_id, read_version, by=by)
    heard = domain.give_opinion(recovery, sha256, now=now, today=_day(now))
    await store.save(tx, heard)
    evidence = f"opinion/sha256:{sha256}"
    await _journal(tx, heard, "recovery-opinion-given", {}, by=by, now=now, evidence=evidence)


async def propose_recovery(
    tx: Transaction, recovery_id: UUID, finding: Finding, *, read_version: int, by: Principal, now: datetime
) -> None:
    """An officer proposes what to take back and to impose, within what the law allows on the ground."""
    recovery = await _locked(tx, recovery_id, read_version, by=by)
    rule = repayments.rules_of(recovery.rule_version).ground(recovery.ground)
    limits = domain.Limits(surcharge_max_bp=rule.surcharge_max_bp, debar_max_months=rule.debar_max_months)
    proposed = domain.propose(recovery, finding, limits, by=by.person, now=now, today=_day(now))
    await store.save(tx, proposed)
    evidence = f"finding/sha256:{finding.sha256}"
    await _journal(tx, proposed, "recovery-proposed", _found(proposed), by=by, now=now, evidence=evidence)


async def send_recovery_back(
    tx: Transaction, recovery_id: UUID, *, read_version: int, by: Principal, now: datetime
) -> None:
    """The second person does not agree."""
    recovery = await _locked(tx, recovery_id, read_version, by=by)
    sent_back = domain.send_back(recovery, by=by.person)
    await store.save(tx, sent_back)
    await _journal(tx, sent_back, "recovery-sent-back", _found(recovery), by=by, now=now)


async def decide_recovery(
    tx: Transaction, recovery_id: UUID, *, read_version: int, by: Principal, now: datetime
) -> None:
    """The second person decides: what is taken back is owed from here on, source by source, and the rest lapses."""
    lines = await ending.lines_at_rest(tx, await store.project_of(tx, recovery_id))
    recovery = await _locked(tx, recovery_id, read_version, by=by)
    rules = repayments.rules_of(recovery.rule_version)
    claims = _claims(recovery, lines, rules)
    owed_won = sum(claim.total_won for claim in claims)
    until = repayments.last_day(now, rules.objection_days)
    decided = domain.decide(recovery, until, owed_won=owed_won, by=by.person, now=now)
    async with as_service(tx):
        if await ending.is_ended(tx, recovery.project_id):
            for line in lines:
                await ending.give_up_rest(tx, line, now=now)
        await repayments.order_repayments(
            tx,
            repayments.Origin.RECOVERY,
            recovery.id,
            lines,
            claims,
            rule_version=recovery.rule_version,
            due_on=repayments.last_day(now, rules.payment_days),
            by=by,
            now=now,
        )
        await store.save(tx, decided)
        if decided.state is RecoveryState.DROPPED:
            await ending.free_lines(tx, recovery.project_id, by=by, now=now)
    await _tell_decided(tx, decided, claims, by=by, now=now)


async def object_to_recovery(
    tx: Transaction, recovery_id: UUID, sha256: str, *, read_version: int, by: Principal, now: datetime
) -> None:
    """The firm objects."""
    recovery = await _locked(tx, recovery_id, read_version, by=by)
    objected = domain.object_to(recovery, sha256, now=now, today=_day(now))
    await store.save(tx, objected)
    evidence = f"objection/sha256:{sha256}"
    await _journal(tx, objected, "recovery-objected", {}, by=by, now=now, evidence=evidence)


async def hear_objection(
    tx: Transaction, recovery_id: UUID, hearing: Hearing, *, read_version: int, by: Principal, now: datetime
) -> None:
    """A third person dismisses the objection, or upholds it: then nothing is owed, and the lines are free."""
    project_id = await store.project_of(tx, recovery_id)
    await ending.lock_lines(tx, project_id)
    recovery = await _locked(tx, recovery_id, read_version, by=by)
    heard = domain.hear(recovery, hearing, by=by.person, now=now)
    if heard.state is RecoveryState.UPHELD:
        async with as_service(tx):
            await repayments.relieve_all(tx, recovery.id, by=by, now=now)
            await ending.free_lines(tx, project_id, by=by, now=now)
    await store.save(tx, heard)
    await _journal(tx, heard, "recovery-heard", {"hearing": hearing.value}, by=by, now=now)
    if heard.state is RecoveryState.UPHELD:
        await _tell_ended(tx, heard, now=now)


async def close_paid_back(tx: Transaction, *, now: datetime) -> bool:
    """Close one case that is paid back and to which nobody may object any more; False if none waits."""
    recovery = await store.lock_paid_back(tx, today=_day(now))
    if recovery is None:
        return False
    closed = domain.close(recovery, now=now)
    await store.save(tx, closed)
    await ending.free_lines(tx, recovery.project_id, by=_SERVICE, now=now)
    await _journal(tx, closed, "recovery-closed", {}, by=_SERVICE, now=now)
    await _tell_ended(tx, closed, now=now)
    return True


async def _open(
    tx: Transaction,
    project_id: UUID,
    ground: Ground,
    *,
    by: Principal,
    now: datetime,
    cause: str | None = None,
    fault_party: str | None = None,
    event_id: UUID | None = None,
) -> UUID:
    coverage = await coverages.granted(tx, project_id)
    recovery = Recovery(
        id=new_id(),
        project_id=project_id,
        call_id=coverage.call_id,
        company_id=coverage.company_id,
        municipality_code=coverage.municipality_code,
        ground=ground,
        cause=cause,
        fault_party=fault_party,
        event_id=event_id,
        rule_version=repayments.rules_in_force(now).version,
        state=RecoveryState.OPEN,
        opened_by=by.person,
        opened_at=now,
    )
    await store.add(tx, recovery)
    await ending.hold_lines(tx, project_id, by=by, now=now)
    evidence = None if event_id is None else f"event/{event_id}"
    facts: dict[str, JsonValue] = {"cause": cause, "fault_party": fault_party}
    await _journal(tx, recovery, "recovery-opened", facts, by=by, now=now, evidence=evidence)
    return recovery.id


def _claims(recovery: Recovery, lines: Sequence[ReleaseLine], rules: repayments.ClosingRules) -> list[repayments.Claim]:
    principal = domain.principals([(line.source, line.kept_won) for line in lines], recovery.recover_bp or 0)
    surcharge = domain.surcharges(principal, recovery.surcharge_bp or 0, free_won=rules.surcharge_free_won)
    interest = repayments.share_out(recovery.interest_won or 0, principal)
    return [
        repayments.Claim(
            source=source,
            principal_won=amount_won,
            interest_won=interest[source],
            surcharge_won=surcharge[source],
        )
        for source, amount_won in principal.items()
    ]


async def _locked(tx: Transaction, recovery_id: UUID, read_version: int, *, by: Principal) -> Recovery:
    recovery = await store.get_locked(tx, recovery_id)
    if by.role in COMPANY_ROLES and by.tenant != str(recovery.company_id):
        raise domain.RecoveryUnknown
    domain.check_version(recovery, read_version)
    return recovery


def _day(now: datetime) -> date:
    return now.astimezone(KST).date()


def _found(recovery: Recovery) -> dict[str, JsonValue]:
    return {
        "recover_bp": recovery.recover_bp,
        "interest_won": recovery.interest_won,
        "surcharge_bp": recovery.surcharge_bp,
        "debar_months": recovery.debar_months,
    }


async def _tell_decided(
    tx: Transaction, decided: Recovery, claims: Sequence[repayments.Claim], *, by: Principal, now: datetime
) -> None:
    by_source: list[JsonValue] = [
        {
            "source": claim.source.value,
            "principal_won": claim.principal_won,
            "interest_won": claim.interest_won,
            "surcharge_won": claim.surcharge_won,
        }
        for claim in claims
    ]
    facts = {**_found(decided), "claims": by_source}
    await _journal(tx, decided, f"recovery-{decided.state.lower()}", facts, by=by, now=now)
    if decided.state is RecoveryState.DROPPED:
        await _tell_ended(tx, decided, now=now)
        return
    event = RecoveryDecided(
        recovery_id=decided.id,
        project_id=decided.project_id,
        call_id=decided.call_id,
        municipality_code=decided.municipality_code,
        ground=decided.ground.value,
        recovered_won=sum(claim.principal_won + claim.interest_won for claim in claims),
        surcharge_won=sum(claim.surcharge_won for claim in claims),
        debar_months=decided.debar_months or 0,
        rule_version=decided.rule_version,
    )
    await outbox.record(tx, event, at=now)


async def _tell_ended(tx: Transaction, recovery: Recovery, *, now: datetime) -> None:
    event = RecoveryEnded(
        recovery_id=recovery.id,
        project_id=recovery.project_id,
        call_id=recovery.call_id,
        municipality_code=recovery.municipality_code,
        ground=recovery.ground.value,
        outcome=recovery.state.value,
    )
    await outbox.record(tx, event, at=now)


async def _journal(
    tx: Transaction,
    recovery: Recovery,
    decision: str,
    facts: Mapping[str, JsonValue],
    *,
    by: Principal,
    now: datetime,
    evidence: str | None = None,
) -> None:
    await journal.record(
        tx,
        chain=f"project/{recovery.project_id}",
        decision=decision,
        by=by,
        at=now,
        rule_version=recovery.rule_version,
        facts={
            "recovery_id": str(recovery.id),
            "ground": recovery.ground.value,
            "state": recovery.state.value,
            **facts,
        },
        evidence=() if evidence is None else (evidence,),
    )
