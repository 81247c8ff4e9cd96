"""When a ranking may be proposed and who may decide it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from applicant.selections.domain.budgets import NeedWon
from applicant.selections.domain.ranking import Placement
from common.errors import NotFound, NotPermitted, RuleRefused, StaleVersion, Text

IN_ONE_ANSWER_MOST = 2_000
"""Cases of about a kilobyte each: what is kept under an idempotency key, and what a reader holds at once."""


class RankingState(StrEnum):
    """A ranking is proposed until the province decides it or a newer proposal takes its place."""

    PROPOSED = "PROPOSED"
    SUPERSEDED = "SUPERSEDED"
    DECIDED = "DECIDED"


@dataclass(frozen=True, slots=True)
class Ranking:
    """A proposed ranking: who proposed it, and what was left of each budget as it was known then."""

    id: UUID
    call_id: UUID
    number: int
    state: RankingState
    proposed_by: str
    proposed_at: datetime
    left_won: NeedWon
    version: int


class RankingNotFound(NotFound):
    """The call has no ranking of that number."""

    code = "ranking-not-found"
    title = Text("순위안을 찾을 수 없습니다", "There is no such ranking")
    detail = Text("순위안 번호를 확인해 주세요.", "Check the ranking's number.")


class RankingHasChanged(StaleVersion):
    """The ranking was superseded or decided after the caller had read it."""

    code = "ranking-has-changed"
    title = Text("순위안이 그 사이에 바뀌었습니다", "The ranking has changed meanwhile")
    detail = Text(
        "현재 판은 {current_version}입니다. 바뀐 것은 없습니다. 다시 읽고 결정해 주세요.",
        "The current version is {current_version}. Nothing was changed. Read it again and decide.",
    )


class CallNotClosed(RuleRefused):
    """Nobody is ranked while others may still apply."""

    code = "call-not-closed"
    title = Text("접수가 아직 끝나지 않았습니다", "The call is still open")
    detail = Text(
        "접수 마감({closes_at}) 이후에 순위를 정할 수 있습니다.", "Rank after the call closes at {closes_at}."
    )


class ScreeningUnfinished(RuleRefused):
    """A case that nobody has screened would be passed over in silence."""

    code = "screening-unfinished"
    title = Text("자격 심사가 끝나지 않았습니다", "Screening is not finished")
    detail = Text(
        "자격 심사가 끝나지 않은 신청이 {count}건 있습니다. 순위안은 저장되지 않았습니다.",
        "{count} applications are not screened yet. No ranking was stored.",
    )


class EvaluationIncomplete(RuleRefused):
    """Every eligible case needs the call's number of locked sheets before any is ranked."""

    code = "evaluation-incomplete"
    title = Text("평가가 끝나지 않았습니다", "Evaluation is not complete")
    detail = Text(
        "확정된 평가표가 {size_min}개에 못 미치는 신청이 {count}건 있습니다 (예: {first}).",
        "{count} cases have fewer than {size_min} locked sheets (for one: {first}). No ranking was stored.",
    )


class NothingToRank(RuleRefused):
    """No eligible case."""

    code = "nothing-to-rank"
    title = Text("순위를 정할 신청이 없습니다", "There is nothing to rank")
    detail = Text("적격으로 확정된 신청이 없습니다.", "No application was found eligible.")


class RankingTooLarge(RuleRefused):
    """One answer cannot hold every case of this ranking."""

    code = "ranking-too-large"
    title = Text("한 번의 응답에 담기에는 신청이 많습니다", "Too many cases for one answer")
    detail = Text(
        "신청 {count}건의 순위안은 한 번의 응답에 담을 수 없습니다(최대 {most}건). 바뀐 것은 없습니다. "
        "with_cases=false 로 요청하고 신청은 GET /v1/calls/{call_id}/rankings/[번호]/cases 로 나누어 조회해 주세요.",
        "A ranking of {count} cases does not fit into one answer, {most} are the most. Nothing was changed. "
        "Ask with with_cases=false, and read its cases by pages at GET /v1/calls/{call_id}/rankings/[number]/cases.",
    )


class AlreadyDecided(RuleRefused):
    """A call's selection is decided once; afterwards places change hands only by promotion."""

    code = "selection-already-decided"
    title = Text("이미 선정이 결정된 공고입니다", "The selection of this call is already decided")
    detail = Text(
        "선정 결정은 공고마다 한 번입니다. 바뀐 것은 없습니다.", "A call is decided once. Nothing was changed."
    )


class RankingSuperseded(RuleRefused):
    """A newer proposal has taken this one's place."""

    code = "ranking-superseded"
    title = Text("더 새로운 순위안이 있습니다", "A newer ranking was proposed")
    detail = Text("순위안 {number}번은 대체되었습니다.", "Ranking {number} was superseded.")


class ProposerMayNotDecide(NotPermitted):
    """Whoever proposed the ranking may not be the one who decides it."""

    code = "proposer-may-not-decide"
    title = Text("제안자는 결정할 수 없습니다", "Whoever proposed may not decide")
    detail = Text(
        "순위안을 제안한 사람은 선정을 결정할 수 없습니다. 다른 승인자가 결정해야 합니다.",
        "The person who proposed the ranking cannot decide it. Another approver must.",
    )


class RankingOutdated(RuleRefused):
    """Scores or cases have changed since the proposal: what the approver read is no longer so."""

    code = "ranking-outdated"
    title = Text("순위안이 현재와 다릅니다", "The ranking is out of date")
    detail = Text(
        "제안 이후 {count}건의 결과가 달라졌습니다 (예: {first}). 순위안을 다시 제안해 주세요. 바뀐 것은 없습니다.",
        "{count} cases would come out differently now (for one: {first}). Propose again. Nothing was changed.",
    )


def decide_ranking(ranking: Ranking, *, by: str) -> Ranking:
    """Let a second person make a proposal the decision."""
    if ranking.state is RankingState.DECIDED:
        raise AlreadyDecided
    if ranking.state is RankingState.SUPERSEDED:
        raise RankingSuperseded(number=ranking.number)
    if ranking.proposed_by == by:
        raise ProposerMayNotDecide
    return replace(ranking, state=RankingState.DECIDED)


def check_fits(count: int, call_id: UUID) -> None:
    """Refuse to put more cases into one answer than it can hold."""
    if count > IN_ONE_ANSWER_MOST:
        raise RankingTooLarge(count=count, most=IN_ONE_ANSWER_MOST, call_id=call_id)


def check_closed(closes_at: datetime, now: datetime) -> None:
    """Rank nobody while others may still apply."""
    if now < closes_at:
        raise CallNotClosed(closes_at=closes_at)


def check_version(ranking: Ranking, read_version: int) -> None:
    """Refuse a decision on a version that is no longer the current one."""
    if ranking.version != read_version:
        raise RankingHasChanged(current_version=ranking.version)


def check_current(proposed: Sequence[Placement], current: Sequence[Placement]) -> None:
    """Refuse to decide on what has changed since it was proposed: a score, or a case that is there no more."""
    before = {placement.case.application_id: placement for placement in proposed}
    after = {placement.case.application_id: placement for placement in current}
    changed = [each for each in sorted(before.keys() | after.keys()) if before.get(each) != after.get(each)]
    if changed:
        raise RankingOutdated(count=len(changed), first=changed[0])
