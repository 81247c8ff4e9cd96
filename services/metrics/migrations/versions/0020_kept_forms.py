"""Forms that came when nobody was signed in any more: only the service sees them, sealed, for an hour."""

from alembic import op

from common import row_security_v1 as rows

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None

_TABLE = """
    CREATE TABLE kept_form (
        id_hash BYTEA NOT NULL,
        owner TEXT NOT NULL,
        sealed TEXT NOT NULL,
        kept_at TIMESTAMPTZ NOT NULL,
        ends_at TIMESTAMPTZ NOT NULL,
        CONSTRAINT kept_form_pkey PRIMARY KEY (id_hash)
    )
    """


def upgrade() -> None:
    op.execute(_TABLE)
    op.execute("CREATE INDEX kept_form_owner_idx ON kept_form (owner, kept_at)")
    op.execute("CREATE INDEX kept_form_ends_idx ON kept_form (ends_at)")
    rows.secure(op, "kept_form", sees=rows.SERVICE, writes=rows.SERVICE)


def downgrade() -> None:
    op.execute("DROP TABLE kept_form")
