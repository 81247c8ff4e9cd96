"""The gauge of 300: when each project reached what, and for which worksite it is."""

from alembic import op

from common import row_security_v1 as rows

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

_TABLES = (
    """
    CREATE TABLE site (
        project_id UUID NOT NULL,
        application_id UUID NOT NULL,
        call_id UUID NOT NULL,
        type_code TEXT NOT NULL,
        municipality_code TEXT NOT NULL,
        track TEXT,
        selected_at TIMESTAMPTZ,
        ended_at TIMESTAMPTZ,
        agreed_at TIMESTAMPTZ,
        inspected_at TIMESTAMPTZ,
        suspended_at TIMESTAMPTZ,
        resumed_at TIMESTAMPTZ,
        completed_at TIMESTAMPTZ,
        terminated_at TIMESTAMPTZ,
        termination_cause TEXT,
        fault_party TEXT,
        CONSTRAINT site_pkey PRIMARY KEY (project_id)
    )
    """,
    """
    CREATE TABLE application_worksite (
        application_id UUID NOT NULL,
        worksite_id UUID NOT NULL,
        municipality_code TEXT NOT NULL,
        CONSTRAINT application_worksite_pkey PRIMARY KEY (application_id)
    )
    """,
)
_AREA = rows.tenant_of("municipality.officer", "municipality.approver", "municipality.client")
_OVERSEERS = ("province.officer", "province.approver", "province.treasurer", "technopark.operator", "auditor")
_SEES = f"{rows.is_one_of('service', *_OVERSEERS)} OR municipality_code = {_AREA}"


def upgrade() -> None:
    for statement in _TABLES:
        op.execute(statement)
    for table in ("site", "application_worksite"):
        rows.secure(op, table, sees=_SEES, writes=rows.SERVICE)


def downgrade() -> None:
    op.execute("DROP TABLE application_worksite, site")
