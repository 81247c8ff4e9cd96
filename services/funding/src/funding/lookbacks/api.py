"""HTTP: whoever examines a payment sees it as it was at an instant; each such reading is recorded."""

from typing import Annotated
from uuid import UUID

from fastapi import Query
from pydantic import AwareDatetime

from common.auth import Principal
from common.looking_back import checked
from common.past_decisions import Part, PartSize
from common.portions import MOST_ROWS, Portion
from common.web import Now, RecordingTx, allowed, router
from contracts.roles import PROVINCE_ROLES, Role
from funding.lookbacks import commands, queries
from funding.lookbacks.queries import Axis, MoneyAsOf, PaymentAsOf

routes = router(tags=["lookbacks"])

_Examiner = Annotated[Principal, allowed(*PROVINCE_ROLES, Role.AUDITOR)]
_At = Annotated[
    AwareDatetime,
    Query(description="An instant with its offset (2024-06-03T10:00:00+09:00). What happened exactly then counts."),
]
_Clock = Annotated[
    Axis,
    Query(
        description="`programme`: as decided by then, by the programme's calendar. `recorded`: as the database knew it "
        "at that moment of real time. Outside of tests and rehearsals the two differ by the length of a transaction."
    ),
]


@routes.get(
    "/v1/commitments/{project_id}/as-of",
    operation_id="getMoneyAsOf",
    summary="시점 조회: 과제의 예산 (A project's money as of a second)",
)
async def get_money_as_of(
    project_id: UUID,
    at: _At,
    by: _Examiner,
    tx: RecordingTx,
    now: Now,
    clock: _Clock = Axis.PROGRAMME,
    part: Part = 1,
    part_size: PartSize = MOST_ROWS,
) -> MoneyAsOf:
    """그 시각의 예산 확정, 재원 확보, 자부담, 지급, 보류, 은행 확인, 이월, 정산, 반환, 환수와 그때까지의 결정.

    조회한 사실은 기록됩니다. 목록이 길면 나누어 받습니다(part).
    All of a project's money as it was, with the decisions until then; long lists come by part. It is recorded.
    """
    instant = checked(at, clock, now=now)
    found = await queries.money_as_of(tx, project_id, instant, clock, Portion(part, part_size), by=by)
    await commands.record_reading(tx, project_id, "money-as-of", at=instant, clock=clock, by=by, now=now)
    return found


@routes.get(
    "/v1/releases/{release_id}/as-of",
    operation_id="getPaymentAsOf",
    summary="시점 조회: 지급 건 (A payment as of a second)",
)
async def get_payment_as_of(
    release_id: UUID,
    at: _At,
    by: _Examiner,
    tx: RecordingTx,
    now: Now,
    clock: _Clock = Axis.PROGRAMME,
    part: Part = 1,
    part_size: PartSize = MOST_ROWS,
) -> PaymentAsOf:
    """그 시각의 지급 상태와 결재자, 적용된 규칙, 증빙, 그때까지의 결정. 조회한 사실은 기록됩니다.

    The payment as it was: its state, who had approved, the rules, the evidence, the decisions. It is recorded.
    """
    instant = checked(at, clock, now=now)
    found = await queries.payment_as_of(tx, release_id, instant, clock, Portion(part, part_size), by=by)
    await commands.record_reading(
        tx, found.release.project_id, "payment-as-of", at=instant, clock=clock, by=by, now=now
    )
    return found
