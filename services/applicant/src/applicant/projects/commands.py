"""What happens to a place once it is taken: opened on selection, settled by funding's answer, or given back."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypedDict
from uuid import UUID

from applicant.agreements import commands as agreements
from applicant.agreements.commands import AgreementInForce
from applicant.applications import commands as applications
from applicant.companies import queries as companies
from applicant.deadlines.commands import Deadline
from applicant.notices import commands as notices
from applicant.notices.commands import NoticeKind, Recipient, Wanted
from applicant.projects import domain, store
from applicant.projects.domain import NeedWon, Project, ProjectState
from common import journal, outbox
from common.auth import Principal
from common.db import Transaction
from common.errors import DomainError
from common.event import new_id
from common.journal import JsonValue
from contracts.applicant import (
    CommitmentRequested,
    ProjectConfirmed,
    ProjectNotFunded,
    ProjectSelected,
    ProjectWithdrawn,
)

__all__ = [
    "AgreementInForce",
    "Place",
    "Project",
    "against_giving_up",
    "ask_again",
    "call_of",
    "confirm_project",
    "has_standing_project",
    "lapse_project",
    "open_projects",
    "refuse_project",
    "release_project",
    "withdraw_project",
    "withdraw_project_of",
]


@dataclass(frozen=True, slots=True)
class Place:
    """A place that a case has just got, with all that funding needs to split its cost."""

    application_id: UUID
    company_id: UUID
    call_id: UUID
    type_code: str
    municipality_code: str
    fiscal_year: int
    track: str
    total_cost_won: int
    cap_won: int
    split_rule_version: str
    need_won: NeedWon
    promoted: bool


class _EventFacts(TypedDict):
    project_id: UUID
    application_id: UUID
    call_id: UUID
    type_code: str
    municipality_code: str


class _MoneyFacts(_EventFacts):
    company_id: UUID
    fiscal_year: int
    track: str
    total_cost_won: int
    cap_won: int
    split_rule_version: str


async def open_projects(
    tx: Transaction, places: Sequence[Place], *, evidence: Sequence[str], by: Principal, now: datetime
) -> Mapping[UUID, UUID]:
    """Open a project for each place and ask funding for its money; returns the project of each application.

    Funding answers a call's requests in the order in which they are made here. So the places come best first, and the
    caller holds the call's selection.
    """
    projects = [_opened(place, now) for place in places]
    if projects:
        await store.add(tx, projects)
    await outbox.record_many(tx, [_selected(project) for project in projects], at=now)
    await outbox.record_many(tx, [_requested(project) for project in projects], at=now)
    entries = [_entry(project, "project-selected", _opening(project), evidence) for project in projects]
    await journal.record_many(tx, entries, by=by, at=now)
    return {project.application_id: project.id for project in projects}


async def call_of(tx: Transaction, project_id: UUID) -> UUID:
    """The call whose places a project is one of; raises ProjectNotFound."""
    return (await store.get(tx, project_id)).call_id


async def ask_again(tx: Transaction, project_id: UUID, *, read_version: int, by: Principal, now: datetime) -> Project:
    """Ask funding once more for the money of a project that it has not answered, after all others of its call.

    A request that funding never got to (it was discarded there) is made up for; one that it did answer changes nothing
    there. The rules of the day of the selection still apply. The caller holds the call's selection.
    """
    project = await store.get(tx, project_id, lock=True)
    domain.check_version(project, read_version)
    domain.check_unanswered(project)
    await outbox.record(tx, _requested(project), at=project.selected_at)
    await _journal(tx, project, "commitment-requested-again", {"state": project.state.value}, by=by, now=now)
    return project


async def confirm_project(
    tx: Transaction,
    project_id: UUID,
    *,
    commitment_id: UUID,
    shares: Sequence[tuple[str, int]],
    by: Principal,
    now: datetime,
) -> Project:
    """Let the project stand, now that funding has committed its money, and draft its agreement."""
    project = await store.get(tx, project_id, lock=True)
    confirmed = domain.confirm(project)
    if confirmed is project:
        return project
    saved = await store.save(tx, confirmed)
    await outbox.record(tx, ProjectConfirmed(**_event_facts(saved)), at=now)
    evidence = [f"commitment/{commitment_id}"]
    await _journal(tx, saved, "project-confirmed", {"state": saved.state.value}, by=by, now=now, evidence=evidence)
    await agreements.draft_agreement(
        tx,
        agreements.CommittedProject(
            **_event_facts(saved),
            company_id=saved.company_id,
            commitment_id=commitment_id,
            total_cost_won=saved.total_cost_won,
            shares=shares,
        ),
        now=now,
    )
    return saved


async def refuse_project(
    tx: Transaction, project_id: UUID, *, reason: str, facts: Mapping[str, JsonValue], by: Principal, now: datetime
) -> Project | None:
    """End the project that funding refused; returns it if its place has become free by this."""
    project = await store.get(tx, project_id, lock=True)
    refused = domain.refuse_funding(project, reason=reason)
    if refused is project:
        return None
    saved = await store.save(tx, refused)
    if saved.state is ProjectState.NOT_FUNDED:
        await outbox.record(tx, ProjectNotFunded(**_event_facts(saved), reason=reason), at=now)
        await notices.queue(tx, [_not_funded(saved, reason)], now=now)
    told = {"state": saved.state.value, "reason": reason, **facts}
    await _journal(tx, saved, "project-not-funded", told, by=by, now=now)
    return saved


async def release_project(
    tx: Transaction, project_id: UUID, *, commitment_id: UUID, by: Principal, now: datetime
) -> Project | None:
    """Free the place of a withdrawn project, now that funding has its money back; returns it if this freed it."""
    project = await store.get(tx, project_id, lock=True)
    released = domain.release(project)
    if released is project:
        return None
    saved = await store.save(tx, released)
    evidence = [f"commitment/{commitment_id}"]
    await _journal(tx, saved, "place-freed", {"state": saved.state.value}, by=by, now=now, evidence=evidence)
    return saved


async def withdraw_project(
    tx: Transaction, project_id: UUID, *, read_version: int, reason: str, by: Principal, now: datetime
) -> Project:
    """Give a place back, and with it the application."""
    project = await store.get(tx, project_id)
    domain.check_own(project, companies.own_company_id(by))
    # The application's lock comes first, as in a withdrawal of the application: the two cannot wait for each other.
    application = await applications.lock_application(tx, project.application_id)
    withdrawn = await _withdraw(tx, project_id, read_version=read_version, reason=reason, by=by, now=now)
    await applications.withdraw_application(
        tx, application.id, reason=reason, read_version=application.version, by=by, now=now
    )
    return withdrawn


async def has_standing_project(tx: Transaction, application_id: UUID) -> bool:
    """Whether an application has a place now, money committed or not; it stays so until the transaction ends."""
    return await store.find_standing(tx, application_id) is not None


async def withdraw_project_of(
    tx: Transaction, application_id: UUID, *, reason: str, by: Principal, now: datetime
) -> None:
    """Give back the place that a withdrawn application holds; nothing to do when it holds none."""
    project = await store.find_standing(tx, application_id)
    if project is not None:
        await _withdraw(tx, project.id, read_version=project.version, reason=reason, by=by, now=now)


async def against_giving_up(tx: Transaction, application_id: UUID) -> list[DomainError]:
    """Why the place that this application holds cannot be given back; nothing when it holds none."""
    try:
        project = await store.find_standing(tx, application_id, lock=False)
        if project is not None:
            await agreements.check_may_withdraw(tx, project.id)
    except DomainError as refusal:
        return [refusal]
    return []


async def lapse_project(tx: Transaction, deadline: Deadline, by: Principal, now: datetime) -> bool:
    """Count a place as given back whose agreement was not signed in time; False if nothing is due any more."""
    project_id = deadline.subject.id
    application = await applications.lock_application(tx, deadline.subject.application_id)
    project = await store.get(tx, project_id, lock=True)
    if not await agreements.lapse_agreement(tx, project_id, deadline, by=by, now=now):
        return False
    reason = f"agreement-lapsed: {deadline.kind.value}"
    await _give_back(tx, project, reason=reason, by=by, now=now)
    await applications.give_up_application(tx, application, reason=reason, by=by, now=now)
    return True


async def _withdraw(
    tx: Transaction, project_id: UUID, *, read_version: int, reason: str, by: Principal, now: datetime
) -> Project:
    """The reason stays with the project; the place is free only once funding has its money back."""
    project = await store.get(tx, project_id, lock=True)
    domain.check_version(project, read_version)
    await agreements.withdraw_agreement(tx, project_id, by=by, now=now)
    return await _give_back(tx, project, reason=reason, by=by, now=now)


async def _give_back(tx: Transaction, project: Project, *, reason: str, by: Principal, now: datetime) -> Project:
    saved = await store.save(tx, domain.withdraw(project, reason=reason))
    await outbox.record(tx, ProjectWithdrawn(**_event_facts(saved)), at=now)
    await _journal(tx, saved, "project-withdrawn", {"was": project.state.value}, by=by, now=now)
    return saved


def _not_funded(project: Project, reason: str) -> Wanted:
    return Wanted(
        reason=f"project/{project.id}@{project.version}",
        kind=NoticeKind.NOT_FUNDED,
        recipient=Recipient.COMPANY,
        company_id=project.company_id,
        application_id=project.application_id,
        project_id=project.id,
        facts={"rule": reason},
    )


def _opened(place: Place, now: datetime) -> Project:
    return Project(
        id=new_id(),
        application_id=place.application_id,
        company_id=place.company_id,
        call_id=place.call_id,
        type_code=place.type_code,
        municipality_code=place.municipality_code,
        fiscal_year=place.fiscal_year,
        track=place.track,
        total_cost_won=place.total_cost_won,
        cap_won=place.cap_won,
        split_rule_version=place.split_rule_version,
        need_won=place.need_won,
        promoted=place.promoted,
        state=ProjectState.SELECTED,
        holds_place=True,
        state_reason=None,
        selected_at=now,
        version=1,
    )


def _selected(project: Project) -> ProjectSelected:
    return ProjectSelected(**_money_facts(project), promoted=project.promoted, asked_in_turn=True)


def _requested(project: Project) -> CommitmentRequested:
    return CommitmentRequested(**_money_facts(project))


def _money_facts(project: Project) -> _MoneyFacts:
    return _MoneyFacts(
        **_event_facts(project),
        company_id=project.company_id,
        fiscal_year=project.fiscal_year,
        track=project.track,
        total_cost_won=project.total_cost_won,
        cap_won=project.cap_won,
        split_rule_version=project.split_rule_version,
    )


def _event_facts(project: Project) -> _EventFacts:
    return _EventFacts(
        project_id=project.id,
        application_id=project.application_id,
        call_id=project.call_id,
        type_code=project.type_code,
        municipality_code=project.municipality_code,
    )


def _opening(project: Project) -> dict[str, JsonValue]:
    return {
        "application_id": str(project.application_id),
        "total_cost_won": project.total_cost_won,
        "cap_won": project.cap_won,
        "need_won": dict(project.need_won),
        "promoted": project.promoted,
    }


async def _journal(
    tx: Transaction,
    project: Project,
    decision: str,
    facts: Mapping[str, JsonValue],
    *,
    by: Principal,
    now: datetime,
    evidence: Sequence[str] = (),
) -> None:
    await journal.record_many(tx, [_entry(project, decision, facts, evidence)], by=by, at=now)


def _entry(project: Project, decision: str, facts: Mapping[str, JsonValue], evidence: Sequence[str]) -> journal.Entry:
    return journal.Entry(
        chain=f"project/{project.id}",
        decision=decision,
        facts={"version": project.version, **facts},
        rule_version=f"split/{project.split_rule_version}",
        evidence=evidence,
    )
