"""An officer's day: which performance reports are out, and what a project of a call costs each source at most."""

from alembic import op

from common import row_security_v1 as rows

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

_STATEMENTS = (
    """
    CREATE TABLE settlement_report (
        project_id UUID NOT NULL,
        settlement_id UUID NOT NULL,
        municipality_code TEXT NOT NULL,
        due_on DATE,
        done_at TIMESTAMPTZ,
        CONSTRAINT settlement_report_pkey PRIMARY KEY (project_id)
    )
    """,
    "CREATE INDEX settlement_report_due_idx ON settlement_report (due_on)",
    """
    CREATE TABLE call_share (
        call_id UUID NOT NULL,
        type_code TEXT NOT NULL,
        source TEXT NOT NULL,
        share_won BIGINT NOT NULL,
        CONSTRAINT call_share_pkey PRIMARY KEY (call_id, type_code, source)
    )
    """,
)
_AREA = rows.tenant_of("municipality.officer", "municipality.approver", "municipality.client")
_OVERSEERS = ("province.officer", "province.approver", "province.treasurer", "technopark.operator", "auditor")
_SEES = {
    "settlement_report": f"{rows.is_one_of('service', *_OVERSEERS)} OR municipality_code = {_AREA}",
    # It is part of a published call, which everybody reads.
    "call_share": "(SELECT caller_role()) IS NOT NULL",
}


def upgrade() -> None:
    for statement in _STATEMENTS:
        op.execute(statement)
    for table, sees in _SEES.items():
        rows.secure(op, table, sees=sees, writes=rows.SERVICE)


def downgrade() -> None:
    op.execute(f"DROP TABLE {', '.join(_SEES)}")
