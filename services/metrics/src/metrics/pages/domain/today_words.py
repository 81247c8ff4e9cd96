"""What the officer's day says."""

from common.errors import Text


class TodayWords:
    """The page of the day."""

    title = Text("오늘 할 일", "Today")
    whole_province = Text("전북특별자치도 전체", "The whole province")
    nothing = Text("오늘은 기다리는 일이 없습니다.", "Nothing waits for anybody today.")
    reports = Text("실적보고", "Performance reports")
    reports_due = Text("{days}일 안에 기한", "due within {days} days")
    overdue = Text("기한 지남", "overdue")
    no_reports = Text(
        "기한이 지났거나 {days}일 안에 끝나는 실적보고가 없습니다.",
        "No performance report is overdue or due within {days} days.",
    )
    reports_table = Text("기한이 지났거나 곧 끝나는 실적보고", "Performance reports that are overdue or due soon")
    due_on = Text("기한", "Due on")
    days_left = Text("남은 날", "Days left")
    late_days = Text("{days}일 지남", "{days} days late")
    left_days = Text("{days}일 남음", "{days} days left")
    last_day = Text("오늘까지", "due today")
    project = Text("과제", "Project")
    next_step = Text("다음 일과 담당", "Next step, and whose")
    seats = Text("빈 자리", "Seats nobody holds")
    seats_unused = Text("다시 모집하지 않은 빈 자리", "seats that no call offers")
    seats_offers = Text("추가모집을 할 수 있는 곳", "places for an extra call")
    no_seats = Text("올해 공고에 비어 있는 자리가 없습니다.", "Every seat of this year's calls is held.")
    seats_table = Text("올해 공고에서 비어 있는 자리", "Unused seats of this year's calls")
    type_of_seat = Text("사업 유형", "Type")
    unused = Text("빈 자리", "Unused")
    of_seats = Text("정원 {seats} 중 {held} 선정", "{held} of {seats} held")
    reserves = Text("예비 {count}", "{count} in reserve")
    fundable = Text("남은 예산으로 {count}곳 가능", "money left for {count}")
    money = Text("불용될 예산", "Money that lapses")
    money_left = Text("남은 예산", "Left")
    no_money = Text("빈 자리에 남은 예산이 없습니다.", "No money is left for unused seats.")
    money_table = Text(
        "빈 자리가 있는 곳에 남은 예산과 불용되는 날", "Money left where seats are unused, and when it lapses"
    )
    source = Text("재원", "Source")
    lapses_on = Text("불용되는 날", "Lapses on")
    per_project = Text("한 과제의 몫", "Share of one project")
    shared_line = Text("공동", "shared")
    who_may = Text("담당: {roles}", "For: {roles}")
    yours = Text("내가 할 수 있는 일", "Yours to do")
    look = Text("초안 보기", "See the draft")
    write = Text("추가모집 초안 쓰기", "Draft the extra call")
    cannot = Text("추가모집을 제안하지 않는 까닭", "Why no extra call is offered")
    more = Text("{count}건 가운데 {shown}건을 보입니다.", "{shown} of {count} are shown.")
    rule = Text("업무 기준 {version}판", "Rule of the day, version {version}")
