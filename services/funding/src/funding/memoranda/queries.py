"""Reading memoranda: confirmed ones are public, proposals are for those who prepare them."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import ColumnElement, select, true

from common.auth import Principal
from common.db import Transaction
from common.web import Page, PageRequest, View, page_of
from contracts.roles import PROVINCE_ROLES, Role
from contracts.types import Source
from funding.memoranda.domain import MemorandumState, MemorandumUnknown, ObligationKind, PartyKind
from funding.memoranda.store import MemorandumRow

_PREPARERS = PROVINCE_ROLES | {Role.AUDITOR}


class ObligationView(View):
    """One thing that a party owes; `source` is set where it is money."""

    kind: ObligationKind
    source: Source | None
    text: str


class PartyView(View):
    """One body that signed, and what it owes."""

    name: str
    kind: PartyKind
    municipality_code: str | None
    obligations: list[ObligationView]


class MemorandumView(View):
    """A memorandum with its parties; commitments decided from `signed_on` on refer to it once it is CONFIRMED."""

    id: UUID
    reference: str
    title: str
    signed_on: date
    source_note: str
    parties: list[PartyView]
    state: MemorandumState
    proposed_at: datetime
    confirmed_at: datetime | None
    version: int


_MEMORANDA = select(*MemorandumRow.__table__.columns)


async def get_memorandum(tx: Transaction, memorandum_id: UUID, *, by: Principal | None) -> MemorandumView:
    """One memorandum that the caller may see; raises MemorandumUnknown."""
    statement = _MEMORANDA.where(MemorandumRow.id == memorandum_id, _visible(by))
    row = (await tx.execute(statement)).one_or_none()
    if row is None:
        raise MemorandumUnknown(memorandum_id=memorandum_id)
    return MemorandumView.model_validate(row)


async def list_memoranda(tx: Transaction, page: PageRequest, *, by: Principal | None) -> Page[MemorandumView]:
    """Those that the caller may see, in the order in which they were registered."""
    return await page_of(MemorandumView, tx, _MEMORANDA.where(_visible(by)), page, by=[MemorandumRow.id])


def _visible(by: Principal | None) -> ColumnElement[bool]:
    if by is not None and by.role in _PREPARERS:
        return true()
    return MemorandumRow.state == MemorandumState.CONFIRMED.value
