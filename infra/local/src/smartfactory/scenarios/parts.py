"""The parts of a scenario's file: every value in a node that names its source or says `assumed`."""

from datetime import date, datetime
from typing import Generic, TypeVar

import msgspec

T = TypeVar("T")


class Given(msgspec.Struct, Generic[T], frozen=True, forbid_unknown_fields=True):
    """One value and where it comes from: tags of the domain notes' sources, or `assumed`."""

    value: T
    source: str
    why: str = ""


class Part(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A section of the file."""


class CallPart(Part, frozen=True):
    """The call's own words and its committee's resolution."""

    track: Given[str]
    fiscal_year: Given[int]
    title_ko: Given[str]
    title_en: Given[str]
    committee_date: Given[date]
    committee_resolution_number: Given[str]


class Calendar(Part, frozen=True):
    """The moments of programme time at which the season's steps happen, in their order."""

    budgets_proposed_at: Given[datetime]
    budgets_confirmed_at: Given[datetime]
    call_drafted_at: Given[datetime]
    call_published_at: Given[datetime]
    opens_at: Given[datetime]
    drafting_at: Given[datetime]
    submitting_at: Given[datetime]
    closes_at: Given[datetime]
    screening_at: Given[datetime]
    supplementing_at: Given[datetime]
    eligibility_at: Given[datetime]
    objections_filed_at: Given[datetime]
    scoring_at: Given[datetime]
    ranking_at: Given[datetime]
    late_budgets_at: Given[datetime]
    selecting_at: Given[datetime]
    objections_decided_at: Given[datetime]
    agreements_issued_at: Given[datetime]
    agreements_signed_at: Given[datetime]
    shares_covered_at: Given[datetime]
    self_pay_proven_at: Given[datetime]
    first_releases_asked_at: Given[datetime]
    first_releases_approved_at: Given[datetime]
    first_releases_ordered_at: Given[datetime]


class CostRange(Part, frozen=True):
    """Between what and what the projects of a type cost in all."""

    low: int
    high: int


class TypePart(Part, frozen=True):
    """One type of project: its cap, its conditions, and its seats and plans by municipality."""

    cap_won: Given[int]
    seats_total: Given[int]
    plans_total: Given[int]
    max_sales_won: Given[int | None]
    max_employees: Given[int | None]
    first_time_only: Given[bool]
    cost_won: Given[CostRange]
    seats: Given[dict[str, int]]
    plans: Given[dict[str, int]]


class SplitPart(Part, frozen=True):
    """Who pays which part of a project; the firm takes the remainder."""

    version: Given[str]
    title: Given[str]
    valid_from: Given[date]
    source_note: Given[str]
    rates_bp: Given[dict[str, int]]
    capped_sources: Given[list[str]]


class SharedLinePart(Part, frozen=True):
    """One line that pays in all municipalities: whose money, under which law, and how much of it."""

    funder: Given[str]
    legal_regime: Given[str]
    planned_won: Given[int]
    confirmed_won: Given[int]


class BudgetPart(Part, frozen=True):
    """What was planned, what the councils confirmed, and who confirmed only after the ranking."""

    shared: dict[str, SharedLinePart]
    """By source: the province, and in Track A also the state and Samsung."""
    municipal_regime: Given[str]
    municipality_planned_won: Given[dict[str, int]]
    municipality_confirmed_won: Given[dict[str, int]]
    confirmed_late: Given[list[str]]


class ScreeningPart(Part, frozen=True):
    """The rule version, the supplement round trips, and how many plans fail by which rule."""

    rule_version: Given[str]
    supplement_days: Given[int]
    supplements: Given[int]
    ineligible: Given[dict[str, int]]


class ObjectionPart(Part, frozen=True):
    """How many of the firms found not eligible object, by what becomes of it."""

    upheld: Given[int]
    dismissed: Given[int]


class PanelPart(Part, frozen=True):
    """The shape of the panels and of their score sheets."""

    members: Given[int]
    size_min: Given[int]
    trim_from: Given[int]
    pass_mark_x100: Given[int]
    bonus_cap_x100: Given[int]
    tie_break: Given[list[str]]
    site_points: Given[int]
    technical_points: Given[int]
    conflicts: Given[int]
    below_pass_mark_percent: Given[int]


class ObligationPart(Part, frozen=True):
    """What a party owes; `source` where it is money."""

    kind: str
    text: str
    source: str | None = None


class PartyPart(Part, frozen=True):
    """One party of a memorandum."""

    kind: str
    obligations: list[ObligationPart]


class MemorandumPart(Part, frozen=True):
    """A memorandum that is registered before the season begins; every municipality joins on the same terms."""

    reference: Given[str]
    title: Given[str]
    signed_on: Given[date]
    registered_at: Given[datetime]
    parties: dict[str, Given[PartyPart]]
    municipalities: Given[list[ObligationPart]]


class AmendingPart(Part, frozen=True):
    """How many agreements are amended while they are built, and when that is asked for and decided."""

    asked_at: Given[datetime]
    decided_at: Given[datetime]
    amendments: Given[int]


class BuildingPart(Part, frozen=True):
    """When builds are inspected and completed, how many in the first wave, and how many end as their supplier does."""

    inspected_at: Given[datetime]
    suspended_at: Given[datetime]
    completed_early_at: Given[datetime]
    terminated_at: Given[datetime]
    completed_late_at: Given[datetime]
    completed_early: Given[int]
    terminated: Given[int]


class MeasuringPart(Part, frozen=True):
    """What firms report before the agreement and after completion, and when the Technopark looks at it."""

    baseline_from: Given[date]
    baseline_to: Given[date]
    baselines_reported_at: Given[datetime]
    baselines_verified_at: Given[datetime]
    reported_at: Given[datetime]
    verified_at: Given[datetime]
    corrected_at: Given[datetime]
    period_to: Given[date]
    """The last day of the figures after completion, which begin with the completion."""
    baseline: Given[dict[str, list[int]]]
    """By KPI, numerator and denominator of the middle firm before."""
    gain_bp: Given[dict[str, int]]
    """By KPI, what the numerator of the middle firm gains or loses, in basis points of the baseline."""
    spread_bp: Given[int]
    """How far the first and the last firm are from the middle one."""
    silent: Given[int]
    """Firms that do not answer after completion."""
    returned: Given[int]
    """Reports that are returned and then made again."""


class ForumPart(Part, frozen=True):
    """The CEO Forum before the call: its members, its campaign with letters of intent, its course and its visits."""

    title_ko: Given[str]
    title_en: Given[str]
    members: Given[int]
    letters: Given[int]
    """Of so many firms that will apply, or of all; the letters of those that never do are not played."""
    course_seats: Given[int]
    campaign_at: Given[datetime]
    letters_at: Given[datetime]
    letters_close_at: Given[datetime]
    visits_assigned_at: Given[datetime]
    course_begins_at: Given[datetime]
    course_held_at: Given[datetime]
    visits_reported_at: Given[datetime]


class ClosingWave(Part, frozen=True):
    """When the completed builds of a wave get their last money, and when their books are closed."""

    asked_at: Given[datetime]
    approved_at: Given[datetime]
    ordered_at: Given[datetime]
    reported_at: Given[datetime]
    attested_at: Given[datetime]
    fixed_at: Given[datetime]
    repaid_at: Given[datetime]
    confirmed_at: Given[datetime]


class ClawbackPart(Part, frozen=True):
    """When the cases of terminated projects take their steps."""

    noticed_at: Given[datetime]
    spoken_at: Given[datetime]
    proposed_at: Given[datetime]
    decided_at: Given[datetime]
    repaid_at: Given[datetime]
    confirmed_at: Given[datetime]


class ClosingPart(Part, frozen=True):
    """How the money ends: what is spent, what an account earns, how much of a terminated project goes back."""

    spent_bp: Given[int]
    interest_won: Given[int]
    recover_bp: Given[int]
    carried_over_at: Given[datetime]
    """Before the year ends: what is not carried over then lapses."""
    lapses_told_at: Given[list[datetime]]
    """When lines are looked at before that, by funding's rules."""
    early: ClosingWave
    clawback: ClawbackPart
    late: ClosingWave


class MentoringPart(Part, frozen=True):
    """The mentorship programme: its cohort, what mentors and firms know and need, the matching rule, its moments."""

    cohort_title: Given[str]
    recruited_at: Given[datetime]
    trained_at: Given[datetime]
    teams_at: Given[datetime]
    planned_at: Given[datetime]
    answered_at: Given[datetime]
    rematched_at: Given[datetime]
    first_week: Given[date]
    experience_years_min: Given[int]
    mentors: Given[int]
    team_size_min: Given[int]
    team_size: Given[int]
    residency_weeks: Given[dict[str, int]]
    rotation_weeks: Given[list[int]]
    processes: Given[list[str]]
    technologies: Given[list[str]]
    ksic_divisions: Given[list[str]]
    rule_version: Given[str]
    weights: Given[dict[str, int]]
    places: Given[dict[str, list[float]]]
    answer_days: Given[int]
    declines: Given[int]
