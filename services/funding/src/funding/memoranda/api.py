"""Memoranda over HTTP: two people register one, everybody reads what counts."""

from datetime import date
from typing import Annotated
from uuid import UUID

from fastapi import Response
from pydantic import Field

from common.auth import Principal
from common.web import Body, IfMatch, Now, Page, PageQuery, Tx, allowed, anyone, router, with_etag
from contracts.roles import Role
from contracts.types import Source
from funding.memoranda import commands, queries
from funding.memoranda.domain import Obligation, ObligationKind, Party, PartyKind
from funding.memoranda.queries import MemorandumView

routes = router(tags=["memoranda"])

_Anyone = Annotated[Principal | None, anyone()]


class ObligationTerms(Body):
    """What a party owes, in the paper's words; `source` is named where it is money."""

    kind: ObligationKind
    source: Source | None = None
    text: str = Field(min_length=1, max_length=500)


class PartyTerms(Body):
    """A body that signed."""

    name: str = Field(min_length=1, max_length=100)
    kind: PartyKind
    municipality_code: str | None = Field(None, pattern=r"^\d{5}$")
    obligations: list[ObligationTerms] = Field(max_length=20)


class ProposeMemorandum(Body):
    """A signed memorandum as the office registers it."""

    reference: str = Field(pattern="^[A-Za-z][A-Za-z0-9._-]{0,63}$")
    title: str = Field(min_length=1, max_length=200)
    signed_on: date
    source_note: str = Field(min_length=1, max_length=1000)
    parties: list[PartyTerms] = Field(min_length=2, max_length=50)


@routes.post(
    "/v1/memoranda",
    status_code=201,
    operation_id="proposeMemorandum",
    summary="업무협약 등록 (Register a signed memorandum)",
)
async def propose_memorandum(
    body: ProposeMemorandum,
    by: Annotated[Principal, allowed(Role.PROVINCE_OFFICER)],
    tx: Tx,
    now: Now,
    response: Response,
) -> MemorandumView:
    """서명된 업무협약의 당사자와 의무를 등록합니다. 다른 사람이 확정해야 쓰입니다.

    Registers the parties and what each owes. It counts when another person has confirmed it.
    """
    proposal = commands.Proposal(
        reference=body.reference,
        title=body.title,
        signed_on=body.signed_on,
        source_note=body.source_note,
        parties=[_party(party) for party in body.parties],
    )
    memorandum_id = await commands.propose_memorandum(tx, proposal, by=by, now=now)
    return with_etag(await queries.get_memorandum(tx, memorandum_id, by=by), response)


@routes.post(
    "/v1/memoranda/{memorandum_id}/confirmations",
    status_code=201,
    operation_id="confirmMemorandum",
    summary="업무협약 확정 (Confirm another person's memorandum, which then never changes)",
)
async def confirm_memorandum(
    memorandum_id: UUID,
    by: Annotated[Principal, allowed(Role.PROVINCE_APPROVER)],
    version: Annotated[int, IfMatch()],
    tx: Tx,
    now: Now,
    response: Response,
) -> MemorandumView:
    """등록자와 다른 사람이 원본과 대조하여 확정하며, 그 뒤로는 바뀌지 않습니다.

    Compared with the paper and confirmed by another person, it never changes.
    """
    await commands.confirm_memorandum(tx, memorandum_id, read_version=version, by=by, now=now)
    return with_etag(await queries.get_memorandum(tx, memorandum_id, by=by), response)


@routes.get("/v1/memoranda", operation_id="listMemoranda", summary="업무협약 목록 (Memoranda)")
async def list_memoranda(by: _Anyone, tx: Tx, page: PageQuery) -> Page[MemorandumView]:
    """등록한 순서대로 보여 줍니다. In the order in which they were registered."""
    return await queries.list_memoranda(tx, page, by=by)


@routes.get("/v1/memoranda/{memorandum_id}", operation_id="getMemorandum", summary="업무협약 조회 (One memorandum)")
async def get_memorandum(memorandum_id: UUID, by: _Anyone, tx: Tx, response: Response) -> MemorandumView:
    """당사자와 각자의 의무. Its parties and what each of them owes."""
    return with_etag(await queries.get_memorandum(tx, memorandum_id, by=by), response)


def _party(terms: PartyTerms) -> Party:
    obligations = tuple(Obligation(each.kind, each.source, each.text) for each in terms.obligations)
    return Party(terms.name, terms.kind, terms.municipality_code, obligations)
