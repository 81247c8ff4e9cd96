"""A role that there is none of is nobody to PostgreSQL; and only the service itself says whose tokens are refused."""

from alembic import op

from common import row_security_roles
from common import row_security_v1 as rows
from contracts.roles import ROLES_V1

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    row_security_roles.know_roles(op, ROLES_V1)
    rows.secure(op, "token_denial", sees=rows.SERVICE, writes=rows.SERVICE)


def downgrade() -> None:
    rows.expose(op, "token_denial")
    row_security_roles.forget_roles(op)
