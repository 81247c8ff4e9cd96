"""Split rules over HTTP: two people make one, everybody can try one."""

from datetime import date
from typing import Annotated

from fastapi import Path, Query
from pydantic import Field

from common.auth import Principal
from common.web import Body, Now, Page, PageQuery, Tx, allowed, anyone, router
from contracts.roles import Role
from contracts.types import RULE_VERSION_PATTERN, BasisPoints, Source, Won
from funding.splits import commands, queries
from funding.splits.queries import SplitPreview, SplitRuleView

routes = router(tags=["split rules"])

_VERSION = r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$"
_Anyone = Annotated[Principal | None, anyone()]
_Version = Annotated[str, Path(pattern=_VERSION)]


class ProposedShare(Body):
    """One source and its rate."""

    source: Source
    rate_bp: int = Field(ge=1, le=10_000)


class ProposeSplitRule(Body):
    """A version of rules F-01 and F-02. SME may be named; it pays what the others leave."""

    version: str = Field(pattern=RULE_VERSION_PATTERN)
    title: str = Field(min_length=1, max_length=200)
    shares: list[ProposedShare] = Field(max_length=5)
    capped_sources: list[Source] = Field(max_length=5)
    valid_from: date
    source_note: str = Field(min_length=1, max_length=1000)


@routes.post(
    "/v1/split-rules", status_code=201, operation_id="proposeSplitRule", summary="분담 규칙 제안 (Propose a split rule)"
)
async def propose_split_rule(
    body: ProposeSplitRule, by: Annotated[Principal, allowed(Role.PROVINCE_OFFICER)], tx: Tx, now: Now
) -> SplitRuleView:
    """재원별 분담률의 새 판을 제안합니다. 적지 않은 나머지는 기업 부담입니다. What no source pays, the firm does."""
    proposal = commands.RuleProposal(
        version=body.version,
        title=body.title,
        shares=[(share.source, BasisPoints(share.rate_bp)) for share in body.shares],
        capped_sources=body.capped_sources,
        valid_from=body.valid_from,
        source_note=body.source_note,
    )
    await commands.propose_rule(tx, proposal, by=by, now=now)
    return await queries.get_rule(tx, body.version, by=by)


@routes.post(
    "/v1/split-rules/{version}/confirmations",
    status_code=201,
    operation_id="confirmSplitRule",
    summary="분담 규칙 확정 (Confirm another person's split rule, which then never changes)",
)
async def confirm_split_rule(
    version: _Version, by: Annotated[Principal, allowed(Role.PROVINCE_APPROVER)], tx: Tx, now: Now
) -> SplitRuleView:
    """제안자와 다른 사람이 확정하며, 그 뒤로는 바뀌지 않습니다. Confirmed by another person, it never changes."""
    await commands.confirm_rule(tx, version, by=by, now=now)
    return await queries.get_rule(tx, version, by=by)


@routes.get("/v1/split-rules", operation_id="listSplitRules", summary="분담 규칙 목록 (Split rules by version)")
async def list_split_rules(by: _Anyone, tx: Tx, page: PageQuery) -> Page[SplitRuleView]:
    """분담 규칙의 모든 판. Every version of the rule."""
    return await queries.list_rules(tx, by=by, page=page)


@routes.get("/v1/split-rules/{version}", operation_id="getSplitRule", summary="분담 규칙 조회 (One split rule)")
async def get_split_rule(version: _Version, by: _Anyone, tx: Tx) -> SplitRuleView:
    """분담 규칙 하나. One version of the rule."""
    return await queries.get_rule(tx, version, by=by)


@routes.get(
    "/v1/split-rules/{version}/preview",
    operation_id="previewSplit",
    summary="재원별 분담금과 부담률 미리 보기 (What every source and the company would pay)",
)
async def preview_split(
    version: _Version,
    by: _Anyone,
    tx: Tx,
    total_cost_won: Annotated[int, Query(ge=1, le=10**13)],
    cap_won: Annotated[int, Query(ge=0, le=10**13)],
) -> SplitPreview:
    """총사업비를 규칙으로 나누어 원 단위까지 계산 과정을 보여 줍니다. Splits a cost and shows the arithmetic."""
    return await queries.preview_split(tx, version, total_cost_won=Won(total_cost_won), cap_won=Won(cap_won), by=by)
