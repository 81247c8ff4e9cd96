"""A session knows the ids of its tokens, so that whoever takes one of them back by its id ends the session.

Those that began before know theirs from their next renewal on.
"""

from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("ALTER TABLE web_session ADD COLUMN token_ids TEXT[] DEFAULT '{}' NOT NULL")


def downgrade() -> None:
    op.execute("ALTER TABLE web_session DROP COLUMN token_ids")
