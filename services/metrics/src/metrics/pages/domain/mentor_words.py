"""What the mentors' rota says."""

from collections.abc import Mapping
from types import MappingProxyType

from common.errors import Text


class MentorWords:
    """Who is where in which weeks."""

    title = Text("멘토단 상주 일정", "Mentors' rota")
    lead = Text(
        "어느 멘토팀이 어느 기업에 언제 상주하는지, 겹치거나 비어 있는 주와 회신을 기다리는 배정을 보여 드립니다.",
        "Which team of mentors is at which firm in which weeks, what overlaps or stays empty, and what waits for an "
        "answer.",
    )
    answers = Text("회신을 기다리는 배정", "Waiting for an answer")
    answers_lead = Text(
        "삼성이 기한까지 수락하지 않으면 배정이 해제되고, 그 주는 다른 기업에 돌아갑니다.",
        "What Samsung does not accept in time is released, and its weeks go to other firms.",
    )
    answers_table = Text("수락을 기다리는 배정과 회신 기한", "Assignments that wait to be accepted, and until when")
    no_answers = Text("회신을 기다리는 배정이 없습니다.", "Nothing waits for an answer.")
    due = Text("회신 기한", "Answer due")
    due_over = Text("기한 지남", "overdue")
    calendar = Text("상주 달력", "Calendar")
    calendar_table = Text("멘토팀별 상주 주", "Weeks of each team")
    span = Text("{first}부터 {last}까지", "From {first} to {last}")
    earlier = Text("이전 주 보기", "Earlier weeks")
    later = Text("이후 주 보기", "Later weeks")
    this_week = Text("오늘로", "Back to today")
    team = Text("멘토팀", "Team")
    unnamed_team = Text("멘토팀 {number}", "Team {number}")
    base = Text("{place} 거점, {people}명", "Based in {place}, {people} people")
    chart = Text("{team}의 상주 달력", "Calendar of {team}")
    chart_says = Text("{place} {first}부터 {last}까지 {state}", "{place} {first} to {last}, {state}")
    chart_free = Text("빈 주 {first}부터 {last}까지", "free {first} to {last}")
    chart_empty = Text("이 기간에 상주가 없습니다.", "No residency in these weeks.")
    no_teams = Text("이 기간에 보여 드릴 상주가 없습니다.", "There is no residency to show in these weeks.")
    assigned = Text("회신 대기", "To be answered")
    accepted = Text("수락", "Accepted")
    started = Text("상주 중", "At the firm")
    over = Text("종료", "Over")
    free = Text("빈 주", "Free weeks")
    today = Text("오늘", "Today")
    residencies = Text("상주 목록", "Residencies")
    residencies_table = Text("이 기간의 상주", "Residencies of these weeks")
    weeks = Text("상주 주", "Weeks")
    days = Text("{first} ~ {last}, {weeks}주", "{first} to {last}, {weeks} weeks")
    so_many_weeks = Text("{weeks}주", "{weeks} weeks")
    project = Text("과제", "Project")
    state = Text("상태", "State")
    remarks = Text("살펴볼 점", "To look at")
    troubles = Text("겹치거나 어긋난 상주", "What does not fit")
    no_troubles = Text("이 기간에 겹치거나 어긋난 상주가 없습니다.", "Nothing in these weeks overlaps or is late.")
    gaps = Text("빈 주와 기다리는 과제", "Gaps")
    free_table = Text("기업에 배정되지 않은 멘토팀의 주", "Weeks of teams that no firm has")
    no_free = Text("이 기간에 배정되지 않은 멘토팀의 주가 없습니다.", "No team has free weeks in this time.")
    waiting_table = Text("멘토팀을 기다리는 과제", "Projects that wait for a team")
    waiting_since = Text("기다린 때", "Waiting since")
    no_waiting = Text("멘토팀을 기다리는 과제가 없습니다.", "No project waits for a team.")
    type_of_project = Text("유형", "Type")
    more = Text("목록이 더 있습니다. 일부만 보여 드립니다.", "There is more: only a part is shown.")
    source = Text("멘토링 서비스", "the mentoring service")


TROUBLES: Mapping[str, Text] = MappingProxyType(
    {
        "CLASH": Text("같은 팀의 다른 상주와 겹침", "overlaps another of its team"),
        "OVERRUN": Text("기간이 지났는데 상주 중", "still there after its weeks"),
        "NOT_BEGUN": Text("기간이 시작되었으나 상주 전", "its weeks have begun, the team is not there"),
        "SUSPENDED": Text("과제가 중지됨", "the project is suspended"),
    }
)
