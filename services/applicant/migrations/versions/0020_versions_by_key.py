"""A selection of ten thousand cases commits in seconds: the version before is found by its row's key."""

from alembic import op

from common import row_versions_v2 as versions

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None


def upgrade() -> None:
    versions.find_by_key(op)


def downgrade() -> None:
    versions.find_by_order(op)
