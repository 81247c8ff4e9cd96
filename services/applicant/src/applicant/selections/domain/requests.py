"""A ranking of any number of cases is asked for by an operator and made by a worker, as a whole or not at all.

REQUESTED -> PROPOSED, with the ranking's number, or REQUESTED -> REFUSED, with the rule's own words.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from applicant.selections.domain.stages import Refusal, Requester, refusal_by
from common.errors import DomainError, NotFound, RuleRefused, Text

RANKED_AT_ONCE_MOST = 5_000
"""Cases that one request ranks: about a second of work, and three times that on a machine that is busy."""


class RequestState(StrEnum):
    """Asked for; proposed, for a second person to decide; or refused, and nothing has changed."""

    REQUESTED = "REQUESTED"
    PROPOSED = "PROPOSED"
    REFUSED = "REFUSED"


@dataclass(frozen=True, slots=True, kw_only=True)
class RankingRequest:
    """A ranking that is asked for; `number` is that of the one that was proposed."""

    id: UUID
    call_id: UUID
    proposer: Requester
    correlation_id: str
    requested_at: datetime
    state: RequestState = RequestState.REQUESTED
    number: int | None = None
    ended_at: datetime | None = None
    refusal: Refusal | None = None


class RankingRequestNotFound(NotFound):
    """The call has no such request."""

    code = "ranking-request-not-found"
    title = Text("순위안 요청을 찾을 수 없습니다", "There is no such request for a ranking")
    detail = Text("순위안 요청의 식별자를 확인해 주세요.", "Check the request's id.")


class RankingUnderWay(RuleRefused):
    """Somebody has asked for a ranking of this call, and it is not made yet."""

    code = "ranking-under-way"
    title = Text("순위안을 계산하고 있습니다", "A ranking is under way")
    detail = Text(
        "이 공고의 순위안 요청({request_id})이 진행 중입니다. 바뀐 것은 없습니다. 그 상태를 조회해 주세요.",
        "The request {request_id} of this call is under way. Nothing was changed. Read how far it is.",
    )


class TooManyToRankAtOnce(RuleRefused):
    """More cases than one request can rank in its time."""

    code = "too-many-to-rank-at-once"
    title = Text("한 번의 요청으로 순위를 정하기에는 신청이 많습니다", "Too many cases to rank in one request")
    detail = Text(
        "신청 {count}건의 순위는 한 번의 요청으로 정할 수 없습니다(최대 {most}건). 바뀐 것은 없습니다. "
        "POST /v1/calls/{call_id}/ranking-requests 로 요청하고 그 상태를 조회해 주세요.",
        "{count} cases cannot be ranked in one request, {most} are the most. Nothing was changed. "
        "Ask for the ranking with POST /v1/calls/{call_id}/ranking-requests and read how far it is.",
    )


def check_fits(count: int, call_id: UUID) -> None:
    """Refuse to rank more cases at once than one request has the time for."""
    if count > RANKED_AT_ONCE_MOST:
        raise TooManyToRankAtOnce(count=count, most=RANKED_AT_ONCE_MOST, call_id=call_id)


def propose(request: RankingRequest, number: int, *, now: datetime) -> RankingRequest:
    """End it with the ranking that was asked for."""
    _require_open(request)
    return replace(request, state=RequestState.PROPOSED, number=number, ended_at=now)


def refuse(request: RankingRequest, rule: DomainError, *, now: datetime) -> RankingRequest:
    """End it by the rule that refuses it."""
    _require_open(request)
    return replace(request, state=RequestState.REFUSED, ended_at=now, refusal=refusal_by(rule))


def _require_open(request: RankingRequest) -> None:
    if request.state is not RequestState.REQUESTED:
        message = f"request {request.id} is {request.state}, not REQUESTED"
        raise ValueError(message)
