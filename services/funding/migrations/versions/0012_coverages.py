"""Coverages: the shares of a signed agreement, each covered once by whoever answers for its source."""

from alembic import op

from common import row_security_v1 as rows

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

_TABLES = (
    """
    CREATE TABLE coverage (
        project_id UUID NOT NULL,
        commitment_id UUID NOT NULL,
        call_id UUID NOT NULL,
        company_id UUID NOT NULL,
        municipality_code TEXT NOT NULL,
        state TEXT NOT NULL,
        opened_at TIMESTAMPTZ NOT NULL,
        completed_at TIMESTAMPTZ,
        granted_at TIMESTAMPTZ,
        version BIGINT NOT NULL,
        CONSTRAINT coverage_pkey PRIMARY KEY (project_id),
        CONSTRAINT coverage_project_id_fkey FOREIGN KEY (project_id) REFERENCES commitment (project_id),
        CONSTRAINT coverage_state_check CHECK (
            CASE state WHEN 'OPEN' THEN completed_at IS NULL AND granted_at IS NULL
                       WHEN 'COMPLETED' THEN completed_at IS NOT NULL AND granted_at IS NULL
                       WHEN 'GRANTED' THEN completed_at IS NOT NULL AND granted_at IS NOT NULL
                       WHEN 'CLOSED' THEN granted_at IS NULL
                       ELSE FALSE END
        )
    )
    """,
    "CREATE INDEX coverage_call_id_idx ON coverage (call_id)",
    "CREATE INDEX coverage_company_id_idx ON coverage (company_id)",
    "CREATE INDEX coverage_municipality_code_idx ON coverage (municipality_code)",
    """
    CREATE TABLE coverage_line (
        project_id UUID NOT NULL,
        source TEXT NOT NULL,
        position BIGINT NOT NULL,
        municipality_code TEXT,
        budget_line_id UUID,
        amount_won BIGINT NOT NULL,
        reference TEXT,
        evidence_sha256 TEXT,
        covered_by TEXT,
        covered_at TIMESTAMPTZ,
        CONSTRAINT coverage_line_pkey PRIMARY KEY (project_id, source),
        CONSTRAINT coverage_line_project_id_fkey FOREIGN KEY (project_id) REFERENCES coverage (project_id),
        CONSTRAINT coverage_line_budget_line_id_fkey FOREIGN KEY (budget_line_id) REFERENCES budget_line (id),
        CONSTRAINT coverage_line_amount_check CHECK (amount_won > 0),
        CONSTRAINT coverage_line_source_check CHECK (
            (source = 'MUNICIPALITY') = (municipality_code IS NOT NULL) AND (source = 'SME') = (budget_line_id IS NULL)
        ),
        CONSTRAINT coverage_line_covered_check CHECK (
            num_nonnulls(reference, evidence_sha256, covered_by, covered_at) IN (0, 4)
        )
    )
    """,
    "CREATE INDEX coverage_line_budget_line_id_idx ON coverage_line (budget_line_id)",
)

