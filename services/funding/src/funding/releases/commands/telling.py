"""What every step of a release leaves behind: its event for others, its journal entry for whoever asks why."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from common import journal, outbox
from common.auth import Principal
from common.db import Transaction
from common.journal import JsonValue
from contracts import funding as told
from funding.releases.domain.holds import Hold
from funding.releases.domain.release import Release, ReleaseLine, ReleaseState

_EVENTS: Mapping[ReleaseState, type[told.DisbursementFact]] = {
    ReleaseState.RESERVED: told.DisbursementReserved,
    ReleaseState.APPROVED: told.DisbursementApproved,
    ReleaseState.ORDERED: told.DisbursementOrdered,
    ReleaseState.CONFIRMED: told.DisbursementConfirmed,
    ReleaseState.POSTED: told.DisbursementPosted,
}


async def tell_step(
    tx: Transaction, release: Release, *, by: Principal, now: datetime, facts: Mapping[str, JsonValue] | None = None
) -> None:
    """A release came to a new state."""
    if release.state is ReleaseState.VOIDED:
        reason = str(release.void_reason)
        await outbox.record(tx, told.DisbursementVoided(**_fact(release), reason=reason), at=now)
    else:
        await outbox.record(tx, _EVENTS[release.state](**_fact(release)), at=now)
    await tell_decision(tx, release, f"release-{release.state.lower()}", by=by, now=now, facts=facts)


async def tell_unclear(tx: Transaction, release: Release, *, by: Principal, now: datetime) -> None:
    """The bank has not said in time what became of an order: people must look."""
    await outbox.record(tx, told.DisbursementUnclear(**_fact(release)), at=now)
    await tell_decision(tx, release, "release-unclear", by=by, now=now)


async def tell_decision(
    tx: Transaction,
    release: Release,
    decision: str,
    *,
    by: Principal,
    now: datetime,
    facts: Mapping[str, JsonValue] | None = None,
) -> None:
    """One decision about a release, with what it rests on."""
    evidence = [f"gate/{release.gate}"]
    if release.invoice_sha256 is not None:
        evidence.append(f"invoice/sha256:{release.invoice_sha256}")
    await journal.record(
        tx,
        chain=f"project/{release.project_id}",
        decision=decision,
        by=by,
        at=now,
        rule_version=release.terms_version,
        facts={
            "release_id": str(release.id),
            "source": release.source.value,
            "amount_won": release.amount_won,
            "state": release.state.value,
            "reservation_id": str(release.reservation_id),
            "resolution_id": None if release.resolution_id is None else str(release.resolution_id),
            **(facts or {}),
        },
        evidence=evidence,
    )


async def tell_hold(tx: Transaction, hold: Hold, decision: str, *, by: Principal, now: datetime) -> None:
    """A hold was placed or a step of lifting it was taken."""
    await journal.record(
        tx,
        chain=f"project/{hold.project_id}",
        decision=decision,
        by=by,
        at=now,
        facts={"hold_id": str(hold.id), "source": hold.source.value, "hold_reason": hold.reason.value},
    )


async def tell_lapse(tx: Transaction, line: ReleaseLine, *, now: datetime) -> None:
    """A line gave up what it had left; why is in the journal of the settlement, clawback or termination."""
    lapsed = told.CommitmentLapsed(
        project_id=line.project_id,
        call_id=line.call_id,
        municipality_code=line.municipality_code,
        source=line.source.value,
        budget_line_id=line.budget_line_id,
        amount_won=line.left_won,
    )
    await outbox.record(tx, lapsed, at=now)


async def tell_gate(
    tx: Transaction, project_id: UUID, gate: str, *, event_id: UUID, by: Principal, now: datetime
) -> None:
    """Funding heard that a project passed a gate."""
    await journal.record(
        tx,
        chain=f"project/{project_id}",
        decision="release-gate-opened",
        by=by,
        at=now,
        facts={"gate": gate},
        evidence=(f"event/{event_id}",),
    )


def _fact(release: Release) -> dict[str, Any]:
    return {
        "release_id": release.id,
        "project_id": release.project_id,
        "call_id": release.call_id,
        "municipality_code": release.municipality_code,
        "source": release.source.value,
        "gate": release.gate.value,
        "amount_won": release.amount_won,
    }
