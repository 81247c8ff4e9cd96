"""Amounts as people write them, and the question a firm asks: which call, which type, how much."""

import re
import unicodedata
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

from common.errors import Text
from contracts.types import Source, Won

MOST_WON = 10**13
"""What funding's preview takes at most, in won (`total_cost_won` of `previewSplit`)."""

_EOK, _MAN = 10**8, 10**4
_DIGITS = r"[0-9]{1,3}(?:,[0-9]{3})+|[0-9]{1,18}"
_PLAIN = re.compile(rf"(?P<won>{_DIGITS})원?")
_WORDS = re.compile(rf"(?:(?P<eok>{_DIGITS})억)?(?:(?P<man>{_DIGITS})만)?(?P<won>{_DIGITS})?원?")


class Unreadable(StrEnum):
    """Why an amount cannot be reckoned with."""

    EMPTY = "EMPTY"
    NOT_A_NUMBER = "NOT_A_NUMBER"
    NOT_WHOLE = "NOT_WHOLE"
    NOT_POSITIVE = "NOT_POSITIVE"
    TOO_LARGE = "TOO_LARGE"


WHY = {
    Unreadable.EMPTY: Text("총사업비를 적어 주세요.", "Enter the total cost."),
    Unreadable.NOT_A_NUMBER: Text(
        "숫자로 적어 주세요. 예: 132,000,000 또는 1억 3,200만",
        "Write a number, for example 132,000,000 or 1억 3,200만.",
    ),
    Unreadable.NOT_WHOLE: Text(
        "원 단위까지만 적어 주세요. 소수는 쓸 수 없습니다.", "Write whole won, without a decimal part."
    ),
    Unreadable.NOT_POSITIVE: Text("0원보다 큰 금액을 적어 주세요.", "Enter an amount above 0 won."),
    Unreadable.TOO_LARGE: Text("10조 원 이하로 적어 주세요.", "Enter 10 trillion won or less."),
}


def read_won(written: str) -> Won | Unreadable:
    """An amount as people write it: 132000000, 132,000,000원, 1억 3,200만; or why it is none."""
    text = re.sub(r"\s", "", unicodedata.normalize("NFKC", written))
    if not text:
        return Unreadable.EMPTY
    if re.fullmatch(rf"[-−]({_DIGITS})(\.[0-9]+)?원?", text):
        return Unreadable.NOT_POSITIVE
    if re.fullmatch(rf"({_DIGITS})?\.[0-9]+원?", text):
        return Unreadable.NOT_WHOLE
    found = _PLAIN.fullmatch(text) or _WORDS.fullmatch(text)
    if found is None or not any(found.groupdict().values()):
        return Unreadable.NOT_A_NUMBER
    parts = {name: int((digits or "0").replace(",", "")) for name, digits in found.groupdict().items()}
    won = parts.get("eok", 0) * _EOK + parts.get("man", 0) * _MAN + parts["won"]
    if won == 0:
        return Unreadable.NOT_POSITIVE
    return Unreadable.TOO_LARGE if won > MOST_WON else Won(won)


@dataclass(frozen=True, slots=True)
class OfferedType:
    """A type of project as its call offers it: what the capped sources pay at most, and for whom it is."""

    type_code: str
    cap_won: int
    min_cost_won: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OfferedCall:
    """A published call, as far as a cost is reckoned by it: all of this is frozen since its publication."""

    id: UUID
    title_ko: str
    title_en: str
    fiscal_year: int
    closes_at: datetime
    split_rule_version: str
    types: tuple[OfferedType, ...]

    def offered(self, type_code: str) -> OfferedType | None:
        """Its type of that code."""
        return next((each for each in self.types if each.type_code == type_code), None)


@dataclass(frozen=True, slots=True)
class Rule:
    """A version of the split rule: from when on, and where its rates come from."""

    version: str
    title: str
    source_note: str
    valid_from: date


@dataclass(frozen=True, slots=True)
class Part:
    """What one source would pay, and the sum that gives it (`//` divides and rounds down)."""

    source: Source
    amount_won: int
    arithmetic: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Split:
    """A cost divided by funding, under the call's rule and cap."""

    version: str
    total_cost_won: int
    cap_won: int
    shares: tuple[Part, ...]
    cap_bites: bool
    nominal_burden_bp: int
    effective_burden_bp: int

    @property
    def own_won(self) -> int:
        """What is the firm's to pay."""
        return sum(part.amount_won for part in self.shares if part.source is Source.SME)
