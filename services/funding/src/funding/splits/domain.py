"""How a project's cost is shared: rules F-01 and F-02 as one pure integer function over a rule that two people made."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from enum import StrEnum

from common.errors import InvalidInput, NotFound, RuleRefused, Text
from contracts.types import BasisPoints, Source, Won

WHOLE_BP = 10_000


class RuleState(StrEnum):
    """A rule counts only when a second person has confirmed it; then it never changes."""

    PROPOSED = "PROPOSED"
    CONFIRMED = "CONFIRMED"


class SplitRuleUnknown(NotFound):
    """No confirmed rule has this version."""

    code = "split-rule-unknown"
    title = Text("확정된 분담 규칙이 없습니다", "There is no confirmed split rule of this version")
    detail = Text(
        "분담 규칙 {version}은(는) 등록되지 않았거나 아직 확정되지 않았습니다. 확정 후 다시 처리해 주세요.",
        "Split rule {version} is not registered or not yet confirmed. Confirm it, then try again.",
    )


class SplitRuleNotInForce(RuleRefused):
    """The rule is confirmed, but its first day is still to come."""

    code = "split-rule-not-in-force"
    title = Text("아직 시행되지 않은 분담 규칙입니다", "The split rule is not yet in force")
    detail = Text(
        "분담 규칙 {version}은(는) {valid_from}부터 적용됩니다.",
        "Split rule {version} applies from {valid_from}.",
    )


class SplitRuleExists(RuleRefused):
    """A version names one rule for ever; another rule needs another version."""

    code = "split-rule-exists"
    title = Text("이미 등록된 분담 규칙 버전입니다", "This split rule version already exists")
    detail = Text(
        "분담 규칙 {version}은(는) 이미 등록되어 있습니다. 다른 버전 이름을 사용해 주세요.",
        "Split rule {version} is already registered. Use another version name.",
    )


class SplitRuleAlreadyConfirmed(RuleRefused):
    """A confirmed rule is never decided again."""

    code = "split-rule-already-confirmed"
    title = Text("이미 확정된 분담 규칙입니다", "The split rule is already confirmed")
    detail = Text("분담 규칙 {version}은(는) 이미 확정되었습니다.", "Split rule {version} is already confirmed.")


class SplitRuleOwnProposal(RuleRefused):
    """The person who proposed a rule tried to confirm it."""

    code = "split-rule-own-proposal"
    title = Text("제안자는 확정할 수 없습니다", "The proposer cannot confirm")
    detail = Text(
        "분담 규칙 {version}을(를) 제안한 사람은 확정할 수 없습니다. 다른 담당자가 확정해야 합니다.",
        "Whoever proposed split rule {version} cannot confirm it; another person must.",
    )


class SplitRatesInvalid(InvalidInput):
    """The rates do not describe one whole (rule F-01)."""

    code = "split-rates-invalid"
    title = Text("분담률이 올바르지 않습니다", "The rates do not make one whole")
    detail = Text(
        "재원은 한 번씩만 쓰고, 비율의 합은 100 %여야 합니다(기업 부담을 적지 않으면 나머지가 기업 부담입니다). {why}",
        "Name each source once, with rates that sum to 100 % (without SME, the rest is the company's). {why}",
    )


@dataclass(frozen=True, slots=True)
class SourceRate:
    """The rate of one public or private source; capped sources share the call's cap between them."""

    source: Source
    rate_bp: BasisPoints
    capped: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class SplitRule:
    """One version of rules F-01 and F-02. The company is not among the rates: it pays what is left."""

    version: str
    title: str
    rates: tuple[SourceRate, ...]
    valid_from: date
    source_note: str
    state: RuleState
    proposed_by: str
    proposed_at: datetime
    confirmed_by: str | None = None
    confirmed_at: datetime | None = None

    @property
    def nominal_burden_bp(self) -> BasisPoints:
        """The company's rate when no cap bites."""
        return BasisPoints(WHOLE_BP - sum(rate.rate_bp for rate in self.rates))


@dataclass(frozen=True, slots=True)
class SourceShare:
    """What one source pays, in won, and the sum that gives it, so that every share explains itself."""

    source: Source
    amount_won: Won
    arithmetic: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Split:
    """A cost divided: the shares sum to the whole, and the company's comes last."""

    shares: tuple[SourceShare, ...]
    cap_bites: bool
    nominal_burden_bp: BasisPoints
    effective_burden_bp: BasisPoints


