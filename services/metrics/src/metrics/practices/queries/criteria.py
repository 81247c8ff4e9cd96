"""The criteria of a good practice as everybody reads them, with the codes that cases are found by."""

from datetime import date, datetime

from common.web import View
from metrics.outcomes.queries.proofs import ChangeKind, Grade, day_of
from metrics.practices.domain.refusals import NoPracticeCriteria
from metrics.practices.store import cases as store


class PracticeCodeView(View):
    """One sector, size band, process or technology."""

    code: str
    ko: str
    en: str


class PracticeCodesView(View):
    """The codes that may be named, and where they come from."""

    source: str
    codes: list[PracticeCodeView]


class FewestKpisView(View):
    """How many KPIs a good practice rests on at least."""

    count: int
    source: str


class ThresholdView(View):
    """By how much a KPI has improved at least."""

    change_kind: ChangeKind
    at_least_bp: int
    source: str


class GradesView(View):
    """Which evidence carries a figure."""

    allowed: list[Grade]
    source: str


class JudgedView(View):
    """What the verifier finds out besides the figures."""

    code: str
    ko: str
    en: str
    source: str


class PracticeCriteriaView(View):
    """One version of the criteria; what is not from a source says `assumed`."""

    version: str
    valid_from: date
    note: str
    kpis_min: FewestKpisView
    thresholds: list[ThresholdView]
    grades: GradesView
    judged: list[JudgedView]
    sectors: PracticeCodesView
    size_bands: PracticeCodesView
    processes: PracticeCodesView
    technologies: PracticeCodesView


def read_criteria(now: datetime) -> PracticeCriteriaView:
    """The version in force; raises NoPracticeCriteria."""
    day = day_of(now)
    criteria = store.criteria_in_force(day)
    if criteria is None:
        raise NoPracticeCriteria(on=day.isoformat())
    return PracticeCriteriaView.model_validate(criteria)
