"""Deadlines of any case, notices with their delivery, objections and what they bring back; each sees its own."""

from alembic import op

from common import row_security_v1 as rows

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

_DEADLINES = (
    "ALTER TABLE legal_deadline RENAME TO legal_deadline_of_agreement",
    "ALTER TABLE legal_deadline_of_agreement RENAME CONSTRAINT legal_deadline_pkey TO legal_deadline_of_agreement_pkey",
    "DROP INDEX legal_deadline_open_idx",
    """
    CREATE TABLE legal_deadline (
        id UUID NOT NULL,
        subject_id UUID NOT NULL,
        kind TEXT NOT NULL,
        application_id UUID NOT NULL,
        project_id UUID,
        company_id UUID NOT NULL,
        call_id UUID NOT NULL,
        municipality_code TEXT NOT NULL,
        supplier_business_number TEXT,
        duty TEXT NOT NULL,
        opened_at TIMESTAMPTZ NOT NULL,
        due_at TIMESTAMPTZ NOT NULL,
        rule TEXT NOT NULL,
        rule_version TEXT NOT NULL,
        source_note TEXT NOT NULL,
        state TEXT NOT NULL,
        settled_at TIMESTAMPTZ,
        work_at TIMESTAMPTZ NOT NULL,
        alerted_days BIGINT,
        escalations BIGINT NOT NULL,
        attempts BIGINT NOT NULL DEFAULT 0,
        retry_at TIMESTAMPTZ,
        CONSTRAINT legal_deadline_pkey PRIMARY KEY (id),
        CONSTRAINT legal_deadline_state_check CHECK (
            state IN ('OPEN', 'OVERDUE', 'MET', 'MISSED', 'LAPSED', 'DROPPED')
            AND (state IN ('OPEN', 'OVERDUE')) = (settled_at IS NULL)
        ),
        CONSTRAINT legal_deadline_duty_check CHECK (duty IN ('FIRM', 'OPERATOR', 'PROVINCE'))
    )
    """,
    """
    INSERT INTO legal_deadline (
        id, subject_id, kind, application_id, project_id, company_id, call_id, municipality_code,
        supplier_business_number, duty, opened_at, due_at, rule, rule_version, source_note, state, settled_at, work_at,
        escalations
    )
    SELECT gen_random_uuid(), project_id, kind, application_id, project_id, company_id, call_id, municipality_code,
           supplier_business_number, 'FIRM', drafted_at, due_at, rule, rule_version, source_note, before.state,
           settled_at, due_at, 0
      FROM legal_deadline_of_agreement AS before JOIN agreement USING (project_id)
    """,
    "DROP TABLE legal_deadline_of_agreement",
    """
    CREATE UNIQUE INDEX legal_deadline_running_idx ON legal_deadline (subject_id, kind)
        WHERE state IN ('OPEN', 'OVERDUE')
    """,
    "CREATE INDEX legal_deadline_work_at_idx ON legal_deadline (work_at) WHERE state IN ('OPEN', 'OVERDUE')",
    "CREATE INDEX legal_deadline_due_at_id_idx ON legal_deadline (due_at, id)",
    "CREATE INDEX legal_deadline_company_id_due_at_id_idx ON legal_deadline (company_id, due_at, id)",
    "CREATE INDEX legal_deadline_municipality_code_due_at_id_idx ON legal_deadline (municipality_code, due_at, id)",
    "CREATE INDEX legal_deadline_application_id_idx ON legal_deadline (application_id)",
    "CREATE INDEX legal_deadline_project_id_idx ON legal_deadline (project_id) WHERE project_id IS NOT NULL",
)

