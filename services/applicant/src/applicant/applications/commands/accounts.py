"""What each step of an application tells others: its event, and its entry in the application's journal."""

from collections.abc import Mapping
from datetime import datetime
from typing import TypedDict
from uuid import UUID

from applicant.applications.domain.case import Application
from applicant.deadlines.commands import Subject
from common import journal
from common.auth import Principal
from common.db import Transaction
from common.journal import JsonValue


class EventFacts(TypedDict):
    """The fields that every event of an application has."""

    application_id: UUID
    call_id: UUID
    type_code: str
    municipality_code: str


def event_facts(application: Application) -> EventFacts:
    """The common fields of this application's events."""
    return EventFacts(
        application_id=application.id,
        call_id=application.call_id,
        type_code=application.type_code,
        municipality_code=application.municipality_code,
    )


def subject_of(application: Application) -> Subject:
    """What a deadline of this application is about."""
    return Subject(
        id=application.id,
        application_id=application.id,
        company_id=application.company_id,
        call_id=application.call_id,
        municipality_code=application.municipality_code,
    )


async def record_decision(
    tx: Transaction,
    application: Application,
    decision: str,
    *,
    by: Principal,
    now: datetime,
    facts: Mapping[str, JsonValue] | None = None,
    rule_version: str | None = None,
    evidence: tuple[str, ...] = (),
) -> None:
    """Append to the application's journal; `facts` hold ids, codes and amounts, never a person or what they wrote."""
    await journal.record(
        tx,
        chain=f"application/{application.id}",
        decision=decision,
        by=by,
        at=now,
        facts={"status": application.status.value, "version": application.version, **(facts or {})},
        rule_version=rule_version,
        evidence=evidence,
    )
