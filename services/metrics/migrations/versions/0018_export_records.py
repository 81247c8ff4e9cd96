"""Who saved which table, as what file, and why: rows are added in the transaction that reads, and stay."""

from alembic import op

from common import row_security_v1 as rows

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

_STATEMENTS = (
    """
    CREATE TABLE export_record (
        id UUID NOT NULL,
        recorded_at TIMESTAMPTZ DEFAULT now() NOT NULL,
        made_for TIMESTAMPTZ NOT NULL,
        issuer TEXT NOT NULL,
        subject TEXT NOT NULL,
        role TEXT NOT NULL,
        tenant TEXT,
        access_point TEXT NOT NULL,
        table_name TEXT NOT NULL,
        format TEXT NOT NULL,
        filters JSONB NOT NULL,
        row_count BIGINT NOT NULL,
        sha256 TEXT NOT NULL,
        reason TEXT NOT NULL,
        CONSTRAINT export_record_pkey PRIMARY KEY (id)
    )
    """,
    "CREATE INDEX export_record_subject_id_idx ON export_record (subject, id)",
    """
    CREATE TRIGGER export_record_stays BEFORE UPDATE OR DELETE ON export_record
        FOR EACH ROW EXECUTE FUNCTION refuse_change()
    """,
    """
    CREATE TRIGGER export_record_is_not_emptied BEFORE TRUNCATE ON export_record
        FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()
    """,
    # The triggers stop everybody; without these rights the app role does not even get that far.
    """
    DO $$
    DECLARE app text := replace(current_user, '_owner', '_app');
    BEGIN
        IF app <> current_user AND EXISTS (SELECT FROM pg_roles WHERE rolname = app) THEN
            EXECUTE format('REVOKE UPDATE, DELETE, TRUNCATE ON export_record FROM %I', app);
        END IF;
    END $$
    """,
)
_ONESELF = "role || ':' || coalesce(tenant, '-') || ':' || subject = (SELECT caller_actor())"


def upgrade() -> None:
    for statement in _STATEMENTS:
        op.execute(statement)
    rows.secure(op, "export_record", sees=rows.is_one_of("service", "auditor"), writes=f"{rows.SERVICE} OR {_ONESELF}")


def downgrade() -> None:
    op.execute("DROP TABLE export_record")
