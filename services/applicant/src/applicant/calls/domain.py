"""What a call says, when it is consistent, who may publish it, and what it makes each source pay."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from enum import StrEnum
from types import MappingProxyType
from uuid import UUID

from common.errors import InvalidInput, NotFound, NotPermitted, RuleRefused, StaleVersion, Text
from contracts.types import BasisPoints, MunicipalityCode, Source, Won, municipality

WHOLE_BP = 10_000

OfferedSeats = Mapping[tuple[str, str], int]
"""Seats that municipalities have confirmed for a call, by municipality and type."""

NOTHING_OFFERED: OfferedSeats = MappingProxyType({})


class Track(StrEnum):
    """A: the national win-win scheme that the province tops up; B: the province's own scheme."""

    A = "A"
    B = "B"


class CallState(StrEnum):
    """Whether the window is open is not a state: the clock tells."""

    DRAFT = "DRAFT"
    PUBLISHED = "PUBLISHED"


class TieBreak(StrEnum):
    """What parts two cases of equal score, in the call's order; the application id comes last of all."""

    SITE_SCORE = "SITE_SCORE"
    FIRST_TIMER = "FIRST_TIMER"
    EARLIER_SUBMISSION = "EARLIER_SUBMISSION"


@dataclass(frozen=True, slots=True)
class ProjectType:
    """A type of project and its own conditions; `max_` limits are exclusive (sales < 5bn, staff < 20; rule R-08)."""

    type_code: str
    cap_won: Won
    max_sales_won: Won | None = None
    max_employees: int | None = None
    first_time_only: bool = False
    min_cost_won: Won | None = None


@dataclass(frozen=True, slots=True)
class Rate:
    """The share of the total cost that a source pays; capped ones share the type's cap between them (F-02)."""

    source: Source
    rate_bp: BasisPoints
    capped: bool


@dataclass(frozen=True, slots=True)
class SeatLine:
    """Places of one type that one municipality funds."""

    type_code: str
    municipality_code: MunicipalityCode
    seats: int


@dataclass(frozen=True, slots=True)
class PlannedBudgetLine:
    """Money expected from one source; the municipality is named for source MUNICIPALITY and for no other."""

    source: Source
    municipality_code: MunicipalityCode | None
    amount_won: Won


@dataclass(frozen=True, slots=True)
class PanelRule:
    """How panels score: scores, the pass mark and the bonus cap are hundredths of a point (6000 is 60.00)."""

    size_min: int
    trim_from: int
    pass_mark: int
    bonus_cap: int
    tie_break: tuple[TieBreak, ...]


@dataclass(frozen=True, slots=True)
class CallTerms:
    """All that a call promises. Frozen for ever once published."""

    track: Track
    title_ko: str
    title_en: str
    fiscal_year: int
    opens_at: datetime
    closes_at: datetime
    split_rule_version: str
    types: tuple[ProjectType, ...]
    rates: tuple[Rate, ...]
    seat_lines: tuple[SeatLine, ...]
    planned_budget_lines: tuple[PlannedBudgetLine, ...]
    panel_rule: PanelRule
    screening_rule_version: str
    supplement_days: int


@dataclass(frozen=True, slots=True)
class Publication:
    """Who let the call go out, when, and on which resolution of the local-subsidy committee (domain.md 2.2 A)."""

    published_at: datetime
    published_by: str
    committee_date: date
    committee_resolution_number: str


@dataclass(frozen=True, slots=True)
class Call:
    """A call. `proposers` are the people (token subjects) who drafted or edited it; none of them may publish it."""

    id: UUID
    terms: CallTerms
    state: CallState
    proposers: tuple[str, ...]
    publication: Publication | None
    version: int


class CallNotFound(NotFound):
    code = "call-not-found"
    title = Text("공고를 찾을 수 없습니다", "There is no such call")
    detail = Text(
        "공고 번호를 확인해 주세요. 게시된 공고만 볼 수 있습니다.", "Check its id. Only published calls are shown."
    )


class CallHasChanged(StaleVersion):
    code = "call-has-changed"
    title = Text("그사이 공고가 바뀌었습니다", "The call has changed meanwhile")
    detail = Text(
        "읽으신 뒤 공고가 바뀌었습니다(현재 {current_version}판). 바뀐 것은 없습니다. 다시 읽고 처리해 주세요.",
        "It changed after you read it (now version {current_version}). Nothing was changed. Read it again.",
    )


class UnknownScreeningRules(InvalidInput):
    code = "unknown-screening-rules"
    title = Text("없는 심사 규칙 버전입니다", "There is no such version of the screening rules")
    detail = Text(
        "요건검토 규칙에 그런 버전이 없습니다. 쓸 수 있는 버전: {known}",
        "The screening rules have no such version. They have: {known}",
    )


