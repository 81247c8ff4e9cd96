"""Rules F-01 and F-02: the published examples as a table, and what must hold for every cost, cap and rule."""

from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.types import BasisPoints, Source, Won
from funding.splits import domain
from funding.splits.domain import RuleState, SplitRule

AT = datetime(2024, 3, 4, tzinfo=UTC)
NATIONAL, PROVINCE, MUNICIPALITY = Source.NATIONAL, Source.PROVINCE, Source.MUNICIPALITY
SAMSUNG, SME = Source.SAMSUNG, Source.SME

TRACK_A_2022 = [(NATIONAL, 3000), (SAMSUNG, 3000), (PROVINCE, 500), (SME, 3500)]
TRACK_A_2023 = [(NATIONAL, 3000), (SAMSUNG, 3000), (PROVINCE, 2000), (SME, 2000)]
TRACK_B_2024 = [(PROVINCE, 5508), (MUNICIPALITY, 3213)]


def rule(shares, capped=(), version="v1", valid_from=date(2024, 1, 1)) -> SplitRule:
    return domain.propose_rule(
        version=version,
        title="a rule",
        shares=[(source, BasisPoints(rate_bp)) for source, rate_bp in shares],
        capped_sources=list(capped),
        valid_from=valid_from,
        source_note="a test",
        by="proposer",
        at=AT,
    )


def amounts(split: domain.Split) -> dict[Source, int]:
    return {share.source: share.amount_won for share in split.shares}


@pytest.mark.parametrize(
    ("shares", "capped", "cost", "cap", "expected", "nominal_bp", "effective_bp"),
    [
        pytest.param(
            TRACK_A_2023, (NATIONAL, SAMSUNG), 132_000_000, 60_000_000,
            {NATIONAL: 30_000_000, SAMSUNG: 30_000_000, PROVINCE: 26_400_000, SME: 45_600_000}, 2000, 3454,
            id="domain.md F-02: the cap makes 20 % into 34.5 %",
        ),
        pytest.param(
            TRACK_A_2023, (NATIONAL, SAMSUNG), 100_000_000, 60_000_000,
            {NATIONAL: 30_000_000, SAMSUNG: 30_000_000, PROVINCE: 20_000_000, SME: 20_000_000}, 2000, 2000,
            id="the cap is met exactly and does not bite",
        ),
        pytest.param(
            TRACK_A_2022, (NATIONAL, SAMSUNG), 77_000_000, 60_000_000,
            {NATIONAL: 23_100_000, SAMSUNG: 23_100_000, PROVINCE: 3_850_000, SME: 26_950_000}, 3500, 3500,
            id="2022: 35 % is another version of the same rule",
        ),
        pytest.param(
            TRACK_B_2024, (PROVINCE, MUNICIPALITY), 100_000_000, 80_000_000,
            {PROVINCE: 50_526_315, MUNICIPALITY: 29_473_684, SME: 20_000_001}, 1279, 2000,
            id="both capped: 80M by 5508 to 3213, the odd won to the company",
        ),
        pytest.param(
            TRACK_A_2023, (NATIONAL, SAMSUNG), 7, 60_000_000,
            {NATIONAL: 2, SAMSUNG: 2, PROVINCE: 1, SME: 2}, 2000, 2857,
            id="domain.md 7.2.1: a split of an odd won",
        ),
        pytest.param(
            TRACK_A_2023, (NATIONAL, SAMSUNG), 132_000_000, 0,
            {NATIONAL: 0, SAMSUNG: 0, PROVINCE: 26_400_000, SME: 105_600_000}, 2000, 8000,
            id="a cap of nothing",
        ),
        pytest.param(
            [(PROVINCE, 2000)], (), 1_000, 1,
            {PROVINCE: 200, SME: 800}, 8000, 8000,
            id="a cap binds capped sources only",
        ),
        pytest.param([], (), 1_000, 1, {SME: 1_000}, 10_000, 10_000, id="nobody but the company"),
    ],
)  # fmt: skip
def test_a_cost_is_split_as_published(shares, capped, cost, cap, expected, nominal_bp, effective_bp):
    split = domain.split_cost(rule(shares, capped), total_cost_won=Won(cost), cap_won=Won(cap))

    assert amounts(split) == expected
    assert (split.nominal_burden_bp, split.effective_burden_bp) == (nominal_bp, effective_bp)
    assert split.shares[-1].source is SME


def test_the_effective_burden_shortens_to_the_percentage_people_quote():
    split = domain.split_cost(
        rule(TRACK_A_2023, (NATIONAL, SAMSUNG)), total_cost_won=Won(132_000_000), cap_won=Won(60_000_000)
    )

    assert f"{split.effective_burden_bp / 100:.1f} %" == "34.5 %"


