"""What a gate frees, who must approve, and which step may follow which: the rules of releases without a database."""

from collections.abc import Callable
from datetime import UTC, datetime
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.errors import DomainError
from contracts.types import Source, Won
from funding.releases.domain import release as domain
from funding.releases.domain.release import Approval, Body, Payee, Release, ReleaseState, VoidReason
from funding.releases.domain.terms import ApprovalRule, Gate, LineTerms, ReleaseMode, Tranche
from funding.releases.store import terms

NOW = datetime(2024, 6, 20, tzinfo=UTC)
TERMS = terms.in_force(NOW)
_TRANCHED = [each for each in TERMS.lines if each.mode is ReleaseMode.TRANCHE]


@given(share_won=st.integers(1, 10**12), line=st.sampled_from(_TRANCHED))
def test_the_gates_of_a_source_free_its_share_to_the_won(share_won: int, line: LineTerms) -> None:
    freed = [line.due_won(each.gate, Won(share_won)) for each in line.tranches]
    assert sum(won for won in freed if won is not None) == share_won
    assert all(won is not None and won >= 0 for won in freed)


def test_terms_that_do_not_free_the_whole_share_or_want_one_officer_are_no_terms() -> None:
    half = (Tranche(gate=Gate.COMPLETED, rate_bp=9_999),)
    with pytest.raises(ValueError, match="not the whole"):
        LineTerms(source=Source.NATIONAL, mode=ReleaseMode.TRANCHE, tranches=half, source_note="")
    with pytest.raises(ValueError, match="two officers"):
        ApprovalRule(source=None, from_won=0, province=1, municipality=0)


@given(amount_won=st.integers(1, 10**12), source=st.sampled_from([each.source for each in TERMS.lines]))
def test_two_officers_always_approve_and_a_municipality_where_it_pays(amount_won: int, source: Source) -> None:
    due = TERMS.approvals_due(source, Won(amount_won))
    assert due.province + due.municipality >= 2
    assert (due.municipality > 0) == (source is Source.MUNICIPALITY)


def test_a_large_draw_of_a_municipality_wants_a_third_officer() -> None:
    small, large = (TERMS.approvals_due(Source.MUNICIPALITY, Won(won)) for won in (49_999_999, 50_000_000))
    assert (small.province, small.municipality) == (1, 1)
    assert (large.province, large.municipality) == (2, 1)


def _release(state: ReleaseState = ReleaseState.RESERVED) -> Release:
    return Release(
        id=UUID(int=1), project_id=UUID(int=2), source=Source.MUNICIPALITY, call_id=UUID(int=3),
        company_id=UUID(int=4), municipality_code="52110", budget_line_id=UUID(int=5), mode=ReleaseMode.DRAW,
        terms_version="2024-1", gate=Gate.AGREEMENT_EFFECTIVE, amount_won=Won(1), payee=Payee.SUPPLIER,
        payee_account="", supplier_business_number="", invoice_number="", invoice_sha256="",
        province_approvals_due=1, municipality_approvals_due=1, state=state, reservation_id=UUID(int=6),
        requested_by="firm", requested_at=NOW,
    )  # fmt: skip


_STEPS: dict[str, tuple[Callable[[Release], Release], ReleaseState, set[ReleaseState]]] = {
    "order": (
        lambda release: domain.order(release, [], standing_id=release.id, by="treasurer", now=NOW),
        ReleaseState.ORDERED,
        {ReleaseState.APPROVED},
    ),
    "confirm": (
        lambda release: domain.confirm(release, "BK1", now=NOW),
        ReleaseState.CONFIRMED,
        {ReleaseState.ORDERED},
    ),
    "post": (
        lambda release: domain.post(release, UUID(int=7), now=NOW),
        ReleaseState.POSTED,
        {ReleaseState.CONFIRMED},
    ),
    "reject": (
        lambda release: domain.void(release, VoidReason.REJECTED, UUID(int=7), now=NOW),
        ReleaseState.VOIDED,
        {ReleaseState.RESERVED, ReleaseState.APPROVED},
    ),
    "refused by the bank": (
        lambda release: domain.void(release, VoidReason.BANK_REFUSED, UUID(int=7), now=NOW),
        ReleaseState.VOIDED,
        {ReleaseState.ORDERED},
    ),
}


@pytest.mark.promise("R22")
@pytest.mark.parametrize("step", _STEPS)
@pytest.mark.parametrize("state", ReleaseState)
def test_each_step_has_its_one_turn_and_after_the_order_nothing_is_given_back_unasked(
    step: str, state: ReleaseState
) -> None:
    take, leads_to, may = _STEPS[step]
    if state in may:
        assert take(_release(state)).state is leads_to
        return
    with pytest.raises(DomainError):
        take(_release(state))


@pytest.mark.promise("R19")
def test_nobody_has_two_parts_in_one_release() -> None:
    release, mine = _release(), Approval(Body.PROVINCE, "kim", NOW)
    with pytest.raises(DomainError):
        domain.approve(release, [], Approval(Body.PROVINCE, "firm", NOW))
    with pytest.raises(DomainError):
        domain.approve(release, [mine], Approval(Body.MUNICIPALITY, "kim", NOW))
    with pytest.raises(DomainError):
        domain.approve(release, [mine], Approval(Body.PROVINCE, "lee", NOW))
    approved = domain.approve(release, [mine], Approval(Body.MUNICIPALITY, "park", NOW))
    assert approved.state is ReleaseState.APPROVED
    for by in ("firm", "kim"):
        with pytest.raises(DomainError):
            domain.order(approved, [mine], standing_id=approved.id, by=by, now=NOW)
