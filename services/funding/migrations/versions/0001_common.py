"""The tables every service has: outbox, inbox, parked events, idempotency keys and the journal."""

from alembic import op

from common import schema

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    schema.create_v1(op)


def downgrade() -> None:
    schema.drop_v1(op)
