"""Standings: what the tax office is asked about firms that have a project, before their agreement and payments."""

from alembic import op

from common import row_security_v1 as rows

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None

_STATEMENTS = (
    """
    CREATE TABLE standing_check (
        id UUID NOT NULL,
        purpose TEXT NOT NULL,
        project_id UUID NOT NULL,
        company_id UUID NOT NULL,
        municipality_code TEXT NOT NULL,
        business_number TEXT NOT NULL,
        number BIGINT,
        rule_version TEXT NOT NULL,
        state TEXT NOT NULL,
        asked_by TEXT NOT NULL,
        asked_at TIMESTAMPTZ NOT NULL,
        attempts BIGINT DEFAULT 0 NOT NULL,
        next_attempt_at TIMESTAMPTZ NOT NULL,
        leased_until TIMESTAMPTZ,
        problem TEXT,
        about DATE,
        answer JSONB,
        answer_sha256 TEXT,
        answered_at TIMESTAMPTZ,
        CONSTRAINT standing_check_pkey PRIMARY KEY (id),
        CONSTRAINT standing_check_project_id_fkey FOREIGN KEY (project_id) REFERENCES project (id),
        CONSTRAINT standing_check_purpose_check CHECK (
            CASE purpose WHEN 'AGREEMENT' THEN number IS NOT NULL WHEN 'PAYMENT' THEN number IS NULL ELSE FALSE END
        ),
        CONSTRAINT standing_check_state_check CHECK (
            CASE state WHEN 'PENDING' THEN num_nonnulls(about, answer, answer_sha256, answered_at) = 0
                       WHEN 'ANSWERED' THEN num_nulls(about, answer, answer_sha256, answered_at) = 0
                       ELSE FALSE END
        )
    )
    """,
    "CREATE INDEX standing_check_project_id_idx ON standing_check (project_id)",
    "CREATE INDEX standing_check_company_id_idx ON standing_check (company_id)",
    "CREATE INDEX standing_check_pending_idx ON standing_check (next_attempt_at) WHERE state = 'PENDING'",
    """
    CREATE UNIQUE INDEX standing_check_one_agreement_idx ON standing_check (project_id)
    WHERE purpose = 'AGREEMENT' AND state = 'PENDING'
    """,
    "CREATE UNIQUE INDEX standing_check_number_idx ON standing_check (project_id, number)",
    """
    CREATE TRIGGER standing_check_stays BEFORE UPDATE ON standing_check
    FOR EACH ROW WHEN (OLD.state = 'ANSWERED') EXECUTE FUNCTION refuse_change()
    """,
    """
    CREATE TRIGGER standing_check_keeps BEFORE DELETE OR TRUNCATE ON standing_check
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()
    """,
    # The triggers stop everybody; without these rights the app role does not even get that far.
    """
    DO $$
    DECLARE app text := replace(current_user, '_owner', '_app');
    BEGIN
        IF app <> current_user AND EXISTS (SELECT FROM pg_roles WHERE rolname = app) THEN
            EXECUTE format('REVOKE UPDATE, DELETE, TRUNCATE ON standing_check FROM %I', app);
            EXECUTE format('GRANT UPDATE (state, attempts, next_attempt_at, leased_until, problem, about, answer,
                                          answer_sha256, answered_at) ON standing_check TO %I', app);
        END IF;
    END $$
    """,
)

_COMPANY = rows.tenant_id_of("company.owner", "company.staff")
_AREA = rows.tenant_of("municipality.officer", "municipality.approver", "municipality.client")
_OVERSEES = rows.is_one_of(
    "service", "province.officer", "province.approver", "province.treasurer", "technopark.operator", "auditor"
)


def upgrade() -> None:
    for statement in _STATEMENTS:
        op.execute(statement)
    rows.secure(
        op,
        "standing_check",
        sees=f"{_OVERSEES} OR company_id = {_COMPANY} OR municipality_code = {_AREA}",
        writes=rows.SERVICE,
    )


def downgrade() -> None:
    rows.expose(op, "standing_check")
    op.execute("DROP TABLE standing_check")
