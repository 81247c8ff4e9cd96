"""Value types the services share: won, rates, funding sources, business numbers, the fourteen municipalities."""

import re
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import NewType

from common.errors import InvalidInput, Text

Won = NewType("Won", int)
"""Whole Korean won; never a float, never another currency."""

BasisPoints = NewType("BasisPoints", int)
"""A ratio in 1/10,000: 2000 is 20 %."""

BusinessNumber = NewType("BusinessNumber", str)
"""A business registration number (사업자등록번호): ten digits whose check digit holds."""

MunicipalityCode = NewType("MunicipalityCode", str)
"""The five-digit administrative code of one of the fourteen cities and counties, as in force since 2024-01-18."""

RULE_VERSION_PATTERN = r"^[0-9]{0,4}[._-]?[A-Za-z][A-Za-z0-9._-]{0,63}$"
"""What names a version of a split rule: `2024-B-1`, `b-2024`. With a letter early, so that no number of a person, of a
phone or of an account passes for one: it stands in events and in the journal, which forget nothing."""

CODE_CHANGE_DATE = date(2024, 1, 18)
"""The day 45xxx became 52xxx (domain.md section 3.1)."""


class Source(StrEnum):
    """Who pays a part of a project (domain.md S-14)."""

    NATIONAL = "NATIONAL"
    PROVINCE = "PROVINCE"
    MUNICIPALITY = "MUNICIPALITY"
    SAMSUNG = "SAMSUNG"
    SME = "SME"


@dataclass(frozen=True, slots=True)
class Municipality:
    """One of the fourteen: its code now, its code before 2024-01-18, and its names."""

    code: MunicipalityCode
    old_code: str
    ko: str
    en: str


MUNICIPALITIES: tuple[Municipality, ...] = tuple(
    Municipality(MunicipalityCode(f"52{tail}"), f"45{tail}", ko, en)
    for tail, ko, en in (
        ("110", "전주시", "Jeonju-si"),
        ("130", "군산시", "Gunsan-si"),
        ("140", "익산시", "Iksan-si"),
        ("180", "정읍시", "Jeongeup-si"),
        ("190", "남원시", "Namwon-si"),
        ("210", "김제시", "Gimje-si"),
        ("710", "완주군", "Wanju-gun"),
        ("720", "진안군", "Jinan-gun"),
        ("730", "무주군", "Muju-gun"),
        ("740", "장수군", "Jangsu-gun"),
        ("750", "임실군", "Imsil-gun"),
        ("770", "순창군", "Sunchang-gun"),
        ("790", "고창군", "Gochang-gun"),
        ("800", "부안군", "Buan-gun"),
    )
)

_BY_CODE = {m.code: m for m in MUNICIPALITIES}
_JEONJU_DISTRICTS = {"111", "113"}


class InvalidBusinessNumber(InvalidInput):
    """Rule R-04: not ten digits, the check digit is wrong, or all zeros."""

    code = "invalid-business-number"
    title = Text("사업자등록번호가 올바르지 않습니다", "The business number is not valid")
    detail = Text(
        "사업자등록번호 10자리를 확인해 주세요. 저장된 것은 없습니다.",
        "Check the ten digits of the business registration number. Nothing was stored.",
    )


class UnknownMunicipality(InvalidInput):
    """The code is none of the fourteen, or an old code on a date when it was no longer in force."""

    code = "unknown-municipality"
    title = Text("전북특별자치도의 시·군이 아닙니다", "Not one of the fourteen municipalities of Jeonbuk")
    detail = Text(
        "시·군 코드 {given}은(는) {on} 기준 14개 시·군에 속하지 않습니다. 저장된 것은 없습니다.",
        "Municipality code {given} is none of the fourteen on {on}. Nothing was stored.",
    )


def parse_business_number(text: str) -> BusinessNumber:
    """Ten digits, hyphens and spaces allowed, weights 1 3 7 1 3 7 1 3 5 (rule R-04); raises InvalidBusinessNumber."""
    digits = re.sub(r"[\s-]", "", text)
    if not re.fullmatch(r"[0-9]{10}", digits) or digits == "0000000000":
        raise InvalidBusinessNumber
    if int(digits[9]) != business_number_check_digit(digits[:9]):
        raise InvalidBusinessNumber
    return BusinessNumber(digits)


def business_number_check_digit(first_nine: str) -> int:
    """The tenth digit that makes these nine valid (rule R-04)."""
    numbers = [int(digit) for digit in first_nine]
    weighted = sum(number * weight for number, weight in zip(numbers, (1, 3, 7, 1, 3, 7, 1, 3, 5), strict=True))
    return (10 - (weighted + numbers[8] * 5 // 10) % 10) % 10


def municipality(code: str, *, field: str | None = None) -> Municipality:
    """One of the fourteen by its present code; raises UnknownMunicipality, with the field where one is named."""
    try:
        return _BY_CODE[MunicipalityCode(code)]
    except KeyError:
        where = {} if field is None else {"field": field}
        raise UnknownMunicipality(given=code, on="52xxx", **where) from None


def municipality_at(code: str, on: date) -> Municipality:
    """One of the fourteen by a code as written on that day.

    Jeonju's two districts roll up to 52110, and a 45xxx code counts only on a record dated before 2024-01-18
    (domain.md section 3.1). Raises UnknownMunicipality.
    """
    prefix, tail = code[:2], code[2:]
    if tail in _JEONJU_DISTRICTS:
        tail = "110"
    in_force = prefix == "52" or (prefix == "45" and on < CODE_CHANGE_DATE)
    found = _BY_CODE.get(MunicipalityCode(f"52{tail}")) if in_force else None
    if found is None:
        raise UnknownMunicipality(given=code, on=on.isoformat())
    return found
