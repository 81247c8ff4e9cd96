"""A notice: what it says, to whom, and how far its delivery has come.

QUEUED -> SENT, or FAILED and tried again, or GIVEN_UP, which the operator sees and may set going again. The texts hold
dates, codes, amounts and ids and no person: who it goes to is looked up when it leaves. What is for a municipality that
has no mailbox goes to the Technopark in its place, and says so.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from uuid import UUID, uuid5

from common.errors import NotFound, RuleRefused, Text

_NAMES = UUID("9d1f7a52-6c0e-4a3b-8f55-0b7e1d2c4a68")


class NoticeKind(StrEnum):
    """What a notice tells."""

    SELECTED = "SELECTED"
    RESERVE = "RESERVE"
    NOT_SELECTED = "NOT_SELECTED"
    INELIGIBLE = "INELIGIBLE"
    NOT_FUNDED = "NOT_FUNDED"
    SUPPLEMENT_REQUESTED = "SUPPLEMENT_REQUESTED"
    AGREEMENT_ISSUED = "AGREEMENT_ISSUED"
    DEADLINE_NEAR = "DEADLINE_NEAR"
    DEADLINE_OVERDUE = "DEADLINE_OVERDUE"
    OBJECTION_DECIDED = "OBJECTION_DECIDED"
    MONEY_LAPSES = "MONEY_LAPSES"


class Recipient(StrEnum):
    """Whom it goes to: the case's firm, or an office's own mailbox."""

    COMPANY = "COMPANY"
    OPERATOR = "OPERATOR"
    PROVINCE = "PROVINCE"
    MUNICIPALITY = "MUNICIPALITY"


class NoticeState(StrEnum):
    """How far the delivery has come."""

    QUEUED = "QUEUED"
    FAILED = "FAILED"
    SENT = "SENT"
    GIVEN_UP = "GIVEN_UP"


class Problem(StrEnum):
    """Why the last attempt did not succeed."""

    NO_ADDRESS = "NO_ADDRESS"
    ADDRESS_REFUSED = "ADDRESS_REFUSED"
    TIMED_OUT = "TIMED_OUT"
    UNREACHABLE = "UNREACHABLE"
    BAD_ANSWER = "BAD_ANSWER"


_HOPELESS = frozenset({Problem.NO_ADDRESS, Problem.ADDRESS_REFUSED})
"""Trying again helps only once somebody has mended the address."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """A notice as a feature asks for it: `reason` names what happened; of one reason comes one notice a recipient.

    `municipality_code` names the office where the recipient is a municipality. It is about a case, or a budget line.
    """

    reason: str
    kind: NoticeKind
    recipient: Recipient
    company_id: UUID | None = None
    application_id: UUID | None = None
    project_id: UUID | None = None
    municipality_code: str | None = None
    budget_line_id: UUID | None = None
    facts: Mapping[str, object]


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """One notice with its words; its id is the key under which the mail port takes it once."""

    id: UUID
    reason: str
    kind: NoticeKind
    recipient: Recipient
    company_id: UUID | None
    application_id: UUID | None
    project_id: UUID | None
    municipality_code: str | None
    budget_line_id: UUID | None
    subject: str
    body: str
    queued_at: datetime
    state: NoticeState = NoticeState.QUEUED
    attempts: int = 0
    problem: Problem | None = None
    sent_at: datetime | None = None
    sent_to: Recipient | None = None
    """Whose mailbox it went to."""


@dataclass(frozen=True, slots=True)
class Patience:
    """How often and how long a delivery is tried."""

    attempts_max: int
    first_wait_seconds: float
    longest_wait_seconds: float


class NoticeNotFound(NotFound):
    """No such notice, or another tenant's."""

    code = "notice-not-found"
    title = Text("통지를 찾을 수 없습니다", "There is no such notice")
    detail = Text("통지 번호를 확인해 주세요.", "Check the notice's id.")


class NoticeNotGivenUp(RuleRefused):
    """Only a delivery that was given up is set going again; the others are under way or done."""

    code = "notice-not-given-up"
    title = Text("재발송 대상이 아닙니다", "This notice was not given up")
    detail = Text(
        "통지의 상태가 {state}입니다. 발송을 포기한 통지만 다시 보낼 수 있습니다. 바뀐 것은 없습니다.",
        "The notice is {state}. Only one whose delivery was given up is sent again. Nothing was changed.",
    )


