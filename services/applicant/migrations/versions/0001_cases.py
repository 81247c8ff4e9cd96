"""The common tables; companies, calls that cannot change once published, applications and their screenings."""

from alembic import op

from common import schema

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_STATEMENTS = (
    """
    CREATE TABLE company (
        id UUID NOT NULL,
        business_number TEXT NOT NULL,
        corporate_number TEXT,
        name TEXT NOT NULL,
        representative_name TEXT NOT NULL,
        size_class TEXT NOT NULL,
        ksic_code TEXT NOT NULL,
        ksic_revision TEXT NOT NULL,
        annual_sales_won BIGINT NOT NULL,
        employees BIGINT NOT NULL,
        supported_before BOOLEAN NOT NULL,
        head_office_address TEXT NOT NULL,
        version BIGINT NOT NULL,
        CONSTRAINT company_pkey PRIMARY KEY (id),
        CONSTRAINT company_business_number_key UNIQUE (business_number),
        CONSTRAINT company_size_class_check CHECK (size_class IN ('SMALL', 'MEDIUM', 'MID_SIZED', 'LARGE')),
        CONSTRAINT company_annual_sales_check CHECK (annual_sales_won >= 0),
        CONSTRAINT company_employees_check CHECK (employees >= 0)
    )
    """,
    """
    CREATE TABLE worksite (
        id UUID NOT NULL,
        company_id UUID NOT NULL,
        name TEXT NOT NULL,
        code_as_written TEXT NOT NULL,
        recorded_on DATE NOT NULL,
        municipality_code TEXT NOT NULL,
        address TEXT NOT NULL,
        factory_registration_number TEXT,
        manufacturing_floor_m2 BIGINT NOT NULL,
        in_industrial_complex BOOLEAN NOT NULL,
        version BIGINT NOT NULL,
        CONSTRAINT worksite_pkey PRIMARY KEY (id),
        CONSTRAINT worksite_company_id_fkey FOREIGN KEY (company_id) REFERENCES company (id),
        CONSTRAINT worksite_company_id_name_key UNIQUE (company_id, name),
        CONSTRAINT worksite_municipality_code_check CHECK (municipality_code LIKE '52___'),
        CONSTRAINT worksite_manufacturing_floor_check CHECK (manufacturing_floor_m2 >= 0)
    )
    """,
    "CREATE INDEX worksite_municipality_code_idx ON worksite (municipality_code)",
    """
    CREATE TABLE call (
        id UUID NOT NULL,
        state TEXT NOT NULL,
        track TEXT NOT NULL,
        fiscal_year BIGINT NOT NULL,
        opens_at TIMESTAMPTZ NOT NULL,
        closes_at TIMESTAMPTZ NOT NULL,
        terms JSONB NOT NULL,
        proposers TEXT[] NOT NULL,
        published_at TIMESTAMPTZ,
        published_by TEXT,
        committee_date DATE,
        committee_resolution_number TEXT,
        version BIGINT NOT NULL,
        CONSTRAINT call_pkey PRIMARY KEY (id),
        CONSTRAINT call_state_check CHECK (state IN ('DRAFT', 'PUBLISHED')),
        CONSTRAINT call_track_check CHECK (track IN ('A', 'B')),
        CONSTRAINT call_window_check CHECK (opens_at < closes_at),
        CONSTRAINT call_publication_check CHECK (
            (state = 'PUBLISHED') = (published_at IS NOT NULL AND published_by IS NOT NULL
                AND committee_date IS NOT NULL AND committee_resolution_number IS NOT NULL)
        ),
        CONSTRAINT call_two_people_check CHECK (published_by <> ALL (proposers))
    )
    """,
    """
    CREATE TRIGGER call_stays_as_published BEFORE UPDATE OR DELETE ON call
        FOR EACH ROW WHEN (OLD.state = 'PUBLISHED') EXECUTE FUNCTION refuse_change()
    """,
    """
    CREATE TRIGGER call_is_not_emptied BEFORE TRUNCATE ON call
        FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()
    """,
    """
    CREATE TABLE application (
        id UUID NOT NULL,
        company_id UUID NOT NULL,
        call_id UUID NOT NULL,
        fiscal_year BIGINT NOT NULL,
        type_code TEXT NOT NULL,
        worksite_id UUID NOT NULL,
        municipality_code TEXT NOT NULL,
        total_cost_won BIGINT NOT NULL,
        plan JSONB NOT NULL,
        status TEXT NOT NULL,
        created_at TIMESTAMPTZ NOT NULL,
        submitted_at TIMESTAMPTZ,
        first_timer BOOLEAN,
        supplement JSONB,
        eligibility JSONB,
        appeal_until DATE,
        outcome TEXT,
        withdrawn_at TIMESTAMPTZ,
        withdrawal_reason TEXT,
        version BIGINT NOT NULL,
        CONSTRAINT application_pkey PRIMARY KEY (id),
        CONSTRAINT application_company_id_fkey FOREIGN KEY (company_id) REFERENCES company (id),
        CONSTRAINT application_call_id_fkey FOREIGN KEY (call_id) REFERENCES call (id),
        CONSTRAINT application_worksite_id_fkey FOREIGN KEY (worksite_id) REFERENCES worksite (id),
        CONSTRAINT application_status_check CHECK (
            status IN ('DRAFT', 'SUBMITTED', 'UNDER_SCREENING', 'SUPPLEMENT_REQUESTED', 'RESUBMITTED',
                'ELIGIBLE', 'INELIGIBLE', 'WITHDRAWN')
        ),
        CONSTRAINT application_outcome_check CHECK (outcome IN ('SELECTED', 'RESERVE', 'NOT_SELECTED')),
        CONSTRAINT application_total_cost_check CHECK (total_cost_won > 0),
        CONSTRAINT application_submitted_check CHECK (
            status IN ('DRAFT', 'WITHDRAWN') OR submitted_at IS NOT NULL
        ),
        CONSTRAINT application_appeal_check CHECK (status <> 'INELIGIBLE' OR appeal_until IS NOT NULL),
        CONSTRAINT application_municipality_code_check CHECK (municipality_code LIKE '52___')
    )
    """,
    """
    CREATE UNIQUE INDEX application_one_live_per_worksite_idx ON application (worksite_id, fiscal_year)
        WHERE status NOT IN ('DRAFT', 'INELIGIBLE', 'WITHDRAWN') AND (outcome IS NULL OR outcome <> 'NOT_SELECTED')
    """,
    "CREATE INDEX application_company_id_id_idx ON application (company_id, id)",
    "CREATE INDEX application_call_id_id_idx ON application (call_id, id)",
    "CREATE INDEX application_municipality_code_id_idx ON application (municipality_code, id)",
    """
    CREATE TABLE screening (
        application_id UUID NOT NULL,
        round BIGINT NOT NULL,
        state TEXT NOT NULL,
        rule_version TEXT NOT NULL,
        started_at TIMESTAMPTZ NOT NULL,
        checked_at TIMESTAMPTZ,
        findings JSONB NOT NULL,
        CONSTRAINT screening_pkey PRIMARY KEY (application_id, round),
        CONSTRAINT screening_application_id_fkey FOREIGN KEY (application_id) REFERENCES application (id),
        CONSTRAINT screening_state_check CHECK (state IN ('CHECKING', 'CHECKED', 'DECIDED')),
        CONSTRAINT screening_checked_at_check CHECK ((state = 'CHECKING') = (checked_at IS NULL))
    )
    """,
    """
    CREATE TABLE register_check (
        id UUID NOT NULL,
        application_id UUID NOT NULL,
        round BIGINT NOT NULL,
        register TEXT NOT NULL,
        business_number TEXT NOT NULL,
        corporate_number TEXT,
        asked_on DATE NOT NULL,
        state TEXT NOT NULL,
        attempts BIGINT NOT NULL,
        next_attempt_at TIMESTAMPTZ NOT NULL,
        leased_until TIMESTAMPTZ,
        problem TEXT,
        answer JSONB,
        answer_sha256 TEXT,
        answered_at TIMESTAMPTZ,
        CONSTRAINT register_check_pkey PRIMARY KEY (id),
        CONSTRAINT register_check_application_id_round_register_key UNIQUE (application_id, round, register),
        CONSTRAINT register_check_application_id_round_fkey
            FOREIGN KEY (application_id, round) REFERENCES screening (application_id, round),
        CONSTRAINT register_check_state_check CHECK (state IN ('PENDING', 'ANSWERED', 'DROPPED')),
        CONSTRAINT register_check_register_check CHECK (
            register IN ('TAX_OFFICE', 'SME_STATUS', 'DEBARMENT', 'SUPPLIER_DEBARMENT')
        ),
        CONSTRAINT register_check_answer_check CHECK ((state = 'ANSWERED') = (answer IS NOT NULL))
    )
    """,
    "CREATE INDEX register_check_pending_idx ON register_check (next_attempt_at) WHERE state = 'PENDING'",
)


def upgrade() -> None:
    schema.create_v1(op)
    for statement in _STATEMENTS:
        op.execute(statement)


def downgrade() -> None:
    for table in ("register_check", "screening", "application", "call", "worksite", "company"):
        op.execute(f"DROP TABLE {table}")
    schema.drop_v1(op)
