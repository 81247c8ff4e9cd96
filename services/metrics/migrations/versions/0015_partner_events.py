"""The feed of what partners outside are told: an event is committed without a place in it, and then given the next."""

from alembic import op

from common import row_security_v1 as rows

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

_TABLES = (
    """
    CREATE TABLE partner_event (
        id BIGINT GENERATED ALWAYS AS IDENTITY,
        event_id UUID NOT NULL,
        caused_by UUID NOT NULL,
        type TEXT NOT NULL,
        topic TEXT NOT NULL,
        key UUID NOT NULL,
        data TEXT NOT NULL,
        occurred_at TIMESTAMPTZ NOT NULL,
        position BIGINT,
        sequence BIGINT,
        recorded_at TIMESTAMPTZ,
        CONSTRAINT partner_event_pkey PRIMARY KEY (id),
        CONSTRAINT partner_event_event_id_key UNIQUE (event_id),
        CONSTRAINT partner_event_caused_by_key UNIQUE (caused_by),
        CONSTRAINT partner_event_position_key UNIQUE (position),
        CONSTRAINT partner_event_placed_check
            CHECK ((position IS NULL) = (sequence IS NULL) AND (position IS NULL) = (recorded_at IS NULL))
    )
    """,
    "CREATE INDEX partner_event_waiting_idx ON partner_event (id) WHERE position IS NULL",
)
_READS = f"{rows.is_one_of('samsung.client')} AND position IS NOT NULL"


def upgrade() -> None:
    for statement in _TABLES:
        op.execute(statement)
    rows.secure(op, "partner_event", sees=f"{rows.SERVICE} OR {_READS}", writes=rows.SERVICE)


def downgrade() -> None:
    op.execute("DROP TABLE partner_event")
