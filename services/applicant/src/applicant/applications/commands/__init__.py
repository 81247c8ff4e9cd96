"""The steps of an application, one file per verb group; a later feature calls what is named here."""

from applicant.applications.commands.accounts import EventFacts, event_facts, subject_of
from applicant.applications.commands.deadlines import pass_over_supplement
from applicant.applications.commands.drafts import draft_application, revise_application
from applicant.applications.commands.drafts import lock_own as lock_own_application
from applicant.applications.commands.screenings import (
    SupplementAnswer,
    begin_screening,
    decide_eligibility,
    find_eligible_after_all,
    request_supplement,
    supplement_application,
)
from applicant.applications.commands.submissions import (
    Announcement,
    announce_outcomes,
    give_up_application,
    hold_eligible,
    lock_application,
    submit_application,
    withdraw_application,
)
from applicant.applications.domain.case import Consents, Outcome, Plan, SupplementItem
from applicant.applications.domain.screening import Verdict

__all__ = [
    "Announcement",
    "Consents",
    "EventFacts",
    "Outcome",
    "Plan",
    "SupplementAnswer",
    "SupplementItem",
    "Verdict",
    "announce_outcomes",
    "begin_screening",
    "decide_eligibility",
    "draft_application",
    "event_facts",
    "find_eligible_after_all",
    "give_up_application",
    "hold_eligible",
    "lock_application",
    "lock_own_application",
    "pass_over_supplement",
    "request_supplement",
    "revise_application",
    "subject_of",
    "submit_application",
    "supplement_application",
    "withdraw_application",
]
