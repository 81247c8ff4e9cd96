"""Builds, the proposals that change them, and their inspections; what has ended stays, and two people are two."""

from alembic import op

from common import row_security_v1 as rows

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

_TABLES = (
    """
    CREATE TABLE build (
        project_id UUID NOT NULL,
        application_id UUID NOT NULL,
        company_id UUID NOT NULL,
        call_id UUID NOT NULL,
        type_code TEXT NOT NULL,
        municipality_code TEXT NOT NULL,
        supplier_business_number TEXT NOT NULL,
        state TEXT NOT NULL,
        began_at TIMESTAMPTZ NOT NULL,
        completed_at TIMESTAMPTZ,
        terminated_at TIMESTAMPTZ,
        version BIGINT NOT NULL,
        CONSTRAINT build_pkey PRIMARY KEY (project_id),
        CONSTRAINT build_project_id_fkey FOREIGN KEY (project_id) REFERENCES agreement (project_id),
        CONSTRAINT build_state_check CHECK (
            state IN ('UNDER_WAY', 'SUSPENDED', 'COMPLETED', 'TERMINATED')
            AND (state = 'TERMINATED') = (terminated_at IS NOT NULL)
            AND (completed_at IS NOT NULL OR state <> 'COMPLETED')
            AND (completed_at IS NULL OR state IN ('COMPLETED', 'TERMINATED'))
        )
    )
    """,
    "CREATE INDEX build_company_id_idx ON build (company_id)",
    "CREATE INDEX build_call_id_idx ON build (call_id)",
    "CREATE INDEX build_municipality_code_idx ON build (municipality_code)",
    "CREATE INDEX build_supplier_business_number_idx ON build (supplier_business_number)",
    """
    CREATE TABLE build_change (
        id UUID NOT NULL,
        project_id UUID NOT NULL,
        kind TEXT NOT NULL,
        cause TEXT NOT NULL,
        fault_party TEXT,
        evidence TEXT[] NOT NULL,
        state TEXT NOT NULL,
        proposed_by TEXT NOT NULL,
        proposed_at TIMESTAMPTZ NOT NULL,
        decided_by TEXT,
        decided_at TIMESTAMPTZ,
        CONSTRAINT build_change_pkey PRIMARY KEY (id),
        CONSTRAINT build_change_project_id_fkey FOREIGN KEY (project_id) REFERENCES build (project_id),
        CONSTRAINT build_change_two_people_check CHECK (decided_by <> proposed_by),
        CONSTRAINT build_change_state_check CHECK (
            kind IN ('SUSPENSION', 'RESUMPTION', 'TERMINATION')
            AND state IN ('PROPOSED', 'APPROVED', 'REFUSED')
            AND (state = 'PROPOSED') = (decided_by IS NULL)
            AND (decided_by IS NULL) = (decided_at IS NULL)
            AND (kind <> 'TERMINATION' OR state <> 'APPROVED'
                 OR coalesce(fault_party, 'UNDETERMINED') <> 'UNDETERMINED')
        )
    )
    """,
    "CREATE INDEX build_change_project_id_idx ON build_change (project_id)",
    "CREATE UNIQUE INDEX build_change_open_idx ON build_change (project_id) WHERE state = 'PROPOSED'",
    """
    CREATE TABLE interim_inspection (
        id UUID NOT NULL,
        project_id UUID NOT NULL,
        state TEXT NOT NULL,
        planned_on DATE NOT NULL,
        inspected_by TEXT,
        visited_at TIMESTAMPTZ,
        evidence JSONB NOT NULL,
        fix_due_at TIMESTAMPTZ,
        concluded_at TIMESTAMPTZ,
        rule_version TEXT NOT NULL,
        version BIGINT NOT NULL,
        CONSTRAINT interim_inspection_pkey PRIMARY KEY (id),
        CONSTRAINT interim_inspection_project_id_fkey FOREIGN KEY (project_id) REFERENCES build (project_id),
        CONSTRAINT interim_inspection_state_check CHECK (
            state IN ('PLANNED', 'VISITED', 'PASSED', 'CONDITIONAL', 'FAILED')
            AND (state = 'PLANNED') = (inspected_by IS NULL)
            AND (state IN ('PLANNED', 'VISITED')) = (concluded_at IS NULL)
            AND (state <> 'CONDITIONAL' OR fix_due_at IS NOT NULL)
        )
    )
    """,
    "CREATE INDEX interim_inspection_project_id_idx ON interim_inspection (project_id)",
    """
    CREATE UNIQUE INDEX interim_inspection_open_idx ON interim_inspection (project_id)
     WHERE state IN ('CONDITIONAL', 'PLANNED', 'VISITED')
    """,
    "CREATE INDEX interim_inspection_due_idx ON interim_inspection (fix_due_at) WHERE state = 'CONDITIONAL'",
    """
    CREATE TABLE completion (
        id UUID NOT NULL,
        project_id UUID NOT NULL,
        round BIGINT NOT NULL,
        state TEXT NOT NULL,
        reported_at TIMESTAMPTZ NOT NULL,
        evidence JSONB NOT NULL,
        installed_as_planned BOOLEAN,
        functions_work BOOLEAN,
        demonstrated_by_own_staff BOOLEAN,
        demonstrated_on DATE,
        mentor_subject TEXT,
        audited_by TEXT,
        audited_at TIMESTAMPTZ,
        targets_reached BOOLEAN,
        checked_by TEXT,
        checked_at TIMESTAMPTZ,
        rework_due_at TIMESTAMPTZ,
        concluded_by TEXT,
        concluded_at TIMESTAMPTZ,
        rule_version TEXT NOT NULL,
        version BIGINT NOT NULL,
        CONSTRAINT completion_pkey PRIMARY KEY (id),
        CONSTRAINT completion_project_id_round_key UNIQUE (project_id, round),
        CONSTRAINT completion_project_id_fkey FOREIGN KEY (project_id) REFERENCES build (project_id),
        CONSTRAINT completion_people_check CHECK (
            concluded_by <> audited_by AND checked_by <> audited_by AND concluded_by <> checked_by
        ),
        CONSTRAINT completion_state_check CHECK (
            state IN ('COMPLETION_REPORTED', 'AUDITED', 'MENTOR_CHECKED', 'PASSED', 'REWORK', 'FAILED')
            AND (state <> 'AUDITED' OR demonstrated_by_own_staff)
            AND (state <> 'REWORK' OR rework_due_at IS NOT NULL)
            AND (state <> 'PASSED' OR installed_as_planned AND functions_work AND demonstrated_by_own_staff
                 AND targets_reached AND concluded_by IS NOT NULL AND checked_by IS NOT NULL)
        )
    )
    """,
    "CREATE INDEX completion_due_idx ON completion (rework_due_at) WHERE state = 'REWORK'",
    # Agreements that are in force already have their build from here on.
    """
    INSERT INTO build (project_id, application_id, company_id, call_id, type_code, municipality_code,
                       supplier_business_number, state, began_at, version)
    SELECT project_id, application_id, company_id, call_id, type_code, municipality_code,
           supplier_business_number, 'UNDER_WAY', effective_at, 1
      FROM agreement WHERE state = 'EFFECTIVE'
    """,
)

