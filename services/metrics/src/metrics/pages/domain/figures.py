"""Numbers as people read them, in both languages: counts, won by 억 and 만, changes in percent or in points."""

from typing import Literal

Language = Literal["ko", "en"]

_MAN, _EOK, _JO = 10_000, 100_000_000, 1_000_000_000_000
_MILLION, _BILLION = 1_000_000, 1_000_000_000


def number(value: int) -> str:
    """With separators of thousands: 1,234."""
    return f"{value:,}"


def exact_won(value: int, language: Language) -> str:
    """To the won: 1,234,567원, or ₩1,234,567."""
    return f"{value:,}원" if language == "ko" else f"{_sign(value)}₩{abs(value):,}"


def short_won(value: int, language: Language) -> str:
    """As people say it: 12억 3,457만원, or ₩1.23 billion. What is left out is rounded, half away from nothing."""
    text = _korean(abs(value)) if language == "ko" else _english(abs(value))
    return f"{_sign(value)}{text}"


def percent(basis_points: int) -> str:
    """A change in percent of what was before, with its sign: +44.0%."""
    return f"{_signed_tenths(basis_points)}%"


def points(basis_points: int, language: Language) -> str:
    """A change of a rate in percentage points, with its sign: +14.0%p, or +14.0 pp."""
    return f"{_signed_tenths(basis_points)}{'%p' if language == 'ko' else ' pp'}"


def _korean(value: int) -> str:
    if value < _MAN:
        return f"{value:,}원"
    if value >= _JO:
        eok = _rounded(value, _EOK)
        return _joined((eok // _MAN, "조"), (eok % _MAN, "억"))
    man = _rounded(value, _MAN)
    return _joined((man // _MAN, "억"), (man % _MAN, "만"))


def _joined(*parts: tuple[int, str]) -> str:
    return " ".join(f"{value:,}{unit}" for value, unit in parts if value) + "원"


def _english(value: int) -> str:
    if value < _MILLION:
        return f"₩{value:,}"
    if _rounded(value, _MILLION // 10) < _BILLION // (_MILLION // 10):
        tenths = _rounded(value, _MILLION // 10)
        return f"₩{tenths // 10:,}.{tenths % 10} million"
    hundredths = _rounded(value, _BILLION // 100)
    return f"₩{hundredths // 100:,}.{hundredths % 100:02} billion"


def _signed_tenths(basis_points: int) -> str:
    tenths = _rounded(abs(basis_points), 10)
    sign = "" if tenths == 0 else "+" if basis_points > 0 else "−"
    return f"{sign}{tenths // 10:,}.{tenths % 10}"


def _rounded(value: int, unit: int) -> int:
    return (value + unit // 2) // unit


def _sign(value: int) -> str:
    return "−" if value < 0 else ""