class CallIsPublished(RuleRefused):
    """A published call is immutable; a correction is a new call with its own notice (domain.md 2.2 A)."""

    code = "call-is-published"
    title = Text("게시된 공고는 바꿀 수 없습니다", "A published call cannot change")
    detail = Text(
        "이미 게시된 공고입니다. 정정하려면 새 공고를 올려 주세요. 바뀐 것은 없습니다.",
        "This call is published already. Publish a new call to correct it. Nothing was changed.",
    )


class ProposerMayNotPublish(NotPermitted):
    code = "proposer-may-not-publish"
    title = Text("기안자는 공고를 게시할 수 없습니다", "Whoever drafted a call may not publish it")
    detail = Text(
        "공고를 작성하거나 고친 사람은 게시를 승인할 수 없습니다. 다른 승인자가 처리해야 합니다.",
        "A person who drafted or edited the call cannot approve it. Another approver must.",
    )


class CommitteeNotHeld(RuleRefused):
    """The committee must have deliberated before the call goes out."""

    code = "committee-not-held"
    title = Text("위원회 심의가 아직 없습니다", "The committee has not deliberated yet")
    detail = Text(
        "지방보조금관리위원회 심의일({committee_date})이 오늘({today})보다 늦습니다. 바뀐 것은 없습니다.",
        "The committee date {committee_date} is after today, {today}. Nothing was changed.",
    )


class SeatsNotOffered(RuleRefused):
    """Seats cost the municipality's money: a call gives no more of them than the municipality has confirmed."""

    code = "seats-not-offered"
    title = Text("시·군이 확정한 정원을 넘습니다", "More seats than the municipality has confirmed")
    detail = Text(
        "{municipality_code}의 {type_code} 정원 {seats}이 확정 제안 {offered}보다 많습니다. 바뀐 것은 없습니다.",
        "{municipality_code} has {seats} seats of {type_code} in this call and has confirmed {offered}. Nothing was "
        "changed.",
    )


class WindowAlreadyClosed(RuleRefused):
    code = "window-already-closed"
    title = Text("접수 기간이 이미 끝났습니다", "The window has closed already")
    detail = Text(
        "접수 마감({closes_at})이 지난 공고는 게시할 수 없습니다. 바뀐 것은 없습니다.",
        "A call whose window closed at {closes_at} cannot be published. Nothing was changed.",
    )


class WindowNotToTheSecond(InvalidInput):
    code = "window-not-to-the-second"
    title = Text("접수 기간이 올바르지 않습니다", "The window is not valid")
    detail = Text(
        "접수 시작은 마감보다 앞서야 하고, 두 시각 모두 초 단위여야 합니다.",
        "The window must open before it closes, and both moments are whole seconds.",
    )


class LineTwice(InvalidInput):
    """A type, a rate, a seat line or a budget line that the call states two times."""

    code = "line-twice"
    title = Text("같은 항목이 두 번 있습니다", "The same line stands twice")
    detail = Text("{line} 항목이 두 번 이상 있습니다.", "{line} stands more than once.")


class UnknownType(InvalidInput):
    code = "unknown-type"
    title = Text("공고에 없는 유형입니다", "The call has no such type")
    detail = Text(
        "보내신 유형은 이 공고에 없습니다. 바뀐 것은 없습니다. 공고의 유형 가운데에서 골라 주세요.",
        "The call does not have the type you sent. Nothing was changed. Choose one of the call's types.",
    )


class RatesExceedWhole(InvalidInput):
    code = "rates-exceed-whole"
    title = Text("분담률의 합이 100%를 넘습니다", "The rates add up to more than the whole")
    detail = Text(
        "재원별 분담률의 합이 {sum_bp}bp로 10,000bp를 넘습니다.", "The sources' rates sum to {sum_bp} bp of 10,000."
    )


class SourceNotExpected(InvalidInput):
    """The company's own share is the remainder and never a line; only a municipality's line names a municipality."""

    code = "source-not-expected"
    title = Text("재원이 올바르지 않습니다", "The source is not valid here")
    detail = Text("재원 {source} 항목을 확인해 주세요.", "Check the line of source {source}.")


def check_version(call: Call, read_version: int) -> None:
    """Refuse a change decided on another version than the present one."""
    if call.version != read_version:
        raise CallHasChanged(current_version=call.version)


def draft_call(call_id: UUID, terms: CallTerms, *, by: str) -> Call:
    """A new draft, proposed by one person."""
    _check_consistent(terms)
    return Call(call_id, terms, CallState.DRAFT, (by,), publication=None, version=1)


