"""HTTP: the auditor reviews who was shown whose personal data."""

from typing import Annotated

from fastapi import Query

from applicant.disclosures import queries
from applicant.disclosures.queries import DisclosureView
from common.auth import Principal
from common.web import Page, PageQuery, Tx, allowed, router
from contracts.roles import Role

routes = router(tags=["disclosures"])


@routes.get(
    "/v1/disclosures",
    operation_id="listDisclosures",
    summary="개인정보 접속기록 목록 (Who was shown whose personal data)",
)
async def list_disclosures(
    by: Annotated[Principal, allowed(Role.AUDITOR)],
    tx: Tx,
    page: PageQuery,
    data_subject: Annotated[str | None, Query(pattern="^(company|panel)/[0-9a-f-]{36}$")] = None,
    subject: Annotated[str | None, Query(min_length=1, max_length=255)] = None,
) -> Page[DisclosureView]:
    """누가 언제 누구의 개인정보를 보았는지, 새것부터. Who was shown whose personal data, newest first."""
    return await queries.list_disclosures(tx, page, data_subject=data_subject, subject=subject)
