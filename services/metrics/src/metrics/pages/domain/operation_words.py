"""What the operators' page says."""

from collections.abc import Mapping
from types import MappingProxyType

from common.errors import Text


class OperationWords:
    """How the four services do."""

    title = Text("운영 현황", "Operations")
    lead = Text(
        "서비스마다 준비 상태, 아직 나가지 않은 이벤트, 다른 서비스를 따라간 정도, 보류된 이벤트를 보여 드립니다. "
        "시각은 실제 시각입니다.",
        "For each service whether it is ready, which events have not left it, how far it has followed the others, and "
        "what is parked. Times are real ones.",
    )
    services = Text("서비스", "Services")
    services_table = Text("서비스별 상태", "How each service does")
    service = Text("서비스", "Service")
    readiness = Text("준비 상태", "Readiness")
    version = Text("판", "Version")
    unsent = Text("나가지 않은 이벤트", "Not sent yet")
    behind = Text("아직 듣지 않은 기록", "Not heard yet")
    parked = Text("보류된 이벤트", "Parked events")
    ready = Text("준비됨", "ready")
    not_ready = Text("준비 안 됨", "not ready")
    away_since = Text("{moment}부터 응답 없음", "away since {moment}")
    away_never = Text("{moment}부터 물었으나 응답 없음", "asked since {moment}, never answered")
    told_nothing = Text("상태를 알려 주지 않음", "tells nothing of itself")
    no_relay = Text("이벤트를 내보내는 작업자 없음", "no worker sends its events")
    oldest = Text("가장 오래된 것 {moment}, {minutes}분 기다림", "oldest from {moment}, {minutes} minutes")
    oldest_hours = Text("가장 오래된 것 {moment}, {hours}시간 기다림", "oldest from {moment}, {hours} hours")
    keys = Text("멈춘 키 {count}개", "keys standing still: {count}")
    lags = Text("듣는 주제별로 보기", "By topic")
    lags_table = Text("주제별로 아직 듣지 않은 기록", "Records that are not heard yet, by topic")
    topic = Text("주제", "Topic")
    records = Text("기록", "Records")
    lag_note = Text(
        "쓰는 서비스가 보낸 위치에서 듣는 서비스가 읽은 위치를 뺀 수입니다.",
        "The place that the writer has sent up to, less the place that the listener has read up to.",
    )
    first_parked = Text("먼저 볼 보류 이벤트", "Parked events to look at first")
    first_parked_note = Text(
        "내용은 보이지 않습니다. 원인을 고친 뒤 키의 순서대로 다시 처리합니다. 버리려면 두 사람이 필요합니다.",
        "Nothing of what they say is shown. Mend the cause, then redrive the key in its order; a discard takes two "
        "people.",
    )
    none_parked = Text("보류된 이벤트가 없습니다.", "Nothing is parked.")
    not_all_known = Text(
        "상태를 알려 주지 않은 서비스의 보류 이벤트는 알 수 없습니다.",
        "What is parked in services that tell nothing of themselves is not known.",
    )
    number = Text("번호", "Number")
    key = Text("키", "Key")
    reason = Text("이유", "Reason")
    attempts = Text("시도", "Attempts")
    since = Text("보류된 때", "Parked at")
    how = Text("다시 처리하는 법", "How to redrive")
    by_command = Text("명령으로", "By command")
    by_api = Text("API로", "By API")
    more_parked = Text("{count}건 가운데 {shown}건을 보입니다.", "{shown} of {count} are shown.")


SERVICES: Mapping[str, Text] = MappingProxyType(
    {
        "applicant": Text("신청 서비스", "Applicant"),
        "funding": Text("예산 서비스", "Funding"),
        "mentoring": Text("멘토링 서비스", "Mentoring"),
        "metrics": Text("성과 서비스", "Metrics"),
    }
)
REASONS: Mapping[str, Text] = MappingProxyType(
    {
        "undecodable": Text("읽을 수 없음", "cannot be read"),
        "unknown-version": Text("모르는 판", "unknown version"),
        "refused": Text("규칙이 거절함", "refused by a rule"),
        "failed": Text("처리 중 오류", "the handler broke"),
        "gap": Text("앞선 순번이 오지 않음", "an earlier one has not come"),
        "behind": Text("앞선 이벤트를 기다림", "waits behind an earlier one"),
    }
)
