"""What a page says of a part that it could not read."""

from common.errors import Text


class MissingWords:
    """A service is down, or says no."""

    heading = Text("지금 보이지 않는 부분", "What is missing now")
    applicant = Text("신청 서비스", "the applicant service")
    funding = Text("예산 서비스", "the funding service")
    mentoring = Text("멘토링 서비스", "the mentoring service")
    away = Text(
        "{service}가 응답하지 않아 그 내용을 보여 드리지 못합니다. 나머지는 그대로입니다.",
        "No answer from {service}: what it knows is not shown. The rest is as it is.",
    )
    reached = Text("마지막으로 연결된 때: {moment}", "It last answered at {moment}.")
    not_reached = Text(
        "{moment}부터 물었으나 아직 한 번도 연결되지 않았습니다.",
        "It has been asked since {moment} and has not answered yet.",
    )
    again = Text("잠시 뒤 이 화면을 다시 열어 주세요.", "Open this page again in a moment.")
