"""What stands on every page, and on the page that a refusal becomes."""

from common.errors import Text


class ShellWords:
    """The frame: its name, its ways, and words that many pages need."""

    programme = Text("전북 스마트공장 지원사업", "Jeonbuk Smart Factory Programme")
    skip = Text("본문으로 건너뛰기", "Skip to the content")
    navigation = Text("주요 화면", "Main pages")
    other_language = Text("English", "한국어")
    language_switch = Text("언어", "Language")
    footer = Text("이 사이트에 대하여", "About this site")
    whose = Text(
        "전북특별자치도, 14개 시·군, 삼성전자, 전북테크노파크가 함께하는 대·중소 상생형 지원사업입니다.",
        "A joint programme of Jeonbuk State, its 14 cities and counties, Samsung Electronics and Jeonbuk Technopark.",
    )
    sign_in = Text("로그인", "Sign in")
    sign_out = Text("로그아웃", "Sign out")
    today = Text("오늘 할 일", "Today")
    firm = Text("우리 기업", "Our firm")
    mentors = Text("멘토단", "Mentors")
    operations = Text("운영", "Operations")
    council_reports = Text("의회 보고", "Council reports")
    developers = Text("개발자용 API 문서", "For developers: API documentation")
    shown_at = Text("{moment} 기준으로 그린 화면입니다.", "This page was drawn as of {moment}.")
    hidden = Text("비공개", "withheld")
    not_known = Text("미확인", "not known")
    hidden_note = Text(
        "‘비공개’는 {minimum}곳 미만이거나, 다른 수에서 빼면 알아낼 수 있어 비워 둔 칸입니다.",
        "‘Withheld’ cells are below {minimum}, or could be worked out from others that are.",
    )
    source = Text("출처", "Source")
    as_of = Text("기준일", "As of")
    table_behind = Text("표로 보기", "Show as a table")
    municipality = Text("시·군", "Municipality")
    total = Text("합계", "Total")
    track = Text("트랙", "Track")


class RefusalWords:
    """The page that a browser gets instead of a problem; its sentences are the problem's own."""

    heading = Text("요청을 처리하지 못했습니다", "The request was not served")
    status = Text("상태 코드", "Status")
    name = Text("오류 이름", "Name of the problem")
    ask_with = Text("문의할 때 알려 주실 번호", "Number to tell when you ask about it")
    what_it_means = Text("이 오류의 설명", "What this problem means")
    home = Text("첫 화면으로", "To the front page")


NAVIGATION = (
    ("/", Text("현황", "Overview")),
    ("/gauge", Text("목표 집계", "The target")),
    ("/outcomes", Text("성과", "Outcomes")),
    ("/practices", Text("우수사례", "Good practices")),
    ("/burden", Text("기업 부담 계산", "What it costs a firm")),
)
"""The pages that the frame leads to, by address."""
