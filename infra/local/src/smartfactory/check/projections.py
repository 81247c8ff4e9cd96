"""What metrics and mentoring show is what the owners hold, row by row."""

from collections.abc import Mapping, Sequence
from typing import Any

from smartfactory.check.claims import Claim
from smartfactory.snapshots import Databases

Row = Mapping[str, Any]

_CASES = """
    SELECT id, type_code, municipality_code,
           CASE WHEN status IN ('INELIGIBLE', 'WITHDRAWN') THEN status WHEN outcome IS NOT NULL THEN outcome
                WHEN status IN ('UNDER_SCREENING', 'RESUBMITTED') THEN 'IN SCREENING'
                WHEN status = 'SUBMITTED' THEN 'IN SCREENING' ELSE status END AS state
      FROM application WHERE status <> 'DRAFT'
"""
_SHOWN_CASES = """
    SELECT application_id AS id, type_code, municipality_code,
           CASE WHEN state IN ('SUBMITTED', 'SUPPLEMENTED') THEN 'IN SCREENING' ELSE state END AS state
      FROM case_progress
"""
_PROJECTS = "SELECT id, type_code, municipality_code, state, promoted FROM project"
_SHOWN_PROJECTS = "SELECT project_id AS id, type_code, municipality_code, state, promoted FROM project_progress"
_ANSWERS = "SELECT project_id AS id, municipality_code, state FROM commitment"
_SHARES = """
    SELECT s.project_id::text || '/' || s.source AS id, s.amount_won, s.budget_line_id
      FROM commitment_share s JOIN commitment c USING (project_id) WHERE c.state = 'COMMITTED'
"""
_LINES = """
    SELECT id, source, municipality_code, amount_won AS confirmed_won, amount_won - committed_won AS left_won
      FROM budget_line WHERE state = 'CONFIRMED'
"""
_SHOWN_LINES = "SELECT budget_line_id AS id, source, municipality_code, confirmed_won, left_won FROM budget_line"
_RELEASES = "SELECT id, project_id, municipality_code, source, amount_won, state FROM release"
_SHOWN_RELEASES = """
    SELECT release_id AS id, project_id, municipality_code, source, amount_won, state FROM disbursement
"""
_REPORTS = "SELECT project_id AS id, municipality_code, due_on, submitted_at IS NOT NULL AS done FROM settlement"
_SHOWN_REPORTS = """
    SELECT project_id AS id, municipality_code, due_on, done_at IS NOT NULL AS done FROM settlement_report
"""
_CONFIRMED = """
    SELECT p.id, p.type_code, p.municipality_code,
           CASE WHEN b.state IS NULL OR b.state = 'UNDER_WAY' THEN 'WAITING' ELSE b.state END AS state
      FROM project p LEFT JOIN build b ON b.project_id = p.id WHERE p.state = 'CONFIRMED'
"""
_WAITING = """
    SELECT project_id AS id, type_code, municipality_code, state FROM waiting_project WHERE state <> 'WITHDRAWN'
"""


async def agreeing(databases: Databases) -> list[Claim]:
    """Each projection against its owner."""
    applicant, funding, metrics = databases["applicant"], databases["funding"], databases["metrics"]
    claim = Claim("projection-differs")
    for table, owned, shown in (
        ("metrics.case_progress", await applicant.fetch(_CASES), await metrics.fetch(_SHOWN_CASES)),
        ("metrics.project_progress", await applicant.fetch(_PROJECTS), await metrics.fetch(_SHOWN_PROJECTS)),
        ("metrics.commitment", await funding.fetch(_ANSWERS), await metrics.fetch(_ANSWERS)),
        ("metrics.commitment_share", await funding.fetch(_SHARES), await metrics.fetch(_SHARES)),
        ("metrics.disbursement", await funding.fetch(_RELEASES), await metrics.fetch(_SHOWN_RELEASES)),
        ("metrics.budget_line", await funding.fetch(_LINES), await metrics.fetch(_SHOWN_LINES)),
        ("metrics.settlement_report", await funding.fetch(_REPORTS), await metrics.fetch(_SHOWN_REPORTS)),
        ("mentoring.waiting_project", await applicant.fetch(_CONFIRMED), await databases["mentoring"].fetch(_WAITING)),
    ):
        _compare(claim, table, owned, shown)
    return [claim]


def _compare(claim: Claim, table: str, owned: Sequence[Row], shown: Sequence[Row]) -> None:
    expected = {row["id"]: dict(row) for row in owned}
    found = {row["id"]: dict(row) for row in shown}
    for row_id in expected.keys() | found.keys():
        claim.expect(f"{table} {row_id}", expected=expected.get(row_id), found=found.get(row_id))
