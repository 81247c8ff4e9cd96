"""A programme of any number of cases in metrics' projections, and what its firms reported of their factories.

Set-based statements in which everything follows from a case's number: the same shares at every size. Of five cases two
become projects, as 70 of 176 did. Those of earlier years are completed but for a few, most have reported before and
after, some are silent, corrected, returned or not decided yet; those of this year are being built. Every constraint
holds; only triggers and row security stand aside.
"""

from typing import Any

from contracts.types import MUNICIPALITIES
from tools.bench.applications import real_time

PLACES = tuple(str(each.code) for each in MUNICIPALITIES)
_CASE = """
    CREATE TEMPORARY TABLE bench_case ON COMMIT DROP AS
    SELECT n, md5('application ' || n)::uuid AS application_id, md5('project ' || n)::uuid AS project_id,
        md5('company ' || n)::uuid AS company_id, year, md5('call ' || year)::uuid AS call_id,
        CASE WHEN n / 3 % 2 = 0 THEN 'JS1' ELSE 'JS2' END AS type_code,
        ($2::text[])[1 + n / 5 % array_length($2::text[], 1)] AS place,
        n % 5 < 2 AS chosen, n % 5 < 2 AND n % 100 <> 0 AND year < $4::int AS built,
        make_timestamptz(year, 6, 1, 3, 0, 0, 'Asia/Seoul') AS selected_at,
        make_timestamptz(year, 7, 1, 3, 0, 0, 'Asia/Seoul') + make_interval(days => n % 20) AS agreed_at,
        make_timestamptz(year, 11, 1, 3, 0, 0, 'Asia/Seoul') + make_interval(days => n % 50) AS completed_at,
        CASE WHEN n % 500 = 5 AND year < $4::int THEN make_timestamptz(year + 1, 3, 1, 3, 0, 0, 'Asia/Seoul') END
            AS terminated_at
    FROM (SELECT n, ($3::int[])[1 + n % array_length($3::int[], 1)] AS year FROM generate_series(1, $1::int) AS n) AS c
"""
_PROJECTIONS = (
    """
    INSERT INTO call (call_id, track, title_ko, fiscal_year, opens_at, closes_at)
    SELECT DISTINCT call_id, 'B', '모집', year, selected_at - interval '90 days', selected_at - interval '60 days'
    FROM bench_case
    """,
    """
    INSERT INTO call_seat (call_id, type_code, municipality_code, seats)
    SELECT call_id, type_code, place, count(*) FILTER (WHERE chosen) + 1 FROM bench_case
    GROUP BY call_id, type_code, place
    """,
    """
    INSERT INTO call_share (call_id, type_code, source, share_won)
    SELECT call_id, type_code, source, 10000000 FROM (SELECT DISTINCT call_id, type_code FROM bench_case) AS of_call,
        unnest(ARRAY['PROVINCE', 'MUNICIPALITY', 'SAMSUNG']) AS source
    """,
    """
    INSERT INTO case_progress (application_id, call_id, type_code, municipality_code, state, changed_at)
    SELECT application_id, call_id, type_code, place, CASE WHEN chosen THEN 'SELECTED' WHEN n % 5 = 2 THEN 'RESERVE'
        WHEN n % 5 = 3 THEN 'NOT_SELECTED' WHEN n % 10 = 4 THEN 'INELIGIBLE' ELSE 'WITHDRAWN' END, selected_at
    FROM bench_case
    """,
    """
    INSERT INTO application_worksite (application_id, worksite_id, municipality_code)
    SELECT application_id, md5('worksite ' || n)::uuid, place FROM bench_case
    """,
    """
    INSERT INTO project_progress (project_id, application_id, call_id, type_code, municipality_code, state, promoted,
        changed_at)
    SELECT project_id, application_id, call_id, type_code, place, 'CONFIRMED', n % 50 = 0, selected_at
    FROM bench_case WHERE chosen
    """,
    """
    INSERT INTO site (project_id, application_id, call_id, type_code, municipality_code, track, selected_at, agreed_at,
        inspected_at, completed_at, terminated_at, termination_cause, fault_party)
    SELECT project_id, application_id, call_id, type_code, place, 'B', selected_at, agreed_at,
        agreed_at + interval '60 days', CASE WHEN built THEN completed_at END, terminated_at,
        CASE WHEN terminated_at IS NOT NULL THEN 'FIRM_CLOSED' END,
        CASE WHEN terminated_at IS NOT NULL THEN 'COMPANY' END
    FROM bench_case WHERE chosen
    """,
    """
    INSERT INTO commitment (project_id, call_id, municipality_code, state, total_cost_won, short_source, changed_at)
    SELECT project_id, call_id, place, 'COMMITTED', 60000000, NULL, selected_at FROM bench_case WHERE chosen
    """,
    """
    INSERT INTO budget_line (budget_line_id, source, municipality_code, fiscal_year, track, confirmed_won, left_won,
        line_version)
    SELECT md5(source || year || coalesce(own, ''))::uuid, source, own, year, 'B', (projects + 2) * 10000000,
        20000000, projects + 1
    FROM (
        SELECT source, year, CASE WHEN source = 'MUNICIPALITY' THEN place END AS own,
            count(*) FILTER (WHERE chosen) AS projects
        FROM bench_case, unnest(ARRAY['PROVINCE', 'MUNICIPALITY', 'SAMSUNG']) AS source
        GROUP BY 1, 2, 3
    ) AS line
    """,
    """
    INSERT INTO commitment_share (project_id, source, budget_line_id, amount_won)
    SELECT project_id, source, CASE WHEN source <> 'SME' THEN
        md5(source || year || CASE WHEN source = 'MUNICIPALITY' THEN place ELSE '' END)::uuid END,
        CASE WHEN source = 'SME' THEN 30000000 ELSE 10000000 END
    FROM bench_case, unnest(ARRAY['PROVINCE', 'MUNICIPALITY', 'SAMSUNG', 'SME']) AS source WHERE chosen
    """,
    """
    INSERT INTO disbursement (release_id, project_id, municipality_code, source, amount_won, state, unclear, changed_at)
    SELECT md5('release ' || n || source || part)::uuid, project_id, place, source, 5000000,
        CASE WHEN built THEN 'POSTED' ELSE 'RESERVED' END, false, agreed_at + make_interval(days => 30 * part)
    FROM bench_case, unnest(ARRAY['PROVINCE', 'MUNICIPALITY', 'SAMSUNG']) AS source, generate_series(1, 2) AS part
    WHERE chosen
    """,
    """
    INSERT INTO settled_share (project_id, source, municipality_code, fixed_won)
    SELECT project_id, source, place, 9900000
    FROM bench_case, unnest(ARRAY['PROVINCE', 'MUNICIPALITY', 'SAMSUNG']) AS source WHERE built
    """,
    """
    INSERT INTO settlement_report (project_id, settlement_id, municipality_code, due_on, done_at)
    SELECT project_id, md5('settlement ' || n)::uuid, place, (completed_at + interval '60 days')::date,
        CASE WHEN n % 35 <> 0 THEN completed_at + interval '50 days' END
    FROM bench_case WHERE built
    """,
    """
    INSERT INTO outcome_project (project_id, company_id, municipality_code, track, type_code, agreed_at, completed_at,
        terminated_at)
    SELECT project_id, company_id, place, 'B', type_code, agreed_at, CASE WHEN built THEN completed_at END,
        terminated_at
    FROM bench_case WHERE chosen
    """,
    """
    INSERT INTO outcome_silence (id, project_id, company_id, municipality_code, wave, reason, recorded_by, recorded_at)
    SELECT gen_random_uuid(), project_id, company_id, place, 'COMPLETION', 'UNREACHABLE', 'bench', completed_at
        + interval '130 days'
    FROM bench_case WHERE built AND n % 25 = 1
    """,
)
# What a firm makes of its KPIs follows from its number too: no two firms report the same.
_REPORTS = """
    INSERT INTO outcome_report (id, project_id, company_id, municipality_code, wave, number, rule_version, period_from,
        period_to, product_changed, figures, reason, evidence_sha256, state, finding, checked_outliers, reported_by,
        reported_at, decided_by, decided_at, version)
    SELECT gen_random_uuid(), project_id, company_id, place, $1::text, number, '2024-1', period_from, period_to,
        n % 60 = 0, (
            SELECT jsonb_agg(jsonb_build_object('kpi', kpi, 'grade', chr(65 + n % 4), 'denominator',
                CASE WHEN kpi IN ('Q1', 'D1') THEN 10000 ELSE 900 + n % 200 END, 'numerator',
                least(10000, (base + abs(hashtext(kpi || n || $1::text)) % 400) * (100 + $2::int * gain) / 100)))
            FROM (VALUES ('P1', 4000, 20), ('P2', 5000, 15), ('Q1', 600, -40), ('C1', 5000, -10), ('D1', 7000, 12),
                ('D2', 6000, -15)) AS known (kpi, base, gain)
        ),
        CASE WHEN number > 1 THEN 'MISTAKE' END, repeat(md5('evidence ' || n), 2), state,
        CASE WHEN state = 'RETURNED' THEN 'EVIDENCE_MISSING' END, '{}', 'company.owner:' || company_id, reported_at,
        CASE WHEN state <> 'REPORTED' THEN 'technopark.operator:bench' END,
        CASE WHEN state <> 'REPORTED' THEN reported_at + interval '2 days' END,
        CASE WHEN state <> 'REPORTED' THEN 2 ELSE 1 END
    FROM (
        SELECT bench_case.*, number, CASE WHEN number = 1 AND n % 17 = 0 THEN 'RETURNED'
                WHEN n % 40 = 7 THEN 'REPORTED' ELSE 'VERIFIED' END AS state,
            CASE WHEN $1::text = 'BASELINE' THEN agreed_at::date - 365 ELSE completed_at::date END AS period_from,
            CASE WHEN $1::text = 'BASELINE' THEN agreed_at::date - 1 ELSE completed_at::date + 95 END AS period_to,
            CASE WHEN $1::text = 'BASELINE' THEN agreed_at ELSE completed_at + interval '100 days' END
                + make_interval(days => 3 * number - 6) AS reported_at
        FROM bench_case, generate_series(1, 2) AS number
        WHERE built AND n % 20 <> $3::int AND (number = 1 OR n % 17 = 0)
    ) AS said
"""
EXPECTED = """
    SELECT (SELECT count(*) FROM case_progress) AS cases,
        (SELECT count(*) FROM outcome_project WHERE completed_at IS NOT NULL) AS built,
        (SELECT count(*) FROM site WHERE completed_at IS NOT NULL AND terminated_at IS NULL) AS counted,
        (SELECT count(*) FROM settlement_report WHERE done_at IS NULL) AS unreported,
        (SELECT sum(amount_won)::bigint FROM commitment_share JOIN commitment USING (project_id)
            JOIN call USING (call_id) WHERE source <> 'SME' AND fiscal_year = $1) AS committed_won
"""


def years() -> tuple[int, int, int]:
    """Of the calls: two whose factories have long been built and reported of, and this one."""
    now = real_time().year
    return now - 3, now - 2, now


async def fill(admin: Any, count: int) -> None:  # noqa: ANN401  asyncpg has no types
    """So many cases, all in one transaction, with statistics of them."""
    async with admin.transaction():
        await admin.execute(_CASE, count, list(PLACES), list(years()), years()[-1])
        for statement in _PROJECTIONS:
            await admin.execute(statement)
        for wave, after, silent in (("BASELINE", 0, 10), ("COMPLETION", 1, 1)):
            await admin.execute(_REPORTS, wave, after, silent)
    await admin.execute("VACUUM ANALYZE")
