"""Turns: which request of its call a commitment answers, and who had left before the turn of its project came."""

from alembic import op

from common import row_security_v1 as rows

revision = "0028"
down_revision = "0027"
branch_labels = None
depends_on = None

_STATEMENTS = (
    "ALTER TABLE commitment ADD COLUMN turn BIGINT",
    "ALTER TABLE commitment ADD CONSTRAINT commitment_turn_check CHECK (turn >= 1)",
    """
    CREATE TABLE early_withdrawal (
        project_id UUID NOT NULL,
        call_id UUID NOT NULL,
        municipality_code TEXT NOT NULL,
        heard_at TIMESTAMPTZ NOT NULL,
        CONSTRAINT early_withdrawal_pkey PRIMARY KEY (project_id)
    )
    """,
    """
    CREATE TRIGGER early_withdrawal_keeps BEFORE UPDATE OR DELETE OR TRUNCATE ON early_withdrawal
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()
    """,
    """
    DO $$
    DECLARE app text := replace(current_user, '_owner', '_app');
    BEGIN
        IF app <> current_user AND EXISTS (SELECT FROM pg_roles WHERE rolname = app) THEN
            EXECUTE format('REVOKE UPDATE, DELETE, TRUNCATE ON early_withdrawal FROM %I', app);
        END IF;
    END $$
    """,
)
_AREA = rows.tenant_of("municipality.officer", "municipality.approver", "municipality.client")
_OVERSEES = rows.is_one_of(
    "service", "province.officer", "province.approver", "province.treasurer", "technopark.operator", "auditor"
)


def upgrade() -> None:
    for statement in _STATEMENTS:
        op.execute(statement)
    rows.secure(op, "early_withdrawal", sees=f"{_OVERSEES} OR municipality_code = {_AREA}", writes=rows.SERVICE)


def downgrade() -> None:
    rows.expose(op, "early_withdrawal")
    op.execute("DROP TABLE early_withdrawal")
    op.execute("ALTER TABLE commitment DROP COLUMN turn")
