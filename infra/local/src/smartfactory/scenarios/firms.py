"""The synthetic firms of a season and their plans, drawn from a seed; the same seed gives the same firms.

No real firm can be hit: a real business number starts with its tax office's code, 101 or above, and a corporate number
with its registry's; ours start with 0. Names say 가상 (made up).
"""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from uuid import NAMESPACE_URL, UUID, uuid5

from contracts.types import MUNICIPALITIES, business_number_check_digit
from smartfactory.scenarios.model import Scenario
from smartfactory.season.options import OutsideFirm

_MAKERS = ("정밀", "식품", "섬유", "금속", "기계", "전자", "화학", "포장", "농기계", "목재")
_KSIC_CODES = ("25924", "10742", "13213", "25113", "29271", "26299", "20499", "22232", "29210", "16299")
_KSIC_REVISION = "11"
_SUPPLIERS = 8
_JEONJU = "52110"
_JEONJU_DISTRICTS = ("52111", "52113")
_BEFORE_CODE_CHANGE = date(2021, 6, 1)
_AFTER_CODE_CHANGE = date(2024, 2, 1)
_REGISTRATION_FLOOR_M2 = 500
_LARGE = 1_000
# Assumed shares of firms; they shape the cast and no rule.
_RECORDED_BEFORE_CODE_CHANGE = 0.3
_HEAD_OFFICE_ELSEWHERE = 0.06
_MID_SIZED = 0.05
_SUPPORTED_BEFORE = 0.5


@dataclass(frozen=True, slots=True)
class PlannedFirm:
    """One made-up firm and its plant."""

    company_id: UUID
    name: str
    representative_name: str
    business_number: str
    corporate_number: str
    size_class: str
    ksic_code: str
    ksic_revision: str
    annual_sales_won: int
    employees: int
    supported_before: bool
    head_office_address: str
    plant_address: str
    municipality_code: str
    written_code: str
    """The plant's municipality as its papers have it: a district of Jeonju, or 45xxx on papers before 2024-01-18."""
    recorded_on: date
    factory_registration_number: str | None
    manufacturing_floor_m2: int
    in_industrial_complex: bool


@dataclass(frozen=True, slots=True)
class SheetScore:
    """What one panel member writes on one plan's sheet, in points times 100."""

    site_x100: int
    technical_x100: int


@dataclass(frozen=True, slots=True)
class PlannedApplication:
    """One plan, and what will become of it on its way."""

    number: int
    firm: PlannedFirm
    type_code: str
    total_cost_won: int
    project_title: str
    plan_summary: str
    supplier_business_number: str
    self_pay_capacity_won: int
    concurrent_project: bool
    fails_rule: str | None
    needs_supplement: bool
    conflicted_member: int | None
    scores: Sequence[SheetScore]

    @property
    def entity(self) -> str:
        """The plan's stable name, of which its idempotency keys are made."""
        return f"application-{self.number:03d}"


@dataclass(frozen=True, slots=True)
class Cast:
    """Everybody synthetic in one season: who applies, and what the outside registers say of them."""

    applications: Sequence[PlannedApplication]
    registers: Sequence[OutsideFirm]


def cast_of(scenario: Scenario, seed: int, *, after: int = 0) -> Cast:
    """Draw the season's firms and plans, numbered after those that are there already."""
    chance = random.Random(f"{scenario.name}/{seed}")
    places = [
        (type_code, code)
        for type_code, part in scenario.types.items()
        for code, plans in part.plans.value.items()
        for _ in range(plans)
    ]
    fates = _fates(scenario, [type_code for type_code, _ in places], chance)
    applications = [
        _application(_Draw(scenario, seed, number, *place, fate, chance))
        for number, (place, fate) in enumerate(zip(places, fates, strict=True), start=after + 1)
    ]
    suppliers = [
        OutsideFirm(supplier_number(index), None, "MEDIUM", debarred=index == _SUPPLIERS)
        for index in range(_SUPPLIERS + 1)
    ]
    return Cast(applications, [*(_outside(application) for application in applications), *suppliers])


def supplier_number(index: int) -> str:
    """Make up a supplier's business number; the last one is debarred (rule R-11)."""
    return _with_check_digit(f"0018{index:05d}")


@dataclass(frozen=True, slots=True)
class _Fate:
    fails_rule: str | None = None
    needs_supplement: bool = False
    conflicted: bool = False
    weak: bool = False


@dataclass(frozen=True, slots=True)
class _Draw:
    """All that one plan is drawn from."""

    scenario: Scenario
    seed: int
    number: int
    type_code: str
    municipality_code: str
    fate: _Fate
    chance: random.Random


def _fates(scenario: Scenario, types: Sequence[str], chance: random.Random) -> list[_Fate]:
    """Who fails a rule, who must supplement, whom a panel member knows, whose plan is weak: never two of these."""
    free = list(range(len(types)))
    chance.shuffle(free)
    fates = [_Fate() for _ in types]
    for rule, count in scenario.screening.ineligible.value.items():
        for _ in range(count):
            chosen = next(
                index for index in free if rule != "R-08" or scenario.types[types[index]].first_time_only.value
            )
            free.remove(chosen)
            fates[chosen] = _Fate(fails_rule=rule)
    for _ in range(scenario.screening.supplements.value):
        fates[free.pop()] = _Fate(needs_supplement=True)
    weak = len(free) * scenario.panel.below_pass_mark_percent.value // 100
    for _ in range(weak):
        fates[free.pop()] = _Fate(weak=True)
    for _ in range(min(scenario.panel.conflicts.value, len(free))):
        fates[free.pop()] = _Fate(conflicted=True)
    return fates


