"""The version before is found by its row's key: the books of many projects commit as fast as those of one."""

from alembic import op

from common import row_versions_v2 as versions

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None


def upgrade() -> None:
    versions.find_by_key(op)


def downgrade() -> None:
    versions.find_by_order(op)
