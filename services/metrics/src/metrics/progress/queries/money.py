"""Budget lines, commitments and their shares as later features ask for them."""

from typing import Any

from sqlalchemy import BigInteger, Select, func, select

from metrics.progress.store import BudgetLineRow, CallRow, CommitmentRow, CommitmentShareRow


def lines_of_year(fiscal_year: int) -> Select[*tuple[Any, ...]]:
    """For a later feature: a year's confirmed budget lines, with the municipality whose money it is, if it is one's."""
    row = BudgetLineRow
    columns = (row.budget_line_id, row.track, row.source, row.municipality_code, row.confirmed_won, row.left_won)
    return select(*columns).where(row.fiscal_year == fiscal_year, row.confirmed_won.is_not(None))


def committed_projects_of_year(fiscal_year: int) -> Select[*tuple[Any, ...]]:
    """For a later feature: the projects of a year's calls that funding has committed money to, with their costs."""
    row = CommitmentRow
    return (
        select(row.project_id, CallRow.track, row.municipality_code, row.total_cost_won)
        .join(CallRow, CallRow.call_id == row.call_id)
        .where(CallRow.fiscal_year == fiscal_year, row.state == "COMMITTED")
    )


def public_shares() -> Select[*tuple[Any, ...]]:
    """For a later feature: what each public source was asked for in each project."""
    share = CommitmentShareRow
    return select(share.project_id, share.source, share.amount_won).where(share.source != "SME")


def awards_of_year(fiscal_year: int) -> Select[*tuple[Any, ...]]:
    """For a later feature: what public sources have committed to each project of a year's calls, oldest first.

    Samsung's part is private money. A commitment that was heard of before its id was kept has none until a rebuild.
    """
    shares = public_shares().where(CommitmentShareRow.source != "SAMSUNG").subquery("share")
    return (
        select(
            CommitmentRow.project_id,
            CommitmentRow.commitment_id,
            CommitmentRow.call_id,
            CommitmentRow.municipality_code,
            CommitmentRow.changed_at,
            CallRow.title_ko,
            CallRow.track,
            func.sum(shares.c.amount_won).cast(BigInteger).label("amount_won"),
            func.array_agg(shares.c.source).filter(shares.c.amount_won > 0).label("sources"),
        )
        .join(CallRow, CallRow.call_id == CommitmentRow.call_id)
        .join(shares, shares.c.project_id == CommitmentRow.project_id)
        .where(
            CallRow.fiscal_year == fiscal_year,
            CommitmentRow.state == "COMMITTED",
            CommitmentRow.commitment_id.is_not(None),
        )
        .group_by(CommitmentRow.project_id, CallRow.call_id)
        .order_by(CommitmentRow.changed_at, CommitmentRow.project_id)
    )
