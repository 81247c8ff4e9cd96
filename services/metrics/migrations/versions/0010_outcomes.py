"""Outcomes: projects as events tell of them, and what people say, which no rebuild could make anew.

A report stays as it was made and is decided once, by another person; silences are only added.
"""

from alembic import op

from common import row_security_v1 as rows

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

_STATEMENTS = (
    """
    CREATE TABLE outcome_project (
        project_id UUID NOT NULL,
        company_id UUID,
        municipality_code TEXT NOT NULL,
        track TEXT,
        type_code TEXT NOT NULL,
        agreed_at TIMESTAMPTZ,
        completed_at TIMESTAMPTZ,
        terminated_at TIMESTAMPTZ,
        CONSTRAINT outcome_project_pkey PRIMARY KEY (project_id)
    )
    """,
    "CREATE INDEX outcome_project_company_idx ON outcome_project (company_id)",
    """
    CREATE TABLE outcome_report (
        id UUID NOT NULL,
        project_id UUID NOT NULL,
        company_id UUID NOT NULL,
        municipality_code TEXT NOT NULL,
        wave TEXT NOT NULL,
        number BIGINT NOT NULL,
        rule_version TEXT NOT NULL,
        period_from DATE NOT NULL,
        period_to DATE NOT NULL,
        product_changed BOOLEAN NOT NULL,
        figures JSONB NOT NULL,
        reason TEXT,
        evidence_sha256 TEXT NOT NULL,
        state TEXT NOT NULL,
        finding TEXT,
        checked_outliers TEXT[] NOT NULL,
        reported_by TEXT NOT NULL,
        reported_at TIMESTAMPTZ NOT NULL,
        decided_by TEXT,
        decided_at TIMESTAMPTZ,
        version BIGINT NOT NULL,
        CONSTRAINT outcome_report_pkey PRIMARY KEY (id),
        CONSTRAINT outcome_report_project_id_wave_number_key UNIQUE (project_id, wave, number),
        CONSTRAINT outcome_report_wave_check
            CHECK (wave IN ('BASELINE', 'COMPLETION', 'YEAR_1', 'YEAR_2', 'YEAR_3')),
        CONSTRAINT outcome_report_period_check CHECK (period_from <= period_to),
        CONSTRAINT outcome_report_two_people_check CHECK (decided_by <> reported_by),
        CONSTRAINT outcome_report_state_check CHECK (
            (decided_by IS NULL) = (decided_at IS NULL)
            AND CASE state WHEN 'REPORTED' THEN decided_by IS NULL AND finding IS NULL
                           WHEN 'VERIFIED' THEN decided_by IS NOT NULL AND finding IS NULL
                           WHEN 'RETURNED' THEN decided_by IS NOT NULL AND finding IS NOT NULL
                           ELSE FALSE END
        )
    )
    """,
    "CREATE INDEX outcome_report_company_idx ON outcome_report (company_id)",
    """
    CREATE FUNCTION outcome_report_guard() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
    BEGIN
        IF (NEW.id, NEW.project_id, NEW.company_id, NEW.municipality_code, NEW.wave, NEW.number, NEW.rule_version,
            NEW.period_from, NEW.period_to, NEW.product_changed, NEW.figures, NEW.reason, NEW.evidence_sha256,
            NEW.reported_by, NEW.reported_at)
           IS DISTINCT FROM
           (OLD.id, OLD.project_id, OLD.company_id, OLD.municipality_code, OLD.wave, OLD.number, OLD.rule_version,
            OLD.period_from, OLD.period_to, OLD.product_changed, OLD.figures, OLD.reason, OLD.evidence_sha256,
            OLD.reported_by, OLD.reported_at)
           OR OLD.state <> 'REPORTED' OR NEW.version <> OLD.version + 1 THEN
            RAISE EXCEPTION 'outcome report % is decided once, and what was said stays', OLD.id
                USING ERRCODE = 'restrict_violation';
        END IF;
        RETURN NEW;
    END $$
    """,
    """
    CREATE TRIGGER outcome_report_guard BEFORE UPDATE ON outcome_report
    FOR EACH ROW EXECUTE FUNCTION outcome_report_guard()
    """,
    """
    CREATE TRIGGER outcome_report_keeps BEFORE DELETE OR TRUNCATE ON outcome_report
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()
    """,
    """
    CREATE TABLE outcome_silence (
        id UUID NOT NULL,
        project_id UUID NOT NULL,
        company_id UUID,
        municipality_code TEXT NOT NULL,
        wave TEXT NOT NULL,
        reason TEXT NOT NULL,
        recorded_by TEXT NOT NULL,
        recorded_at TIMESTAMPTZ NOT NULL,
        CONSTRAINT outcome_silence_pkey PRIMARY KEY (id),
        CONSTRAINT outcome_silence_wave_check CHECK (wave IN ('COMPLETION', 'YEAR_1', 'YEAR_2', 'YEAR_3'))
    )
    """,
    "CREATE INDEX outcome_silence_project_idx ON outcome_silence (project_id, wave)",
    """
    CREATE TRIGGER outcome_silence_keeps BEFORE UPDATE OR DELETE OR TRUNCATE ON outcome_silence
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()
    """,
    # The triggers stop everybody; without these rights the app role does not even get that far.
    """
    DO $$
    DECLARE app text := replace(current_user, '_owner', '_app');
    BEGIN
        IF app <> current_user AND EXISTS (SELECT FROM pg_roles WHERE rolname = app) THEN
            EXECUTE format('REVOKE UPDATE, DELETE, TRUNCATE ON outcome_report, outcome_silence FROM %I', app);
            EXECUTE format('GRANT UPDATE (state, finding, checked_outliers, decided_by, decided_at, version)
                            ON outcome_report TO %I', app);
        END IF;
    END $$
    """,
)
_AREA = rows.tenant_of("municipality.officer", "municipality.approver", "municipality.client")
_COMPANY = rows.tenant_id_of("company.owner", "company.staff")
_OVERSEES = rows.is_one_of(
    "service", "province.officer", "province.approver", "province.treasurer", "technopark.operator", "auditor"
)
_SEES = f"{_OVERSEES} OR municipality_code = {_AREA} OR company_id = {_COMPANY}"
_VERIFIES = rows.is_one_of("service", "technopark.operator")
_WRITES = {
    "outcome_project": rows.SERVICE,
    "outcome_report": f"{_VERIFIES} OR company_id = {_COMPANY}",
    "outcome_silence": _VERIFIES,
}


def upgrade() -> None:
    for statement in _STATEMENTS:
        op.execute(statement)
    for table, writes in _WRITES.items():
        rows.secure(op, table, sees=_SEES, writes=writes)


def downgrade() -> None:
    op.execute(f"DROP TABLE {', '.join(_WRITES)}")
    op.execute("DROP FUNCTION outcome_report_guard()")
