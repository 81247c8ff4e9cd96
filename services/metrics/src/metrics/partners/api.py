"""The feed over HTTP, for partners without Kafka: pages from any place on, or a stream of what is new."""

import contextlib
import time
from collections.abc import AsyncGenerator, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, cast

from fastapi import Header, Query, Request, Response

from common.acting import Acting
from common.auth import Principal, TokenRefused
from common.clock import SystemClock
from common.db import is_trouble
from common.denials import DenialsUnknown
from common.web import Tx, allowed, problem_responses, router
from common.web.bodies import LARGEST_EXACT_INT
from common.web.pace import Pace
from common.web.pages import MAX_PAGE_SIZE
from common.web.runtime import runtime_of
from common.web.streams import MEDIA_TYPE, EventStream, Reader, wanted
from contracts.roles import Role
from metrics.partners import queries
from metrics.partners.domain import PartnerFeedPositionUnknown, PartnerFeedTooFast, PartnerStreamsFull
from metrics.partners.queries import PartnerEventPage, PartnerEventView
from metrics.settings import Settings

routes = router(tags=["partners"])

_COME_AGAIN_MS = 3_000
_COME_AGAIN_SECONDS = 30
_BEAT = ":\n\n"
_EXAMPLE = 'retry: 3000\n\nid: 12\ndata: {"specversion":"1.0","id":"0199f1b0-1d20-5c31-9b52-3c1e8f40ab01"}\n\n:\n\n'
_ANSWERS: Mapping[int | str, dict[str, Any]] = {
    200: {"content": {MEDIA_TYPE: {"schema": {"type": "string"}, "example": _EXAMPLE}}},
    **problem_responses(PartnerFeedPositionUnknown, PartnerFeedTooFast, PartnerStreamsFull),
}

_real_time = SystemClock()

_Partner = Annotated[Principal, allowed(Role.SAMSUNG_CLIENT)]
_Place = Annotated[
    int,
    Query(
        ge=0, le=LARGEST_EXACT_INT, description="Behind which place to read: `after` of the page before; 0 at first."
    ),
]
_LastId = Annotated[
    int | None,
    Header(
        alias="Last-Event-ID",
        ge=0,
        le=LARGEST_EXACT_INT,
        description="The same, as a client of server-sent events says it when it comes again; it goes before `after`.",
    ),
]
_Size = Annotated[int, Query(ge=1, description=f"Events per page; more than {MAX_PAGE_SIZE} gives {MAX_PAGE_SIZE}.")]


@routes.get(
    "/v1/partner-events",
    operation_id="readPartnerEvents",
    summary="파트너 이벤트 읽기 (Read partner events, by page or as a stream)",
    response_model=PartnerEventPage,
    responses=dict(_ANSWERS),
)
async def read_partner_events(
    by: _Partner,
    tx: Tx,
    request: Request,
    response: Response,
    after: _Place = 0,
    last_event_id: _LastId = None,
    page_size: _Size = MAX_PAGE_SIZE,
) -> PartnerEventPage | Response:
    """파트너 토픽과 같은 이벤트를 처음부터 차례로 읽습니다. `Accept: text/event-stream`이면 새 이벤트를 이어 보냅니다.

    The events of the partner topics from the first on, in one order that never changes: whoever goes on behind the last
    place misses none. With `Accept: text/event-stream` what is new is sent as it comes, with heart-beats; the stream
    ends before the token does, and a reader that takes nothing is cut off. Read too fast, it answers 429 with
    Retry-After.
    """
    feed = _feed_of(request)
    feed.let_in(by)
    place = after if last_event_id is None else last_event_id
    page = await queries.read_feed(tx, after=place, most=min(page_size, MAX_PAGE_SIZE))
    if not wanted(request.headers.get("accept")):
        response.headers["Vary"] = "Accept"
        return page

    def parts(reader: Reader) -> AsyncGenerator[str, None]:
        return _parts(request, by, page, reader, feed.settings)

    return EventStream(parts, place=feed.stream(), stall_seconds=feed.settings.partner_stream_stall_seconds)


@dataclass
class _Feed:
    """What a process keeps of the feed's readers: how fast each reads, and how many streams are open."""

    settings: Settings
    open: int = 0
    pace: Pace = field(init=False)

    def __post_init__(self) -> None:
        per_minute, at_once = self.settings.partner_feed_per_minute, self.settings.partner_feed_at_once
        self.pace = Pace(per_minute=per_minute, at_once=at_once)

    def let_in(self, by: Principal) -> None:
        """Count a request; raises PartnerFeedTooFast."""
        wait = self.pace.take(by.person)
        if wait:
            raise PartnerFeedTooFast(per_minute=self.settings.partner_feed_per_minute, retry_after_seconds=wait)

    @contextlib.contextmanager
    def stream(self) -> Iterator[None]:
        """Hold one of the places for streams; raises PartnerStreamsFull."""
        if self.open >= self.settings.partner_streams_max:
            raise PartnerStreamsFull(most=self.settings.partner_streams_max, retry_after_seconds=_COME_AGAIN_SECONDS)
        self.open += 1
        try:
            yield
        finally:
            self.open -= 1


def _feed_of(request: Request) -> _Feed:
    state = request.app.state
    if not hasattr(state, "partner_feed"):
        state.partner_feed = _Feed(cast("Settings", runtime_of(request).settings))
    found: _Feed = state.partner_feed
    return found


async def _parts(
    request: Request, by: Principal, page: PartnerEventPage, reader: Reader, settings: Settings
) -> AsyncGenerator[str, None]:
    """What is new, then heart-beats until there is more; it ends when the caller may not go on, or we may not."""
    yield f"retry: {_COME_AGAIN_MS}\n\n"
    said_at = time.monotonic()
    while not _over(request, by):
        if page.items:
            yield "".join(map(_framed, page.items))
            said_at = time.monotonic()
        elif time.monotonic() - said_at >= settings.partner_stream_beat_seconds:
            yield _BEAT
            said_at = time.monotonic()
        if not await reader.stays(0 if page.more else settings.partner_stream_poll_seconds):
            return
        try:
            async with runtime_of(request).database.transaction(read_only=True, acting=Acting.of(by)) as tx:
                page = await queries.read_feed(tx, after=page.after, most=MAX_PAGE_SIZE)
        except Exception as error:
            if not is_trouble(error):
                raise
            # It comes again, with the id of the last event that it has.
            return


def _over(request: Request, by: Principal) -> bool:
    """Whether a stream has to end: its token did or was taken back, or the process is about to."""
    try:
        runtime_of(request).denials.check(by)
    except (TokenRefused, DenialsUnknown):
        return True
    return bool(request.app.state.health.draining) or _real_time.now().timestamp() >= by.expires_at


def _framed(event: PartnerEventView) -> str:
    return f"id: {event.position}\ndata: {event.model_dump_json()}\n\n"