def edit_call(call: Call, terms: CallTerms, *, by: str) -> Call:
    """Other terms for a draft; whoever edits becomes a proposer too."""
    _refuse_published(call)
    _check_consistent(terms)
    return replace(call, terms=terms, proposers=tuple(dict.fromkeys((*call.proposers, by))))


def publish_call(
    call: Call,
    *,
    by: str,
    now: datetime,
    today: date,
    committee_date: date,
    committee_resolution_number: str,
    offered: OfferedSeats = NOTHING_OFFERED,
) -> Call:
    """Open the call to the public, by a second person and after the committee; nothing about it changes again."""
    _refuse_published(call)
    _refuse_seats_above(offered, call.terms)
    if by in call.proposers:
        raise ProposerMayNotPublish
    if committee_date > today:
        raise CommitteeNotHeld(committee_date=committee_date.isoformat(), today=today.isoformat())
    if now >= call.terms.closes_at:
        raise WindowAlreadyClosed(closes_at=call.terms.closes_at)
    publication = Publication(now, by, committee_date, committee_resolution_number)
    return replace(call, state=CallState.PUBLISHED, publication=publication)


def project_type(terms: CallTerms, type_code: str) -> ProjectType:
    """The call's type of that code; raises UnknownType."""
    for found in terms.types:
        if found.type_code == type_code:
            return found
    raise UnknownType


def estimate_shares(terms: CallTerms, type_code: str, total_cost_won: Won) -> Mapping[Source, Won]:
    """What each source would pay of this cost by the call's own rates (F-01, F-02); the SME takes the remainder.

    An estimate for burden and need: funding splits by its rule version and has the last word.
    """
    cap_won = project_type(terms, type_code).cap_won
    capped_bp = sum(rate.rate_bp for rate in terms.rates if rate.capped)
    cap_bites = total_cost_won * capped_bp > cap_won * WHOLE_BP
    basis_won, whole_bp = (cap_won, capped_bp) if cap_bites else (total_cost_won, WHOLE_BP)
    shares = {rate.source: Won(basis_won * rate.rate_bp // whole_bp) for rate in terms.rates if rate.capped}
    shares |= {rate.source: Won(total_cost_won * rate.rate_bp // WHOLE_BP) for rate in terms.rates if not rate.capped}
    return shares | {Source.SME: Won(total_cost_won - sum(shares.values()))}


def _refuse_published(call: Call) -> None:
    if call.state is not CallState.DRAFT:
        raise CallIsPublished


def _refuse_seats_above(offered: OfferedSeats, terms: CallTerms) -> None:
    # A municipality that has confirmed no offer at all gave its word on paper: the Technopark answers for its seats.
    by_offer = {place for place, _ in offered}
    for line in terms.seat_lines:
        confirmed = offered.get((line.municipality_code, line.type_code), 0)
        if line.municipality_code in by_offer and line.seats > confirmed:
            raise SeatsNotOffered(
                municipality_code=line.municipality_code,
                type_code=line.type_code,
                seats=line.seats,
                offered=confirmed,
            )


def _check_consistent(terms: CallTerms) -> None:
    moments = (terms.opens_at, terms.closes_at)
    if terms.opens_at >= terms.closes_at or any(moment.microsecond for moment in moments):
        raise WindowNotToTheSecond
    _refuse_twice([f"type {each.type_code}" for each in terms.types])
    _refuse_twice([f"rate {each.source}" for each in terms.rates])
    _refuse_twice([f"seat line {each.type_code} {each.municipality_code}" for each in terms.seat_lines])
    _refuse_twice([f"budget line {each.source} {each.municipality_code}" for each in terms.planned_budget_lines])
    for seats in terms.seat_lines:
        project_type(terms, seats.type_code)
        municipality(seats.municipality_code)
    _check_sources(terms)


def _check_sources(terms: CallTerms) -> None:
    sources = {rate.source for rate in terms.rates}
    if Source.SME in sources:
        raise SourceNotExpected(source=Source.SME)
    sum_bp = sum(rate.rate_bp for rate in terms.rates)
    if sum_bp > WHOLE_BP:
        raise RatesExceedWhole(sum_bp=sum_bp)
    for line in terms.planned_budget_lines:
        of_municipality = line.source is Source.MUNICIPALITY
        if line.source not in sources or of_municipality != (line.municipality_code is not None):
            raise SourceNotExpected(source=line.source)
        if line.municipality_code is not None:
            municipality(line.municipality_code)


def _refuse_twice(lines: list[str]) -> None:
    for line in lines:
        if lines.count(line) > 1:
            raise LineTwice(line=line)
