"""The build (구축): under way from the day the agreement is in force, until it is completed or terminated.

UNDER_WAY -> SUSPENDED -> UNDER_WAY; COMPLETED by its completion inspection; TERMINATED from each of the three, with a
cause and the party at fault. To suspend, resume or terminate takes two people, a proposal and an approval.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from common.errors import NotFound, RuleRefused, StaleVersion, Text


class BuildState(StrEnum):
    """How a build stands."""

    UNDER_WAY = "UNDER_WAY"
    SUSPENDED = "SUSPENDED"
    COMPLETED = "COMPLETED"
    TERMINATED = "TERMINATED"


class ChangeKind(StrEnum):
    """What is asked for a build."""

    SUSPENSION = "SUSPENSION"
    RESUMPTION = "RESUMPTION"
    TERMINATION = "TERMINATION"


class ChangeState(StrEnum):
    """What became of the proposal."""

    PROPOSED = "PROPOSED"
    APPROVED = "APPROVED"
    REFUSED = "REFUSED"


class Cause(StrEnum):
    """Why."""

    ADOPTER_REQUEST = "ADOPTER_REQUEST"
    ADOPTER_INSOLVENT = "ADOPTER_INSOLVENT"
    SUPPLIER_INSOLVENT = "SUPPLIER_INSOLVENT"
    DISPUTE = "DISPUTE"
    FORCE_MAJEURE = "FORCE_MAJEURE"
    INSPECTION_FAILED = "INSPECTION_FAILED"
    FIX_OVERDUE = "FIX_OVERDUE"
    FRAUD = "FRAUD"
    CAUSE_REMOVED = "CAUSE_REMOVED"


class FaultParty(StrEnum):
    """Whose fault a termination is; who approves one says so, each party for itself."""

    ADOPTER = "ADOPTER"
    SUPPLIER = "SUPPLIER"
    BOTH = "BOTH"
    NEITHER = "NEITHER"
    UNDETERMINED = "UNDETERMINED"


class Decision(StrEnum):
    """What the second person says to a proposal."""

    APPROVE = "APPROVE"
    REFUSE = "REFUSE"


_FROM = {
    ChangeKind.SUSPENSION: frozenset({BuildState.UNDER_WAY}),
    ChangeKind.RESUMPTION: frozenset({BuildState.SUSPENDED}),
    ChangeKind.TERMINATION: frozenset({BuildState.UNDER_WAY, BuildState.SUSPENDED, BuildState.COMPLETED}),
}
_TO = {
    ChangeKind.SUSPENSION: BuildState.SUSPENDED,
    ChangeKind.RESUMPTION: BuildState.UNDER_WAY,
    ChangeKind.TERMINATION: BuildState.TERMINATED,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Build:
    """One per agreement in force."""

    project_id: UUID
    application_id: UUID
    company_id: UUID
    call_id: UUID
    type_code: str
    municipality_code: str
    supplier_business_number: str
    state: BuildState
    began_at: datetime
    completed_at: datetime | None
    terminated_at: datetime | None
    version: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One proposal; people are kept as issuer and subject, and leave in no answer."""

    id: UUID
    project_id: UUID
    kind: ChangeKind
    cause: Cause
    fault_party: FaultParty | None
    evidence: tuple[str, ...]
    state: ChangeState
    proposed_by: str
    proposed_at: datetime
    decided_by: str | None
    decided_at: datetime | None


class BuildNotFound(NotFound):
    """No such build, or another tenant's."""

    code = "build-not-found"
    title = Text("구축 과제를 찾을 수 없습니다", "There is no such build")
    detail = Text(
        "과제 번호를 확인해 주세요. 구축은 협약이 발효된 과제에만 있습니다.",
        "Check the project's id. Only a project whose agreement is in force has a build.",
    )


class BuildHasChanged(StaleVersion):
    """Somebody changed the build after the caller had read it."""

    code = "build-has-changed"
    title = Text("구축 상태가 그 사이에 바뀌었습니다", "The build has changed meanwhile")
    detail = Text(
        "현재 판은 {current_version}입니다. 바뀐 것은 없습니다. 다시 읽고 결정해 주세요.",
        "The current version is {current_version}. Nothing was changed. Read it again and decide.",
    )


class BuildNotUnderWay(RuleRefused):
    """Only what is being built is inspected or completed."""

    code = "build-not-under-way"
    title = Text("구축 중인 과제가 아닙니다", "The build is not under way")
    detail = Text("구축 상태가 {state}입니다. 바뀐 것은 없습니다.", "The build is {state}. Nothing was changed.")


class ChangeNotPossible(RuleRefused):
    """A build is suspended, resumed or terminated only from the states that lead there."""

    code = "build-change-not-possible"
    title = Text("지금 상태에서는 할 수 없습니다", "Not possible as the build stands")
    detail = Text(
        "구축 상태가 {state}이므로 {kind} 처리를 할 수 없습니다. 바뀐 것은 없습니다.",
        "The build is {state}, so {kind} is not possible. Nothing was changed.",
    )


