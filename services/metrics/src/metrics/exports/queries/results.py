"""The tables of what came of it: outcomes summed up and firm by firm, and good practices."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from common.db import Transaction
from common.errors import Text
from contracts.roles import PROVINCE_ROLES, Role
from metrics.exports.queries.asked import (
    MUNICIPALITY,
    OVERSEERS,
    Asked,
    Parts,
    Table,
    at_once,
    basis_points,
    day,
    flag,
    from_database,
    moment,
    number,
    text,
)
from metrics.outcomes.queries.aggregates import read_outcomes
from metrics.outcomes.queries.exports import outcome_row_parts
from metrics.outcomes.queries.proofs import Wave, WaveAfter
from metrics.practices.queries.cases import every_practice
from metrics.practices.queries.published import every_published

_FLAGS = ("answered", "verified", "product_changed", "outlier_checked", "late")

_WAVE = (text("wave", "차수", "Wave"), text("kpi", "지표", "KPI"))
_CELL = (
    *_WAVE,
    text("measure", "측정 대상", "Measure"),
    text("change_kind", "변화 단위", "Kind of change"),
    text("dimension", "구분", "Dimension"),
    text("value", "구분 값", "Value"),
    number("n_due", "대상", "n due"),
    number("n_responded", "응답", "n responded"),
    number("n_valid", "유효", "n valid"),
    basis_points("median_bp", "중앙값", "Median"),
    basis_points("lower_quartile_bp", "제1사분위수", "Lower quartile"),
    basis_points("upper_quartile_bp", "제3사분위수", "Upper quartile"),
    basis_points("interval_low_bp", "구간 하한", "Interval from"),
    basis_points("interval_high_bp", "구간 상한", "Interval to"),
    basis_points("interval_coverage_bp", "구간 신뢰수준", "Interval's coverage"),
    basis_points("median_bounded_bp", "미응답을 0으로 본 중앙값", "Median, silence as no change"),
)
_PRACTICE = (
    *MUNICIPALITY,
    text("sector", "업종", "Sector"),
    text("size_band", "규모", "Size"),
    text("firm_name", "기업명", "Firm"),
    text("wave", "차수", "Wave"),
    text("title_ko", "제목", "Title"),
    text("title_en", "제목(영문)", "Title in English"),
    text("summary_ko", "요약", "Summary"),
    text("summary_en", "요약(영문)", "Summary in English"),
    text("processes", "공정", "Processes"),
    text("technologies", "기술", "Technologies"),
    text("figures", "지표별 개선", "Figures"),
)


def _wave(asked: Asked) -> Wave:
    return Wave((asked.filters.wave or WaveAfter.COMPLETION).value)


async def _outcomes(tx: Transaction, asked: Asked) -> Parts:
    own = asked.municipality_code
    overseen = asked.caller.role in OVERSEERS
    found = await read_outcomes(tx, _wave(asked), now=asked.now, municipality_code=own, overseen=overseen)
    about = {"wave": found.wave, "rule_version": found.rule_version, "as_of": found.as_of}
    async for part in at_once({**about, **each.model_dump()} for each in found.aggregates):
        yield part


async def _public_outcomes(_tx: Transaction, asked: Asked) -> Parts:
    found = (await asked.published.read(_wave(asked), now=asked.now)).outcomes
    about = {"wave": found.wave, "rule_version": found.rule_version, "as_of": found.as_of}
    async for part in at_once({**about, **each.model_dump()} for each in found.aggregates):
        yield part


async def _outcome_rows(tx: Transaction, asked: Asked) -> Parts:
    async for part in outcome_row_parts(tx, _wave(asked), at=asked.now):
        yield [_typed(row) for row in part]


def _typed(row: Mapping[str, Any]) -> dict[str, Any]:
    """The same with days and flags as such: as CSV they are written as they were."""
    flags = {name: None if row[name] is None else bool(row[name]) for name in _FLAGS}
    return {**row, **flags, "due_on": date.fromisoformat(row["due_on"])}


async def _practices(tx: Transaction, asked: Asked) -> Parts:
    async for part in from_database(tx, every_practice(by=asked.caller, state=asked.filters.state)):
        yield part


async def _public_practices(tx: Transaction, asked: Asked) -> Parts:
    async for part in at_once(each.model_dump() for each in await every_published(tx, minimum=asked.minimum)):
        yield part


OUTCOMES = Table(
    name="outcomes",
    title=Text("성과 집계", "Outcomes of a wave"),
    columns=(
        *_CELL,
        basis_points("mean_bp", "평균", "Mean"),
        basis_points("ratio_of_sums_bp", "합계의 비", "Ratio of sums"),
        number("n_grade_a_or_b", "A·B등급 자료", "Of grade A or B"),
        number("n_baseline_after_agreement", "협약 뒤의 기준값", "Late baselines"),
        text("not_valid", "집계하지 않은 까닭", "Not counted"),
        text("silent", "미응답 사유", "Silent"),
        text("rule_version", "기준 판", "Rule version"),
        moment("as_of", "기준 시각", "As of"),
    ),
    filters=frozenset({"wave"}),
    parts=_outcomes,
)
OUTCOME_ROWS = Table(
    name="outcome-rows",
    title=Text("성과 원자료", "The raw rows behind every aggregate"),
    columns=(
        text("project_id", "과제", "Project"),
        *MUNICIPALITY,
        text("track", "트랙", "Track"),
        text("type_code", "유형", "Type"),
        text("wave", "차수", "Wave"),
        day("due_on", "보고 기한", "Due on"),
        text("kpi", "지표", "KPI"),
        number("edition", "지표 판", "Edition"),
        text("direction", "개선 방향", "Direction"),
        basis_points("outlier_over_bp", "이상값 기준", "Outlier over"),
        flag("answered", "응답", "Answered"),
        flag("verified", "확인", "Verified"),
        text("silence", "미응답 사유", "Silence"),
        number("baseline_edition", "기준값의 지표 판", "Baseline's edition"),
        number("baseline_numerator", "기준값 분자", "Baseline's numerator"),
        number("baseline_denominator", "기준값 분모", "Baseline's denominator"),
        text("baseline_given", "기준값 제출", "Baseline given"),
        number("report_edition", "보고의 지표 판", "Report's edition"),
        number("numerator", "분자", "Numerator"),
        number("denominator", "분모", "Denominator"),
        text("grade", "자료 등급", "Grade"),
        flag("product_changed", "제품 변경", "Product changed"),
        flag("outlier_checked", "이상값 확인", "Outlier checked"),
        flag("late", "지연", "Late"),
    ),
    readers=frozenset({*PROVINCE_ROLES, Role.AUDITOR}),
    filters=frozenset({"wave"}),
    parts=_outcome_rows,
)
PRACTICES = Table(
    name="good-practices",
    title=Text("우수사례", "Good practices"),
    columns=(
        text("id", "사례", "Case"),
        text("project_id", "과제", "Project"),
        text("company_id", "기업", "Company"),
        *_PRACTICE,
        text("state", "상태", "State"),
        flag("named", "기업명 공개", "Named"),
        moment("nominated_at", "추천", "Nominated at"),
        moment("verified_at", "확인", "Verified at"),
        moment("consented_at", "동의", "Consented at"),
        moment("published_at", "공개", "Published at"),
        moment("withdrawn_at", "철회", "Withdrawn at"),
        flag("needs_verification", "다시 확인할 것", "Needs verification"),
        text("criteria_version", "기준 판", "Criteria"),
    ),
    filters=frozenset({"state"}),
    parts=_practices,
)
PUBLIC_OUTCOMES = Table(
    name="outcomes",
    title=Text("공개 성과 집계", "Outcomes for everybody"),
    columns=(*_CELL, text("rule_version", "기준 판", "Rule version"), day("as_of", "기준일", "As of")),
    readers=frozenset(),
    filters=frozenset({"wave"}),
    parts=_public_outcomes,
)
PUBLIC_PRACTICES = Table(
    name="good-practices",
    title=Text("공개된 우수사례", "Published good practices"),
    columns=(
        text("id", "사례", "Case"),
        *_PRACTICE,
        flag("under_review", "재확인 중", "Under review"),
        number("studied", "견학", "Studied"),
        number("adopted", "적용", "Adopted"),
        day("published_on", "공개일", "Published on"),
    ),
    readers=frozenset(),
    parts=_public_practices,
)