_GUARDS = (
    # Whoever can write a row can still not bring back what has ended, nor decide a second time.
    """
    CREATE FUNCTION build_guard() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
    BEGIN
        IF OLD.state = 'TERMINATED' OR OLD.completed_at IS DISTINCT FROM NEW.completed_at
                                       AND (OLD.completed_at IS NOT NULL OR NEW.state <> 'COMPLETED')
           OR OLD.state = 'COMPLETED' AND NEW.state NOT IN ('COMPLETED', 'TERMINATED') THEN
            RAISE EXCEPTION 'build % is %, which stays', OLD.project_id, OLD.state
                USING ERRCODE = 'restrict_violation';
        END IF;
        RETURN NEW;
    END $$
    """,
    "CREATE TRIGGER build_guard BEFORE UPDATE ON build FOR EACH ROW EXECUTE FUNCTION build_guard()",
    """
    CREATE FUNCTION inspection_guard() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
    BEGIN
        IF OLD.state IN ('APPROVED', 'REFUSED', 'PASSED', 'FAILED')
           OR OLD.state = 'REWORK' AND NEW.state <> 'FAILED' THEN
            RAISE EXCEPTION '% % is %, which stays', TG_TABLE_NAME, OLD.id, OLD.state
                USING ERRCODE = 'restrict_violation';
        END IF;
        RETURN NEW;
    END $$
    """,
    "CREATE TRIGGER build_change_guard BEFORE UPDATE ON build_change FOR EACH ROW EXECUTE FUNCTION inspection_guard()",
    """
    CREATE TRIGGER interim_inspection_guard BEFORE UPDATE ON interim_inspection
    FOR EACH ROW EXECUTE FUNCTION inspection_guard()
    """,
    "CREATE TRIGGER completion_guard BEFORE UPDATE ON completion FOR EACH ROW EXECUTE FUNCTION inspection_guard()",
    """
    CREATE TRIGGER build_keeps BEFORE DELETE OR TRUNCATE ON build
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()
    """,
    """
    CREATE TRIGGER build_change_keeps BEFORE DELETE OR TRUNCATE ON build_change
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()
    """,
    """
    CREATE TRIGGER interim_inspection_keeps BEFORE DELETE OR TRUNCATE ON interim_inspection
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()
    """,
    """
    CREATE TRIGGER completion_keeps BEFORE DELETE OR TRUNCATE ON completion
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()
    """,
    # The triggers stop everybody; without these rights the app role does not even get that far.
    """
    DO $$
    DECLARE app text := replace(current_user, '_owner', '_app');
    BEGIN
        IF app <> current_user AND EXISTS (SELECT FROM pg_roles WHERE rolname = app) THEN
            EXECUTE format('REVOKE UPDATE ON build, build_change FROM %I', app);
            EXECUTE format('REVOKE DELETE, TRUNCATE ON build, build_change, interim_inspection, completion
                            FROM %I', app);
            EXECUTE format('GRANT UPDATE (state, completed_at, terminated_at, version) ON build TO %I', app);
            EXECUTE format('GRANT UPDATE (state, fault_party, decided_by, decided_at) ON build_change TO %I', app);
        END IF;
    END $$
    """,
)

