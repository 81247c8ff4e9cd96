"""Reading matching rules and plans, each pair with its reasons."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import RowMapping, func, select

from common.db import Transaction
from common.web import Page, PageRequest, View, page_of, paginate
from mentoring.plans.domain.matching import WhyNot
from mentoring.plans.domain.plan import PlanState, PlanUnknown
from mentoring.plans.domain.rules import MatchingRuleUnknown
from mentoring.plans.domain.what_if import WhatIfState
from mentoring.plans.store import MatchingRuleRow, MentorPlanRow, PlanWhatIfRow


class WeightsView(View):
    """Points for one unit of each misfit."""

    missing_process: int
    missing_technology: int
    unknown_division: int
    distance_km: int
    surplus_week: int
    week_of_waiting: int
    further_rotation: int


class MatchingRuleView(View):
    """One version of the rule."""

    version: str
    weights: WeightsView
    distances_km: dict[str, int]
    answer_days: int
    source_note: str
    recorded_at: datetime


class FitView(View):
    """Why a pair costs what it costs."""

    missing_processes: list[str]
    missing_technologies: list[str]
    division_known: bool
    distance_km: int
    surplus_weeks: int
    weeks_of_waiting: int
    cost: int


class PairView(View):
    """A project and the team's weeks that it gets; `moved_from` are the weeks it had and loses by this."""

    project_id: UUID
    rotation_id: UUID
    team_id: UUID
    first_week: date
    weeks: int
    moved_from: UUID | None
    fit: FitView


class LeftOutView(View):
    """A project without a team, why, and how many rotations it could have had."""

    project_id: UUID
    why: WhyNot
    why_ko: str
    why_en: str
    possible: int


class ProofView(View):
    """Prices that prove the optimum: no pair costs less than its project's and rotation's prices together."""

    projects: dict[str, int]
    rotations: dict[str, int]
    teams: dict[str, int]


class GainView(View):
    """A project that gets weeks which the plan has not for it; `team_id` may be the what-if's own id."""

    project_id: UUID
    team_id: UUID
    first_week: date
    weeks: int


class ShiftView(View):
    """A project whose weeks begin earlier or later than in the plan."""

    project_id: UUID
    first_week_before: date
    first_week: date


class WhatIfResultView(View):
    """What the team would change against the plan; the optimum again, and it has changed nothing."""

    placed_before: int
    placed: int
    gains: list[GainView]
    loses: list[UUID]
    shifted: list[ShiftView]
    moves: int


class WhatIfRotationView(View):
    """Weeks in a row in which the team would reside at a firm."""

    first_week: date
    weeks: int


class WhatIfView(View):
    """A team that is not: of `mentor_ids`, who would leave their teams, or else as able as `like_team_id`."""

    id: UUID
    like_team_id: UUID
    mentor_ids: list[UUID]
    rotations: list[WhatIfRotationView]
    state: WhatIfState
    failure: str | None
    result: WhatIfResultView | None
    cost: int | None
    bound: int | None
    requested_at: datetime


class PlanSummaryView(View):
    """One plan without its pairs."""

    id: UUID
    rule_version: str
    may_move: bool
    input_sha256: str
    state: PlanState
    failure: str | None
    pairs: int
    left_out: int
    cost: int | None
    bound: int | None
    solver: str | None
    requested_at: datetime
    confirmed_at: datetime | None
    version: int


class PlanView(View):
    """One plan. `given` is all that it rests on, by its hash `input_sha256`; no plan costs less than `bound`."""

    id: UUID
    rule_version: str
    may_move: bool
    input_sha256: str
    given: dict[str, Any]
    state: PlanState
    failure: str | None
    pairs: list[PairView]
    left_out: list[LeftOutView]
    moves: int
    proof: ProofView | None
    what_ifs: list[WhatIfView]
    cost: int | None
    bound: int | None
    solver: str | None
    requested_at: datetime
    confirmed_at: datetime | None
    version: int


