"""What stood where in Kafka's logs, so that one that was lost is recognised."""

from alembic import op

from common import schema

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    schema.create_log_places(op)


def downgrade() -> None:
    schema.drop_log_places(op)