_GUARDS = (
    # As the owner: whether all is covered must not depend on which lines the caller sees.
    """
    CREATE FUNCTION coverage_guard() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = public, pg_temp AS $$
    BEGIN
        IF (OLD.state, NEW.state) NOT IN (('OPEN', 'COMPLETED'), ('COMPLETED', 'GRANTED'), ('OPEN', 'CLOSED'),
                                          ('COMPLETED', 'CLOSED')) OR NEW.version <> OLD.version + 1 THEN
            RAISE EXCEPTION 'coverage % cannot go from % to %', OLD.project_id, OLD.state, NEW.state
                USING ERRCODE = 'restrict_violation';
        END IF;
        IF NEW.state = 'COMPLETED' AND EXISTS (SELECT FROM coverage_line
                                                WHERE project_id = NEW.project_id AND covered_at IS NULL) THEN
            RAISE EXCEPTION 'coverage % has a share that is not covered', OLD.project_id
                USING ERRCODE = 'check_violation';
        END IF;
        RETURN NEW;
    END $$
    """,
    "CREATE TRIGGER coverage_guard BEFORE UPDATE ON coverage FOR EACH ROW EXECUTE FUNCTION coverage_guard()",
    """
    CREATE FUNCTION coverage_line_guard() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
    BEGIN
        IF OLD.covered_at IS NOT NULL THEN
            RAISE EXCEPTION 'the % share of project % is covered, and stays', OLD.source, OLD.project_id
                USING ERRCODE = 'restrict_violation';
        END IF;
        RETURN NEW;
    END $$
    """,
    """
    CREATE TRIGGER coverage_line_guard BEFORE UPDATE ON coverage_line
    FOR EACH ROW EXECUTE FUNCTION coverage_line_guard()
    """,
    *(
        f"""
        CREATE TRIGGER {table}_keeps BEFORE DELETE OR TRUNCATE ON {table}
        FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()
        """
        for table in ("coverage", "coverage_line")
    ),
    # The triggers stop everybody; without these rights the app role does not even get that far.
    """
    DO $$
    DECLARE app text := replace(current_user, '_owner', '_app');
    BEGIN
        IF app <> current_user AND EXISTS (SELECT FROM pg_roles WHERE rolname = app) THEN
            EXECUTE format('REVOKE UPDATE, DELETE, TRUNCATE ON coverage, coverage_line FROM %I', app);
            EXECUTE format('GRANT UPDATE (state, completed_at, granted_at, version) ON coverage TO %I', app);
            EXECUTE format('GRANT UPDATE (reference, evidence_sha256, covered_by, covered_at)
                            ON coverage_line TO %I', app);
        END IF;
    END $$
    """,
)

_AREA = rows.tenant_of("municipality.officer", "municipality.approver", "municipality.client")
_COMPANY = rows.tenant_id_of("company.owner", "company.staff")
_OVERSEES = rows.is_one_of(
    "service", "province.officer", "province.approver", "province.treasurer", "technopark.operator", "auditor"
)
_TREASURER = rows.is_one_of("province.treasurer")
_APPROVER_OF = rows.tenant_of("municipality.approver")
_OWNER = rows.tenant_id_of("company.owner")
_OF_ITS_COVERAGE = "EXISTS (SELECT FROM coverage WHERE coverage.project_id = coverage_line.project_id)"
_OF_OWN_COVERAGE = (
    "EXISTS (SELECT FROM coverage WHERE coverage.project_id = coverage_line.project_id"
    f" AND coverage.company_id = {_OWNER})"
)

# By table: which rows are seen, and which may be written: one's own source's share, and the state it brings about.
_ROWS = {
    "coverage": (
        f"{_OVERSEES} OR municipality_code = {_AREA} OR company_id = {_COMPANY}",
        f"{rows.SERVICE} OR {_TREASURER} OR municipality_code = {_APPROVER_OF} OR company_id = {_OWNER}",
    ),
    "coverage_line": (
        f"{_OVERSEES} OR {_OF_ITS_COVERAGE}",
        (
            f"{rows.SERVICE} OR {_TREASURER} AND source IN ('NATIONAL', 'PROVINCE', 'SAMSUNG')"
            f" OR municipality_code = {_APPROVER_OF} OR source = 'SME' AND {_OF_OWN_COVERAGE}"
        ),
    ),
}


def upgrade() -> None:
    for statement in (*_TABLES, *_GUARDS):
        op.execute(statement)
    for table, (sees, writes) in _ROWS.items():
        rows.secure(op, table, sees=sees, writes=writes)


def downgrade() -> None:
    for table in reversed(_ROWS):
        rows.expose(op, table)
    op.execute("DROP TABLE coverage_line, coverage")
    op.execute("DROP FUNCTION coverage_line_guard()")
    op.execute("DROP FUNCTION coverage_guard()")
