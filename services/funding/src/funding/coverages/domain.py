"""Whether every source of a signed agreement has covered its share: the grant decisions, and the firm's own money.

OPEN -> COMPLETED (every line covered) -> GRANTED (the agreement is in force), or CLOSED with a withdrawn project.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from common.errors import NotFound, NotPermitted, RuleRefused, StaleVersion, Text
from contracts.types import Source, Won


class CoverageState(StrEnum):
    """How far the money of a signed agreement has come."""

    OPEN = "OPEN"
    COMPLETED = "COMPLETED"
    GRANTED = "GRANTED"
    CLOSED = "CLOSED"


class CoverageUnknown(NotFound):
    """The project's agreement is not signed yet, or it is not the caller's to see."""

    code = "coverage-unknown"
    title = Text("재원 확보 내역을 찾을 수 없습니다", "No such coverage")
    detail = Text(
        "서명이 끝난 협약의 과제 번호인지 확인해 주세요.",
        "Check that this is a project whose agreement is signed by all.",
    )


class CoverageHasChanged(StaleVersion):
    """It was completed or closed after the caller had read it."""

    code = "coverage-has-changed"
    title = Text("재원 확보 내역이 그 사이에 바뀌었습니다", "The coverage has changed meanwhile")
    detail = Text(
        "현재 판은 {current_version}입니다. 바뀐 것은 없습니다. 다시 읽고 결정해 주세요.",
        "The current version is {current_version}. Nothing was changed. Read it again and decide.",
    )


class CoverageLineUnknown(NotFound):
    """This source pays nothing in this project."""

    code = "coverage-line-unknown"
    title = Text("이 과제에 없는 재원입니다", "This source has no share in the project")
    detail = Text("{source}은(는) 이 과제의 재원이 아닙니다.", "{source} pays no part of this project.")


class CoverageLineNotYours(NotPermitted):
    """A share is covered by whoever answers for its source."""

    code = "coverage-line-not-yours"
    title = Text("다른 기관이 확보할 재원입니다", "Another body covers this share")
    detail = Text(
        "{source} 재원은 그 재원을 맡은 기관만 확정할 수 있습니다. 바뀐 것은 없습니다.",
        "Only who answers for {source} covers its share. Nothing was changed.",
    )


class CoverageLineCovered(RuleRefused):
    """A share is covered once."""

    code = "coverage-line-covered"
    title = Text("이미 확보된 재원입니다", "The share is covered already")
    detail = Text(
        "{source} 재원은 이미 확보되었습니다. 바뀐 것은 없습니다.", "{source} is covered already. Nothing was changed."
    )


class CoverageOver(RuleRefused):
    """The project was given back; its coverage is closed."""

    code = "coverage-over"
    title = Text("종료된 과제입니다", "The project is over")
    detail = Text(
        "재원 확보 상태가 {state}입니다. 바뀐 것은 없습니다.", "The coverage is {state}. Nothing was changed."
    )


class AgreementContradictsCommitment(RuleRefused):
    """What was signed is not what was committed: a person must look at it, so the event is parked."""

    code = "agreement-contradicts-commitment"
    title = Text("협약이 예산 확정 내역과 다릅니다", "The agreement is not what was committed")
    detail = Text(
        "과제 {project_id}: 예산 확정 상태 {state}, 확정액 {committed_won}원, 협약액 {agreed_won}원.",
        "Project {project_id}: the commitment is {state} with {committed_won} won; the agreement says {agreed_won}.",
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class CoverageLine:
    """One source's share; `covered_at` is set once, with the document it rests on."""

    source: Source
    municipality_code: str | None
    budget_line_id: UUID | None
    amount_won: Won
    reference: str | None = None
    evidence_sha256: str | None = None
    covered_by: str | None = None
    covered_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Coverage:
    """The shares of one signed agreement. Its version changes with its state, not with each line."""

    project_id: UUID
    commitment_id: UUID
    call_id: UUID
    company_id: UUID
    municipality_code: str
    lines: tuple[CoverageLine, ...]
    state: CoverageState
    opened_at: datetime
    completed_at: datetime | None
    granted_at: datetime | None
    version: int

    @property
    def covered_won(self) -> int:
        """What has been covered so far."""
        return sum(line.amount_won for line in self.lines if line.covered_at is not None)


def check_agreed(
    project_id: UUID, *, committed: bool, same_commitment: bool, state: str, committed_won: int, agreed_won: int
) -> None:
    """What was signed is the standing commitment, to the won."""
    if not committed or not same_commitment or committed_won != agreed_won:
        raise AgreementContradictsCommitment(
            project_id=project_id, state=state, committed_won=committed_won, agreed_won=agreed_won
        )


def line_of(coverage: Coverage, source: Source) -> CoverageLine:
    """The share of one source; raises CoverageLineUnknown."""
    found: Sequence[CoverageLine] = [line for line in coverage.lines if line.source is source]
    if not found:
        raise CoverageLineUnknown(source=source)
    return found[0]


def cover_line(
    coverage: Coverage, source: Source, *, reference: str, evidence_sha256: str, by: str, now: datetime
) -> Coverage:
    """One source covers its share; with the last of them the coverage is complete."""
    line = line_of(coverage, source)
    if coverage.state is CoverageState.CLOSED:
        raise CoverageOver(state=coverage.state)
    if line.covered_at is not None:
        raise CoverageLineCovered(source=source)
    covered = replace(line, reference=reference, evidence_sha256=evidence_sha256, covered_by=by, covered_at=now)
    lines = tuple(covered if each is line else each for each in coverage.lines)
    if all(each.covered_at is not None for each in lines):
        return replace(coverage, lines=lines, state=CoverageState.COMPLETED, completed_at=now)
    return replace(coverage, lines=lines)


def grant(coverage: Coverage, *, now: datetime) -> Coverage:
    """The agreement is in force; told again, nothing changes."""
    if coverage.state is CoverageState.GRANTED:
        return coverage
    if coverage.state is not CoverageState.COMPLETED:
        raise CoverageOver(state=coverage.state)
    return replace(coverage, state=CoverageState.GRANTED, granted_at=now)


def close(coverage: Coverage) -> Coverage:
    """The project was given back before its agreement came into force."""
    if coverage.state is CoverageState.CLOSED:
        return coverage
    if coverage.state is CoverageState.GRANTED:
        raise CoverageOver(state=coverage.state)
    return replace(coverage, state=CoverageState.CLOSED)