_TABLES = (
    "ALTER TABLE company ADD COLUMN contact_email TEXT",
    """
    CREATE TABLE notice (
        id UUID NOT NULL,
        reason TEXT NOT NULL,
        kind TEXT NOT NULL,
        recipient TEXT NOT NULL,
        company_id UUID NOT NULL,
        application_id UUID NOT NULL,
        project_id UUID,
        subject TEXT NOT NULL,
        body TEXT NOT NULL,
        queued_at TIMESTAMPTZ NOT NULL,
        state TEXT NOT NULL,
        attempts BIGINT NOT NULL,
        problem TEXT,
        next_attempt_at TIMESTAMPTZ NOT NULL DEFAULT now(),
        sent_at TIMESTAMPTZ,
        CONSTRAINT notice_pkey PRIMARY KEY (id),
        CONSTRAINT notice_company_id_fkey FOREIGN KEY (company_id) REFERENCES company (id),
        CONSTRAINT notice_recipient_check CHECK (recipient IN ('COMPANY', 'OPERATOR', 'PROVINCE')),
        CONSTRAINT notice_state_check CHECK (
            state IN ('QUEUED', 'FAILED', 'SENT', 'GIVEN_UP') AND (state = 'SENT') = (sent_at IS NOT NULL)
        )
    )
    """,
    "CREATE INDEX notice_waiting_idx ON notice (next_attempt_at, id) WHERE state IN ('QUEUED', 'FAILED')",
    "CREATE INDEX notice_company_id_queued_at_id_idx ON notice (company_id, queued_at, id)",
    "CREATE INDEX notice_queued_at_id_idx ON notice (queued_at, id)",
    "CREATE INDEX notice_application_id_idx ON notice (application_id)",
    """
    CREATE TABLE objection (
        id UUID NOT NULL,
        deadline_id UUID NOT NULL,
        application_id UUID NOT NULL,
        company_id UUID NOT NULL,
        call_id UUID NOT NULL,
        type_code TEXT NOT NULL,
        municipality_code TEXT NOT NULL,
        against TEXT NOT NULL,
        statement TEXT NOT NULL,
        evidence_sha256 TEXT[] NOT NULL,
        filed_at TIMESTAMPTZ NOT NULL,
        due_at TIMESTAMPTZ NOT NULL,
        state TEXT NOT NULL,
        recommendation TEXT,
        findings TEXT,
        prepared_by TEXT,
        prepared_at TIMESTAMPTZ,
        consequence TEXT,
        reason TEXT,
        decided_by TEXT,
        decided_at TIMESTAMPTZ,
        version BIGINT NOT NULL,
        CONSTRAINT objection_pkey PRIMARY KEY (id),
        CONSTRAINT objection_deadline_id_key UNIQUE (deadline_id),
        CONSTRAINT objection_deadline_id_fkey FOREIGN KEY (deadline_id) REFERENCES legal_deadline (id),
        CONSTRAINT objection_application_id_fkey FOREIGN KEY (application_id) REFERENCES application (id),
        CONSTRAINT objection_against_check CHECK (against IN ('INELIGIBLE', 'NOT_SELECTED')),
        CONSTRAINT objection_state_check CHECK (
            CASE state WHEN 'FILED' THEN prepared_by IS NULL AND decided_by IS NULL
                 WHEN 'PREPARED' THEN prepared_by IS NOT NULL AND decided_by IS NULL
                 WHEN 'UPHELD' THEN prepared_by IS NOT NULL AND decided_by IS NOT NULL AND consequence IS NOT NULL
                 WHEN 'DISMISSED' THEN prepared_by IS NOT NULL AND decided_by IS NOT NULL AND consequence = 'NONE'
                 ELSE false END
        ),
        CONSTRAINT objection_two_people_check CHECK (decided_by <> prepared_by)
    )
    """,
    "CREATE INDEX objection_application_id_idx ON objection (application_id)",
    "CREATE INDEX objection_company_id_id_idx ON objection (company_id, id)",
    "CREATE INDEX objection_municipality_code_id_idx ON objection (municipality_code, id)",
    "CREATE INDEX objection_call_id_id_idx ON objection (call_id, id)",
    """
    CREATE TABLE reinstatement (
        application_id UUID NOT NULL,
        call_id UUID NOT NULL,
        company_id UUID NOT NULL,
        type_code TEXT NOT NULL,
        municipality_code TEXT NOT NULL,
        total_cost_won BIGINT NOT NULL,
        need_won JSONB NOT NULL,
        reinstated_at TIMESTAMPTZ NOT NULL,
        CONSTRAINT reinstatement_pkey PRIMARY KEY (application_id),
        CONSTRAINT reinstatement_application_id_fkey FOREIGN KEY (application_id) REFERENCES application (id),
        CONSTRAINT reinstatement_call_id_fkey FOREIGN KEY (call_id) REFERENCES selection (call_id)
    )
    """,
    "CREATE INDEX reinstatement_company_id_idx ON reinstatement (company_id)",
    "CREATE INDEX reinstatement_municipality_code_idx ON reinstatement (municipality_code)",
)