def notice_of(wanted: Wanted, *, now: datetime) -> Notice:
    """Write a notice. The same reason and recipient always give the same id."""
    subject, body = _TEXTS[wanted.kind]
    appeal = _APPEAL if wanted.facts.get("appeal_until") else _NO_NAME
    lapse = _LAPSES[bool(wanted.facts["carried_over"])] if wanted.kind is NoticeKind.MONEY_LAPSES else _NO_NAME
    facts = dict(wanted.facts) | {
        "appeal_ko": appeal.ko.format_map(wanted.facts),
        "appeal_en": appeal.en.format_map(wanted.facts),
        "lapse_ko": lapse.ko.format_map(wanted.facts),
        "lapse_en": lapse.en.format_map(wanted.facts),
        "application_id": wanted.application_id,
        "project_id": wanted.project_id,
        "deadline_ko": _DEADLINES.get(str(wanted.facts.get("deadline")), _NO_NAME).ko,
        "deadline_en": _DEADLINES.get(str(wanted.facts.get("deadline")), _NO_NAME).en,
        "outcome_ko": _OUTCOMES.get(str(wanted.facts.get("outcome")), _NO_NAME).ko,
        "outcome_en": _OUTCOMES.get(str(wanted.facts.get("outcome")), _NO_NAME).en,
        "consequence_ko": _CONSEQUENCES.get(str(wanted.facts.get("consequence")), _NO_NAME).ko,
        "consequence_en": _CONSEQUENCES.get(str(wanted.facts.get("consequence")), _NO_NAME).en,
        "source_ko": _SOURCES.get(str(wanted.facts.get("source")), _NO_NAME).ko,
        "source_en": _SOURCES.get(str(wanted.facts.get("source")), _NO_NAME).en,
    }
    return Notice(
        id=uuid5(_NAMES, f"{wanted.recipient}/{wanted.reason}"),
        reason=wanted.reason,
        kind=wanted.kind,
        recipient=wanted.recipient,
        company_id=wanted.company_id,
        application_id=wanted.application_id,
        project_id=wanted.project_id,
        municipality_code=wanted.municipality_code,
        budget_line_id=wanted.budget_line_id,
        subject=f"{subject.ko} ({subject.en})",
        body=f"{body.ko}\n\n{body.en}\n".format_map(facts),
        queued_at=now,
    )


def in_place_of(notice: Notice, office: Text) -> str:
    """The body as it goes to the Technopark, because the office it is for has no mailbox."""
    return (
        f"{office.ko}에 보내는 통지입니다. 등록된 우편함이 없어 전북테크노파크로 보냅니다. 해당 기관에 전해 주세요.\n"
        f"This is for {office.en}, which has no mailbox: please pass it on.\n\n{notice.body}"
    )


def after_failure(notice: Notice, problem: Problem, patience: Patience) -> Notice:
    """What becomes of a notice after an attempt that was counted when it began."""
    over = problem in _HOPELESS or notice.attempts >= patience.attempts_max
    return replace(notice, state=NoticeState.GIVEN_UP if over else NoticeState.FAILED, problem=problem)


def wait_seconds(notice: Notice, patience: Patience) -> float:
    """How long until the next attempt: twice the last wait, within bounds."""
    doubled = patience.first_wait_seconds * 2.0 ** min(max(notice.attempts - 1, 0), 20)
    return min(patience.longest_wait_seconds, doubled)


def again(notice: Notice) -> Notice:
    """Set a delivery going again that was given up; raises NoticeNotGivenUp."""
    if notice.state is not NoticeState.GIVEN_UP:
        raise NoticeNotGivenUp(state=notice.state.value)
    return replace(notice, state=NoticeState.QUEUED, attempts=0, problem=None)


