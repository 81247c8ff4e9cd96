"""When a budget line last changed, set by the database: a machine that follows changes must miss none."""

from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

_STATEMENTS = (
    # Two steps: a constant default needs no rewrite of the table, the clock's one is for the rows to come.
    "ALTER TABLE budget_line ADD COLUMN changed_at TIMESTAMPTZ NOT NULL DEFAULT now()",
    "ALTER TABLE budget_line ALTER COLUMN changed_at SET DEFAULT clock_timestamp()",
    """
    CREATE FUNCTION budget_line_changed() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
    BEGIN
        NEW.changed_at := clock_timestamp();
        RETURN NEW;
    END $$
    """,
    """
    CREATE TRIGGER budget_line_changed BEFORE UPDATE ON budget_line
        FOR EACH ROW EXECUTE FUNCTION budget_line_changed()
    """,
)


def upgrade() -> None:
    for statement in _STATEMENTS:
        op.execute(statement)


def downgrade() -> None:
    op.execute("DROP TRIGGER budget_line_changed ON budget_line")
    op.execute("DROP FUNCTION budget_line_changed()")
    op.execute("ALTER TABLE budget_line DROP COLUMN changed_at")
