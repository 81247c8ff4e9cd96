"""An officer's day over HTTP: the province's, or one municipality's own."""

from typing import Annotated

from fastapi import Query

from common.auth import Principal
from common.web import Now, Tx, allowed, router
from metrics.today.queries.day import READERS, Today, area_of
from metrics.today.queries.day import read_today as read_day

routes = router(tags=["today"])

_MOST = 200


@routes.get(
    "/v1/today",
    operation_id="readToday",
    summary="오늘 할 일: 실적보고 기한, 남은 정원과 불용 예산 (Today: reports due, unused seats, money that lapses)",
)
async def read_today(
    by: Annotated[Principal, allowed(*READERS)],
    tx: Tx,
    now: Now,
    most: Annotated[
        int, Query(ge=1, le=_MOST, description="How many rows each list has at most; its count tells of all.")
    ] = 50,
) -> Today:
    """기한이 지났거나 곧 끝나는 실적보고, 올해 공고의 남은 정원과 예산, 할 수 있는 일. 시·군은 관내만 봅니다.

    Reports that are overdue or due soon; seats of this fiscal year's decided calls that nobody holds, with the money
    that is left and when it lapses; beside each what can be done by whom, or why it cannot. A municipality sees its
    own. A draft that somebody has begun is not known here: only a published call closes the offer.
    """
    return await read_day(tx, now=now, by=by, municipality_code=area_of(by), most=most)
