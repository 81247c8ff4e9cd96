"""What a change of a call would have done to a past cohort, as a person reads it."""

from uuid import UUID

from applicant.selections.domain import what_if
from applicant.selections.domain.ranking import Outcome, Reason
from applicant.selections.domain.what_if import Change, Compared, WhatIf
from common.web import View

_NO_SUCH_TYPE = Reason("TYPE_NOT_IN_CALL", "이 공고에 없는 유형입니다.", "This call does not have the type.")


class WhatIfCaseView(View):
    """One plan of the past cohort then and under this call; won are public money, the rest is the firm's own."""

    application_id: UUID
    company_id: UUID
    type_code: str
    municipality_code: str
    total_cost_won: int
    score: int
    change: Change
    outcome_before: Outcome
    outcome_after: Outcome | None
    public_before_won: int
    public_after_won: int | None
    reason_code: str
    reason_ko: str
    reason_en: str


class WhatIfView(View):
    """Who would have gained, who would have lost, and what would be left; `cases` are those that change, best first.

    Scores are as they were consolidated, and budgets are the call's planned ones, whole. Nothing is stored.
    """

    call_id: UUID
    past_call_id: UUID
    gains: int
    loses: int
    keeps: int
    stays_out: int
    left_before_won: dict[str, int]
    left_after_won: dict[str, int]
    cases: list[WhatIfCaseView]


def what_if_view(call_id: UUID, past_call_id: UUID, found: WhatIf, *, with_cases: bool) -> WhatIfView:
    """A comparison as a person reads it; raises TooManyChanges when one answer cannot hold its cases."""
    changed, counts = found.changed if with_cases else (), found.counts
    what_if.check_fits(changed)
    return WhatIfView(
        call_id=call_id,
        past_call_id=past_call_id,
        gains=counts[Change.GAINS],
        loses=counts[Change.LOSES],
        keeps=counts[Change.KEEPS],
        stays_out=counts[Change.STAYS_OUT],
        left_before_won=dict(found.left_before_won),
        left_after_won=dict(found.left_after_won),
        cases=[_what_if_case(case) for case in changed],
    )


def _what_if_case(compared: Compared) -> WhatIfCaseView:
    before, after = compared.before, compared.after
    reason = after.reason if after else _NO_SUCH_TYPE
    return WhatIfCaseView(
        application_id=before.case.application_id,
        company_id=before.case.company_id,
        type_code=before.case.type_code,
        municipality_code=before.case.municipality_code,
        total_cost_won=before.case.total_cost_won,
        score=before.case.total_score,
        change=compared.change,
        outcome_before=before.outcome,
        outcome_after=after.outcome if after else None,
        public_before_won=sum(before.case.need_won.values()),
        public_after_won=sum(after.case.need_won.values()) if after else None,
        reason_code=reason.code,
        reason_ko=reason.ko,
        reason_en=reason.en,
    )