def propose_rule(
    *,
    version: str,
    title: str,
    shares: Sequence[tuple[Source, BasisPoints]],
    capped_sources: Sequence[Source],
    valid_from: date,
    source_note: str,
    by: str,
    at: datetime,
) -> SplitRule:
    """A rule as one person proposes it; raises SplitRatesInvalid unless it describes one whole."""
    sources = [source for source, _ in shares]
    total_bp = sum(rate_bp for _, rate_bp in shares)
    if len(set(sources)) != len(sources):
        raise SplitRatesInvalid(why="DUPLICATE_SOURCE", field="/shares")
    if total_bp > WHOLE_BP or (Source.SME in sources and total_bp != WHOLE_BP):
        raise SplitRatesInvalid(why=f"SUM={total_bp}", field="/shares")
    if not set(capped_sources) <= set(sources) - {Source.SME}:
        raise SplitRatesInvalid(why="CAPPED_SOURCE_WITHOUT_RATE", field="/capped_sources")
    rates = tuple(SourceRate(s, rate_bp, s in capped_sources) for s, rate_bp in shares if s is not Source.SME)
    return SplitRule(
        version=version,
        title=title,
        rates=rates,
        valid_from=valid_from,
        source_note=source_note,
        state=RuleState.PROPOSED,
        proposed_by=by,
        proposed_at=at,
    )


def confirm_rule(rule: SplitRule, *, by: str, at: datetime) -> SplitRule:
    """A second person puts the rule into force; from here it cannot change."""
    if rule.state is RuleState.CONFIRMED:
        raise SplitRuleAlreadyConfirmed(version=rule.version)
    if rule.proposed_by == by:
        raise SplitRuleOwnProposal(version=rule.version)
    return replace(rule, state=RuleState.CONFIRMED, confirmed_by=by, confirmed_at=at)


def ensure_in_force(rule: SplitRule, *, on: date) -> SplitRule:
    """The rule, if it may decide about money on that day (KST)."""
    if rule.state is not RuleState.CONFIRMED:
        raise SplitRuleUnknown(version=rule.version)
    if on < rule.valid_from:
        raise SplitRuleNotInForce(version=rule.version, valid_from=rule.valid_from.isoformat())
    return rule


def split_cost(rule: SplitRule, *, total_cost_won: Won, cap_won: Won) -> Split:
    """Divide a cost by a rule (F-01, F-02).

    The capped sources together get min(their rates x cost, cap), divided between them by rate; every other named
    source gets its rate x cost; each share is rounded down to a whole won, and the company pays the rest, so the sum
    is exact. The arithmetic stays in integers: won x basis points, divided once.

    Burdens in basis points are rounded down too. 45.6M of 132M is 3454 bp, which shortens to the 34.5 % people
    quote; rounding to the nearest would give 3455 bp and, shortened again, a wrong 34.6 %.
    """
    capped_bp = sum(rate.rate_bp for rate in rule.rates if rate.capped)
    cap_bites = total_cost_won * capped_bp > cap_won * WHOLE_BP
    shares = tuple(_share(rate, total_cost_won, cap_won if cap_bites else None, capped_bp) for rate in rule.rates)
    public_won = sum(share.amount_won for share in shares)
    sme_won = Won(total_cost_won - public_won)
    return Split(
        shares=(*shares, SourceShare(Source.SME, sme_won, f"{total_cost_won} - {public_won}")),
        cap_bites=cap_bites,
        nominal_burden_bp=rule.nominal_burden_bp,
        effective_burden_bp=BasisPoints(sme_won * WHOLE_BP // total_cost_won),
    )


def _share(rate: SourceRate, total_cost_won: Won, biting_cap_won: Won | None, capped_bp: int) -> SourceShare:
    whole, parts = (total_cost_won, WHOLE_BP)
    if rate.capped and biting_cap_won is not None:
        whole, parts = (biting_cap_won, capped_bp)
    return SourceShare(rate.source, Won(whole * rate.rate_bp // parts), f"{whole} * {rate.rate_bp} // {parts}")
