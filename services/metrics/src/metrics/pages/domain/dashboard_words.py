"""What the public dashboard says."""

from common.errors import Text


class DashboardWords:
    """The front page."""

    title = Text("사업 현황", "The programme today")
    lead = Text(
        "전북의 중소 제조기업이 스마트공장을 갖추도록 함께 돕는 사업의 현재 모습입니다. "
        "모든 수는 누구나 볼 수 있습니다.",
        "Where the programme stands that helps small manufacturers of Jeonbuk build smart factories. "
        "Every number here is for everybody.",
    )
    gauge = Text("{total}개 목표", "The target of {total}")
    counted = Text("목표에 드는 완료 공장", "completed factories that count")
    of_target = Text("목표 {total}개", "of {total}")
    agreed = Text("협약 후 구축 중", "agreed, being built")
    planned = Text("선정", "selected")
    plan = Text("계획선", "planned for now")
    gauge_chart = Text("{total}개 목표 대비 현황 막대그래프", "Bar chart of the state against the target of {total}")
    gauge_says = Text(
        "완료 {counted}, 구축 중 {agreed}, 목표 {total}.", "Completed {counted}, being built {agreed}, target {total}."
    )
    target_year = Text("목표 연도 {year}년", "Target year {year}")
    alternate = Text("{year}년이라는 발표도 있습니다", "{year} was published too")
    what_counts = Text("무엇이 세어지는지, 시·군과 트랙별로 보기", "What counts, by municipality and track")
    places = Text("14개 시·군", "The 14 cities and counties")
    places_lead = Text("시·군마다 목표에 드는 완료 공장 수입니다.", "Completed factories that count, by place.")
    money = Text("재원별 예산", "Budgets by source")
    money_lead = Text(
        "회계연도마다 재원별로 확정된 예산입니다. 과제에 쓰인 금액은 날마다 빼 보면 어느 기업의 것인지 알 수 있어 "
        "여기에 적지 않습니다.",
        "What each source has confirmed for a fiscal year. What projects hold of it is not told here: of two days it "
        "would be one firm's money.",
    )
    money_chart = Text(
        "{year} 회계연도 재원별 예산 막대그래프", "Bar chart of the budgets of fiscal year {year} by source"
    )
    money_table = Text("회계연도와 재원별로 확정된 예산", "Confirmed budgets by fiscal year and source")
    money_none = Text(
        "최근 세 회계연도에 확정된 예산이 없습니다.", "No budget of the last three fiscal years is confirmed yet."
    )
    money_source = Text("예산 서비스에서 확정된 예산", "Budgets confirmed in the funding service")
    fiscal_year = Text("회계연도", "Fiscal year")
    rule = Text("집계 기준 {version}판", "Rule of counting, version {version}")