def _application(draw: _Draw) -> PlannedApplication:
    fails_rule, chance = draw.fate.fails_rule, draw.chance
    costs = draw.scenario.types[draw.type_code].cost_won.value
    firm = _firm(draw)
    cost = chance.randrange(costs.low, costs.high)
    members = draw.scenario.panel.members.value
    return PlannedApplication(
        number=draw.number,
        firm=firm,
        type_code=draw.type_code,
        total_cost_won=cost,
        project_title=f"{firm.name} 생산현장 디지털화",
        plan_summary=f"{firm.name}의 {draw.type_code} 과제 계획 요약 (가상). 생산실적 자동집계와 설비 데이터 수집.",
        supplier_business_number=supplier_number(_SUPPLIERS if fails_rule == "R-11" else draw.number % _SUPPLIERS),
        self_pay_capacity_won=1_000_000 if fails_rule == "R-12" else cost,
        concurrent_project=fails_rule == "R-07",
        fails_rule=fails_rule,
        needs_supplement=draw.fate.needs_supplement,
        conflicted_member=chance.randrange(members) if draw.fate.conflicted else None,
        scores=_scores(draw, members),
    )


def _firm(draw: _Draw) -> PlannedFirm:
    number, code, chance = draw.number, draw.municipality_code, draw.chance
    part = draw.scenario.types[draw.type_code]
    trade = chance.randrange(len(_MAKERS))
    sales_limit = part.max_sales_won.value or 60_000_000_000
    staff_limit = part.max_employees.value or 140
    season = draw.scenario.call.fiscal_year.value
    old_papers = chance.random() < _RECORDED_BEFORE_CODE_CHANGE or season < _AFTER_CODE_CHANGE.year
    town = next(item for item in MUNICIPALITIES if item.code == code)
    written = chance.choice(_JEONJU_DISTRICTS) if code == _JEONJU else code
    floor = chance.randrange(500, 6000) if part.max_employees.value is None else chance.randrange(180, 480)
    head_office = "서울특별시" if chance.random() < _HEAD_OFFICE_ELSEWHERE else f"전북특별자치도 {town.ko}"
    mid_sized = chance.random() < _MID_SIZED
    serial = _serial(season, draw.seed, number)
    before = not part.first_time_only.value and chance.random() < _SUPPORTED_BEFORE
    return PlannedFirm(
        company_id=uuid5(NAMESPACE_URL, f"smartfactory/{draw.scenario.name}/{draw.seed}/company/{number}"),
        name=f"가상{_MAKERS[trade]} {number:03d}",
        representative_name=f"가상대표 {number:03d}",
        business_number=_with_check_digit(f"0{serial:08d}"),
        corporate_number=_corporate_number(serial),
        size_class=_size_class(draw, mid_sized=mid_sized),
        ksic_code=_KSIC_CODES[trade],
        ksic_revision=_KSIC_REVISION,
        annual_sales_won=chance.randrange(sales_limit // 10, sales_limit * 9 // 10),
        employees=chance.randrange(4, staff_limit),
        supported_before=before or draw.fate.fails_rule == "R-08",
        head_office_address=f"{head_office} 가상로 {number}",
        plant_address=f"전북특별자치도 {town.ko} 가상산단로 {number}",
        municipality_code=code,
        written_code=f"45{written[2:]}" if old_papers else written,
        recorded_on=_BEFORE_CODE_CHANGE if old_papers else _AFTER_CODE_CHANGE,
        factory_registration_number=f"가상-{number:06d}" if floor >= _REGISTRATION_FLOOR_M2 else None,
        manufacturing_floor_m2=floor,
        in_industrial_complex=floor >= _REGISTRATION_FLOOR_M2,
    )


def _serial(season: int, seed: int, number: int) -> int:
    """Eight digits that no other firm has: of another season, of a thousand seeds, or of ten in a large season."""
    if number < _LARGE:
        return season % 50 * 1_000_000 + seed % 1000 * 1000 + number
    return (50 + season % 50) * 1_000_000 + seed % 10 * 100_000 + number


def _size_class(draw: _Draw, *, mid_sized: bool) -> str:
    if draw.fate.fails_rule == "R-02":
        return "LARGE"
    if draw.scenario.types[draw.type_code].max_sales_won.value is not None:
        return "SMALL"
    return "MID_SIZED" if mid_sized else "MEDIUM"


def _scores(draw: _Draw, members: int) -> list[SheetScore]:
    panel = draw.scenario.panel
    low, high = (0.40, 0.54) if draw.fate.weak else (0.68, 0.95)
    quality = draw.chance.uniform(low, high)
    sheets = []
    for _ in range(members):
        seen = quality + draw.chance.uniform(-0.04, 0.04)
        site = round(panel.site_points.value * 100 * seen / 50) * 50
        technical = round(panel.technical_points.value * 100 * seen / 50) * 50
        sheets.append(SheetScore(site, technical))
    return sheets


def _outside(application: PlannedApplication) -> OutsideFirm:
    firm, fails = application.firm, application.fails_rule
    return OutsideFirm(
        business_number=firm.business_number,
        corporate_number=firm.corporate_number,
        size_class=firm.size_class,
        tax_state="CLOSED" if fails == "R-05" else "ACTIVE",
        tax_arrears=fails == "R-06",
        debarred=fails == "R-10",
    )


def _with_check_digit(first_nine: str) -> str:
    return f"{first_nine}{business_number_check_digit(first_nine)}"


def _corporate_number(serial: int) -> str:
    twelve = f"0000{serial:08d}"
    weighted = sum(int(digit) * (1 + index % 2) for index, digit in enumerate(twelve))
    return f"{twelve}{(10 - weighted % 10) % 10}"
