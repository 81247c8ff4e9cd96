"""A memorandum (업무협약): its parties and what each of them owes the programme (domain.md S-07, S-08, S-11, S-13).

PROPOSED -> CONFIRMED by a second person; a confirmed one never changes. A commitment refers to the newest one that was
signed by the day of the decision.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

from common.errors import InvalidInput, NotFound, RuleRefused, StaleVersion, Text
from contracts.types import Source, municipality


class MemorandumState(StrEnum):
    """A proposal binds nobody before a second person has compared it with the signed paper."""

    PROPOSED = "PROPOSED"
    CONFIRMED = "CONFIRMED"


class PartyKind(StrEnum):
    """What kind of body has signed."""

    PROVINCE = "PROVINCE"
    MUNICIPALITY = "MUNICIPALITY"
    COMPANY = "COMPANY"
    OPERATOR = "OPERATOR"
    ASSOCIATION = "ASSOCIATION"


class ObligationKind(StrEnum):
    """What a party owes; only FUNDING is money, and names its source."""

    FUNDING = "FUNDING"
    ADMINISTRATION = "ADMINISTRATION"
    KNOW_HOW = "KNOW_HOW"
    PROMOTION = "PROMOTION"
    OPERATION = "OPERATION"
    GOOD_PRACTICE = "GOOD_PRACTICE"


class MemorandumUnknown(NotFound):
    """There is no such memorandum, or it is a proposal that the caller does not prepare."""

    code = "memorandum-unknown"
    title = Text("업무협약을 찾을 수 없습니다", "No such memorandum")
    detail = Text("업무협약 {memorandum_id}을(를) 찾을 수 없습니다.", "There is no memorandum {memorandum_id}.")


class MemorandumStale(StaleVersion):
    """The memorandum has changed since the caller read it."""

    code = "memorandum-stale"
    title = Text("업무협약이 그 사이 변경되었습니다", "The memorandum has changed meanwhile")
    detail = Text(
        "현재 판은 {current_version}입니다. 바뀐 것은 없습니다. 다시 읽고 결정해 주세요.",
        "It is at version {current_version}. Nothing was changed. Read it again, then decide.",
    )


class MemorandumExists(RuleRefused):
    """A reference names one memorandum for ever."""

    code = "memorandum-exists"
    title = Text("이미 등록된 업무협약입니다", "This memorandum is registered already")
    detail = Text("관리번호가 이미 쓰였습니다. 저장된 것은 없습니다.", "The reference is taken. Nothing was stored.")


class MemorandumDecided(RuleRefused):
    """A confirmed memorandum is never decided again."""

    code = "memorandum-decided"
    title = Text("이미 확정된 업무협약입니다", "The memorandum is already confirmed")
    detail = Text("바뀐 것은 없습니다.", "Nothing was changed.")


class MemorandumOwnProposal(RuleRefused):
    """Who registered it tried to confirm it."""

    code = "memorandum-own-proposal"
    title = Text("등록한 사람은 확정할 수 없습니다", "Who registered it cannot confirm it")
    detail = Text(
        "다른 담당자가 서명된 원본과 대조하여 확정해야 합니다. 바뀐 것은 없습니다.",
        "Another person must compare it with the signed paper. Nothing was changed.",
    )


class MemorandumNotSignedYet(InvalidInput):
    """A memorandum is registered after it was signed."""

    code = "memorandum-not-signed-yet"
    title = Text("체결일이 미래입니다", "The day of signature is in the future")
    detail = Text(
        "체결일은 오늘까지여야 합니다. 저장된 것은 없습니다.", "It must be today or before. Nothing was stored."
    )


class MemorandumMalformed(InvalidInput):
    """The parties or their obligations contradict themselves."""

    code = "memorandum-malformed"
    title = Text("업무협약의 당사자나 의무가 맞지 않습니다", "Parties or obligations do not fit together")
    detail = Text(
        "당사자는 한 번씩 적고, 시·군 코드는 시·군만, 재원은 재정 의무만 적습니다. 저장된 것은 없습니다.",
        "Name each party once; only a municipality has a municipality's code, only FUNDING has a source."
        " Nothing was stored.",
    )


@dataclass(frozen=True, slots=True)
class Obligation:
    """One thing that a party owes, in the paper's words."""

    kind: ObligationKind
    source: Source | None
    text: str


@dataclass(frozen=True, slots=True)
class Party:
    """One body that signed."""

    name: str
    kind: PartyKind
    municipality_code: str | None
    obligations: tuple[Obligation, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Memorandum:
    """One memorandum; `reference` is the office's own number for it."""

    id: UUID
    reference: str
    title: str
    signed_on: date
    source_note: str
    parties: tuple[Party, ...]
    state: MemorandumState
    proposed_by: str
    proposed_at: datetime
    confirmed_by: str | None = None
    confirmed_at: datetime | None = None
    version: int = 1


def check_signed(signed_on: date, *, today: date) -> None:
    """Refuse a memorandum of a day that is still to come; both days are Korea's."""
    if signed_on > today:
        raise MemorandumNotSignedYet(field="/signed_on")


def check_parties(parties: Sequence[Party]) -> None:
    """Refuse what contradicts itself, naming the first place; raises MemorandumMalformed or UnknownMunicipality."""
    for place in _contradictions(parties):
        raise MemorandumMalformed(field=place)
    for number, party in enumerate(parties):
        if party.municipality_code is not None:
            municipality(party.municipality_code, field=f"/parties/{number}/municipality_code")


def confirm(memorandum: Memorandum, *, read_version: int, by: str, at: datetime) -> Memorandum:
    """A second person, who has read this version and the paper, makes it count."""
    if memorandum.version != read_version:
        raise MemorandumStale(current_version=memorandum.version)
    if memorandum.state is MemorandumState.CONFIRMED:
        raise MemorandumDecided
    if memorandum.proposed_by == by:
        raise MemorandumOwnProposal
    return replace(
        memorandum,
        state=MemorandumState.CONFIRMED,
        confirmed_by=by,
        confirmed_at=at,
        version=memorandum.version + 1,
    )


def _contradictions(parties: Sequence[Party]) -> Iterator[str]:
    known = set[str]()
    for number, party in enumerate(parties):
        if party.name in known:
            yield f"/parties/{number}/name"
        known.add(party.name)
        if (party.kind is PartyKind.MUNICIPALITY) != (party.municipality_code is not None):
            yield f"/parties/{number}/municipality_code"
        for each, obligation in enumerate(party.obligations):
            if (obligation.kind is ObligationKind.FUNDING) != (obligation.source is not None):
                yield f"/parties/{number}/obligations/{each}/source"
