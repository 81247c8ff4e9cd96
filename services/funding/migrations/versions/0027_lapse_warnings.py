"""What lines would lose is looked at before their year ends, once a line and stage, and told to whose money it is."""

from alembic import op

from common import row_security_v1 as rows

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None

_STATEMENTS = (
    """
    CREATE TABLE lapse_warning (
        budget_line_id UUID NOT NULL,
        stage_days BIGINT NOT NULL,
        source TEXT NOT NULL,
        municipality_code TEXT,
        track TEXT NOT NULL,
        fiscal_year BIGINT NOT NULL,
        looked_at TIMESTAMPTZ NOT NULL,
        uncommitted_won BIGINT NOT NULL,
        unpaid_won BIGINT NOT NULL,
        carried_won BIGINT NOT NULL,
        lapsing_won BIGINT NOT NULL,
        rule_version TEXT NOT NULL,
        CONSTRAINT lapse_warning_pkey PRIMARY KEY (budget_line_id, stage_days),
        CONSTRAINT lapse_warning_budget_line_id_fkey FOREIGN KEY (budget_line_id) REFERENCES budget_line (id),
        CONSTRAINT lapse_warning_amounts_check CHECK (lapsing_won >= 0 AND stage_days >= 0),
        CONSTRAINT lapse_warning_year_check CHECK (
            extract(year FROM looked_at AT TIME ZONE 'Asia/Seoul') = fiscal_year
        )
    )
    """,
    "CREATE INDEX lapse_warning_fiscal_year_idx ON lapse_warning (fiscal_year, looked_at)",
    """
    CREATE TRIGGER lapse_warning_stays BEFORE UPDATE OR DELETE OR TRUNCATE ON lapse_warning
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()
    """,
    # The trigger stops everybody; without these rights the app role does not even get that far.
    """
    DO $$
    DECLARE app text := replace(current_user, '_owner', '_app');
    BEGIN
        IF app <> current_user AND EXISTS (SELECT FROM pg_roles WHERE rolname = app) THEN
            EXECUTE format('REVOKE UPDATE, DELETE, TRUNCATE ON lapse_warning FROM %I', app);
        END IF;
    END $$
    """,
)
_AREA = rows.tenant_of("municipality.officer", "municipality.approver", "municipality.client")
_AUDITS = rows.is_one_of("service", "province.officer", "province.approver", "province.treasurer", "auditor")


def upgrade() -> None:
    for statement in _STATEMENTS:
        op.execute(statement)
    rows.secure(op, "lapse_warning", sees=f"{_AUDITS} OR municipality_code = {_AREA}", writes=rows.SERVICE)


def downgrade() -> None:
    rows.expose(op, "lapse_warning")
    op.execute("DROP TABLE lapse_warning")
