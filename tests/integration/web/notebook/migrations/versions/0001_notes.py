"""The common tables and the notes."""

import sqlalchemy as sa
from alembic import op

from common import row_security_v1, schema

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    schema.create_v1(op)
    schema.create_denials(op)
    schema.create_log_places(op)
    schema.create_notes(op)
    row_security_v1.begin(op, parked_event_readers=(), parked_event_menders=())
    op.create_table(
        "note",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("author", sa.Text, nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("price_won", sa.BigInteger, nullable=False),
        sa.Column("slot", sa.Text, nullable=False),
        sa.Column("written_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("version", sa.BigInteger, nullable=False),
        sa.UniqueConstraint("slot", name="note_slot_key", deferrable=True, initially="DEFERRED"),
    )


def downgrade() -> None:
    op.drop_table("note")
    schema.drop_notes(op)
    row_security_v1.end(op)
    schema.drop_denials(op)
    schema.drop_log_places(op)
    schema.drop_v1(op)
