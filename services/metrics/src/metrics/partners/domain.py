"""When the feed is refused: too fast, too many streams, or from a place that it never had."""

from common.errors import RuleRefused, Text, TooOften


class PartnerFeedTooFast(TooOften):
    """A caller reads the feed so many times a minute; whatever it missed is there the next time."""

    code = "partner-feed-too-fast"
    title = Text("너무 잦은 요청", "Read too often")
    detail = Text(
        "1분에 {per_minute}번까지 읽을 수 있습니다. 빠진 이벤트는 없습니다. {retry_after_seconds}초 뒤에 같은 위치에서"
        " 이어 읽어 주세요.",
        "The feed may be read {per_minute} times a minute. Nothing is missed: go on from the same place in"
        " {retry_after_seconds} s.",
    )


class PartnerStreamsFull(TooOften):
    """A process serves so many streams at once."""

    code = "partner-streams-full"
    title = Text("열린 스트림이 너무 많음", "Too many streams are open")
    detail = Text(
        "동시에 {most}개까지 열 수 있습니다. 쓰지 않는 스트림을 닫거나 {retry_after_seconds}초 뒤에 다시 열어 주세요."
        " 빠진 이벤트는 없습니다.",
        "{most} may be open at once. Close one that is not in use, or come again in {retry_after_seconds} s. Nothing is"
        " missed.",
    )


class PartnerFeedPositionUnknown(RuleRefused):
    """The place lies beyond the newest event: it is another installation's, or this one went back to a backup."""

    code = "partner-feed-position-unknown"
    title = Text("없는 위치", "No such place in the feed")
    detail = Text(
        "{after}은(는) 가장 새로운 이벤트 {newest}보다 뒤입니다. 저장해 둔 위치를 확인하고, 모르면 0부터 다시 읽어"
        " 주세요. 이미 처리한 이벤트는 id로 알아볼 수 있습니다.",
        "{after} lies beyond the newest event, {newest}. Look at the place that you keep; if in doubt read again from"
        " 0, and know by their ids the events that you have.",
    )
