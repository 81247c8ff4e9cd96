"""Calls without a server: who may publish, and what the rates make each source pay."""

from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from applicant.calls import domain
from applicant.calls.domain import (
    Call,
    CallState,
    CallTerms,
    PanelRule,
    PlannedBudgetLine,
    ProjectType,
    Rate,
    SeatLine,
    TieBreak,
    Track,
)
from contracts.types import BasisPoints, MunicipalityCode, Source, Won

OPENS = datetime(2023, 3, 1, 0, 0, tzinfo=UTC)
CLOSES = datetime(2023, 4, 1, 8, 0, tzinfo=UTC)
TRACK_A_2023 = (
    Rate(Source.NATIONAL, BasisPoints(3000), capped=True),
    Rate(Source.SAMSUNG, BasisPoints(3000), capped=True),
    Rate(Source.PROVINCE, BasisPoints(2000), capped=False),
)


def terms(*rates: Rate, cap_won: int = 60_000_000) -> CallTerms:
    return CallTerms(
        track=Track.A,
        title_ko="상생형 스마트공장",
        title_en="Track A",
        fiscal_year=2023,
        opens_at=OPENS,
        closes_at=CLOSES,
        split_rule_version="a-2023",
        types=(ProjectType("BASIC", Won(cap_won)),),
        rates=rates or TRACK_A_2023,
        seat_lines=(SeatLine("BASIC", MunicipalityCode("52130"), 3),),
        planned_budget_lines=(PlannedBudgetLine(Source.PROVINCE, None, Won(796_000_000)),),
        panel_rule=PanelRule(5, 5, 6000, 1200, (TieBreak.SITE_SCORE,)),
        screening_rule_version="2024-1",
        supplement_days=7,
    )


def publish(call: Call, **changes: object) -> Call:
    by: dict[str, object] = {
        "by": "approver", "now": OPENS, "today": date(2023, 3, 1), "committee_date": date(2023, 2, 20),
        "committee_resolution_number": "2023-4",
    }  # fmt: skip
    return domain.publish_call(call, **(by | changes))  # type: ignore[arg-type]


def test_a_second_person_publishes_after_the_committee() -> None:
    draft = domain.draft_call(UUID(int=1), terms(), by="operator")
    published = publish(draft)
    assert published.state is CallState.PUBLISHED
    assert published.publication is not None
    with pytest.raises(domain.CallIsPublished):
        publish(published)
    with pytest.raises(domain.CallIsPublished):
        domain.edit_call(published, terms(), by="operator")


def test_who_drafted_or_edited_does_not_publish() -> None:
    edited = domain.edit_call(domain.draft_call(UUID(int=1), terms(), by="operator"), terms(), by="second")
    for person in ("operator", "second"):
        with pytest.raises(domain.ProposerMayNotPublish):
            publish(edited, by=person)


@pytest.mark.parametrize(
    ("changes", "refusal"),
    [
        ({"committee_date": date(2023, 3, 2)}, domain.CommitteeNotHeld),
        ({"committee_date": date(2023, 3, 1)}, None),
        ({"now": CLOSES}, domain.WindowAlreadyClosed),
        ({"now": CLOSES - timedelta(seconds=1)}, None),
    ],
)
def test_a_call_goes_out_after_its_committee_and_before_its_end(
    changes: dict[str, object], refusal: type[Exception] | None
) -> None:
    draft = domain.draft_call(UUID(int=1), terms(), by="operator")
    if refusal is None:
        assert publish(draft, **changes).state is CallState.PUBLISHED
    else:
        with pytest.raises(refusal):
            publish(draft, **changes)


def test_when_the_cap_bites_the_company_really_pays_more() -> None:
    """The worked example of F-02: 132M under a cap of 60M leaves 45.6M, 34.5 % instead of 20 %."""
    shares = domain.estimate_shares(terms(), "BASIC", Won(132_000_000))
    assert shares == {
        Source.NATIONAL: 30_000_000, Source.SAMSUNG: 30_000_000, Source.PROVINCE: 26_400_000, Source.SME: 45_600_000,
    }  # fmt: skip


def test_below_the_cap_each_source_pays_its_rate_rounded_down() -> None:
    shares = domain.estimate_shares(terms(), "BASIC", Won(99_999_999))
    assert shares == {
        Source.NATIONAL: 29_999_999, Source.SAMSUNG: 29_999_999, Source.PROVINCE: 19_999_999, Source.SME: 20_000_002,
    }  # fmt: skip


@given(
    cost_won=st.integers(1, 10**12),
    cap_won=st.integers(1, 10**9),
    bps=st.lists(st.integers(1, 2500), min_size=1, max_size=4),
    capped=st.lists(st.booleans(), min_size=4, max_size=4),
)
def test_the_shares_sum_to_the_cost_and_stay_under_the_cap(
    cost_won: int, cap_won: int, bps: list[int], capped: list[bool]
) -> None:
    sources = [source for source in Source if source is not Source.SME]
    rates = [Rate(source, BasisPoints(bp), bound) for source, bp, bound in zip(sources, bps, capped, strict=False)]
    shares = domain.estimate_shares(terms(*rates, cap_won=cap_won), "BASIC", Won(cost_won))
    assert sum(shares.values()) == cost_won
    assert min(shares.values()) >= 0
    assert sum(shares[rate.source] for rate in rates if rate.capped) <= cap_won


def test_terms_survive_the_database() -> None:
    assert msgspec.convert(msgspec.json.decode(msgspec.json.encode(terms())), CallTerms) == terms()
