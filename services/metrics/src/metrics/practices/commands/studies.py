"""A firm or an office asks to study a case, the host's side settles it, and what was adopted is written down."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from common import journal
from common.acting import as_service
from common.auth import Principal
from common.db import Transaction
from common.event import new_id
from common.journal import JsonValue
from contracts.roles import COMPANY_ROLES, MUNICIPALITY_ROLES, PROVINCE_ROLES, PROVINCE_TENANT, Role
from metrics.outcomes.queries import proofs
from metrics.practices.domain import studies as rules
from metrics.practices.domain.cases import GoodPractice
from metrics.practices.domain.studies import (
    Adopter,
    DeclineReason,
    PracticeStudyNotYours,
    PracticeStudyUnknown,
    Study,
    StudyKind,
    StudyOutcome,
    Visitor,
)
from metrics.practices.store import cases, studies

__all__ = ["Adopted", "DeclineReason", "StudyKind", "StudyOutcome", "record_adoption", "request_study", "settle_study"]

_TECHNOPARK = "TECHNOPARK"


@dataclass(frozen=True, slots=True, kw_only=True)
class Adopted:
    """Which project took over what, and when."""

    project_id: UUID
    processes: Sequence[str]
    technologies: Sequence[str]
    adopted_on: date


async def request_study(
    tx: Transaction, practice_id: UUID, kind: StudyKind, *, wanted_on: date, by: Principal, now: datetime
) -> UUID:
    """Ask to come to the factory of a published case, or for its papers."""
    practice = await _case(tx, practice_id)
    study = rules.request(
        new_id(),
        practice,
        _visitor(by),
        kind,
        wanted_on=wanted_on,
        today=proofs.day_of(now),
        by=by.person,
        now=now,
    )
    await studies.add_study(tx, study)
    facts = {"kind": kind.value, "wanted_on": wanted_on.isoformat()}
    await _journal(tx, practice, study.id, "good-practice-study-requested", facts, by=by, now=now)
    return study.id


async def settle_study(
    tx: Transaction,
    study_id: UUID,
    outcome: StudyOutcome,
    *,
    held_on: date | None,
    reason: DeclineReason | None,
    read_version: int,
    by: Principal,
    now: datetime,
) -> None:
    """Say when it was held, or why not: by the Technopark, or by an officer of the municipality of the case."""
    study = await _seen(tx, study_id, by=by, lock=True)
    if by.role in MUNICIPALITY_ROLES and study.practice_municipality_code != by.tenant:
        raise PracticeStudyNotYours
    settled = rules.settle(
        study,
        outcome,
        held_on=held_on,
        reason=reason,
        read_version=read_version,
        today=proofs.day_of(now),
        by=by.person,
        now=now,
    )
    await studies.save_study(tx, settled)
    facts: dict[str, JsonValue] = {
        "held_on": None if held_on is None else held_on.isoformat(),
        "reason": None if reason is None else reason.value,
    }
    practice = await _case(tx, study.good_practice_id)
    await _journal(tx, practice, study.id, f"good-practice-study-{outcome.value.lower()}", facts, by=by, now=now)


async def record_adoption(tx: Transaction, study_id: UUID, adopted: Adopted, *, by: Principal, now: datetime) -> None:
    """Write down what a project took over: its firm, its municipality, or the Technopark for any."""
    study = await _seen(tx, study_id, by=by)
    place = await proofs.place_of(tx, adopted.project_id)
    foreign_firm = by.role in COMPANY_ROLES and str(place.company_id) != by.tenant
    if foreign_firm or (by.role in MUNICIPALITY_ROLES and place.municipality_code != by.tenant):
        raise proofs.OutcomeProjectUnknown
    practice = await _case(tx, study.good_practice_id)
    adoption = rules.adopt(
        new_id(),
        study,
        practice,
        Adopter(project_id=adopted.project_id, company_id=place.company_id, municipality_code=place.municipality_code),
        processes=adopted.processes,
        technologies=adopted.technologies,
        adopted_on=adopted.adopted_on,
        today=proofs.day_of(now),
        by=by.person,
        now=now,
    )
    await studies.add_adoption(tx, adoption)
    facts: dict[str, JsonValue] = {
        "project_id": str(adopted.project_id),
        "processes": list(adoption.processes),
        "technologies": list(adoption.technologies),
        "adopted_on": adopted.adopted_on.isoformat(),
    }
    await _journal(tx, practice, study.id, "good-practice-adopted", facts, by=by, now=now)


def _visitor(by: Principal) -> Visitor:
    """For whom somebody comes."""
    if by.role in COMPANY_ROLES and by.tenant is not None:
        return Visitor(company_id=UUID(by.tenant))
    if by.role in MUNICIPALITY_ROLES:
        return Visitor(office=by.tenant)
    if by.role in PROVINCE_ROLES:
        return Visitor(office=PROVINCE_TENANT)
    if by.role == Role.TECHNOPARK_OPERATOR:
        return Visitor(office=_TECHNOPARK)
    raise PracticeStudyNotYours


async def _case(tx: Transaction, practice_id: UUID) -> GoodPractice:
    """A case of somebody else's, whose row its visitors do not see."""
    async with as_service(tx):
        return await cases.get(tx, practice_id)


async def _seen(tx: Transaction, study_id: UUID, *, by: Principal, lock: bool = False) -> Study:
    study = await studies.get_study(tx, study_id, lock=lock)
    firms = {str(study.visitor_company_id), str(study.practice_company_id)}
    if by.role in COMPANY_ROLES and by.tenant not in firms:
        raise PracticeStudyUnknown
    if by.role in MUNICIPALITY_ROLES and by.tenant not in {study.visitor_office, study.practice_municipality_code}:
        raise PracticeStudyUnknown
    return study


async def _journal(
    tx: Transaction,
    practice: GoodPractice,
    study_id: UUID,
    decision: str,
    facts: Mapping[str, JsonValue],
    *,
    by: Principal,
    now: datetime,
) -> None:
    about: dict[str, JsonValue] = {"good_practice_id": str(practice.id), "practice_study_id": str(study_id)}
    await journal.record(
        tx, chain=f"project/{practice.project_id}", decision=decision, by=by, at=now, facts={**about, **facts}
    )
