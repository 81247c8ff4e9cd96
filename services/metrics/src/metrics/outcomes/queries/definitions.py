"""The KPI definitions of a day as everybody reads them: formulas, periods, days, method."""

from datetime import date, datetime

from common.web import View
from metrics.outcomes import store
from metrics.outcomes.domain.definitions import (
    ChangeKind,
    Direction,
    Measure,
    OutcomeRules,
    UnitKind,
    Wave,
)
from metrics.outcomes.domain.refusals import NoOutcomeRules
from metrics.outcomes.domain.waves import day_of


class QuantityView(View):
    """One of the two whole numbers of a KPI."""

    ko: str
    en: str
    unit: str


class KpiView(View):
    """Numerator over denominator; `change_kinds` are in the order in which its changes are told.

    `note` is both languages in one, and empty where nothing needs to be said.
    """

    code: str
    edition: int
    measure: Measure
    unit_kind: UnitKind
    direction: Direction
    ko: str
    en: str
    numerator: QuantityView
    denominator: QuantityView
    change_kinds: list[ChangeKind]
    outlier_over_bp: int
    note: str
    note_ko: str
    note_en: str
    source: str


class BaselineRuleView(View):
    """How many months before the agreement a baseline should cover, and how few it may."""

    months: int
    months_min: int
    source: str


class WaveRuleView(View):
    """`years` whole calendar years after the completion, or `stable_months` of running; `due_days` to report."""

    wave: Wave
    years: int
    stable_months: int
    due_days: int
    source: str


class MethodView(View):
    """How aggregates are made, in Korean (`_ko`) and in English."""

    id: str
    quartiles_ko: str
    quartiles: str
    interval_ko: str
    interval: str
    interval_level_bp: int
    bounded_ko: str
    bounded: str
    source: str


class PublicationView(View):
    """The days of a year by whose end public figures stand."""

    days: list[str]
    source: str


class DefinitionsView(View):
    """One version of all that is asked of firms, and how it is summed up."""

    version: str
    valid_from: date
    note: str
    note_ko: str
    note_en: str
    kpis: list[KpiView]
    baseline: BaselineRuleView
    waves: list[WaveRuleView]
    method: MethodView
    publication: PublicationView


def read_definitions(now: datetime) -> DefinitionsView:
    """The version in force; raises NoOutcomeRules."""
    return DefinitionsView.model_validate(rules_on(day_of(now)))


def rules_on(day: date) -> OutcomeRules:
    """For the other queries: the version in force on a day; raises NoOutcomeRules."""
    rules = store.rules_in_force(day)
    if rules is None:
        raise NoOutcomeRules(on=day.isoformat())
    return rules
