"""HTTP: which legal deadlines run, the most urgent first."""

from datetime import date
from typing import Annotated
from uuid import UUID

from fastapi import Query

from applicant.deadlines import queries
from applicant.deadlines.queries import DeadlineKind, DeadlineState, ListedDeadline
from common.auth import Principal
from common.web import Now, Page, PageQuery, Tx, allowed, router
from contracts.roles import COMPANY_ROLES, MUNICIPALITY_ROLES, PROVINCE_ROLES, Role

routes = router(tags=["deadlines"])

_READERS = (
    *sorted(COMPANY_ROLES | MUNICIPALITY_ROLES | PROVINCE_ROLES),
    Role.SUPPLIER,
    Role.TECHNOPARK_OPERATOR,
    Role.AUDITOR,
)


@routes.get("/v1/deadlines", operation_id="listDeadlines", summary="법정 기한 목록 (List legal deadlines)")
async def list_deadlines(
    by: Annotated[Principal, allowed(*_READERS)],
    tx: Tx,
    now: Now,
    page: PageQuery,
    *,
    state: Annotated[list[DeadlineState] | None, Query(description="By default OPEN and OVERDUE.")] = None,
    kind: Annotated[DeadlineKind | None, Query()] = None,
    call_id: Annotated[UUID | None, Query()] = None,
    last_day: Annotated[date | None, Query(description="The last day is this one or earlier.")] = None,
    waits_for_worker: Annotated[
        bool, Query(description="Only running ones that are to be told of or worked by now, and have not been yet.")
    ] = False,
) -> Page[ListedDeadline]:
    """오늘 처리할 기한: 기한이 빠른 순서로, 근거 규칙과 남은 날(한국 달력)을 함께 보여 줍니다.

    The deadlines the caller may see, the most urgent first, each with its rule, its source and the days left.
    """
    return await queries.list_deadlines(
        tx,
        page,
        by=by,
        now=now,
        state=state or (),
        kind=kind,
        call_id=call_id,
        last_day=last_day,
        waits_for_worker=waits_for_worker,
    )
