"""How a call comes into being: the Technopark drafts and edits, a second person at the province publishes."""

from collections.abc import Awaitable, Callable
from datetime import date, datetime
from uuid import UUID

from applicant.calls import domain, store
from applicant.calls.domain import Call, CallTerms, OfferedSeats
from common import journal, outbox
from common.auth import Principal
from common.clock import KST
from common.db import Transaction
from common.event import new_id
from contracts.applicant import CallPublished, CallRate, PlannedBudgetLine, ProjectType, SeatLine


async def draft_call(tx: Transaction, terms: CallTerms, *, by: Principal, now: datetime) -> Call:
    """Start a call as a draft that nobody outside sees."""
    _check_rules_exist(terms)
    call = domain.draft_call(new_id(), terms, by=by.person)
    await store.add_call(tx, call)
    await _journal(tx, call, "call-drafted", by=by, now=now)
    return call


async def edit_call(
    tx: Transaction, call_id: UUID, terms: CallTerms, *, read_version: int, by: Principal, now: datetime
) -> Call:
    """Replace a draft's terms."""
    _check_rules_exist(terms)
    call = await store.get_call(tx, call_id, lock=True)
    domain.check_version(call, read_version)
    saved = await store.save_call(tx, domain.edit_call(call, terms, by=by.person))
    await _journal(tx, saved, "call-edited", by=by, now=now)
    return saved


async def publish_call(
    tx: Transaction,
    call_id: UUID,
    *,
    read_version: int,
    committee_date: date,
    committee_resolution_number: str,
    offered_seats: Callable[[Transaction, UUID], Awaitable[OfferedSeats]],
    by: Principal,
    now: datetime,
) -> Call:
    """Open the call to the public. From here on it is immutable, in the domain and in the database."""
    call = await store.get_call(tx, call_id, lock=True)
    domain.check_version(call, read_version)
    published = domain.publish_call(
        call,
        by=by.person,
        now=now,
        today=now.astimezone(KST).date(),
        committee_date=committee_date,
        committee_resolution_number=committee_resolution_number,
        # Asked under the lock: whoever offers or confirms seats holds the call, so none comes in between.
        offered=await offered_seats(tx, call_id),
    )
    saved = await store.save_call(tx, published)
    await outbox.record(tx, _published(saved), at=now)
    await _journal(
        tx,
        saved,
        "call-published",
        by=by,
        now=now,
        # The number of its resolution stands in the call itself, which is fixed now: it is text as somebody typed it.
        committee_date=committee_date.isoformat(),
    )
    return saved


def _check_rules_exist(terms: CallTerms) -> None:
    known = store.known_screening_rule_versions()
    if terms.screening_rule_version not in known:
        raise domain.UnknownScreeningRules(known=", ".join(sorted(known)))


async def _journal(tx: Transaction, call: Call, decision: str, *, by: Principal, now: datetime, **facts: str) -> None:
    terms = call.terms
    await journal.record(
        tx,
        chain=f"call/{call.id}",
        decision=decision,
        by=by,
        at=now,
        facts={
            "version": call.version,
            "track": terms.track.value,
            "fiscal_year": terms.fiscal_year,
            "opens_at": terms.opens_at.isoformat(),
            "closes_at": terms.closes_at.isoformat(),
            "split_rule_version": terms.split_rule_version,
            **facts,
        },
        rule_version=terms.screening_rule_version,
    )


def _published(call: Call) -> CallPublished:
    terms = call.terms
    return CallPublished(
        call_id=call.id,
        track=terms.track.value,
        title_ko=terms.title_ko,
        fiscal_year=terms.fiscal_year,
        opens_at=terms.opens_at,
        closes_at=terms.closes_at,
        split_rule_version=terms.split_rule_version,
        types=[ProjectType(type_code=each.type_code, cap_won=each.cap_won) for each in terms.types],
        seat_lines=[
            SeatLine(type_code=each.type_code, municipality_code=each.municipality_code, seats=each.seats)
            for each in terms.seat_lines
        ],
        planned_budget_lines=[
            PlannedBudgetLine(
                source=each.source.value, municipality_code=each.municipality_code, amount_won=each.amount_won
            )
            for each in terms.planned_budget_lines
        ],
        rates=[CallRate(source=each.source.value, rate_bp=each.rate_bp, capped=each.capped) for each in terms.rates],
    )
