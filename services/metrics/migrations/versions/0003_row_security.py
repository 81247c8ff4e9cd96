"""Row-level security: a municipality sees its own figures, the offices all, and only the service writes.

The public page counts over all rows; it does so as the service, and hides small numbers.
"""

from alembic import op

from common import row_security_v1 as rows

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_AREA = rows.tenant_of("municipality.officer", "municipality.approver", "municipality.client")
_OVERSEERS = ("province.officer", "province.approver", "province.treasurer", "technopark.operator", "auditor")
_OVERSEES = rows.is_one_of("service", *_OVERSEERS)
_OF_ITS_PLACE = f"{_OVERSEES} OR municipality_code = {_AREA}"
_SEES = {
    "call": "(SELECT caller_role()) IS NOT NULL",
    "call_seat": _OF_ITS_PLACE,
    "case_progress": _OF_ITS_PLACE,
    "project_progress": _OF_ITS_PLACE,
    "commitment": _OF_ITS_PLACE,
    "commitment_share": (
        f"{_OVERSEES} OR EXISTS (SELECT FROM commitment WHERE commitment.project_id = commitment_share.project_id)"
    ),
    "budget_line": _OF_ITS_PLACE,
}


def upgrade() -> None:
    rows.begin(op, parked_event_readers=("auditor", "platform.operator"), parked_event_menders=("platform.operator",))
    for table, sees in _SEES.items():
        rows.secure(op, table, sees=sees, writes=rows.SERVICE)


def downgrade() -> None:
    for table in _SEES:
        rows.expose(op, table)
    rows.end(op)
