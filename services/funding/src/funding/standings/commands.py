"""Asking for a firm's standing, and keeping what was answered; who knows the firm's number asks the tax office.

Funding knows a firm by its id alone, so it tells the applicant service that it asks (`StandingAsked`), and hears the
answer as codes (`StandingFound`). What follows for the money is decided in `releases`.
"""

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from common import journal, outbox
from common.auth import Principal
from common.db import Transaction
from common.event import new_id
from common.journal import JsonValue
from contracts.applicant import StandingFound
from contracts.funding import StandingAsked
from contracts.standing_versions import in_force, of_version
from contracts.standings import BusinessStatus, TaxAnswer
from funding.coverages import commands as coverages
from funding.standings import domain, store
from funding.standings.domain import Standing, StandingState

__all__ = [
    "Standing",
    "StandingState",
    "ask_again",
    "ask_if_needed",
    "check_good",
    "check_not_bad",
    "keep_answer",
    "project_of",
]

_SERVICE = Principal.service("funding")

project_of = store.project_of


async def ask_again(tx: Transaction, project_id: UUID, *, by: Principal, now: datetime) -> None:
    """Ask anew, whatever is known; while a question waits for its answer, that one is it, and is told again."""
    coverage = await coverages.granted(tx, project_id)
    await _ask(tx, project_id, coverage.company_id, coverage.municipality_code, by=by, now=now)


async def ask_if_needed(
    tx: Transaction, project_id: UUID, company_id: UUID, municipality_code: str, *, by: Principal, now: datetime
) -> None:
    """Ask unless the last answer is a good one that still holds: what is approved is about to be paid."""
    if not domain.holds(await store.last_answered(tx, project_id), now=now):
        await _ask(tx, project_id, company_id, municipality_code, by=by, now=now)


async def keep_answer(tx: Transaction, found: StandingFound, *, now: datetime) -> Standing | None:
    """Keep what the tax office said; None if it was known. The caller holds the project's money."""
    asked = await store.get_locked(tx, found.standing_id)
    if asked.state is not StandingState.ASKED:
        return None
    rules = of_version(asked.rule_version)
    answer = TaxAnswer(BusinessStatus(found.status), found.national_tax_arrears, found.local_tax_arrears)
    standing = asked.answered(answer, rules, about=found.about, at=found.answered_at, sha256=found.answer_sha256)
    await store.save_answer(tx, standing)
    facts: dict[str, JsonValue] = {
        "failed_rules": [broken.rule for broken in standing.broken(rules)],
        "about": found.about.isoformat(),
        "holds_until": standing.holds_until.isoformat() if standing.holds_until else None,
    }
    evidence = f"register/TAX_OFFICE/sha256:{found.answer_sha256}"
    await _journal(tx, standing, "standing-found", facts, by=_SERVICE, now=now, evidence=(evidence,))
    return standing


async def check_good(tx: Transaction, project_id: UUID, *, now: datetime) -> Standing:
    """The standing that a payment of this project may rest on at this moment; raises why there is none."""
    last = await store.last_answered(tx, project_id)
    rules = in_force(now) if last is None else of_version(last.rule_version)
    return domain.check_good(last, rules, now=now)


async def check_not_bad(tx: Transaction, project_id: UUID) -> None:
    """Refuse in the words of the rule that the last answer breaks, if it does: what the project's money is held for."""
    last = await store.last_answered(tx, project_id)
    if last is not None:
        domain.check_not_bad(last, of_version(last.rule_version))


async def _ask(
    tx: Transaction, project_id: UUID, company_id: UUID, municipality_code: str, *, by: Principal, now: datetime
) -> None:
    standing = Standing(
        id=new_id(),
        project_id=project_id,
        company_id=company_id,
        municipality_code=municipality_code,
        number=await store.next_number(tx, project_id),
        rule_version=in_force(now).version,
        state=StandingState.ASKED,
        asked_by=by.person,
        asked_at=now,
    )
    decision = "standing-asked"
    if not await store.add(tx, standing):
        # Question or answer may have been discarded on its way: told again, the one is taken up or the other retold.
        waiting = await store.waiting_locked(tx, project_id)
        if waiting is None:
            return  # It was answered at this moment: nothing newer could be asked.
        standing, decision = waiting, "standing-asked-again"
    asked = StandingAsked(
        standing_id=standing.id,
        project_id=project_id,
        company_id=company_id,
        municipality_code=municipality_code,
        rule_version=standing.rule_version,
    )
    await outbox.record(tx, asked, at=now)
    await _journal(tx, standing, decision, {}, by=by, now=now)


async def _journal(
    tx: Transaction,
    standing: Standing,
    decision: str,
    facts: Mapping[str, JsonValue],
    *,
    by: Principal,
    now: datetime,
    evidence: tuple[str, ...] = (),
) -> None:
    await journal.record(
        tx,
        chain=f"project/{standing.project_id}",
        decision=decision,
        by=by,
        at=now,
        rule_version=f"standing/{standing.rule_version}",
        facts={"standing_id": str(standing.id), "state": standing.state.value, **facts},
        evidence=evidence,
    )
