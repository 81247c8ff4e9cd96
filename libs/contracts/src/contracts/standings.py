"""A firm's standing at the tax office (rules R-05, R-06): what the office says, what breaks a rule, how long it holds.

Both services judge by the same versions of the rule: before an agreement is signed for the programme, and before each
payment is ordered. What was asked about a day holds until the end of the last of its days, and no second longer.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from common.errors import RuleRefused, Text

_KST = ZoneInfo("Asia/Seoul")


class BusinessStatus(StrEnum):
    """What the tax office says of a business."""

    ACTIVE = "ACTIVE"
    SUSPENDED = "SUSPENDED"
    CLOSED = "CLOSED"


class Purpose(StrEnum):
    """What the standing is asked for."""

    AGREEMENT = "AGREEMENT"
    PAYMENT = "PAYMENT"


class FirmStandingUnknown(RuleRefused):
    """The tax office has not answered yet, or what it said holds no longer: an outage never decides for a firm."""

    code = "firm-standing-unknown"
    title = Text("기업의 휴·폐업과 체납 여부가 확인되지 않았습니다", "The firm's standing is not known")
    detail = Text(
        "국세청의 유효한 답변이 없습니다. 조회 중이면 답변을 기다리고, 아니면 다시 조회해 주세요. 바뀐 것은 없습니다.",
        "The tax office has said nothing that still holds. Wait if it is being asked, else ask again. Nothing changed.",
    )


class FirmStandingBroken(RuleRefused):
    """The tax office says that the firm is suspended, closed or in arrears (rules R-05 and R-06)."""

    code = "firm-standing-broken"
    title = Text("기업이 휴·폐업 또는 체납 상태입니다", "The firm is not in good standing")
    detail = Text(
        "{rule}: {why_ko} ({why_en}) 해소되면 지급 전에는 도가, 협약 전에는 테크노파크가 다시 조회합니다."
        " 바뀐 것은 없습니다.",
        "{rule}: {why_en} ({why_ko}) Once that has ended, the province asks again before a payment, the Technopark"
        " before an agreement. Nothing changed.",
    )


@dataclass(frozen=True, slots=True)
class TaxAnswer:
    """What the tax office said of a firm on the day asked about."""

    status: BusinessStatus
    national_tax_arrears: bool
    local_tax_arrears: bool


@dataclass(frozen=True, slots=True)
class StandingRule:
    """One rule as data; `texts` are its sentences by what breaks it."""

    id: str
    source: str
    title: Text
    texts: Mapping[str, Text]


@dataclass(frozen=True, slots=True)
class BrokenRule:
    """A rule that an answer breaks, with the sentence to show."""

    rule: str
    why: Text


@dataclass(frozen=True, slots=True, kw_only=True)
class StandingRules:
    """A version of the rules: which are asked before what, and for how many days after the one asked about."""

    version: str
    valid_from: date
    note: str
    valid_days: int
    valid_days_source: str
    asked_before: Mapping[Purpose, tuple[str, ...]]
    rules: tuple[StandingRule, ...]

    def broken(self, answer: TaxAnswer, purpose: Purpose, *, about: date) -> tuple[BrokenRule, ...]:
        """The rules that an answer breaks, in the rules' order."""
        found = {
            "R-05": None if answer.status is BusinessStatus.ACTIVE else answer.status.lower(),
            "R-06": _ARREARS[answer.national_tax_arrears, answer.local_tax_arrears],
        }
        on = about.isoformat()
        return tuple(
            BrokenRule(rule.id, Text(rule.texts[why].ko.format(on=on), rule.texts[why].en.format(on=on)))
            for rule in self.rules
            if rule.id in self.asked_before[purpose] and (why := found[rule.id]) is not None
        )

    def holds_until(self, about: date) -> datetime:
        """The first moment at which an answer about that day no longer counts: the end of its last day (KST)."""
        return datetime.combine(about + timedelta(days=self.valid_days + 1), time(), tzinfo=_KST)


_ARREARS = {(False, False): None, (True, False): "national", (False, True): "local", (True, True): "both"}


def check_holds(until: datetime | None, *, now: datetime) -> None:
    """What was said counts until that moment, and not at it; raises FirmStandingUnknown."""
    if until is None or now >= until:
        raise FirmStandingUnknown


def check_unbroken(broken: tuple[BrokenRule, ...]) -> None:
    """Refuse with the words of the first rule that is broken."""
    if broken:
        first = broken[0]
        raise FirmStandingBroken(rule=first.rule, why_ko=first.why.ko, why_en=first.why.en)
