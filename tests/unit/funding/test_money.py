"""Budget lines, transfers and the decision to commit: what the pure functions allow and refuse."""

from datetime import UTC, datetime
from uuid import UUID, uuid5

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.types import Source, UnknownMunicipality, Won
from funding.budgets import domain as budgets
from funding.budgets.domain import BudgetLine, LegalRegime, LineState
from funding.commitments.domain import Shortage, SourceShare, find_shortage
from funding.ledger import domain as ledger
from funding.ledger.domain import AccountKind, TransferKind

AT = datetime(2024, 3, 4, tzinfo=UTC)
LINE, OTHER, PROJECT, TRANSFER = (uuid5(UUID(int=0), name) for name in ("line", "other", "project", "transfer"))


def proposed(**changes: object) -> BudgetLine:
    values: dict[str, object] = {
        "line_id": LINE, "source": Source.PROVINCE, "track": "B", "fiscal_year": 2024, "municipality_code": None,
        "amount_won": Won(1000), "legal_regime": LegalRegime.LOCAL_SUBSIDY, "funder": "전북특별자치도",
        "by": "proposer", "at": AT,
    }  # fmt: skip
    return budgets.propose_line(**(values | changes))  # type: ignore[arg-type]


def confirmed(**changes: object) -> BudgetLine:
    return budgets.confirm_line(proposed(**changes), version=1, by="somebody else", at=AT)


def test_an_unconfirmed_line_has_nothing_left():
    assert proposed().left_won == 0
    assert confirmed().left_won == 1000


def test_every_change_raises_the_lines_version():
    line = confirmed()
    drawn = budgets.draw(line, Won(400))
    freed = budgets.give_back(drawn, Won(400))

    assert [proposed().version, line.version, drawn.version, freed.version] == [1, 2, 3, 4]
    assert [drawn.left_won, freed.left_won] == [600, 1000]


def test_the_last_won_can_be_drawn_and_not_one_more():
    assert budgets.draw(confirmed(), Won(1000)).left_won == 0
    with pytest.raises(budgets.BudgetExceeded) as refused:
        budgets.draw(confirmed(), Won(1001))
    assert (refused.value.facts["needed_won"], refused.value.facts["left_won"]) == (1001, 1000)


def test_who_proposed_a_line_cannot_confirm_it():
    with pytest.raises(budgets.BudgetLineOwnProposal):
        budgets.confirm_line(proposed(), version=1, by="proposer", at=AT)


def test_a_line_is_confirmed_once_and_only_as_read():
    with pytest.raises(budgets.BudgetLineAlreadyConfirmed):
        budgets.confirm_line(confirmed(), version=2, by="a third", at=AT)
    with pytest.raises(budgets.BudgetLineStale) as stale:
        budgets.confirm_line(confirmed(), version=1, by="a third", at=AT)
    assert stale.value.facts["current_version"] == 2


@pytest.mark.parametrize(
    ("source", "code", "refusal"),
    [
        (Source.MUNICIPALITY, None, budgets.BudgetLineMalformed),
        (Source.PROVINCE, "52110", budgets.BudgetLineMalformed),
        (Source.SME, None, budgets.BudgetLineMalformed),
        (Source.MUNICIPALITY, "45110", UnknownMunicipality),
        (Source.MUNICIPALITY, "52760", UnknownMunicipality),
    ],
)
def test_source_and_municipality_must_fit(source, code, refusal):
    with pytest.raises(refusal):
        proposed(source=source, municipality_code=code)
    assert proposed(source=Source.MUNICIPALITY, municipality_code="52110").state is LineState.PROPOSED


@pytest.mark.parametrize("amounts", [{}, {LINE: 1}, {LINE: 5, OTHER: -4}, {LINE: 0, OTHER: 0}])
def test_what_is_no_double_entry_cannot_even_be_made(amounts):
    with pytest.raises(ledger.UnbalancedTransfer):
        ledger.Transfer(id=TRANSFER, kind=TransferKind.COMMITMENT, entries=amounts, at=AT)


@given(st.dictionaries(st.uuids(), st.integers(1, 10**12), max_size=4), st.integers(1, 10**12))
def test_a_commitment_balances_and_its_reversal_is_its_opposite(line_shares, sme_won):
    posted = ledger.commitment(TRANSFER, PROJECT, line_shares=line_shares, sme_won=Won(sme_won), at=AT)
    undone = ledger.reversal(OTHER, posted, AT)

    assert sum(posted.entries.values()) == 0
    for line_id, share_won in line_shares.items():
        assert posted.entries[ledger.account_id(line_id, AccountKind.AVAILABLE)] == -share_won
        assert posted.entries[ledger.account_id(line_id, AccountKind.COMMITTED)] == share_won
    assert {account: -won for account, won in undone.entries.items()} == posted.entries
    assert (undone.reverses, undone.kind) == (TRANSFER, TransferKind.REVERSAL)


def test_a_project_without_its_own_money_has_no_pledge():
    posted = ledger.commitment(TRANSFER, PROJECT, line_shares={LINE: Won(10)}, sme_won=Won(0), at=AT)

    assert len(posted.entries) == 2


@pytest.mark.parametrize(
    ("province_left", "municipality_left", "shortage"),
    [
        pytest.param(60, 40, None, id="both fit exactly"),
        pytest.param(59, 40, Shortage(Source.PROVINCE, Won(60), Won(59)), id="the province lacks a won"),
        pytest.param(60, 39, Shortage(Source.MUNICIPALITY, Won(40), Won(39)), id="the municipality lacks a won"),
        pytest.param(0, 0, Shortage(Source.PROVINCE, Won(60), Won(0)), id="the first short source is named"),
        pytest.param(None, 40, Shortage(Source.PROVINCE, Won(60), Won(0)), id="a missing line has nothing left"),
    ],
)
def test_a_commitment_needs_every_public_share(province_left, municipality_left, shortage):
    shares = [
        SourceShare(Source.PROVINCE, Won(60), None if province_left is None else LINE),
        SourceShare(Source.MUNICIPALITY, Won(40), OTHER),
        SourceShare(Source.SME, Won(1_000_000)),
    ]
    left = {OTHER: Won(municipality_left)} | ({} if province_left is None else {LINE: Won(province_left)})

    assert find_shortage(shares, left) == shortage


def test_a_share_of_nothing_needs_no_line():
    assert find_shortage([SourceShare(Source.PROVINCE, Won(0)), SourceShare(Source.SME, Won(10))], {}) is None
