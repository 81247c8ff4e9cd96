"""Tokens that are refused before they end."""

from alembic import op

from common import schema

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    schema.create_denials(op)


def downgrade() -> None:
    schema.drop_denials(op)
