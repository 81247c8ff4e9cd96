"""What a company says of itself, checked before it is stored: numbers, industry, and the municipality of a record's day."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from applicant.companies import domain
from contracts.types import (
    CODE_CHANGE_DATE,
    MUNICIPALITIES,
    InvalidBusinessNumber,
    UnknownMunicipality,
    business_number_check_digit,
)

BEFORE, AFTER = date(2024, 1, 17), CODE_CHANGE_DATE


@pytest.mark.parametrize("written", ["123-45-67891", "1234567891", " 123 45 67891 "])
def test_a_business_number_is_ten_digits_however_written(written: str) -> None:
    assert domain.checked_business_number(written) == "1234567891"


@pytest.mark.parametrize(
    "written", ["000-00-00000", "1234567890", "123456789", "12345678911", "12345A7891", "", "１２３４５６７８９１"]
)
def test_a_wrong_business_number_is_refused(written: str) -> None:
    with pytest.raises(InvalidBusinessNumber):
        domain.checked_business_number(written)


@given(first_nine=st.from_regex(r"[0-9]{9}", fullmatch=True).filter(lambda digits: int(digits) > 0))
def test_of_ten_last_digits_exactly_one_is_right(first_nine: str) -> None:
    accepted = []
    for last in range(10):
        try:
            accepted.append(domain.checked_business_number(f"{first_nine}{last}"))
        except InvalidBusinessNumber:
            continue
    assert accepted == [f"{first_nine}{business_number_check_digit(first_nine)}"]


def test_a_sole_proprietor_has_no_corporate_number() -> None:
    assert domain.checked_corporate_number(None) is None
    assert domain.checked_corporate_number("110111-1234567") == "1101111234567"
    with pytest.raises(domain.InvalidCorporateNumber):
        domain.checked_corporate_number("110111-123456")


@pytest.mark.parametrize(("written", "kept"), [("c25924", "C25924"), ("25924", "25924"), ("10", "10")])
def test_an_industry_code_is_digits_with_or_without_its_section(written: str, kept: str) -> None:
    assert domain.checked_ksic_code(written) == kept


@pytest.mark.parametrize("written", ["C", "C2", "Z25924", "C259245", "CC924", ""])
def test_what_is_no_industry_code_is_refused(written: str) -> None:
    with pytest.raises(domain.InvalidIndustryCode):
        domain.checked_ksic_code(written)


@pytest.mark.parametrize("place", MUNICIPALITIES, ids=lambda place: place.en)
def test_each_municipality_counts_by_its_new_code_and_by_the_old_one_until_the_change(place: object) -> None:
    code, old_code = place.code, place.old_code  # type: ignore[attr-defined]
    assert domain.counted_municipality(code, AFTER) == code
    assert domain.counted_municipality(old_code, BEFORE) == code
    with pytest.raises(UnknownMunicipality):
        domain.counted_municipality(old_code, AFTER)


@pytest.mark.parametrize("district", ["52111", "52113"])
def test_jeonjus_districts_are_jeonju(district: str) -> None:
    assert domain.counted_municipality(district, AFTER) == "52110"
    assert domain.counted_municipality(f"45{district[2:]}", BEFORE) == "52110"


@pytest.mark.parametrize("code", ["52760", "52780", "52000", "52112", "11110", "42130", "52", "521300"])
def test_a_code_outside_the_list_is_no_municipality(code: str) -> None:
    for on in (BEFORE, AFTER):
        with pytest.raises(UnknownMunicipality):
            domain.counted_municipality(code, on)
