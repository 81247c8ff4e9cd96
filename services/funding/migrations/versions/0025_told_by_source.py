"""Tells by source what funding did before it told so: what lapsed, was carried over, was fixed and was asked back.

Written into the outbox as the code writes it, after all that was told before; what stands there already is not told
again. A settlement's amounts are told a second time, now with its shares.
"""

from alembic import op

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None

_TELL = """
    DO $$
    DECLARE
        told RECORD;
        number BIGINT;
        prefix CONSTANT TEXT := 'kr.jeonbuk.smartfactory.funding.';
    BEGIN
        FOR told IN
            SELECT * FROM (
                SELECT 'funding.budget.v1' AS topic, budget_line_id AS key,
                       prefix || 'budget.carry-over-confirmed.v1' AS type, confirmed_at AS at, 1 AS step,
                       jsonb_build_object(
                           'budget_line_id', budget_line_id, 'carry_over_id', id,
                           'municipality_code', municipality_code, 'fiscal_year', fiscal_year, 'to_year', to_year,
                           'amount_won', amount_won, 'paid_won', paid_won) AS data
                  FROM carry_over WHERE state = 'CONFIRMED'
                UNION ALL
                SELECT 'funding.commitment.v1', l.project_id, prefix || 'commitment.lapsed.v1', g.lapsed_at, 1,
                       jsonb_build_object(
                           'project_id', l.project_id, 'call_id', l.call_id, 'municipality_code', l.municipality_code,
                           'source', l.source, 'budget_line_id', l.budget_line_id, 'amount_won', g.amount_won)
                  FROM release_lapse g JOIN release_line l USING (project_id, source)
                UNION ALL
                SELECT 'funding.settlement.v1', s.project_id, prefix || 'settlement.fixed.v1', s.fixed_at, 1,
                       jsonb_build_object(
                           'project_id', s.project_id, 'settlement_id', s.id, 'call_id', s.call_id,
                           'municipality_code', s.municipality_code, 'spent_won', coalesce(s.spent_won, 0),
                           'refund_won', sum(l.refund_won), 'late_months', coalesce(s.late_months, 0),
                           'late_cut_max_bp', coalesce(s.late_cut_max_bp, 0),
                           'shares', jsonb_agg(jsonb_build_object(
                               'source', l.source, 'share_won', l.share_won, 'paid_won', l.paid_won,
                               'fixed_won', l.fixed_won, 'interest_won', l.interest_won,
                               'refund_won', l.refund_won, 'lapsed_won', l.lapsed_won) ORDER BY l.position))
                  FROM settlement s JOIN settlement_line l ON l.settlement_id = s.id GROUP BY s.id
                UNION ALL
                SELECT 'funding.repayment.v1', r.id, prefix || 'repayment.' || step.happened || '.v1', step.at,
                       step.number,
                       jsonb_build_object(
                           'repayment_id', r.id, 'project_id', r.project_id, 'municipality_code', r.municipality_code,
                           'source', r.source, 'budget_line_id', r.budget_line_id, 'origin', r.origin,
                           'origin_id', r.origin_id, 'principal_won', r.principal_won,
                           'interest_won', r.interest_won, 'surcharge_won', r.surcharge_won) || step.more
                  FROM repayment r
                  CROSS JOIN LATERAL (VALUES
                      ('ordered', r.ordered_at, 1,
                       jsonb_build_object('due_on', r.due_on, 'rule_version', r.rule_version)),
                      (CASE r.state WHEN 'CONFIRMED' THEN 'confirmed' WHEN 'RELIEVED' THEN 'relieved' END,
                       r.ended_at, 2,
                       CASE r.state WHEN 'CONFIRMED' THEN jsonb_build_object('late_won', r.late_won) ELSE '{}' END)
                  ) AS step (happened, at, number, more)
                 WHERE step.happened IS NOT NULL
            ) facts
            WHERE NOT EXISTS (
                SELECT FROM outbox o WHERE (o.topic, o.key, o.type) = (facts.topic, facts.key, facts.type)
                   AND convert_from(o.payload, 'UTF8')::jsonb @> facts.data)
            ORDER BY at, step
        LOOP
            INSERT INTO outbox_sequence AS known (topic, key, last) VALUES (told.topic, told.key, 1)
                ON CONFLICT (topic, key) DO UPDATE SET last = known.last + 1 RETURNING last INTO number;
            INSERT INTO outbox (event_id, type, topic, key, sequence, payload, occurred_at, correlation_id)
                VALUES (gen_random_uuid(), told.type, told.topic, told.key, number,
                        convert_to(told.data::text, 'UTF8'), told.at, 'funding/migrations/0025');
        END LOOP;
    END $$
"""


def upgrade() -> None:
    op.execute(_TELL)


def downgrade() -> None:
    """What was told stays told."""
