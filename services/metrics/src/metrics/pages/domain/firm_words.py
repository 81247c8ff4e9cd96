"""What the firm's one page says."""

from common.errors import Text


class FirmWords:
    """A firm's cases, what to do next and until when."""

    title = Text("우리 기업", "Your firm")
    lead = Text(
        "신청과 과제가 지금 어디까지 왔는지, 다음에 할 일과 그 기한을 보여 드립니다.",
        "Where your applications and projects stand, what comes next and until when.",
    )
    no_cases = Text("아직 신청한 것이 없습니다.", "You have not applied for anything yet.")
    reckon = Text("기업 부담 계산하기", "Reckon what a project would cost you")
    stands = Text("지금 상태", "Where it stands")
    next_steps = Text("다음에 할 일", "What to do next")
    nothing = Text(
        "지금 기업이 할 일은 없습니다. 바뀌면 등록한 연락처로 알려 드립니다.",
        "Nothing for you to do now. When that changes, you are told at the address you registered.",
    )
    until = Text("{day}까지", "until {day}")
    no_day = Text("정해진 기한 없음", "no fixed day")
    wanted = Text("내야 할 서류", "Papers that are wanted")
    none_wanted = Text("요청받은 서류가 없습니다.", "No papers are wanted.")
    burden = Text("기업 부담", "Your burden")
    burden_says = Text("규정상 {nominal}, 실제 {effective}, {won}", "{nominal} by the rule, {effective} in fact, {won}")
    no_burden = Text("예산이 확정되면 보여 드립니다.", "Shown once the money is committed.")
    objection = Text("이의신청", "Objection")
    objection_until = Text(
        "{day}까지 대표가 신청 서비스에서 이의를 신청할 수 있습니다.",
        "Your firm's owner may object in the applicant service until {day}.",
    )
    objection_where = Text("이의신청하는 곳", "Where to object")
    objection_filed = Text("{day}에 이의신청함", "Filed on {day}")
    no_objection = Text("지금은 이의신청 기간이 아닙니다.", "There is nothing to object to now.")
    project = Text("과제의 모든 기록 보기", "All records of the project")
    cost = Text("총사업비", "Total cost")
    more = Text("최근 50건만 보여 드립니다.", "Only 50 cases are shown.")
