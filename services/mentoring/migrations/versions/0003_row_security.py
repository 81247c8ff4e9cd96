"""Row-level security: a municipality sees its own projects, those who plan teams and the offices all."""

from alembic import op

from common import row_security_v1 as rows

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_AREA = rows.tenant_of("municipality.officer", "municipality.approver", "municipality.client")
_OVERSEERS = ("province.officer", "province.approver", "province.treasurer", "technopark.operator", "auditor")
_PLANS = rows.is_one_of("service", *_OVERSEERS, "mentor.lead")


def upgrade() -> None:
    rows.begin(op, parked_event_readers=("auditor", "platform.operator"), parked_event_menders=("platform.operator",))
    rows.secure(op, "waiting_project", sees=f"{_PLANS} OR municipality_code = {_AREA}", writes=rows.SERVICE)


def downgrade() -> None:
    rows.expose(op, "waiting_project")
    rows.end(op)