# Whoever can write a row can still not rewrite what has ended, nor take anything away.
_GUARDS = (
    """
    CREATE TRIGGER legal_deadline_keeps BEFORE DELETE OR TRUNCATE ON legal_deadline
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()
    """,
    """
    CREATE TRIGGER legal_deadline_stays BEFORE UPDATE ON legal_deadline
    FOR EACH ROW WHEN (OLD.settled_at IS NOT NULL) EXECUTE FUNCTION refuse_change()
    """,
    """
    CREATE TRIGGER notice_keeps BEFORE DELETE OR TRUNCATE ON notice
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()
    """,
    """
    CREATE TRIGGER notice_stays BEFORE UPDATE ON notice
    FOR EACH ROW WHEN (OLD.state = 'SENT') EXECUTE FUNCTION refuse_change()
    """,
    """
    CREATE TRIGGER objection_keeps BEFORE DELETE OR TRUNCATE ON objection
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()
    """,
    """
    CREATE TRIGGER objection_stays BEFORE UPDATE ON objection
    FOR EACH ROW WHEN (OLD.decided_at IS NOT NULL) EXECUTE FUNCTION refuse_change()
    """,
    """
    CREATE TRIGGER reinstatement_keeps BEFORE UPDATE OR DELETE OR TRUNCATE ON reinstatement
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()
    """,
    # The triggers stop everybody; without these rights the app role does not even get that far.
    """
    DO $$
    DECLARE app text := replace(current_user, '_owner', '_app');
    BEGIN
        IF app <> current_user AND EXISTS (SELECT FROM pg_roles WHERE rolname = app) THEN
            EXECUTE format('REVOKE UPDATE, DELETE, TRUNCATE ON legal_deadline, notice, objection, reinstatement
                            FROM %I', app);
            EXECUTE format('GRANT UPDATE (state, settled_at, work_at, alerted_days, escalations, attempts, retry_at)
                            ON legal_deadline TO %I', app);
            EXECUTE format('GRANT UPDATE (state, attempts, problem, next_attempt_at, sent_at) ON notice TO %I', app);
            EXECUTE format('GRANT UPDATE (state, recommendation, findings, prepared_by, prepared_at, consequence,
                            reason, decided_by, decided_at, version) ON objection TO %I', app);
        END IF;
    END $$
    """,
)

_COMPANY = rows.tenant_id_of("company.owner", "company.staff")
_OWNER = rows.tenant_id_of("company.owner")
_AREA = rows.tenant_of("municipality.officer", "municipality.approver", "municipality.client")
_SUPPLIER = rows.tenant_of("supplier")
_STAFF = rows.is_one_of("service", "technopark.operator", "province.approver")
_APPROVER = rows.is_one_of("service", "province.approver")
_OVERSEES = rows.is_one_of(
    "service", "province.officer", "province.approver", "province.treasurer", "technopark.operator", "auditor"
)
_CONCERNED = f"{_OVERSEES} OR company_id = {_COMPANY} OR municipality_code = {_AREA}"

