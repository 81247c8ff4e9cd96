"""What the report to a council says."""

from common.errors import Text


class CouncilListWords:
    """Whose reports there are."""

    title = Text("의회 보고서", "Reports to the councils")
    lead = Text(
        "시·군마다 한 장입니다: 공장 수, 재원별 금액, 기업 부담, 성과, 남은 기한과 빈 자리. 그대로 인쇄할 수 있습니다.",
        "One for each municipality: factories, money by source, what firms bear, outcomes, open deadlines and seats. "
        "Made to be printed as it is.",
    )
    list = Text("시·군", "Cities and counties")


class CouncilWords:
    """One municipality's report."""

    title = Text("{place} 의회 보고서", "Report to the council of {place}")
    lead = Text(
        "{year} 회계연도, {moment} 기준. 업무용: 5곳 미만인 수도 가리지 않았습니다. † 표시는 공개할 때 가려야 하는 "
        "{minimum}곳 미만의 수입니다.",
        "Fiscal year {year}, as of {moment}. For official use: small numbers are not withheld. † marks numbers below "
        "{minimum}, to be withheld when this is published.",
    )
    years = Text("회계연도", "Fiscal year")
    print_note = Text("브라우저의 인쇄 기능으로 A4에 인쇄하세요.", "Print it on A4 by the browser's own command.")
    gauge = Text("{total}개 목표와 관내 공장", "The target of {total}, and the factories here")
    gauge_table = Text("트랙과 단계별 공장 수", "Factories by track and stage")
    planned = Text("선정", "Planned")
    agreed = Text("협약", "Agreed")
    completed = Text("완료", "Completed")
    in_use = Text("사용 중", "In use")
    withdrawn = Text("포기", "Withdrawn")
    terminated = Text("해지", "Terminated")
    counted = Text("목표 산입", "Counted")
    target_is = Text("사업 전체 목표: {year}년까지 {total}개", "Target of the whole programme: {total} by {year}")
    also_published = Text("다른 발표: {year}년까지 {total}개", "Published elsewhere: {total} by {year}")
    corrections = Text("완료 뒤 집계에서 빠진 곳: {count}", "Left the count after completion: {count}")
    rule = Text("집계 기준 {version}판", "Rule of counting, version {version}")
    money = Text("재원별 금액", "Money by source")
    money_table = Text("{year} 회계연도, 관내 과제의 재원별 금액", "Fiscal year {year}: money of the projects here")
    source = Text("재원", "Source")
    budgeted = Text("관내 예산", "Own budget")
    committed = Text("확정", "Committed")
    paid = Text("지급", "Paid")
    under_way = Text("지급 중", "Under way")
    carried_over = Text("이월", "Carried over")
    lapsed = Text("불용", "Lapsed")
    due_back = Text("반납·환수 예정", "Due back")
    back = Text("반납·환수", "Back")
    money_note = Text(
        "여러 시·군이 함께 쓰는 예산은 시·군별로 나뉘지 않아 ‘관내 예산’에 없습니다. 자부담의 집행은 공공 원장에 "
        "없으므로 확정액만 적습니다.",
        "A budget that several municipalities share is not divided among them, and is not in ‘own budget’. What firms "
        "paid of their own share stands in no public ledger: only what is committed is told.",
    )
    money_source = Text(
        "예산 서비스의 예산, 확정, 지급, 정산 기록", "Funding's budgets, commitments, payments and settlements"
    )
    burdens = Text("기업 부담", "What firms bear")
    burden_projects = Text("예산이 확정된 과제", "Projects with committed money")
    burden_cost = Text("총사업비", "Total cost")
    burden_own = Text("기업이 내는 금액", "The firms' own part")
    burden_together = Text("총사업비 대비 기업 부담", "Borne of all costs")
    burden_single = Text("과제별 부담(최소 ~ 중앙값 ~ 최대)", "Of single projects (least ~ median ~ most)")
    few_projects = Text(
        "† 이 금액들은 {minimum}곳 미만 과제의 것이므로 공개할 때 가려야 합니다.",
        "† These amounts are of fewer than {minimum} projects, to be withheld when this is published.",
    )
    no_burdens = Text(
        "이 회계연도에 예산이 확정된 과제가 없습니다.", "No money was committed to a project in this year."
    )
    burden_note = Text(
        "실제 부담입니다. 지원 한도를 넘는 몫을 기업이 내므로 공고의 규정상 비율보다 클 수 있고, 공고마다의 규정상 "
        "비율은 기업 부담 계산에서 봅니다.",
        "What is really borne: firms pay what is above the cap, so it may be more than the call's rule says. That rate "
        "is told by the calculator of burdens.",
    )
    outcomes = Text("성과와 비교 자료", "Outcomes beside the benchmarks")
    here = Text("{place} 기업: {kpi}", "Firms of {place}: {kpi}")
    no_figures = Text("관내에 유효한 수치 없음", "no valid figure here")
    nobody_due = Text("아직 이 조사의 대상이 된 관내 기업이 없습니다.", "No firm here is due in this survey yet.")
    outcomes_rule = Text(
        "성과지표 {rule}판, 비교 자료 {version}판. 사업 전체 수치는 {day} 공표분",
        "KPI rules {rule}, benchmarks {version}; the programme's figures as published for {day}",
    )
    open = Text("남은 기한과 빈 자리", "Open deadlines and seats")
    reports_due = Text("실적보고 기한", "Performance reports")
    seats = Text("빈 자리", "Seats nobody holds")
    all_reports = Text("다른 시·군", "Other municipalities")
