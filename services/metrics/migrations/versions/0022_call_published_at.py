"""When a call was published: the moment from which everybody may know of it, which is not that its window opens.

Those that were heard of before have none until `metrics rebuild`.
"""

from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("ALTER TABLE call ADD COLUMN published_at TIMESTAMPTZ")


def downgrade() -> None:
    op.execute("ALTER TABLE call DROP COLUMN published_at")
