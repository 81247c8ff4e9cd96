"""Warnings of lapse: money that was carried over lapses at the end of the next year, and is told of then as well.

The key and a CHECK knew the line's own year alone, so that a line could be looked at in no second one.
"""

from alembic import op

revision = "0031"
down_revision = "0030"
branch_labels = None
depends_on = None

_STATEMENTS = (
    "ALTER TABLE lapse_warning ADD COLUMN lapses_in BIGINT",
    # What was looked at never changes; this says what all of it meant.
    "ALTER TABLE lapse_warning DISABLE TRIGGER USER",
    "UPDATE lapse_warning SET lapses_in = fiscal_year",
    "ALTER TABLE lapse_warning ENABLE TRIGGER USER",
    """
    ALTER TABLE lapse_warning
        ALTER COLUMN lapses_in SET NOT NULL,
        DROP CONSTRAINT lapse_warning_pkey,
        DROP CONSTRAINT lapse_warning_year_check,
        ADD CONSTRAINT lapse_warning_pkey PRIMARY KEY (budget_line_id, lapses_in, stage_days),
        ADD CONSTRAINT lapse_warning_year_check CHECK (
            extract(year FROM looked_at AT TIME ZONE 'Asia/Seoul') = lapses_in
            AND lapses_in BETWEEN fiscal_year AND fiscal_year + 1
        )
    """,
    "DROP INDEX lapse_warning_fiscal_year_idx",
    "CREATE INDEX lapse_warning_lapses_in_idx ON lapse_warning (lapses_in, stage_days)",
)
_BACK = (
    # A second year cannot be said in the words of before: those looks go, their events and journal entries stay.
    "ALTER TABLE lapse_warning DISABLE TRIGGER USER",
    "DELETE FROM lapse_warning WHERE lapses_in <> fiscal_year",
    "ALTER TABLE lapse_warning ENABLE TRIGGER USER",
    "DROP INDEX lapse_warning_lapses_in_idx",
    "CREATE INDEX lapse_warning_fiscal_year_idx ON lapse_warning (fiscal_year, looked_at)",
    """
    ALTER TABLE lapse_warning
        DROP CONSTRAINT lapse_warning_pkey,
        DROP CONSTRAINT lapse_warning_year_check,
        DROP COLUMN lapses_in,
        ADD CONSTRAINT lapse_warning_pkey PRIMARY KEY (budget_line_id, stage_days),
        ADD CONSTRAINT lapse_warning_year_check CHECK (
            extract(year FROM looked_at AT TIME ZONE 'Asia/Seoul') = fiscal_year
        )
    """,
)


def upgrade() -> None:
    for statement in _STATEMENTS:
        op.execute(statement)


def downgrade() -> None:
    for statement in _BACK:
        op.execute(statement)
