"""What the page of outcomes says: our figures beside those that others published."""

from common.errors import Text


class OutcomeWords:
    """Outcomes against the benchmarks."""

    title = Text("성과와 비교", "Outcomes and benchmarks")
    lead = Text(
        "기업이 보고하고 다른 사람이 증빙과 대조한 변화의 중앙값입니다. 대상과 응답 기업 수를 늘 함께 적습니다. "
        "비교 집단이 없으므로 인과 효과가 아닙니다.",
        "Medians of changes that firms reported and a second person checked, always with how many were due and how "
        "many answered. There is no control group: these are no causal effects.",
    )
    wave = Text("조사 시기", "Survey")
    COMPLETION = Text("완료 직후", "After completion")
    YEAR_1 = Text("1년 차", "Year 1")
    YEAR_2 = Text("2년 차", "Year 2")
    YEAR_3 = Text("3년 차", "Year 3")
    PRODUCTIVITY = Text("생산성", "Productivity")
    QUALITY = Text("품질", "Quality")
    COST = Text("원가", "Cost")
    ON_TIME_DELIVERY = Text("납기 준수", "On-time delivery")
    LEAD_TIME = Text("리드타임", "Lead time")
    percent = Text("이전 값 대비 개선율 (%)", "Improvement, percent of the value before")
    points = Text("비율의 개선 폭 (%p)", "Improvement of a rate, percentage points")
    unknown = Text("단위가 공표되지 않아 비교하지 않는 수치", "Published without a unit, compared with nothing")
    who = Text("자료", "Figure")
    change = Text("중앙값 또는 공표값", "Median, or as published")
    middle = Text("가운데 절반", "Middle half")
    due = Text("대상", "Due")
    answered = Text("응답", "Answered")
    valid = Text("유효", "Valid")
    bounded = Text("미응답을 0으로 본 중앙값", "Median with silence as no change")
    ours = Text("우리 사업: {kpi}", "This programme: {kpi}")
    published = Text("공표값 {value}", "published as {value}")
    firms = Text("{n}개사", "{n} firms")
    firms_unknown = Text("표본 수 미공표", "number of firms not published")
    none_yet = Text("공표된 우리 수치가 아직 없습니다.", "No figure of ours was published yet.")
    comparators = Text("비교 자료와 유의할 점", "The benchmarks, and what to mind")
    method = Text("방법", "Method")
    how = Text("집계 방법", "How it is summed up")
    quartiles = Text("사분위수", "Quartiles")
    bounded_is = Text("하한 중앙값", "Bounded median")
    interval = Text("신뢰구간", "Interval")
    published_on = Text("공표일", "Published on")
    version = Text("비교 자료 {version}판", "Benchmarks, version {version}")
