"""What a replay and its report look like at the terminal: Korean first, English beside it."""

from collections import Counter

from rich.console import Console

from smartfactory.console import BAD, GOOD, NOTE
from smartfactory.sandbox.judging import Verdict
from smartfactory.sandbox.ledger import Ledger
from smartfactory.sandbox.planning import Again, Close, Release, Restart, Step, Tell

_SHOWN_IDS = 10


def show_step(console: Console, step: Step) -> None:
    """One line for each step, with its moment in the programme."""
    day = step.at.date().isoformat()
    match step:
        case Tell(one=one, late=late) | Close(one=one, late=late):
            held = "  [yellow]늦게 · late[/]" if late else ""
            console.print(f"[dim]{day}[/]  {one.type.removesuffix('.v1')}{held}", highlight=False)
        case Release(one=one):
            kind = one.type.removesuffix(".v1")
            console.print(f"[dim]{day}[/]  {kind}  [yellow]늦은 웹훅 · webhook late[/]", highlight=False)
        case Again(one=one):
            kind = one.type.removesuffix(".v1")
            console.print(f"[dim]{day}[/]  {kind}  [yellow]다시 · again[/]", highlight=False)
        case Restart(what=what):
            console.print(f"[dim]{day}[/]  {what}  [yellow]다시 시작 · restarted[/]", highlight=False)


def show_end(console: Console, ledger: Ledger) -> None:
    """What was done, and how to learn what became of it."""
    console.print(f"{GOOD} 재생 {ledger.replay}번을 마쳤습니다 · replay {ledger.replay} is over: {_done(ledger)}")
    console.print(f"{NOTE} 보고서 · report:  smartfactory sandbox report", highlight=False)


def show_verdict(console: Console, verdict: Verdict) -> None:
    """The report."""
    ledger, kafka = verdict.ledger, verdict.kafka
    state = "" if ledger.ended_at else "  [yellow]끝까지 가지 않음 · not finished[/]"
    console.print(f"재생 · replay {ledger.replay}  {ledger.said}{state}", highlight=False)
    _row(console, "알림 · told", _done(ledger))
    group = (
        f"그룹이 확정 · the group has acknowledged {kafka.acknowledged}"
        if kafka.group_known
        else "그룹 없음 · no group"
    )
    _row(console, "Kafka", f"이벤트 {kafka.events} events, 레코드 {kafka.records} records; {group}")
    _row(console, "피드 · feed", f"{verdict.in_feed}")
    for one in verdict.endpoints:
        words = f"{one.delivered}/{one.messages} 받음 taken, {one.sent}번 보냄 sent, {one.repeated}번 더 twice"
        lost = f", [red]{one.given_up} 포기 given up[/]" if one.given_up else ""
        _row(console, f"{one.owner.lower()} {one.url}", f"{words}{lost}")
    _show_naive(console, verdict)
    if verdict.received is not None:
        _show_received(console, verdict)


def _show_naive(console: Console, verdict: Verdict) -> None:
    naive = verdict.naive
    console.print("이렇게 만들었다면 · what a naive client would have made of it:")
    for count, what in (
        (naive.doubled_by_records, "두 번: Kafka의 id를 보지 않음 · doubled: looks at no id on Kafka"),
        (naive.lost_by_time, "유실: 가장 새로운 time 뒤만 읽음 · lost: goes on behind the newest time"),
        (naive.doubled_by_webhooks, "두 번: webhook-id를 보지 않음 · doubled: looks at no webhook-id"),
        (naive.misled_by_webhooks, "옛 상태로: 온 순서를 믿음 · stale: takes webhooks in the order in which they come"),
        (naive.doubled_by_streams, "두 번: Last-Event-ID 없이 다시 엶 · doubled: comes again without Last-Event-ID"),
    ):
        console.print(f"  {count:>6,}  {what}", highlight=False)


def _show_received(console: Console, verdict: Verdict) -> None:
    received = verdict.received
    assert received is not None  # noqa: S101  said by the caller
    got = f"{received.told - len(received.missing)}/{received.told}"
    if received.complete:
        console.print(f"{GOOD} {received.owner.lower()}: {got} 모두 한 번씩 받았습니다 · everything was handled once")
    else:
        console.print(
            f"{BAD} {received.owner.lower()}: {got}, 빠짐 {len(received.missing)} missing,"
            f" 두 번 {len(received.doubled)} doubled",
            highlight=False,
        )
    for word, ids in (("빠짐 · missing", received.missing), ("두 번 · doubled", list(received.doubled))):
        for one in ids[:_SHOWN_IDS]:
            console.print(f"    {word}  {one}", highlight=False)
    if received.others:
        console.print(f"{NOTE} 이 재생의 것이 아닌 id · ids that are not of this replay: {received.others}")


def _done(ledger: Ledger) -> str:
    restarts = Counter(one.what for one in ledger.restarts)
    late = sum(one.late for one in ledger.told)
    kafka = sum(len(one.on_kafka) for one in ledger.again)
    hooks = sum(one.by_webhook for one in ledger.again) + sum(one.by_webhook for one in ledger.restarts)
    parts = [f"이벤트 {len(ledger.told)} events", f"늦게 {late} late, 웹훅 {len(ledger.overtaken)} webhooks behind"]
    parts += [f"다시 {kafka} on Kafka, {hooks} webhooks again"]
    parts += [f"{what} {times}번 다시 시작 restarted" for what, times in sorted(restarts.items())]
    return ", ".join(parts)


def _row(console: Console, name: str, words: str) -> None:
    console.print(f"  {name}: {words}", highlight=False)
