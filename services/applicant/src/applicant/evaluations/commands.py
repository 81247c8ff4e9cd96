"""How a case is judged: panels are formed, cases are given to them, members declare conflicts and lock their scores."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from applicant.applications import queries as applications
from applicant.calls import queries as calls
from applicant.evaluations import domain, store
from applicant.evaluations.domain import Assignment, Coaching, CoachingSource, ConflictKind, Marks, Panel, ScoreSheet
from common import journal
from common.acting import as_service
from common.auth import Principal
from common.db import Transaction
from common.errors import NotFound
from common.event import new_id
from common.journal import JsonValue

__all__ = [
    "CoachingSource",
    "ConflictKind",
    "Evaluator",
    "Marks",
    "Panel",
    "ScoreSheet",
    "assign_cases",
    "close_evaluation",
    "declare_conflict",
    "form_panel",
    "lock_score",
    "note_coaching",
    "seat_members",
]


@dataclass(frozen=True, slots=True)
class Evaluator:
    """Whom to seat in a panel: the subject of their token, their name and where they come from."""

    subject: str
    name: str
    affiliation: str


async def form_panel(
    tx: Transaction,
    call_id: UUID,
    *,
    name: str,
    type_code: str | None,
    members: Sequence[Evaluator],
    by: Principal,
    now: datetime,
) -> Panel:
    """Seat a panel for one type of a call, or for all, and give it the eligible cases that have none yet."""
    call = await calls.get_published_call(tx, call_id)
    if type_code is not None:
        calls.project_type(call.terms, type_code)
    domain.check_members([member.subject for member in members], size_min=call.terms.panel_rule.size_min)
    panel = Panel(new_id(), call_id, name, type_code)
    await store.open_round(tx, call_id)
    await store.add_panel(tx, panel, at=now)
    member_ids = await store.add_members(tx, panel.id, [_row(member) for member in members])
    facts = {"panel_id": str(panel.id), "type_code": type_code, "member_ids": [str(each) for each in member_ids]}
    await _journal_call(tx, call_id, "panel-formed", facts, by=by, now=now)
    await assign_cases(tx, call_id, by=by, now=now)
    return panel


async def seat_members(
    tx: Transaction, panel_id: UUID, members: Sequence[Evaluator], *, by: Principal, now: datetime
) -> Panel:
    """Add evaluators to a panel, for one to take the place of a member who declared a conflict."""
    panel = await store.get_panel(tx, panel_id)
    added = await store.add_members(tx, panel_id, [_row(member) for member in members])
    facts = {"panel_id": str(panel_id), "member_ids": [str(each) for each in added]}
    await _journal_call(tx, panel.call_id, "panel-members-seated", facts, by=by, now=now)
    return panel


async def assign_cases(tx: Transaction, call_id: UUID, *, by: Principal, now: datetime) -> Mapping[UUID, UUID]:
    """Give every eligible case of a call that has no panel to the least loaded panel of its type."""
    await calls.get_published_call(tx, call_id)
    panels = await store.get_panels(tx, call_id)
    held = await store.get_assigned(tx, call_id)
    eligible = await applications.eligible_of_call(tx, call_id)
    waiting = [(case.id, case.type_code) for case in eligible if case.id not in held]
    load: dict[UUID, int] = {}
    for panel_id in held.values():
        load[panel_id] = load.get(panel_id, 0) + 1
    shared_out = domain.share_out(waiting, panels, load)
    given = await store.assign(tx, call_id, shared_out, at=now) if shared_out else {}
    if given:
        barred = await store.seats_barred(tx, given)
        facts: dict[str, JsonValue] = {
            "count": len(given),
            "by_panel": {str(panel_id): count for panel_id, count in Counter(given.values()).items()},
            "barred_by_coaching": len(barred),
        }
        evidence = [domain.fingerprint(given, barred)]
        await _journal_call(tx, call_id, "cases-assigned", facts, by=by, now=now, evidence=evidence)
    return given


async def declare_conflict(
    tx: Transaction, application_id: UUID, *, kind: ConflictKind, statement: str, by: Principal, now: datetime
) -> Assignment:
    """Take the caller off a case for good; sheets the caller had locked for it no longer count."""
    seat = await _seat(tx, application_id, by=by, now=now)
    call_id = await _check_open(tx, application_id)
    await store.add_conflict(tx, seat, kind=kind, statement=statement, at=now)
    facts = {"member_id": str(seat.member_id), "kind": kind.value}
    await _journal_case(tx, application_id, "conflict-declared", facts, by=by, now=now, call_id=call_id)
    return Assignment(application_id, seat.member_id, kind)


async def lock_score(
    tx: Transaction,
    application_id: UUID,
    marks: Marks,
    *,
    replaces_version: int | None,
    reason: str | None,
    by: Principal,
    now: datetime,
) -> ScoreSheet:
    """Sign and lock the caller's marks for a case; a later change names the version it replaces, and why."""
    seat = await _seat(tx, application_id, by=by, now=now)
    call_id = await _check_open(tx, application_id)
    previous = await store.latest_sheet(tx, seat)
    domain.check_replaces(previous, replaces_version)
    sheet = domain.lock_sheet(previous, marks, sheet_id=new_id(), assignment=seat, reason=reason, now=now)
    await store.add_sheet(tx, sheet)
    facts: dict[str, JsonValue] = {
        "sheet_id": str(sheet.id),
        "member_id": str(seat.member_id),
        "version": sheet.version,
        "technical_score": marks.technical_score,
        "site_score": marks.site_score,
        "bonus": marks.bonus,
    }
    await _journal_case(tx, application_id, "score-locked", facts, by=by, now=now, call_id=call_id)
    return sheet


