"""Who was shown figures as a firm reported them: rows are added in the transaction that reads, and stay."""

from alembic import op

from common import row_security_v1 as rows

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None

_STATEMENTS = (
    """
    CREATE TABLE outcome_reading (
        id UUID NOT NULL,
        recorded_at TIMESTAMPTZ DEFAULT now() NOT NULL,
        issuer TEXT NOT NULL,
        subject TEXT NOT NULL,
        role TEXT NOT NULL,
        tenant TEXT,
        access_point TEXT NOT NULL,
        action TEXT NOT NULL,
        filters JSONB NOT NULL,
        row_count BIGINT NOT NULL,
        reason TEXT,
        CONSTRAINT outcome_reading_pkey PRIMARY KEY (id)
    )
    """,
    "CREATE INDEX outcome_reading_subject_id_idx ON outcome_reading (subject, id)",
    """
    CREATE TRIGGER outcome_reading_stays BEFORE UPDATE OR DELETE ON outcome_reading
        FOR EACH ROW EXECUTE FUNCTION refuse_change()
    """,
    """
    CREATE TRIGGER outcome_reading_is_not_emptied BEFORE TRUNCATE ON outcome_reading
        FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()
    """,
    # The triggers stop everybody; without these rights the app role does not even get that far.
    """
    DO $$
    DECLARE app text := replace(current_user, '_owner', '_app');
    BEGIN
        IF app <> current_user AND EXISTS (SELECT FROM pg_roles WHERE rolname = app) THEN
            EXECUTE format('REVOKE UPDATE, DELETE, TRUNCATE ON outcome_reading FROM %I', app);
        END IF;
    END $$
    """,
)
_ONESELF = "role || ':' || coalesce(tenant, '-') || ':' || subject = (SELECT caller_actor())"


def upgrade() -> None:
    for statement in _STATEMENTS:
        op.execute(statement)
    rows.secure(
        op, "outcome_reading", sees=rows.is_one_of("service", "auditor"), writes=f"{rows.SERVICE} OR {_ONESELF}"
    )


def downgrade() -> None:
    op.execute("DROP TABLE outcome_reading")