_WHY = {
    WhyNot.NEEDS_NOT_STATED: ("멘토링 요건이 입력되지 않았습니다.", "Nobody has stated what the project needs."),
    WhyNot.PROJECT_SUSPENDED: ("중지된 과제입니다.", "The project is suspended."),
    WhyNot.NO_FREE_ROTATION: ("비어 있는 상주 일정이 없습니다.", "No team has free weeks."),
    WhyNot.CONFLICT_WITH_EVERY_TEAM: (
        "일정이 있는 모든 팀에 이해충돌이 있는 멘토가 있습니다.",
        "Every team with free weeks has a mentor with a conflict.",
    ),
    WhyNot.DECLINED_BY_SAMSUNG: (
        "가능한 일정을 모두 삼성이 거절했습니다.",
        "Samsung has declined everything that it could have had.",
    ),
    WhyNot.NO_ROTATION_LONG_ENOUGH: ("필요한 기간만큼 긴 일정이 없습니다.", "No free weeks are long enough."),
    WhyNot.OTHERS_FIT_BETTER: (
        "가능한 일정을 모두 다른 과제가 더 적합하게 사용합니다.",
        "Other projects make better use of all weeks it could have had.",
    ),
}
_RULES = select(*MatchingRuleRow.__table__.c)
_PLAN = MentorPlanRow.__table__.c
_PLANS = select(
    *(column for column in _PLAN if column.name not in {"given", "matched"}),
    func.coalesce(func.jsonb_array_length(_PLAN.matched["pairs"]), 0).label("pairs"),
    func.coalesce(func.jsonb_array_length(_PLAN.matched["left_out"]), 0).label("left_out"),
)


async def get_rule(tx: Transaction, version: str) -> MatchingRuleView:
    """One version, or MatchingRuleUnknown."""
    row = (await tx.execute(_RULES.where(MatchingRuleRow.version == version))).one_or_none()
    if row is None:
        raise MatchingRuleUnknown(version=version)
    return _rule(row._mapping)  # noqa: SLF001  SQLAlchemy's documented access by column name


async def list_rules(tx: Transaction, page: PageRequest) -> Page[MatchingRuleView]:
    """All versions, by name."""
    rows, turns = await paginate(tx, _RULES, page, by=[MatchingRuleRow.version])
    return Page(items=[_rule(row._mapping) for row in rows], **turns)  # noqa: SLF001  documented access


async def get_plan(tx: Transaction, plan_id: UUID) -> PlanView:
    """One plan with its pairs, or PlanUnknown."""
    row = (await tx.execute(select(*_PLAN).where(_PLAN.id == plan_id))).one_or_none()
    if row is None:
        raise PlanUnknown(plan_id=plan_id)
    columns = dict(row._mapping)  # noqa: SLF001  SQLAlchemy's documented access by column name
    matched = columns.pop("matched") or {"pairs": [], "left_out": [], "moves": 0, "proof": None}
    left_out = [
        {**each, **dict(zip(("why_ko", "why_en"), _WHY[WhyNot(each["why"])], strict=True))}
        for each in matched["left_out"]
    ]
    return PlanView.model_validate(
        {
            "what_ifs": await _what_ifs(tx, plan_id),
            **columns,
            "pairs": matched["pairs"],
            "left_out": left_out,
            "moves": matched["moves"],
            "proof": matched["proof"],
        }
    )


async def _what_ifs(tx: Transaction, plan_id: UUID) -> list[WhatIfView]:
    row = PlanWhatIfRow.__table__.c
    found = await tx.execute(select(*row).where(row.plan_id == plan_id).order_by(row.id))
    return [WhatIfView.model_validate({**each, **each["asked"]}) for each in found.mappings()]


async def list_plans(tx: Transaction, page: PageRequest, *, state: PlanState | None) -> Page[PlanSummaryView]:
    """The plans, in the order in which they were asked for."""
    statement = _PLANS if state is None else _PLANS.where(_PLAN.state == state)
    return await page_of(PlanSummaryView, tx, statement, page, by=[_PLAN.id])


def _rule(columns: RowMapping) -> MatchingRuleView:
    return MatchingRuleView.model_validate({**columns, "weights": WeightsView.model_validate(columns["weights"])})
