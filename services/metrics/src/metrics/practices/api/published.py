"""HTTP: the criteria and the published cases, for everybody."""

from typing import Annotated, cast
from uuid import UUID

from fastapi import Query, Request

from common.auth import Principal
from common.web import Now, Page, PageQuery, Tx, anyone, router
from common.web.runtime import runtime_of
from metrics.practices.api.cases import CODE, PLACE
from metrics.practices.queries import published
from metrics.practices.queries.cases import PracticeFilter
from metrics.practices.queries.criteria import PracticeCriteriaView, read_criteria
from metrics.practices.queries.published import PublicPractice
from metrics.settings import Settings

routes = router(tags=["practices"])


@routes.get(
    "/v1/public/practice-criteria",
    operation_id="readPracticeCriteria",
    summary="우수사례 기준 (The criteria of a good practice, for everybody)",
)
async def read_practice_criteria(by: Annotated[Principal | None, anyone()], now: Now) -> PracticeCriteriaView:
    """현재 판의 기준과 출처, 업종·규모·공정·기술 코드. The version in force with its sources, and the codes."""
    return read_criteria(now)


@routes.get(
    "/v1/public/good-practices",
    operation_id="listPublicGoodPractices",
    summary="공개된 우수사례 목록 (Published good practices, for everybody)",
)
async def list_public_good_practices(
    request: Request,
    by: Annotated[Principal | None, anyone()],
    tx: Tx,
    page: PageQuery,
    municipality_code: Annotated[str | None, Query(pattern=PLACE)] = None,
    process: Annotated[str | None, Query(pattern=CODE)] = None,
    technology: Annotated[str | None, Query(pattern=CODE)] = None,
) -> Page[PublicPractice]:
    """지역, 공정, 기술별로 찾습니다. 최근에 추천된 사례가 먼저입니다.

    By region, process and technology; the newest nomination first.
    """
    wanted = PracticeFilter(municipality_code=municipality_code, process=process, technology=technology)
    return await published.list_published(tx, page, wanted, minimum=_minimum(request))


@routes.get(
    "/v1/public/good-practices/{good_practice_id}",
    operation_id="readPublicGoodPractice",
    summary="공개된 우수사례 조회 (One published good practice, for everybody)",
)
async def read_public_good_practice(
    good_practice_id: UUID, request: Request, by: Annotated[Principal | None, anyone()], tx: Tx
) -> PublicPractice:
    """기업이 동의하지 않은 이름과 5건 미만의 수는 비어 있습니다.

    A name that the firm did not agree to is null, and so is a count below the minimum.
    """
    return await published.get_published(tx, good_practice_id, minimum=_minimum(request))


def _minimum(request: Request) -> int:
    return cast("Settings", runtime_of(request).settings).small_cell_minimum
