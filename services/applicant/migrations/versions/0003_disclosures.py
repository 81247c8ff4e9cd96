"""Who was shown personal data: rows that only ever are added."""

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_STATEMENTS = (
    """
    CREATE TABLE disclosure (
        id UUID NOT NULL,
        recorded_at TIMESTAMPTZ DEFAULT now() NOT NULL,
        issuer TEXT NOT NULL,
        subject TEXT NOT NULL,
        role TEXT NOT NULL,
        tenant TEXT,
        access_point TEXT NOT NULL,
        data_subject TEXT NOT NULL,
        action TEXT NOT NULL,
        CONSTRAINT disclosure_pkey PRIMARY KEY (id)
    )
    """,
    "CREATE INDEX disclosure_data_subject_id_idx ON disclosure (data_subject, id)",
    """
    CREATE TRIGGER disclosure_stays BEFORE UPDATE OR DELETE ON disclosure
        FOR EACH ROW EXECUTE FUNCTION refuse_change()
    """,
    """
    CREATE TRIGGER disclosure_is_not_emptied BEFORE TRUNCATE ON disclosure
        FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()
    """,
    # The triggers stop everybody; without these rights the app role does not even get that far.
    """
    DO $$
    DECLARE app text := replace(current_user, '_owner', '_app');
    BEGIN
        IF app <> current_user AND EXISTS (SELECT FROM pg_roles WHERE rolname = app) THEN
            EXECUTE format('REVOKE UPDATE, DELETE, TRUNCATE ON disclosure FROM %I', app);
        END IF;
    END $$
    """,
)


def upgrade() -> None:
    for statement in _STATEMENTS:
        op.execute(statement)


def downgrade() -> None:
    op.execute("DROP TABLE disclosure")
