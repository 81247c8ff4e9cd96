"""A role that there is none of is nobody to PostgreSQL; and only who ends a role has its tokens refused."""

from alembic import op

from common import row_security_roles
from common import row_security_v1 as rows
from contracts.roles import ROLES_V1

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

# Whoever may end somebody's role, as on `appointment`; and the platform's operator, whose tokens ever.
_OWN_COMPANY = f"role LIKE 'company.%' AND tenant = {rows.tenant_of('company.owner')}"
_OWN_AREA = f"role LIKE 'municipality.%' AND tenant = {rows.tenant_of('municipality.officer', 'municipality.approver')}"
_PUBLIC_BODY = f"{rows.is_one_of('province.officer', 'province.approver')} AND role NOT LIKE 'company.%'"
_ENDED_BY = f"{rows.is_one_of('service', 'platform.operator')} OR {_OWN_COMPANY} OR {_OWN_AREA} OR {_PUBLIC_BODY}"


def upgrade() -> None:
    row_security_roles.know_roles(op, ROLES_V1)
    rows.secure(op, "token_denial", sees=_ENDED_BY, writes=_ENDED_BY)


def downgrade() -> None:
    rows.expose(op, "token_denial")
    row_security_roles.forget_roles(op)
