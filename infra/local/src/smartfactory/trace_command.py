"""`smartfactory trace`: follow one case or one request through services, events, journals and parked rows."""

import asyncio
import dataclasses
import json
from collections.abc import Sequence
from datetime import datetime

from rich.console import Console
from rich.table import Table

from common.clock import KST
from common.errors import Text
from smartfactory.running import DATA_DIR, DataDir, readable_urls, running_data
from smartfactory.stack.faults import StackFault
from smartfactory.tracing import Happening, Kind, follow

_KINDS = {
    Kind.EVENT: "이벤트 event",
    Kind.APPLIED: "처리 applied",
    Kind.DECISION: "결정 decision",
    Kind.PARKED: "보류 parked",
    Kind.RESOLVED: "해소 resolved",
}
_HEADS = (
    "실제 시각 KST\nreal time",
    "서비스\nservice",
    "종류\nkind",
    "내용\nwhat",
    "대상 · 순번\nof · sequence",
    "지연\ndelay",
    "행위자\nactor",
    "프로그램 시각 KST\nprogramme time",
)


def trace(wanted: str, /, *, json_: bool = False, data_dir: DataDir = DATA_DIR) -> int:
    """Tell in time order what happened to a case, or because of a request, in all services.

    Parameters
    ----------
    wanted
        An application, project or event id, a correlation or X-Request-Id, or a trace id.
    json_
        One JSON list instead of a table.
    """
    story = asyncio.run(follow(readable_urls(running_data(data_dir)), wanted))
    if not story:
        raise StackFault(
            Text(f"{wanted}에 관한 기록이 없습니다.", f"Nothing is recorded about {wanted}."),
            Text(
                "신청·과제·이벤트 id, 상관 id(X-Request-Id), trace id를 넣어 주세요.",
                "Give an application, project or event id, a correlation id (X-Request-Id) or a trace id.",
            ),
        )
    if json_:
        print(as_json(story))
    else:
        Console(soft_wrap=False).print(as_table(story))
    return 0


def as_json(story: Sequence[Happening]) -> str:
    """The story for a program."""
    return json.dumps([dataclasses.asdict(one) for one in story], ensure_ascii=False, indent=1, default=_text)


def as_table(story: Sequence[Happening]) -> Table:
    """The story for a person; nothing is cut off, since an id that is cut off is no use."""
    table = Table(box=None, header_style="bold", pad_edge=False)
    for head in _HEADS:
        table.add_column(head, overflow="fold")
    for one in story:
        table.add_row(
            _moment(one.at),
            one.service,
            _KINDS[one.kind],
            f"{one.what} ({one.note})" if one.note else one.what,
            one.of if one.sequence is None else f"{one.of} · {one.sequence}",
            "" if one.delay_ms is None else f"+{one.delay_ms} ms",
            one.actor or "",
            _moment(one.programme_at) if one.programme_at else "",
            style="yellow" if one.kind is Kind.PARKED else None,
        )
    return table


def _moment(at: datetime) -> str:
    return at.astimezone(KST).strftime("%Y-%m-%d %H:%M:%S.%f")[:-3]


def _text(value: object) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)
