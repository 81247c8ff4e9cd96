"""What the page of a project says."""

from common.errors import Text


class ProjectWords:
    """A project's timeline, money and evidence."""

    title = Text("과제", "Project")
    standing = Text("지금 상태", "Where it stands")
    cost = Text("총사업비", "Total cost")
    rule = Text("분담 규칙", "Split rule")
    company = Text("기업 번호", "The firm's id")
    call = Text("공고 번호", "The call's id")
    money = Text("돈", "Money")
    money_caption = Text("재원별 분담과 집행(원)", "Each source's part and what was paid of it, in won")
    burden = Text(
        "기업 부담은 규정상 {nominal}, 실제 {effective}입니다.",
        "The firm bears {nominal} by the rule and {effective} in fact.",
    )
    source = Text("재원", "Source")
    part = Text("분담액", "Part")
    covered = Text("재원 확보", "Covered")
    paid = Text("지급(기업은 입금 확인)", "Paid (the firm: proven)")
    under_way = Text("진행 중", "Under way")
    left = Text("남은 금액", "Left")
    yes = Text("확보", "yes")
    no = Text("아직", "not yet")
    releases = Text("지급 요청", "Payments")
    releases_caption = Text("지급 요청과 그 상태", "Payments and their state")
    asked = Text("요청", "Asked for")
    gate = Text("단계", "Gate")
    amount = Text("금액", "Amount")
    state = Text("상태", "State")
    settlement = Text("정산", "Settlement")
    repayment = Text("반납", "Repayment")
    recovery = Text("환수", "Recovery")
    due = Text("기한", "due")
    no_money = Text(
        "예산 결정이 아직 없거나 보여 드릴 수 없습니다.", "No decision about its money yet, or none that can be shown."
    )
    evidence = Text("증빙", "Evidence")
    evidence_note = Text("내용이 아니라 종류와 해시를 보여 드립니다.", "Kinds and hashes are shown, not the content.")
    evidence_caption = Text("제출된 문서", "Documents handed in")
    kind = Text("종류", "Kind")
    since = Text("시각", "Since")
    edition = Text("{number}판", "edition {number}")
    no_documents = Text("보여 드릴 문서가 없습니다.", "No documents to show.")
    timeline = Text("지나온 일", "Timeline")
    no_timeline = Text("보여 드릴 기록이 없습니다.", "Nothing to show.")
    who = Text("처리", "by")
    rule_version = Text("규칙", "rule")
    proofs = Text("근거 {count}건", "{count} proofs")
    more = Text(
        "목록이 길어 일부만 보여 드립니다. 전체는 시점 조회 API에 있습니다.",
        "A list is long and shown in part; all of it is in the time machine's API.",
    )
    chain = Text("결정 기록 {position}번까지의 해시 사슬", "Hash chain of the journal up to entry {position}")
