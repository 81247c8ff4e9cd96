"""The criteria of a good practice as data: thresholds, grades, what people judge, and the codes it is found by."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True, slots=True)
class Code:
    """One sector, size band, process or technology."""

    code: str
    ko: str
    en: str


@dataclass(frozen=True, slots=True)
class CodeList:
    """The codes that may be named, and where they come from."""

    source: str
    codes: tuple[Code, ...]

    def lacks(self, asked: Iterable[str]) -> bool:
        """Whether one of these is not on the list."""
        return not set(asked) <= {each.code for each in self.codes}


@dataclass(frozen=True, slots=True)
class FewestKpis:
    """How many KPIs a good practice rests on at least."""

    count: int
    source: str


@dataclass(frozen=True, slots=True)
class Threshold:
    """By how much a KPI has improved at least, told in one kind."""

    change_kind: str
    at_least_bp: int
    source: str


@dataclass(frozen=True, slots=True)
class GradesAllowed:
    """Which evidence carries a figure."""

    allowed: tuple[str, ...]
    source: str


@dataclass(frozen=True, slots=True)
class Judged:
    """What the verifier finds out besides the figures."""

    code: str
    ko: str
    en: str
    source: str


@dataclass(frozen=True, slots=True)
class Criteria:
    """A version of all of it, in force from a day on; a nomination is held to the version of its day."""

    version: str
    valid_from: date
    note: str
    kpis_min: FewestKpis
    thresholds: tuple[Threshold, ...]
    grades: GradesAllowed
    judged: tuple[Judged, ...]
    sectors: CodeList
    size_bands: CodeList
    processes: CodeList
    technologies: CodeList

    def at_least_bp(self, change_kind: str) -> int:
        """How much improvement is asked for in a kind; every version has all kinds."""
        return next(each.at_least_bp for each in self.thresholds if each.change_kind == change_kind)
