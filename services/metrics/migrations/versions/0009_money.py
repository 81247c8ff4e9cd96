"""What becomes of committed money: releases, what lapsed, what was settled and carried over, and what comes back."""

from alembic import op

from common import row_security_v1 as rows

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

_STATEMENTS = (
    """
    CREATE TABLE carried_over (
        budget_line_id UUID NOT NULL,
        municipality_code TEXT,
        amount_won BIGINT NOT NULL,
        paid_won BIGINT NOT NULL,
        changed_at TIMESTAMPTZ NOT NULL,
        CONSTRAINT carried_over_pkey PRIMARY KEY (budget_line_id)
    )
    """,
    """
    CREATE TABLE disbursement (
        release_id UUID NOT NULL,
        project_id UUID NOT NULL,
        municipality_code TEXT NOT NULL,
        source TEXT NOT NULL,
        amount_won BIGINT NOT NULL,
        state TEXT NOT NULL,
        unclear BOOLEAN NOT NULL,
        changed_at TIMESTAMPTZ NOT NULL,
        CONSTRAINT disbursement_pkey PRIMARY KEY (release_id),
        CONSTRAINT disbursement_state_check
            CHECK (state IN ('RESERVED', 'APPROVED', 'ORDERED', 'CONFIRMED', 'POSTED', 'VOIDED'))
    )
    """,
    "CREATE INDEX disbursement_project_idx ON disbursement (project_id, source)",
    """
    CREATE TABLE lapsed_share (
        project_id UUID NOT NULL,
        source TEXT NOT NULL,
        municipality_code TEXT NOT NULL,
        amount_won BIGINT NOT NULL,
        CONSTRAINT lapsed_share_pkey PRIMARY KEY (project_id, source)
    )
    """,
    """
    CREATE TABLE settled_share (
        project_id UUID NOT NULL,
        source TEXT NOT NULL,
        municipality_code TEXT NOT NULL,
        fixed_won BIGINT NOT NULL,
        CONSTRAINT settled_share_pkey PRIMARY KEY (project_id, source)
    )
    """,
    """
    CREATE TABLE repayment (
        repayment_id UUID NOT NULL,
        project_id UUID NOT NULL,
        municipality_code TEXT NOT NULL,
        source TEXT NOT NULL,
        origin TEXT NOT NULL,
        principal_won BIGINT NOT NULL,
        interest_won BIGINT NOT NULL,
        surcharge_won BIGINT NOT NULL,
        late_won BIGINT NOT NULL,
        state TEXT NOT NULL,
        changed_at TIMESTAMPTZ NOT NULL,
        CONSTRAINT repayment_pkey PRIMARY KEY (repayment_id),
        CONSTRAINT repayment_state_check CHECK (state IN ('ORDERED', 'CONFIRMED', 'RELIEVED'))
    )
    """,
    "CREATE INDEX repayment_project_idx ON repayment (project_id, source)",
)
_TABLES = ("carried_over", "disbursement", "lapsed_share", "settled_share", "repayment")
_AREA = rows.tenant_of("municipality.officer", "municipality.approver", "municipality.client")
_OVERSEERS = ("province.officer", "province.approver", "province.treasurer", "technopark.operator", "auditor")
_SEES = f"{rows.is_one_of('service', *_OVERSEERS)} OR municipality_code = {_AREA}"


def upgrade() -> None:
    for statement in _STATEMENTS:
        op.execute(statement)
    for table in _TABLES:
        rows.secure(op, table, sees=_SEES, writes=rows.SERVICE)


def downgrade() -> None:
    op.execute(f"DROP TABLE {', '.join(_TABLES)}")
