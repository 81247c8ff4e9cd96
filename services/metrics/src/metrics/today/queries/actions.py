"""What can be done about what is open, by whom and with which request, or everything that stands against it."""

from collections.abc import Sequence
from uuid import UUID

from common.auth import Principal
from common.errors import Text
from common.web import View
from contracts.roles import Role
from metrics.today.domain import ActionCode, ClosedBecause, Surroundings, Unused, payer_of

_ACTIONS = {
    ActionCode.REPORT_SETTLEMENT: Text("기업이 실적보고를 제출", "The firm reports what was spent"),
    ActionCode.DRAFT_EXTRA_CALL: Text(
        "이 시·군만의 추가모집 공고를 작성", "Draft an extra call for this municipality only"
    ),
}
_CLOSED = {
    ClosedBecause.OFFERED_AGAIN: Text(
        "이후 공고에서 이 정원을 다시 모집했습니다.", "A later call has offered these seats again."
    ),
    ClosedBecause.CALL_UNDER_WAY: Text(
        "이 시·군에 접수 중이거나 선정이 끝나지 않은 공고가 있습니다.",
        "A call in this municipality is open or not decided yet.",
    ),
    ClosedBecause.RESERVES_WAIT: Text(
        "예비 순위 기업이 이 정원의 승계를 기다리고 있습니다.", "Reserves wait for these seats and move up first."
    ),
    ClosedBecause.FUNDING_NOT_ANSWERED: Text(
        "선정된 과제의 예산 확정을 기다리는 중이라 남은 예산이 정해지지 않았습니다.",
        "Selected projects wait for funding's answer, so what is left is not certain yet.",
    ),
    ClosedBecause.SHARES_UNKNOWN: Text(
        "이 공고는 분담률을 알리기 전에 게시되어 한 과제의 재원별 몫을 알 수 없습니다.",
        "The call was published before rates were told: what one project costs each source is not known.",
    ),
    ClosedBecause.NO_MONEY: Text(
        "남은 예산이 한 과제의 몫보다 적은 재원이 있습니다.", "A source has less left than one project's full share."
    ),
}


class DraftSeatLine(View):
    """The seats that an extra call would give."""

    type_code: str
    municipality_code: str
    seats: int


class DraftBudgetLine(View):
    """What these seats cost one source at most."""

    source: str
    municipality_code: str | None
    amount_won: int


class ExtraCallDraft(View):
    """The part of a call's draft that is known here: the rest is taken from the earlier call, or written anew."""

    track: str
    fiscal_year: int
    seat_lines: list[DraftSeatLine]
    planned_budget_lines: list[DraftBudgetLine]


class CopiedTerms(View):
    """Whence the draft has what is not in its fragment, and what of it somebody writes: the titles and the window."""

    method: str
    path: str
    fields: list[str]
    written_anew: list[str]


class TodayAction(View):
    """What can be done now, by whom, and with which request at the one origin; `yours` if the caller may."""

    code: ActionCode
    ko: str
    en: str
    method: str
    path: str
    roles: list[Role]
    yours: bool
    body: ExtraCallDraft | None
    copies: CopiedTerms | None


class ClosedReason(View):
    """One thing that stands against it."""

    code: ClosedBecause
    ko: str
    en: str


class ClosedAction(View):
    """What cannot be done now, and everything that stands against it."""

    code: ActionCode
    ko: str
    en: str
    because: list[ClosedReason]


def report_action(settlement_id: UUID, by: Principal) -> TodayAction:
    """The firm's own next step; whoever reads this can remind it."""
    said = _ACTIONS[ActionCode.REPORT_SETTLEMENT]
    return TodayAction(
        code=ActionCode.REPORT_SETTLEMENT,
        ko=said.ko,
        en=said.en,
        method="POST",
        path=f"/funding/v1/settlements/{settlement_id}/reports",
        roles=[Role.COMPANY_OWNER],
        yours=by.role == Role.COMPANY_OWNER,
        body=None,
        copies=None,
    )


def draft_action(unused: Unused, around: Surroundings, fiscal_year: int, by: Principal) -> TodayAction:
    """The extra call for these seats, as many as every source can pay for."""
    line, said = unused.line, _ACTIONS[ActionCode.DRAFT_EXTRA_CALL]
    seats = min(unused.left, around.fundable)
    body = ExtraCallDraft(
        track=line.track,
        fiscal_year=fiscal_year,
        seat_lines=[
            DraftSeatLine(type_code=line.type_code, municipality_code=line.municipality_code, seats=seats),
        ],
        planned_budget_lines=[
            DraftBudgetLine(source=source, municipality_code=payer_of(source, line), amount_won=seats * share_won)
            for source, share_won in sorted(around.shares_won.items())
        ],
    )
    return TodayAction(
        code=ActionCode.DRAFT_EXTRA_CALL,
        ko=said.ko,
        en=said.en,
        method="POST",
        path="/applicant/v1/calls",
        roles=[Role.TECHNOPARK_OPERATOR],
        yours=by.role == Role.TECHNOPARK_OPERATOR,
        body=body,
        copies=CopiedTerms(
            method="GET",
            path=f"/applicant/v1/calls/{line.call_id}",
            fields=["types", "rates", "split_rule_version", "panel_rule", "screening_rule_version", "supplement_days"],
            written_anew=["title_ko", "title_en", "opens_at", "closes_at"],
        ),
    )


def closed_action(closed: Sequence[ClosedBecause]) -> ClosedAction:
    """No extra call, and why."""
    said = _ACTIONS[ActionCode.DRAFT_EXTRA_CALL]
    return ClosedAction(
        code=ActionCode.DRAFT_EXTRA_CALL,
        ko=said.ko,
        en=said.en,
        because=[ClosedReason(code=each, ko=_CLOSED[each].ko, en=_CLOSED[each].en) for each in closed],
    )
