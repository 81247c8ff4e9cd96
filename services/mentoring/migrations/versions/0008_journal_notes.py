"""What operators say of their decisions: beside the journal, shown to auditors and operators, erasable."""

from alembic import op

from common import row_security_v1 as rows
from common import schema

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    schema.create_notes(op)
    rows.secure(
        op,
        "journal_note",
        sees=rows.is_one_of("service", "auditor", "platform.operator"),
        writes=rows.is_one_of("service", "platform.operator"),
    )


def downgrade() -> None:
    schema.drop_notes(op)
