"""Sessions of people's browsers: only the service sees them, and what is sealed opens with what the browser has."""

from alembic import op

from common import row_security_v1 as rows

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

_TABLE = """
    CREATE TABLE web_session (
        id_hash BYTEA NOT NULL,
        issuer TEXT NOT NULL,
        subject TEXT NOT NULL,
        role TEXT NOT NULL,
        tenant TEXT NOT NULL,
        sealed TEXT NOT NULL,
        signed_in_at TIMESTAMPTZ NOT NULL,
        used_at TIMESTAMPTZ NOT NULL,
        token_ends_at TIMESTAMPTZ NOT NULL,
        ends_at TIMESTAMPTZ NOT NULL,
        renewing_until TIMESTAMPTZ,
        version BIGINT NOT NULL,
        CONSTRAINT web_session_pkey PRIMARY KEY (id_hash)
    )
    """


def upgrade() -> None:
    op.execute(_TABLE)
    op.execute("CREATE INDEX web_session_ends_idx ON web_session (ends_at)")
    rows.secure(op, "web_session", sees=rows.SERVICE, writes=rows.SERVICE)


def downgrade() -> None:
    op.execute("DROP TABLE web_session")
