"""A commitment's own id: what is published of it is named by that, not by the project's, which partners know.

Those that were heard of before have none until `metrics rebuild`, and are not published until then.
"""

from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("ALTER TABLE commitment ADD COLUMN commitment_id UUID")


def downgrade() -> None:
    op.execute("ALTER TABLE commitment DROP COLUMN commitment_id")
