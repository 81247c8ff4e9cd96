"""When an application last changed, set by the database: a machine that follows changes must miss none."""

from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_STATEMENTS = (
    # Two steps: a constant default needs no rewrite of the table, the clock's one is for the rows to come.
    "ALTER TABLE application ADD COLUMN changed_at TIMESTAMPTZ NOT NULL DEFAULT now()",
    "ALTER TABLE application ALTER COLUMN changed_at SET DEFAULT clock_timestamp()",
    """
    CREATE FUNCTION application_changed() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
    BEGIN
        NEW.changed_at := clock_timestamp();
        RETURN NEW;
    END $$
    """,
    """
    CREATE TRIGGER application_changed BEFORE UPDATE ON application
        FOR EACH ROW EXECUTE FUNCTION application_changed()
    """,
    "CREATE INDEX application_municipality_code_changed_at_idx ON application (municipality_code, changed_at, id)",
)


def upgrade() -> None:
    for statement in _STATEMENTS:
        op.execute(statement)


def downgrade() -> None:
    op.execute("DROP INDEX application_municipality_code_changed_at_idx")
    op.execute("DROP TRIGGER application_changed ON application")
    op.execute("DROP FUNCTION application_changed()")
    op.execute("ALTER TABLE application DROP COLUMN changed_at")
