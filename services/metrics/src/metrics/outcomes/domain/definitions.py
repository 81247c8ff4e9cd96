"""The KPI definitions and the rules around them as data: formula, direction, unit kind, periods, days, method."""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum


class Direction(StrEnum):
    """Which way a figure gets better."""

    HIGHER_IS_BETTER = "HIGHER_IS_BETTER"
    LOWER_IS_BETTER = "LOWER_IS_BETTER"


class UnitKind(StrEnum):
    """What kind of number a KPI is: a rate of a whole, pieces per time, days, or won."""

    PERCENT = "PERCENT"
    COUNT = "COUNT"
    DAYS = "DAYS"
    WON = "WON"


class ChangeKind(StrEnum):
    """In what a change is told: relative to the value before, or in points of a rate. The two are never mixed."""

    PERCENT = "PERCENT"
    POINTS = "POINTS"


class Measure(StrEnum):
    """What a KPI is about: the word under which others publish figures."""

    PRODUCTIVITY = "PRODUCTIVITY"
    QUALITY = "QUALITY"
    COST = "COST"
    ON_TIME_DELIVERY = "ON_TIME_DELIVERY"
    LEAD_TIME = "LEAD_TIME"


class Wave(StrEnum):
    """When a figure is of: before the agreement, after the completion, or one of the years after it."""

    BASELINE = "BASELINE"
    COMPLETION = "COMPLETION"
    YEAR_1 = "YEAR_1"
    YEAR_2 = "YEAR_2"
    YEAR_3 = "YEAR_3"


class WaveAfter(StrEnum):
    """The waves that count from the completion."""

    COMPLETION = "COMPLETION"
    YEAR_1 = "YEAR_1"
    YEAR_2 = "YEAR_2"
    YEAR_3 = "YEAR_3"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Noted:
    """Something that needs a word beside it, in both languages; nothing where it needs none."""

    note_ko: str
    note_en: str

    @property
    def note(self) -> str:
        """Both, Korean first."""
        return f"{self.note_ko} {self.note_en}".strip()


@dataclass(frozen=True, slots=True)
class Quantity:
    """One of the two whole numbers that a firm reports for a KPI."""

    ko: str
    en: str
    unit: str


@dataclass(frozen=True, slots=True)
class Kpi(_Noted):
    """A KPI is numerator over denominator; `edition` changes with its formula."""

    code: str
    edition: int
    measure: Measure
    unit_kind: UnitKind
    direction: Direction
    ko: str
    en: str
    numerator: Quantity
    denominator: Quantity
    change_kinds: tuple[ChangeKind, ...]
    outlier_over_bp: int
    source: str


@dataclass(frozen=True, slots=True)
class BaselineRule:
    """How many months a baseline should cover, and how few it may."""

    months: int
    months_min: int
    source: str


@dataclass(frozen=True, slots=True)
class WaveRule:
    """When a wave may be reported and by when: `years` whole calendar years after, or some months of stable running."""

    wave: Wave
    years: int
    stable_months: int
    due_days: int
    source: str


@dataclass(frozen=True, slots=True)
class Method:
    """How figures are summed up."""

    id: str
    quartiles_ko: str
    quartiles: str
    interval_ko: str
    interval: str
    interval_level_bp: int
    bounded_ko: str
    bounded: str
    source: str


@dataclass(frozen=True, slots=True)
class Publication:
    """The days of a year, as `MM-DD`, by whose end everybody's figures stand."""

    days: tuple[str, ...]
    source: str


@dataclass(frozen=True, slots=True)
class OutcomeRules(_Noted):
    """A version of all of it, in force from a day on."""

    version: str
    valid_from: date
    kpis: tuple[Kpi, ...]
    baseline: BaselineRule
    waves: tuple[WaveRule, ...]
    method: Method
    publication: Publication

    def kpi(self, code: str) -> Kpi | None:
        return next((each for each in self.kpis if each.code == code), None)

    def wave(self, wave: Wave) -> WaveRule:
        """The rule of a wave after completion; every version has all of them."""
        return next(each for each in self.waves if each.wave is wave)


class FigureUnit(StrEnum):
    """In what somebody else's figure is told, as far as its publisher says so."""

    PERCENT = "PERCENT"
    POINTS = "POINTS"
    UNKNOWN = "UNKNOWN"


@dataclass(frozen=True, slots=True)
class Caveat:
    """One reason to read a figure with care."""

    ko: str
    en: str


@dataclass(frozen=True, slots=True)
class TheirFigure:
    """One published improvement: positive is better, whatever sign the publisher wrote."""

    measure: Measure
    as_published: str
    improvement_bp: int
    unit: FigureUnit


@dataclass(frozen=True, slots=True)
class Comparator:
    """Who published figures of whom, and by which method; `n` is none where that is not known."""

    code: str
    n: int | None
    ko: str
    en: str
    method: str
    source: str
    caveats: tuple[Caveat, ...]
    figures: tuple[TheirFigure, ...]


@dataclass(frozen=True, slots=True)
class Benchmarks(_Noted):
    """A version of what others published."""

    version: str
    valid_from: date
    comparators: tuple[Comparator, ...]


def last_publication(publication: Publication, today: date) -> date:
    """The newest publication day that is over by the end of yesterday."""
    days = [date(year, int(day[:2]), int(day[3:])) for year in (today.year - 1, today.year) for day in publication.days]
    return max(day for day in days if day < today)