_NO_NAME = Text("", "")
_APPEAL = Text(
    "\n이의가 있으면 {appeal_until}까지 {appeal_body_ko}에 이의를 신청할 수 있습니다.",
    "\nYou may object until {appeal_until}, to {appeal_body_en}.",
)
_LAPSES = {
    False: Text(
        "확정되지 않은 금액 {uncommitted_won:,}원, 확정되었으나 지급되지 않은 금액 {unpaid_won:,}원, 그 가운데 이월된"
        " 금액 {carried_won:,}원입니다.\n"
        "하실 일: 확정된 금액은 {last_day}까지 지급하거나, 담당자가 이월을 제안하고 다른 사람이 확정해 주세요."
        " 확정되지 않은 금액은 그날까지 과제에 확정되지 않으면 불용됩니다.",
        "{uncommitted_won:,} won that nobody committed, and {unpaid_won:,} won committed and unpaid, of which"
        " {carried_won:,} won are carried over.\n"
        "What to do: pay what is committed until {last_day}, or carry it over: one person proposes, another"
        " confirms. What is committed to no project by then lapses.",
    ),
    True: Text(
        "전년도에서 이월되었으나 아직 지급되지 않은 금액 {unpaid_won:,}원입니다.\n"
        "하실 일: {last_day}까지 지급해 주세요. 이월된 금액은 다시 이월할 수 없습니다.",
        "{unpaid_won:,} won that were carried over from the year before and are not paid yet.\n"
        "What to do: pay them until {last_day}. What was carried over once is not carried over again.",
    ),
}
"""What lapses and what to do about it: with its own year, or (True) with the one it was carried into."""
_OUTCOMES = {
    "UPHELD": Text("받아들였습니다", "upheld"),
    "DISMISSED": Text("받아들이지 않았습니다", "dismissed"),
}
_CONSEQUENCES = {
    "NONE": Text("처음 결정이 그대로 유지됩니다", "the first decision stands"),
    "TO_EVALUATION": Text("적격으로 인정되어 평가를 받습니다", "the application is eligible and will be evaluated"),
    "REINSTATED": Text("선정되어 자리를 받았습니다", "the application was given a place"),
    "FIRST_RESERVE": Text(
        "빈자리나 예산이 없어 같은 유형과 시·군의 첫 번째 예비가 되었습니다",
        "no place or no money is left, so the application is the first reserve of its type and municipality",
    ),
    "OTHER_APPLICATION_STANDS": Text(
        "같은 사업장의 다른 신청이 진행 중이어서 되살리지 않습니다(R-09)",
        "another application of the worksite is under way, so this one is not revived (rule R-09)",
    ),
    "APPLICATION_WITHDRAWN": Text("그사이 신청이 철회되었습니다", "the application was withdrawn meanwhile"),
    "ALREADY_SELECTED": Text(
        "그사이 예비에서 선정되었습니다", "the application was selected from among the reserves meanwhile"
    ),
    "NOT_FUNDED": Text(
        "그사이 예비에서 선정되었으나 재원이 부족하여 과제가 확정되지 못했습니다",
        "the application was selected from among the reserves meanwhile, and its project could not be funded",
    ),
}
_SOURCES = {
    "NATIONAL": Text("국비", "state"),
    "PROVINCE": Text("도비", "province"),
    "MUNICIPALITY": Text("시·군비", "municipality"),
}
_DEADLINES = {
    "SUPPLEMENT": Text("보완 서류 제출", "the supplement"),
    "SCREENING_DECISION": Text("요건검토 결정", "the decision on eligibility"),
    "OBJECTION_WINDOW": Text("이의신청", "an objection"),
    "OBJECTION_DECISION": Text("이의신청 결정", "the decision on an objection"),
    "AGREEMENT_ISSUE": Text("협약서 교부", "sending the agreement to its parties"),
    "AGREEMENT_SIGNATURES": Text("협약 서명(도입기업, 공급기업)", "the signatures of firm and supplier"),
    "AGREEMENT_OPERATOR_SIGNATURE": Text("협약 서명(운영기관)", "the operator's signature"),
    "AGREEMENT_COVERAGE": Text("재원 확보", "the cover of every source"),
    "AMENDMENT_CONSENT": Text("협약변경 동의", "the parties' consent to an amendment"),
    "AMENDMENT_DECISION": Text("협약변경 결정", "the decision on an amendment"),
    "SUPPORT_TICKET": Text("인허가·행정 지원", "a permit or help of the municipality"),
}
_TEXTS: Mapping[NoticeKind, tuple[Text, Text]] = {
    NoticeKind.SELECTED: (
        Text("선정 결과 통지: 선정", "Result: selected"),
        Text(
            "신청 건 {application_id}이(가) 선정되었습니다. 재원이 확정되면 협약서를 보내 드립니다.",
            "Application {application_id} was selected. The agreement follows once its money is committed.",
        ),
    ),
    NoticeKind.RESERVE: (
        Text("선정 결과 통지: 예비", "Result: reserve"),
        Text(
            "신청 건 {application_id}은(는) 예비로 정해졌습니다. 같은 유형과 시·군에 자리가 나면 순서대로 선정됩니다."
            "{appeal_ko}",
            "Application {application_id} is a reserve. Places of its type and municipality that become free go to the"
            " reserves in their order.{appeal_en}",
        ),
    ),
    NoticeKind.NOT_SELECTED: (
        Text("선정 결과 통지: 미선정", "Result: not selected"),
        Text(
            "신청 건 {application_id}은(는) 선정되지 않았습니다. 사유: {reason_ko}\n"
            "이의가 있으면 {appeal_until}까지 {appeal_body_ko}에 이의를 신청할 수 있습니다.",
            "Application {application_id} was not selected. Reason: {reason_en}\n"
            "You may object until {appeal_until}, to {appeal_body_en}.",
        ),
    ),
    NoticeKind.INELIGIBLE: (
        Text("요건검토 결과 통지: 부적격", "Screening: not eligible"),
        Text(
            "신청 건 {application_id}은(는) 요건을 갖추지 못했습니다. 충족하지 못한 규칙: {failed_rules}\n"
            "이의가 있으면 {appeal_until}까지 {appeal_body_ko}에 이의를 신청할 수 있습니다.",
            "Application {application_id} was found not eligible. Rules that failed: {failed_rules}\n"
            "You may object until {appeal_until}, to {appeal_body_en}.",
        ),
    ),
    NoticeKind.NOT_FUNDED: (
        Text("선정 과제 재원 미확정 통지", "A selected project that cannot be funded"),
        Text(
            "과제 {project_id}은(는) 재원이 부족하여 확정되지 못했습니다. 근거: {rule}",
            "Project {project_id} could not be confirmed, for its budgets are short. By: {rule}",
        ),
    ),
    NoticeKind.SUPPLEMENT_REQUESTED: (
        Text("보완 요청", "A supplement is asked for"),
        Text(
            "신청 건 {application_id}에 보완할 것이 {items}가지 있습니다. {last_day}까지 제출해 주세요. 내용은"
            " 신청 건에서 볼 수 있습니다. 기한이 지나면 제출된 그대로 검토합니다.",
            "Application {application_id} needs {items} things mended until {last_day}; read them with the application."
            " After that it is judged as it stands.",
        ),
    ),
    NoticeKind.AGREEMENT_ISSUED: (
        Text("협약서 교부", "The agreement is ready to sign"),
        Text(
            "과제 {project_id}의 협약서가 교부되었습니다. 도입기업과 공급기업이 {last_day}까지 서명해야"
            " 하며, 서명하지 않으면 선정을 포기한 것으로 처리됩니다.",
            "The agreement of project {project_id} was sent to its parties. Firm and supplier have to sign until"
            " {last_day}; otherwise the place counts as given back.",
        ),
    ),
    NoticeKind.DEADLINE_NEAR: (
        Text("기한 알림", "A deadline comes near"),
        Text(
            "{deadline_ko} 기한이 {last_day}입니다 (신청 건 {application_id}). 근거: {rule}",
            "The last day for {deadline_en} is {last_day} (application {application_id}). By: {rule}",
        ),
    ),
    NoticeKind.DEADLINE_OVERDUE: (
        Text("기한 경과 알림", "A deadline has passed"),
        Text(
            "{deadline_ko} 기한({last_day})이 지났습니다 (신청 건 {application_id}). 처리할 때까지 다시 알립니다."
            " 근거: {rule}",
            "The last day for {deadline_en} was {last_day} (application {application_id}). This is repeated until it is"
            " done. By: {rule}",
        ),
    ),
    NoticeKind.OBJECTION_DECIDED: (
        Text("이의신청 결정 통지", "Your objection was decided"),
        Text(
            "신청 건 {application_id}에 대한 이의신청을 {decided_on}에 {outcome_ko}. 결과: {consequence_ko}."
            " 사유는 이의신청 건에서 볼 수 있습니다.",
            "The objection about application {application_id} was {outcome_en} on {decided_on}. What follows:"
            " {consequence_en}. The reasons stand with the objection.",
        ),
    ),
    NoticeKind.MONEY_LAPSES: (
        Text("연말 불용 예고", "Money lapses at the end of the year"),
        Text(
            "{fiscal_year}년 {source_ko} 예산({place_ko}, 트랙 {track}, 예산 항목 {budget_line_id})에서"
            " {last_day}이 지나면 {lapsing_won:,}원이 불용됩니다(남은 날 {days_left}일). {lapse_ko} 근거: {rule}",
            "Of the {source_en}'s money of {fiscal_year} ({place_en}, track {track}, budget line {budget_line_id})"
            " {lapsing_won:,} won lapse after {last_day}, in {days_left} days: {lapse_en} By: {rule}",
        ),
    ),
}