@st.composite
def rules(draw: st.DrawFn) -> SplitRule:
    sources = draw(st.lists(st.sampled_from([NATIONAL, PROVINCE, MUNICIPALITY, SAMSUNG]), unique=True))
    left, shares = 10_000, []
    for source in sources:
        rate_bp = draw(st.integers(1, max(1, left // 2)))
        shares.append((source, rate_bp))
        left -= rate_bp
    capped = draw(st.sets(st.sampled_from(sources))) if sources else set()
    return rule(shares, capped)


COSTS = st.integers(1, 10**13)
CAPS = st.integers(0, 10**12)


@given(rules(), COSTS, CAPS)
def test_edge_1_shares_sum_to_the_cost_and_nobody_pays_less_than_nothing(any_rule, cost, cap):
    shares = amounts(domain.split_cost(any_rule, total_cost_won=Won(cost), cap_won=Won(cap)))

    assert sum(shares.values()) == cost
    assert min(shares.values()) >= 0


@given(rules(), COSTS, CAPS)
def test_capped_sources_together_stay_under_the_cap_and_within_their_rates(any_rule, cost, cap):
    split = domain.split_cost(any_rule, total_cost_won=Won(cost), cap_won=Won(cap))
    capped = [rate for rate in any_rule.rates if rate.capped]
    together = sum(amounts(split)[rate.source] for rate in capped)
    by_rate = cost * sum(rate.rate_bp for rate in capped)

    assert together <= cap or not split.cap_bites
    assert together <= min(cap, by_rate // 10_000)
    # Rounding down loses less than one won per source, so nothing is withheld from the firm either.
    assert together > min(cap, by_rate / 10_000) - len(capped) - 1 or not capped


@given(rules(), COSTS, CAPS)
def test_uncapped_sources_pay_their_rate_whatever_the_cap(any_rule, cost, cap):
    shares = amounts(domain.split_cost(any_rule, total_cost_won=Won(cost), cap_won=Won(cap)))

    for rate in any_rule.rates:
        if not rate.capped:
            assert shares[rate.source] == cost * rate.rate_bp // 10_000


@given(rules(), COSTS, CAPS)
def test_the_company_never_pays_less_than_its_nominal_burden(any_rule, cost, cap):
    split = domain.split_cost(any_rule, total_cost_won=Won(cost), cap_won=Won(cap))

    assert split.nominal_burden_bp <= split.effective_burden_bp <= 10_000


@given(rules(), COSTS, CAPS, st.integers(0, 10**12))
def test_a_higher_cap_never_costs_the_company_more(any_rule, cost, cap, more):
    low = amounts(domain.split_cost(any_rule, total_cost_won=Won(cost), cap_won=Won(cap)))
    high = amounts(domain.split_cost(any_rule, total_cost_won=Won(cost), cap_won=Won(cap + more)))

    assert high[SME] <= low[SME]


@given(rules(), COSTS, CAPS)
def test_every_share_says_the_sum_that_gives_it(any_rule, cost, cap):
    split = domain.split_cost(any_rule, total_cost_won=Won(cost), cap_won=Won(cap))

    for share in split.shares:
        assert eval(share.arithmetic) == share.amount_won


@pytest.mark.parametrize(
    ("shares", "capped", "why"),
    [
        pytest.param([(PROVINCE, 9000), (SME, 2000)], (), "SUM=11000", id="above the whole"),
        pytest.param([(PROVINCE, 2000), (SME, 2000)], (), "SUM=4000", id="SME named, yet not the whole"),
        pytest.param([(PROVINCE, 100), (PROVINCE, 200)], (), "DUPLICATE_SOURCE", id="a source twice"),
        pytest.param([(PROVINCE, 100)], (SAMSUNG,), "CAPPED_SOURCE_WITHOUT_RATE", id="a cap without a rate"),
        pytest.param([(PROVINCE, 100)], (SME,), "CAPPED_SOURCE_WITHOUT_RATE", id="a capped company"),
    ],
)
def test_rates_that_are_no_whole_are_refused(shares, capped, why):
    with pytest.raises(domain.SplitRatesInvalid) as refused:
        rule(shares, capped)

    assert refused.value.facts["why"] == why


def test_naming_the_company_changes_nothing():
    named, unnamed = rule(TRACK_A_2023), rule(TRACK_A_2023[:-1])

    assert named.rates == unnamed.rates
    assert named.nominal_burden_bp == unnamed.nominal_burden_bp == 2000


def test_a_second_person_confirms_once():
    proposed = rule(TRACK_B_2024)

    with pytest.raises(domain.SplitRuleOwnProposal):
        domain.confirm_rule(proposed, by="proposer", at=AT)
    confirmed = domain.confirm_rule(proposed, by="somebody else", at=AT)
    assert confirmed.state is RuleState.CONFIRMED
    with pytest.raises(domain.SplitRuleAlreadyConfirmed):
        domain.confirm_rule(confirmed, by="a third", at=AT)


@pytest.mark.parametrize(
    ("confirmed", "on", "refusal"),
    [
        (False, date(2024, 6, 1), domain.SplitRuleUnknown),
        (True, date(2023, 12, 31), domain.SplitRuleNotInForce),
        (True, date(2024, 1, 1), None),
    ],
)
def test_only_a_confirmed_rule_in_force_decides(confirmed, on, refusal):
    found = rule(TRACK_B_2024)
    if confirmed:
        found = domain.confirm_rule(found, by="somebody else", at=AT)

    if refusal is None:
        assert domain.ensure_in_force(found, on=on) is found
    else:
        with pytest.raises(refusal):
            domain.ensure_in_force(found, on=on)
