"""An application's own legal deadlines: they end with it, and a supplement that stays out is passed over."""

from datetime import datetime

from applicant.applications.commands.accounts import record_decision, subject_of
from applicant.applications.domain import case
from applicant.applications.domain.case import Application
from applicant.applications.store import cases
from applicant.deadlines import commands as deadlines
from applicant.deadlines.commands import Deadline, DeadlineKind, DeadlineState
from common.auth import Principal
from common.db import Transaction

_ENDS_WITH_IT = (DeadlineKind.SUPPLEMENT, DeadlineKind.SCREENING_DECISION, DeadlineKind.OBJECTION_WINDOW)


async def pass_over_supplement(tx: Transaction, deadline: Deadline, by: Principal, now: datetime) -> bool:
    """Let a case go on whose supplement stayed out, and give the operator a time to decide it as it stands."""
    application = await cases.get_application(tx, deadline.subject.application_id, lock=True)
    passed = case.pass_over_supplement(application, now=now)
    if passed is application:
        return False
    saved = await cases.save_application(tx, passed)
    await deadlines.settle_deadline(tx, saved.id, DeadlineKind.SUPPLEMENT, DeadlineState.MISSED, at=now)
    await deadlines.open_deadline(tx, DeadlineKind.SCREENING_DECISION, subject_of(saved), now=now)
    await record_decision(
        tx,
        saved,
        "supplement-passed-over",
        by=by,
        now=now,
        facts={"due_at": deadline.due_at.isoformat(), "deadline_rule": deadline.rule},
        rule_version=f"deadline/{deadline.rule_version}",
    )
    return True


async def drop_deadlines(tx: Transaction, application: Application, *, at: datetime) -> None:
    """Its own deadlines end with an application; a pending objection is still to be decided."""
    await deadlines.settle_deadlines(tx, application.id, _ENDS_WITH_IT, DeadlineState.DROPPED, at=at)
