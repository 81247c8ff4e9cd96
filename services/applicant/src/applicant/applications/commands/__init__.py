"""The steps of an application, one file per verb group; a later feature calls what is named here."""

from applicant.applications.commands.deadlines import end_of, last_day
from applicant.applications.commands.drafts import draft_application, revise_application
from applicant.applications.commands.screenings import (
    SupplementAnswer,
    begin_screening,
    decide_eligibility,
    request_supplement,
    supplement_application,
)
from applicant.applications.commands.submissions import (
    Announcement,
    announce_outcomes,
    give_up_application,
    lock_application,
    submit_application,
    withdraw_application,
)
from applicant.applications.domain.case import Consents, Outcome, Plan, SupplementItem
from applicant.applications.domain.screening import Verdict

__all__ = [
    "Announcement",
    "Consents",
    "Outcome",
    "Plan",
    "SupplementAnswer",
    "SupplementItem",
    "Verdict",
    "announce_outcomes",
    "begin_screening",
    "decide_eligibility",
    "draft_application",
    "end_of",
    "give_up_application",
    "last_day",
    "lock_application",
    "request_supplement",
    "revise_application",
    "submit_application",
    "supplement_application",
    "withdraw_application",
]