class ChangeUnderReview(RuleRefused):
    """One proposal at a time; until it is decided nothing else ends the build."""

    code = "build-change-under-review"
    title = Text("검토 중인 요청이 있습니다", "A proposal is under review")
    detail = Text(
        "{kind} 요청이 아직 결정되지 않았습니다. 먼저 결정되어야 합니다. 바뀐 것은 없습니다.",
        "A proposed {kind} is not decided yet, and has to be first. Nothing was changed.",
    )


class NothingProposed(RuleRefused):
    """There is no proposal to decide."""

    code = "build-change-not-proposed"
    title = Text("결정할 요청이 없습니다", "Nothing is proposed")
    detail = Text("이 과제에는 결정을 기다리는 요청이 없습니다.", "No proposal for this build waits for a decision.")


class OwnProposal(RuleRefused):
    """Whoever proposed does not decide."""

    code = "build-change-own-proposal"
    title = Text("제안자는 결정할 수 없습니다", "The proposer cannot decide")
    detail = Text(
        "제안한 사람은 결정할 수 없습니다. 다른 결재자가 결정해야 합니다. 바뀐 것은 없습니다.",
        "Whoever proposed cannot decide; another approver must. Nothing was changed.",
    )


class FaultNotSaid(RuleRefused):
    """A termination says whose fault it is, which money and sanctions follow."""

    code = "fault-party-not-said"
    title = Text("귀책 당사자가 정해지지 않았습니다", "The party at fault is not said")
    detail = Text(
        "협약을 해지하려면 귀책 당사자(fault_party)를 정해야 합니다. 바뀐 것은 없습니다.",
        "To terminate, say the party at fault (fault_party). Nothing was changed.",
    )


class NotTheFirmsToSay(RuleRefused):
    """A firm asks for a stop at its own request; other causes and faults are not its to find."""

    code = "cause-not-the-firms-to-say"
    title = Text("기업은 자기 요청만 할 수 있습니다", "A firm asks at its own request only")
    detail = Text(
        "도입기업은 사유 ADOPTER_REQUEST로만, 귀책 당사자 없이 요청할 수 있습니다. 바뀐 것은 없습니다.",
        "The adopter asks with cause ADOPTER_REQUEST and names no party at fault. Nothing was changed.",
    )


def concerns(build: Build, role: str, tenant: str | None) -> bool:
    """Whether a build is the caller's to see: its firm's, supplier's or municipality's, and each to the offices."""
    kind = role.partition(".")[0]
    own = {"company": str(build.company_id), "municipality": build.municipality_code}
    if kind in own:
        return own[kind] == tenant
    return role != "supplier" or build.supplier_business_number == tenant


def check_version(build: Build, read_version: int) -> None:
    """Refuse a decision on a version that is no longer the current one."""
    if build.version != read_version:
        raise BuildHasChanged(current_version=build.version)


def check_under_way(build: Build) -> None:
    """Inspections and completion are for what is being built."""
    if build.state is not BuildState.UNDER_WAY:
        raise BuildNotUnderWay(state=build.state)


def check_firms_request(cause: Cause, fault_party: FaultParty | None) -> None:
    """What a firm may say itself."""
    if cause is not Cause.ADOPTER_REQUEST or fault_party is not None:
        raise NotTheFirmsToSay


def check_proposable(build: Build, kind: ChangeKind, open_change: Change | None) -> None:
    """Whether this may be proposed now."""
    if open_change is not None:
        raise ChangeUnderReview(kind=open_change.kind)
    if build.state not in _FROM[kind]:
        raise ChangeNotPossible(state=build.state, kind=kind)


def decide(
    build: Build,
    change: Change | None,
    decision: Decision,
    *,
    fault_party: FaultParty | None,
    by: str,
    now: datetime,
) -> tuple[Build, Change]:
    """The second person approves or refuses; an approved change moves the build."""
    if change is None:
        raise NothingProposed
    if change.proposed_by == by:
        raise OwnProposal
    if decision is Decision.REFUSE:
        return build, replace(change, state=ChangeState.REFUSED, decided_by=by, decided_at=now)
    if build.state not in _FROM[change.kind]:
        raise ChangeNotPossible(state=build.state, kind=change.kind)
    fault = None
    if change.kind is ChangeKind.TERMINATION:
        fault = fault_party or change.fault_party
        if fault is None or fault is FaultParty.UNDETERMINED:
            raise FaultNotSaid
    moved = replace(build, state=_TO[change.kind])
    if moved.state is BuildState.TERMINATED:
        moved = replace(moved, terminated_at=now)
    approved = replace(change, state=ChangeState.APPROVED, fault_party=fault, decided_by=by, decided_at=now)
    return moved, approved


def complete(build: Build, open_change: Change | None, *, now: datetime) -> Build:
    """The completion inspection passed; not while somebody asks to stop the build."""
    check_under_way(build)
    if open_change is not None:
        raise ChangeUnderReview(kind=open_change.kind)
    return replace(build, state=BuildState.COMPLETED, completed_at=now)
