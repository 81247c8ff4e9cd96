"""Parked events over HTTP, the same in every service: listed, shown, redriven, and discarded by two people.

Nothing of what an event says is shown, only which event it is, where it stood, and why it waits: who looks after the
platform needs no case data. The service says which roles that is.
"""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any, Self

from fastapi import APIRouter, Path, Query, Response
from pydantic import Field
from sqlalchemy import Select, null, select

from common import parked
from common.auth import Principal
from common.consumer import redrive
from common.consumer.batch import Applier
from common.consumer.redrive import Redriven, RedriveNeedsReason
from common.parked import (
    DiscardNeedsReason,
    DiscardNeedsSecondPerson,
    DiscardNotAsked,
    NotFirstOfItsKey,
    ParkedEvent,
    ParkedEventChanged,
    ParkedEventNotFound,
    ParkedEventResolved,
    ParkedEventRoles,
)
from common.schema import parked_event
from common.web.access import allowed
from common.web.bodies import LARGEST_EXACT_INT, Body, View
from common.web.openapi import problem_responses
from common.web.pages import Page, PageQuery, PageRequest, paginate
from common.web.parameters import IfMatch, Now, Tx, etag
from common.web.routes import router

_PATH = "/v1/parked-events"
_ONE = f"{_PATH}/{{parked_event_id}}"

_LISTED = select(
    *(column for column in parked_event.c if column is not parked_event.c.record_value),
    null().label("record_value"),
    parked.SAID_OF_DISCARD,
)
"""A list of a hundred does not read a hundred contents that nobody is shown."""

_Id = Annotated[int, Path(ge=1, le=LARGEST_EXACT_INT)]
_Reason = Annotated[str, Field(min_length=1, max_length=1000)]


class ParkedEventState(StrEnum):
    """Whether an event still waits, and what became of it if not."""

    WAITING = "WAITING"
    REDRIVEN = "REDRIVEN"
    DISCARDED = "DISCARDED"
    SUPERSEDED = "SUPERSEDED"


class ParkedEventView(View):
    """Which event waits, where it stood and why; `fault` is a rule's code, an error's class or a decoder's word."""

    id: int
    state: ParkedEventState
    topic: str
    partition: int
    offset: int
    key: str
    sequence: int | None
    event_id: str | None
    type: str | None
    reason: str
    fault: str
    attempts: int
    trace_id: str | None
    parked_at: datetime
    discard_asked_by: str | None
    discard_reason: str | None
    resolved_at: datetime | None
    resolved_by: str | None

    @classmethod
    def of(cls, event: ParkedEvent) -> Self:
        return cls(
            id=event.id,
            state=ParkedEventState((event.resolution or ParkedEventState.WAITING).upper()),
            topic=event.key.topic,
            partition=event.record.partition,
            offset=event.record.offset,
            key=event.key.key,
            sequence=event.sequence,
            event_id=event.event_id,
            type=event.type,
            reason=event.reason,
            fault=event.fault,
            attempts=event.attempts,
            trace_id=event.trace_id,
            parked_at=event.parked_at,
            discard_asked_by=event.discard_asked_by,
            discard_reason=event.discard_reason,
            resolved_at=event.resolved_at,
            resolved_by=event.resolved_by,
        )


class RedriveParkedEvent(Body):
    """What was mended, so that another try makes sense."""

    reason: _Reason


class AskDiscard(Body):
    """Why the event may be dropped."""

    reason: _Reason


class KeyProgress(View):
    """How far the event's key has come: `left` events still wait, and `next_sequence` is the one to come."""

    topic: str
    key: str
    applied: int
    left: int
    next_sequence: int


def parked_event_routes(roles: ParkedEventRoles, applier: Applier) -> APIRouter:
    """The routes of one service; a redrive has its effect through that service's own handlers."""
    routes = router(tags=["parked-events"])
    _add_reading(routes, roles)
    _add_redrive(routes, roles, applier)
    _add_discard(routes, roles, applier)
    return routes