_COMPANY = rows.tenant_id_of("company.owner", "company.staff")
_OWNER = rows.tenant_id_of("company.owner")
_AREA = rows.tenant_of("municipality.officer", "municipality.approver", "municipality.client")
_SUPPLIER = rows.tenant_of("supplier")
_OVERSEES = rows.is_one_of(
    "service", "province.officer", "province.approver", "province.treasurer", "technopark.operator", "auditor"
)
_DECIDES = rows.is_one_of("service", "technopark.operator", "province.approver")
_INSPECTS = rows.is_one_of("service", "technopark.operator")
# A subquery sees what its caller sees of the builds.
_OF_ITS_BUILD = "EXISTS (SELECT FROM build WHERE build.project_id = {table}.project_id)"
_OF_OWN_BUILD = f"EXISTS (SELECT FROM build WHERE build.project_id = {{table}}.project_id AND company_id = {_OWNER})"
_CHECKED_BY_CALLER = f"{rows.is_one_of('mentor')} AND mentor_subject = (SELECT caller_subject())"

# By table: which rows are seen, and which may be written.
_ROWS = {
    "build": (
        (
            f"{_OVERSEES} OR company_id = {_COMPANY} OR municipality_code = {_AREA}"
            f" OR supplier_business_number = {_SUPPLIER}"
        ),
        f"{_DECIDES} OR company_id = {_OWNER}",
    ),
    "build_change": (_OF_ITS_BUILD, f"{_DECIDES} OR {_OF_OWN_BUILD}"),
    "interim_inspection": (_OF_ITS_BUILD, _INSPECTS),
    "completion": (
        f"{_OF_ITS_BUILD} OR {_CHECKED_BY_CALLER}",
        f"{_INSPECTS} OR {_OF_OWN_BUILD} OR {_CHECKED_BY_CALLER}",
    ),
}


def upgrade() -> None:
    for statement in (*_TABLES, *_GUARDS):
        op.execute(statement)
    for table, (sees, writes) in _ROWS.items():
        rows.secure(op, table, sees=sees.replace("{table}", table), writes=writes.replace("{table}", table))


def downgrade() -> None:
    for table in reversed(_ROWS):
        rows.expose(op, table)
    op.execute("DROP TABLE completion, interim_inspection, build_change, build")
    op.execute("DROP FUNCTION inspection_guard()")
    op.execute("DROP FUNCTION build_guard()")