async def note_coaching(
    tx: Transaction,
    subjects: Sequence[str],
    company_ids: Sequence[UUID],
    *,
    source: CoachingSource,
    source_id: UUID,
    by: Principal,
    now: datetime,
) -> None:
    """Tie people to the firms they coach: none of them judges one of these, from now on and in what is open already.

    Whoever notes it does not learn whether somebody lost a seat by it: who judges whom is not theirs to know.
    """
    ties = [
        Coaching(new_id(), subject, company_id, source, source_id, now)
        for company_id in company_ids
        for subject in subjects
    ]
    if not ties:
        return
    async with as_service(tx):
        await store.add_coachings(tx, ties)
        lost = await store.seats_lost_by(tx, [tie.id for tie in ties])
    entries = [
        journal.Entry(
            chain=f"application/{application_id}",
            decision="evaluator-removed",
            facts={"member_id": str(member_id), "kind": ConflictKind.COACHED_THE_FIRM.value},
            evidence=(f"{source.value.lower()}/{source_id}",),
        )
        for application_id, member_id in lost
    ]
    if entries:
        await journal.record_many(tx, entries, by=by, at=now)


async def close_evaluation(tx: Transaction, call_id: UUID, *, now: datetime) -> None:
    """End scoring of a call, for the decision that rests on the scores."""
    await store.close_round(tx, call_id, at=now)


async def _seat(tx: Transaction, application_id: UUID, *, by: Principal, now: datetime) -> Assignment:
    """The caller's seat at a case. A case found eligible after its panel was formed is given out on first sight."""
    found = await store.get_assignment(tx, application_id, by.subject, lock=True)
    if found is None:
        try:
            # A member sees no case before it is assigned: giving out is the service's own work.
            async with as_service(tx):
                case = await applications.get_application(tx, application_id)
                if not await store.has_panel(tx, application_id):
                    await assign_cases(tx, case.call_id, by=Principal.service("applicant"), now=now)
        except NotFound:
            # One answer for a case of somebody else's and for none: a member learns of no other case.
            raise domain.CaseNotAssigned from None
        found = await store.get_assignment(tx, application_id, by.subject, lock=True)
    return domain.may_judge(found)


async def _check_open(tx: Transaction, application_id: UUID) -> UUID:
    case = await applications.get_application(tx, application_id)
    if case.status != "ELIGIBLE" or not await store.is_round_open(tx, case.call_id):
        raise domain.CaseNotOpenToScores
    return case.call_id


def _row(member: Evaluator) -> tuple[str, str, str]:
    return member.subject, member.name, member.affiliation


async def _journal_call(
    tx: Transaction,
    call_id: UUID,
    decision: str,
    facts: Mapping[str, JsonValue],
    *,
    by: Principal,
    now: datetime,
    evidence: Sequence[str] = (),
) -> None:
    await journal.record(
        tx,
        chain=f"call/{call_id}",
        decision=decision,
        by=by,
        at=now,
        facts=facts,
        rule_version=f"call/{call_id}",
        evidence=evidence,
    )


async def _journal_case(
    tx: Transaction,
    application_id: UUID,
    decision: str,
    facts: Mapping[str, JsonValue],
    *,
    by: Principal,
    now: datetime,
    call_id: UUID,
) -> None:
    await journal.record(
        tx,
        chain=f"application/{application_id}",
        decision=decision,
        by=by,
        at=now,
        facts=facts,
        rule_version=f"call/{call_id}",
    )