def _add_reading(routes: APIRouter, roles: ParkedEventRoles) -> None:
    reader = allowed(*sorted(roles.read))

    @routes.get(_PATH, operation_id="listParkedEvents", summary="보류된 이벤트 목록 (List parked events)")
    async def list_parked_events(
        by: Annotated[Principal, reader],
        tx: Tx,
        page: PageQuery,
        topic: Annotated[str | None, Query(max_length=255)] = None,
        key: Annotated[str | None, Query(max_length=255)] = None,
        state: Annotated[ParkedEventState | None, Query()] = None,
    ) -> Page[ParkedEventView]:
        """적용하지 못해 세워 둔 이벤트와 그 이유. 내용은 보이지 않습니다. What waits and why; never what it says."""
        return await _list(tx, page, _filtered(topic, key, state))

    @routes.get(
        _ONE,
        operation_id="getParkedEvent",
        summary="보류된 이벤트 조회 (Read a parked event)",
        responses=problem_responses(ParkedEventNotFound),
    )
    async def get_parked_event(
        parked_event_id: _Id, by: Annotated[Principal, reader], tx: Tx, response: Response
    ) -> ParkedEventView:
        """세워 둔 이벤트 하나와, 결정에 필요한 ETag. One parked event, with the ETag that a decision needs."""
        return _answer(await parked.show(tx, parked_event_id), response)


def _add_redrive(routes: APIRouter, roles: ParkedEventRoles, applier: Applier) -> None:
    mender = allowed(*sorted(roles.mend))

    @routes.post(
        f"{_ONE}/redrives",
        operation_id="redriveParkedEvent",
        summary="보류된 키를 순서대로 재처리 (Try the event's key again, in order)",
        responses=problem_responses(ParkedEventNotFound, ParkedEventResolved, RedriveNeedsReason),
    )
    async def redrive_parked_event(
        parked_event_id: _Id, body: RedriveParkedEvent, by: Annotated[Principal, mender], tx: Tx, now: Now
    ) -> KeyProgress:
        """Stops at the first that fails again, which then says why; what came before it has had its effect."""
        return _progress(await redrive.redrive_event(tx, applier, parked_event_id, by=by, reason=body.reason, at=now))


def _add_discard(routes: APIRouter, roles: ParkedEventRoles, applier: Applier) -> None:
    mender = allowed(*sorted(roles.mend))

    @routes.post(
        f"{_ONE}/discards",
        operation_id="askParkedEventDiscard",
        summary="보류된 이벤트 폐기 요청 (Ask to discard a parked event; a second person confirms)",
        responses=problem_responses(ParkedEventNotFound, ParkedEventResolved, DiscardNeedsReason),
    )
    async def ask_parked_event_discard(
        parked_event_id: _Id,
        body: AskDiscard,
        by: Annotated[Principal, mender],
        tx: Tx,
        now: Now,
        response: Response,
    ) -> ParkedEventView:
        """버리기를 요청합니다. 다른 사람이 승인해야 버려집니다. Asks to drop it; another person must agree."""
        await parked.ask_discard(tx, parked_event_id, by=by, reason=body.reason, at=now)
        return _answer(await parked.show(tx, parked_event_id), response)

    @routes.post(
        f"{_ONE}/discard-confirmations",
        operation_id="confirmParkedEventDiscard",
        summary="보류된 이벤트 폐기 확인 (Confirm a discard that somebody else has asked for)",
        responses=problem_responses(
            ParkedEventNotFound,
            ParkedEventResolved,
            ParkedEventChanged,
            DiscardNotAsked,
            DiscardNeedsSecondPerson,
            NotFirstOfItsKey,
        ),
    )
    async def confirm_parked_event_discard(
        parked_event_id: _Id, by: Annotated[Principal, mender], version: Annotated[int, IfMatch()], tx: Tx, now: Now
    ) -> KeyProgress:
        """The event's sequence then counts as done, and what only waited behind it goes on."""
        return _progress(await redrive.discard_event(tx, applier, parked_event_id, by=by, at=now, version=version))


def _filtered(topic: str | None, key: str | None, state: ParkedEventState | None) -> Select[Any]:
    columns = parked_event.c
    statement = _LISTED
    if topic is not None:
        statement = statement.where(columns.topic == topic)
    if key is not None:
        statement = statement.where(columns.key == key)
    if state is ParkedEventState.WAITING:
        statement = statement.where(columns.resolved_at.is_(None))
    elif state is not None:
        statement = statement.where(columns.resolution == state.lower())
    return statement


async def _list(tx: Tx, page: PageRequest, statement: Select[Any]) -> Page[ParkedEventView]:
    rows, turns = await paginate(tx, statement, page, by=(parked_event.c.id,))
    return Page(items=[ParkedEventView.of(parked.read(row._mapping)) for row in rows], **turns)  # noqa: SLF001


def _answer(event: ParkedEvent, response: Response) -> ParkedEventView:
    etag(response, event.version)
    return ParkedEventView.of(event)


def _progress(done: Redriven) -> KeyProgress:
    return KeyProgress(
        topic=done.key.topic,
        key=done.key.key,
        applied=done.applied,
        left=done.left,
        next_sequence=done.next_sequence,
    )