# By table: which rows are seen, and which may be written.
_ROWS = {
    "legal_deadline": (
        f"{_CONCERNED} OR supplier_business_number = {_SUPPLIER}",
        f"{_STAFF} OR company_id = {_COMPANY} OR supplier_business_number = {_SUPPLIER}",
    ),
    # What an office is told of a firm's case is not the firm's to read.
    "notice": (
        f"{_OVERSEES} OR company_id = {_COMPANY} AND recipient = 'COMPANY'",
        f"{_STAFF} OR company_id = {_COMPANY} AND recipient = 'COMPANY'",
    ),
    "objection": (_CONCERNED, f"{_STAFF} OR company_id = {_OWNER}"),
    "reinstatement": (_CONCERNED, _APPROVER),
}

_DEADLINES_BEFORE = (
    "ALTER TABLE legal_deadline RENAME TO legal_deadline_of_any",
    "ALTER TABLE legal_deadline_of_any RENAME CONSTRAINT legal_deadline_pkey TO legal_deadline_of_any_pkey",
    """
    CREATE TABLE legal_deadline (
        project_id UUID NOT NULL,
        kind TEXT NOT NULL,
        due_at TIMESTAMPTZ NOT NULL,
        rule TEXT NOT NULL,
        rule_version TEXT NOT NULL,
        source_note TEXT NOT NULL,
        state TEXT NOT NULL,
        settled_at TIMESTAMPTZ,
        CONSTRAINT legal_deadline_pkey PRIMARY KEY (project_id, kind),
        CONSTRAINT legal_deadline_project_id_fkey FOREIGN KEY (project_id) REFERENCES agreement (project_id),
        CONSTRAINT legal_deadline_state_check CHECK (
            state IN ('OPEN', 'MET', 'MISSED', 'DROPPED') AND (state = 'OPEN') = (settled_at IS NULL)
        )
    )
    """,
    """
    INSERT INTO legal_deadline
    SELECT project_id, kind, due_at, rule, rule_version, source_note, state, settled_at
      FROM legal_deadline_of_any WHERE kind = 'AGREEMENT_SIGNATURES'
    """,
    "DROP TABLE legal_deadline_of_any",
    "CREATE INDEX legal_deadline_open_idx ON legal_deadline (due_at) WHERE state = 'OPEN'",
    """
    CREATE TRIGGER legal_deadline_keeps BEFORE DELETE OR TRUNCATE ON legal_deadline
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()
    """,
    """
    DO $$
    DECLARE app text := replace(current_user, '_owner', '_app');
    BEGIN
        IF app <> current_user AND EXISTS (SELECT FROM pg_roles WHERE rolname = app) THEN
            EXECUTE format('REVOKE UPDATE, DELETE, TRUNCATE ON legal_deadline FROM %I', app);
            EXECUTE format('GRANT UPDATE (state, settled_at) ON legal_deadline TO %I', app);
        END IF;
    END $$
    """,
)
_OF_ITS_AGREEMENT = "EXISTS (SELECT FROM agreement WHERE agreement.project_id = legal_deadline.project_id)"
_OF_OWN_AGREEMENT = (
    "EXISTS (SELECT FROM agreement WHERE agreement.project_id = legal_deadline.project_id"
    f" AND (company_id = {_OWNER} OR supplier_business_number = {_SUPPLIER}))"
)


def upgrade() -> None:
    for statement in (*_DEADLINES, *_TABLES, *_GUARDS):
        op.execute(statement)
    for table, (sees, writes) in _ROWS.items():
        rows.secure(op, table, sees=sees, writes=writes)


def downgrade() -> None:
    for table in reversed(_ROWS):
        rows.expose(op, table)
    op.execute("DROP TABLE reinstatement, objection, notice")
    op.execute("ALTER TABLE company DROP COLUMN contact_email")
    for statement in _DEADLINES_BEFORE:
        op.execute(statement)
    rows.secure(
        op,
        "legal_deadline",
        sees=_OF_ITS_AGREEMENT,
        writes=f"{rows.SERVICE} OR {rows.is_one_of('technopark.operator')} OR {_OF_OWN_AGREEMENT}",
    )
