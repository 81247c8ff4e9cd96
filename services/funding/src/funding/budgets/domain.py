"""A budget line: money that one source gave for one track and year, and the rules for drawing on it (rule F-05)."""

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from common.errors import InvalidInput, NotFound, NotPermitted, RuleRefused, StaleVersion, Text
from contracts.types import Source, Won, municipality


class LineState(StrEnum):
    """Only a confirmed line can be drawn on."""

    PROPOSED = "PROPOSED"
    CONFIRMED = "CONFIRMED"


class LegalRegime(StrEnum):
    """Which law binds a line is decided by its budget item, not by the programme (domain.md section 6)."""

    LOCAL_SUBSIDY = "LOCAL_SUBSIDY"
    """지방보조금."""
    LOCAL_CONTRIBUTION = "LOCAL_CONTRIBUTION"
    """출연금, to the technopark."""
    NATIONAL_CONTRIBUTION = "NATIONAL_CONTRIBUTION"
    """Support under the Smart Manufacturing Act."""
    PRIVATE_FUND = "PRIVATE_FUND"
    """상생협력기금, by agreement."""


class BudgetLineUnknown(NotFound):
    """There is no such line, or it is another municipality's."""

    code = "budget-line-unknown"
    title = Text("예산 항목을 찾을 수 없습니다", "No such budget line")
    detail = Text("예산 항목 {budget_line_id}을(를) 찾을 수 없습니다.", "There is no budget line {budget_line_id}.")


class BudgetLineExists(RuleRefused):
    """A track and year has one line per source, and one per municipality."""

    code = "budget-line-exists"
    title = Text("이미 등록된 예산 항목입니다", "This budget line already exists")
    detail = Text(
        "{fiscal_year}년 트랙 {track}의 {source} 예산 항목이 이미 있습니다. 새로 저장된 것은 없습니다.",
        "Track {track} of {fiscal_year} already has a {source} line. Nothing new was stored.",
    )


class BudgetLineStale(StaleVersion):
    """The line has changed since the caller read it."""

    code = "budget-line-stale"
    title = Text("예산 항목이 그 사이 변경되었습니다", "The budget line has changed meanwhile")
    detail = Text(
        "현재 버전은 {current_version}입니다. 바뀐 것은 없습니다. 다시 읽고 판단해 주세요.",
        "It is at version {current_version}. Nothing was changed. Read it again, then decide.",
    )


class BudgetLineAlreadyConfirmed(RuleRefused):
    """A confirmed line is never decided again."""

    code = "budget-line-already-confirmed"
    title = Text("이미 확정된 예산 항목입니다", "The budget line is already confirmed")
    detail = Text(
        "예산 항목 {budget_line_id}은(는) 이미 확정되었습니다.", "Budget line {budget_line_id} is already confirmed."
    )


class BudgetLineOwnProposal(RuleRefused):
    """The person who proposed a line tried to confirm it."""

    code = "budget-line-own-proposal"
    title = Text("제안자는 확정할 수 없습니다", "The proposer cannot confirm")
    detail = Text(
        "예산 항목 {budget_line_id}을(를) 제안한 사람은 확정할 수 없습니다. 다른 담당자가 확정해야 합니다.",
        "Whoever proposed budget line {budget_line_id} cannot confirm it; another person must.",
    )


class BudgetLineNotYours(NotPermitted):
    """A municipality's money is proposed and confirmed by its own people, every other source's by the province's."""

    code = "budget-line-not-yours"
    title = Text("이 재원의 담당 기관이 아닙니다", "This source is not yours to decide")
    detail = Text(
        "시·군비는 해당 시·군이, 그 밖의 재원은 도가 제안하고 확정합니다.",
        "A municipality decides on its own line; the province decides on every other source.",
    )


class BudgetLineMalformed(InvalidInput):
    """Source and municipality do not fit together."""

    code = "budget-line-malformed"
    title = Text("재원과 시·군이 맞지 않습니다", "Source and municipality do not fit together")
    detail = Text(
        "시·군비에만 시·군 코드를 적으며, 기업 부담에는 예산 항목이 없습니다.",
        "Only a MUNICIPALITY line names a municipality, and the company's own share has no budget line.",
    )


class BudgetExceeded(RuleRefused):
    """Rule F-05: a commitment cannot exceed what the line has left."""

    code = "budget-exceeded"
    title = Text("예산이 부족합니다", "The budget is short")
    detail = Text(
        "예산 항목 {budget_line_id}의 잔액은 {left_won}원이고 {needed_won}원이 필요합니다(규칙 F-05).",
        "Budget line {budget_line_id} has {left_won} won left and {needed_won} won are needed (rule F-05).",
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class BudgetLine:
    """One appropriation. `version` grows with every change, so that whoever hears of balances knows which is newer."""

    id: UUID
    source: Source
    track: str
    fiscal_year: int
    municipality_code: str | None
    amount_won: Won
    committed_won: Won
    legal_regime: LegalRegime
    funder: str
    state: LineState
    proposed_by: str
    proposed_at: datetime
    confirmed_by: str | None = None
    confirmed_at: datetime | None = None
    version: int = 1

    @property
    def left_won(self) -> Won:
        """What may still be committed: nothing before the line is confirmed."""
        return Won(self.amount_won - self.committed_won) if self.state is LineState.CONFIRMED else Won(0)


def propose_line(
    *,
    line_id: UUID,
    source: Source,
    track: str,
    fiscal_year: int,
    municipality_code: str | None,
    amount_won: Won,
    legal_regime: LegalRegime,
    funder: str,
    by: str,
    at: datetime,
) -> BudgetLine:
    """A line as one person proposes it; raises BudgetLineMalformed or UnknownMunicipality."""
    if source is Source.SME or (source is Source.MUNICIPALITY) != (municipality_code is not None):
        raise BudgetLineMalformed(field="/municipality_code")
    if municipality_code is not None:
        municipality(municipality_code, field="/municipality_code")
    return BudgetLine(
        id=line_id,
        source=source,
        track=track,
        fiscal_year=fiscal_year,
        municipality_code=municipality_code,
        amount_won=amount_won,
        committed_won=Won(0),
        legal_regime=legal_regime,
        funder=funder,
        state=LineState.PROPOSED,
        proposed_by=by,
        proposed_at=at,
    )


def confirm_line(line: BudgetLine, *, version: int, by: str, at: datetime) -> BudgetLine:
    """A second person, who has read this version, turns the proposal into money that can be committed."""
    if line.version != version:
        raise BudgetLineStale(budget_line_id=line.id, current_version=line.version)
    if line.state is LineState.CONFIRMED:
        raise BudgetLineAlreadyConfirmed(budget_line_id=line.id)
    if line.proposed_by == by:
        raise BudgetLineOwnProposal(budget_line_id=line.id)
    return replace(line, state=LineState.CONFIRMED, confirmed_by=by, confirmed_at=at, version=line.version + 1)


def draw(line: BudgetLine, needed_won: Won) -> BudgetLine:
    """Promise a part of the line; never more than is left (rule F-05)."""
    if needed_won > line.left_won:
        raise BudgetExceeded(budget_line_id=line.id, needed_won=needed_won, left_won=line.left_won)
    return replace(line, committed_won=Won(line.committed_won + needed_won), version=line.version + 1)


def give_back(line: BudgetLine, freed_won: Won) -> BudgetLine:
    """Undo a promise; the CHECK on the table holds if this were ever called for more than was promised."""
    return replace(line, committed_won=Won(line.committed_won - freed_won), version=line.version + 1)
