"""Rules R-05 and R-06 before a payment: what breaks them, in which words, and until which second an answer counts."""

from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import pytest

from common.clock import KST
from contracts import standing_versions
from contracts.standings import (
    BusinessStatus,
    FirmStandingBroken,
    FirmStandingUnknown,
    Purpose,
    TaxAnswer,
)
from funding.standings.domain import Standing, StandingState, check_good, holds

NOW = datetime(2024, 6, 20, tzinfo=UTC)
RULES = standing_versions.in_force(NOW)
ABOUT = date(2024, 6, 20)
ENDS = datetime(2024, 7, 21, tzinfo=KST)
"""The thirtieth day after the one asked about is 20 July."""
GOOD = TaxAnswer(BusinessStatus.ACTIVE, national_tax_arrears=False, local_tax_arrears=False)


def asked() -> Standing:
    return Standing(
        id=UUID(int=1), project_id=UUID(int=2), company_id=UUID(int=3), municipality_code="52110", number=1,
        rule_version=RULES.version, state=StandingState.ASKED, asked_by="x", asked_at=NOW,
    )  # fmt: skip


def answered(answer: TaxAnswer = GOOD) -> Standing:
    return asked().answered(answer, RULES, about=ABOUT, at=NOW, sha256="0")


def test_the_days_are_data_and_say_that_they_are_assumed() -> None:
    assert RULES.valid_days == 30
    assert RULES.valid_days_source.startswith("assumed")
    assert standing_versions.of_version(RULES.version) is RULES


def test_an_answer_counts_until_the_last_second_of_its_last_day_and_not_at_the_boundary() -> None:
    good = answered()
    assert good.holds_until == ENDS
    assert check_good(good, RULES, now=ENDS - timedelta(seconds=1)) is good
    assert holds(good, now=ENDS - timedelta(microseconds=1))
    for late in (ENDS, ENDS + timedelta(seconds=1)):
        assert not holds(good, now=late)
        with pytest.raises(FirmStandingUnknown):
            check_good(good, RULES, now=late)


def test_a_bad_answer_stops_the_money_also_after_its_days() -> None:
    bad = answered(TaxAnswer(BusinessStatus.ACTIVE, national_tax_arrears=True, local_tax_arrears=False))
    assert bad.state is StandingState.BAD
    for at in (NOW, ENDS, ENDS + timedelta(days=400)):
        assert not holds(bad, now=at)
        with pytest.raises(FirmStandingBroken) as refused:
            check_good(bad, RULES, now=at)
        assert refused.value.facts["rule"] == "R-06"
        assert refused.value.facts["why_en"] == "National tax was in arrears on 2024-06-20."


def test_nothing_asked_and_nothing_answered_is_not_known() -> None:
    assert not holds(None, now=NOW)
    assert asked().broken(RULES) == ()
    for unknown in (None, asked()):
        with pytest.raises(FirmStandingUnknown):
            check_good(unknown, RULES, now=NOW)


@pytest.mark.parametrize(
    ("status", "national", "local", "payment", "agreement"),
    [
        (BusinessStatus.ACTIVE, False, False, [], []),
        (BusinessStatus.SUSPENDED, False, False, ["R-05"], []),
        (BusinessStatus.CLOSED, False, True, ["R-05", "R-06"], ["R-06"]),
        (BusinessStatus.ACTIVE, True, True, ["R-06"], ["R-06"]),
    ],
)
def test_a_payment_asks_for_both_rules_and_an_agreement_for_arrears(
    status: BusinessStatus, national: bool, local: bool, payment: list[str], agreement: list[str]
) -> None:
    answer = TaxAnswer(status, national_tax_arrears=national, local_tax_arrears=local)
    for purpose, expected in ((Purpose.PAYMENT, payment), (Purpose.AGREEMENT, agreement)):
        broken = RULES.broken(answer, purpose, about=ABOUT)
        assert [each.rule for each in broken] == expected
        assert all("2024-06-20" in text for each in broken for text in (each.why.ko, each.why.en))
