"""Reading findings about releases: what was found out at the bank, for those who see every release."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import select

from common.db import Transaction
from common.portions import Portion
from common.web import Page, PageRequest, View, page_of
from funding.releases.domain.findings import FindingReason, FindingState, FoundOutcome
from funding.releases.domain.refusals import FindingUnknown
from funding.releases.store.findings import ReleaseFindingRow
from funding.releases.store.releases import ReleaseRow


class ReleaseFindingView(View):
    """What two officers found out at the bank about one unclear release; while it is PROPOSED the worker waits."""

    id: UUID
    release_id: UUID
    outcome: FoundOutcome
    bank_transaction: str | None
    reason: FindingReason
    evidence_sha256: str
    state: FindingState
    proposed_at: datetime
    decided_at: datetime | None
    version: int


class FoundByView(ReleaseFindingView):
    """The same with who it was, as issuer and subject: for those who examine a payment."""

    proposed_by: str
    decided_by: str | None


async def list_findings(tx: Transaction, page: PageRequest, *, release_id: UUID | None) -> Page[ReleaseFindingView]:
    """Findings, oldest first: for those who see every release."""
    statement = select(*ReleaseFindingRow.__table__.columns)
    if release_id is not None:
        statement = statement.where(ReleaseFindingRow.release_id == release_id)
    return await page_of(ReleaseFindingView, tx, statement, page, by=[ReleaseFindingRow.id])


async def findings_of_project(tx: Transaction, project_id: UUID, portion: Portion) -> list[FoundByView]:
    """A part of the findings about one project's releases, oldest first: for those who examine them."""
    statement = (
        select(*ReleaseFindingRow.__table__.columns)
        .join(ReleaseRow, ReleaseRow.id == ReleaseFindingRow.release_id)
        .where(ReleaseRow.project_id == project_id)
        .order_by(ReleaseFindingRow.id)
    )
    return [FoundByView.model_validate(row) for row in await tx.execute(portion.of(statement))]


async def get_finding(tx: Transaction, finding_id: UUID) -> ReleaseFindingView:
    """One finding; raises FindingUnknown."""
    statement = select(*ReleaseFindingRow.__table__.columns).where(ReleaseFindingRow.id == finding_id)
    row = (await tx.execute(statement)).one_or_none()
    if row is None:
        raise FindingUnknown
    return ReleaseFindingView.model_validate(row)
