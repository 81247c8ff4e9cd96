"""A call's whole cohort, put into the tables at once: every firm, its plan found eligible, its panel and three scores.

Set-based statements by a role that no trigger stops, since nobody measures them: a hundred thousand cases in seconds
where the routes would take hours. What is then measured goes through the shipped commands.
"""

from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from common.event import new_id

MEMBERS = 3
PLACES = tuple(f"52{place}" for place in range(110, 250, 10))
_COMPANIES = """
    INSERT INTO company (id, business_number, name, representative_name, size_class, ksic_code, ksic_revision,
        annual_sales_won, employees, supported_before, head_office_address, version)
    SELECT gen_random_uuid(), (2000000000 + n)::text, 'Cohort ' || n, 'Synthetic', 'SMALL', 'C25924', '10', 3000000000,
        15, false, 'Bench', 1
    FROM generate_series(1, $1::int) AS n
"""
_WORKSITES = """
    INSERT INTO worksite (id, company_id, name, code_as_written, recorded_on, municipality_code, address,
        manufacturing_floor_m2, in_industrial_complex, version)
    SELECT uuidv7(), id, name, place, '2026-01-01', place, 'Bench', 800, true, 1
    FROM (
        SELECT id, name, ($1::text[])[1 + (business_number::bigint % array_length($1::text[], 1))] AS place
        FROM company WHERE name LIKE 'Cohort %'
    ) AS firm
"""
_CASES = """
    INSERT INTO application (id, company_id, call_id, fiscal_year, type_code, worksite_id, municipality_code,
        total_cost_won, plan, status, created_at, submitted_at, first_timer, eligibility, version)
    SELECT uuidv7(), company_id, $1, 2026, 'JS2', worksite.id, municipality_code, 60000000, $2, 'ELIGIBLE', $3, $3,
        true, $4, 4
    FROM worksite WHERE name LIKE 'Cohort %'
"""
_PANEL = "INSERT INTO panel (id, call_id, name, type_code, created_at) VALUES ($1, $2, 'Bench', 'JS2', $3)"
_MEMBERS = """
    INSERT INTO panel_member (id, panel_id, subject, name, affiliation)
    SELECT gen_random_uuid(), $1, 'bench-' || n, 'Synthetic', 'Bench' FROM generate_series(1, $2::int) AS n
"""
_SEATS = """
    INSERT INTO panel_case (application_id, call_id, panel_id, assigned_at)
    SELECT id, call_id, $2, $3 FROM application WHERE call_id = $1
"""
# Scores that nobody can guess from the order in which cases came, and none below the pass mark.
_SHEETS = """
    INSERT INTO score_sheet (id, application_id, member_id, version, technical_score, site_score, bonus, locked_at)
    SELECT gen_random_uuid(), held.application_id, seat.id, 1, 3500 + abs(hashtext(held.application_id::text)) % 1500,
        3500 + abs(hashtext(seat.id::text || held.application_id::text)) % 1500, 0, $2
    FROM panel_case AS held JOIN panel_member AS seat USING (panel_id)
    WHERE held.call_id = $1
"""


_UNDO = """
    TRUNCATE selection, ranking, ranked_case, selection_decision, place, case_outcome, project, reinstatement, notice,
        legal_deadline, outbox, outbox_sequence, journal_entry, journal_head, row_version CASCADE
"""
_UNTELL = "UPDATE application SET outcome = NULL, version = 4 WHERE outcome IS NOT NULL"
_REOPEN = "UPDATE evaluation_round SET closed_at = NULL"


async def import_cohort(admin: Any, call_id: UUID, count: int, *, plan: str, at: datetime) -> None:  # noqa: ANN401  asyncpg has no types
    """So many eligible cases with their scores, in one call that is closed to new ones."""
    panel_id = new_id()
    eligibility = msgspec.json.encode(
        {"rule_version": "2024-1", "failed_rules": [], "decided_at": at, "appeal_until": None}
    ).decode()
    await admin.execute("INSERT INTO evaluation_round (call_id) VALUES ($1)", call_id)
    await admin.execute(_COMPANIES, count)
    await admin.execute(_WORKSITES, list(PLACES))
    await admin.execute(_CASES, call_id, plan, at, eligibility)
    await admin.execute(_PANEL, panel_id, call_id, at)
    await admin.execute(_MEMBERS, panel_id, MEMBERS)
    await admin.execute(_SEATS, call_id, panel_id, at)
    await admin.execute(_SHEETS, call_id, at)
    await admin.execute("ANALYZE")


async def undo_selection(admin: Any) -> None:  # noqa: ANN401  asyncpg has no types
    """The cohort as it was before it was ranked."""
    for statement in (_UNDO, _UNTELL, _REOPEN, "CHECKPOINT"):
        await admin.execute(statement)


async def copy_commitments(admin: Any, count: int) -> None:  # noqa: ANN401  asyncpg has no types
    """So many more commitments like the one that is there, with their shares, transfers and accounts."""
    await admin.execute(_COPY_ROWS)
    for table, ids in _OF_A_COMMITMENT.items():
        await admin.execute("SELECT pg_temp.copy_rows($1, $2, $3)", table, list(ids), count)
    await admin.execute("ANALYZE")


# One id and one number always give the same new id, so that what belongs together stays together.
_COPY_ROWS = """
    CREATE FUNCTION pg_temp.copy_rows(of text, ids text[], count int) RETURNS void LANGUAGE plpgsql AS $$
    DECLARE
        named text;
        wanted text;
    BEGIN
        SELECT string_agg(quote_ident(column_name), ', ' ORDER BY ordinal_position),
               string_agg(CASE WHEN column_name = ANY(ids) THEN format('md5(%1$I::text || n)::uuid', column_name)
                          ELSE quote_ident(column_name) END, ', ' ORDER BY ordinal_position)
          INTO named, wanted
          FROM information_schema.columns WHERE table_name = of;
        EXECUTE format('INSERT INTO %I (%s) SELECT %s FROM %I, generate_series(1, $1) AS n'
                       ' WHERE project_id IS NOT NULL', of, named, wanted, of) USING count;
    END $$
"""
_OF_A_COMMITMENT = {
    "ledger_account": ("id", "project_id"),
    "ledger_transfer": ("id", "project_id"),
    "commitment": ("project_id", "id", "application_id", "company_id", "transfer_id"),
    "commitment_share": ("project_id",),
}
