"""Good practices: a case keeps what was nominated, three people decide, and of a project one case lives at a time."""

from alembic import op

from common import row_security_v1 as rows

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

_STATEMENTS = (
    """
    CREATE TABLE good_practice (
        id UUID NOT NULL,
        project_id UUID NOT NULL,
        company_id UUID NOT NULL,
        municipality_code TEXT NOT NULL,
        criteria_version TEXT NOT NULL,
        wave TEXT NOT NULL,
        title_ko TEXT NOT NULL,
        title_en TEXT NOT NULL,
        summary_ko TEXT NOT NULL,
        summary_en TEXT NOT NULL,
        sector TEXT NOT NULL,
        size_band TEXT NOT NULL,
        processes TEXT[] NOT NULL,
        technologies TEXT[] NOT NULL,
        kpis JSONB NOT NULL,
        nominated_by TEXT NOT NULL,
        nominated_at TIMESTAMPTZ NOT NULL,
        state TEXT NOT NULL,
        figures JSONB NOT NULL,
        baseline_number BIGINT,
        report_number BIGINT,
        finding TEXT,
        verified_by TEXT,
        verified_at TIMESTAMPTZ,
        firm_name TEXT,
        consented_by TEXT,
        consented_at TIMESTAMPTZ,
        named BOOLEAN NOT NULL,
        published_by TEXT,
        published_at TIMESTAMPTZ,
        withdrawal_reason TEXT,
        withdrawn_by TEXT,
        withdrawn_at TIMESTAMPTZ,
        version BIGINT NOT NULL,
        CONSTRAINT good_practice_pkey PRIMARY KEY (id),
        CONSTRAINT good_practice_wave_check CHECK (wave IN ('COMPLETION', 'YEAR_1', 'YEAR_2', 'YEAR_3')),
        CONSTRAINT good_practice_verifier_check CHECK (verified_by <> nominated_by),
        CONSTRAINT good_practice_publisher_check
            CHECK (published_by <> nominated_by AND published_by <> verified_by),
        CONSTRAINT good_practice_named_check CHECK (firm_name IS NOT NULL OR NOT named),
        CONSTRAINT good_practice_state_check CHECK (
            (verified_by IS NULL) = (verified_at IS NULL) AND (published_by IS NULL) = (published_at IS NULL)
            AND (withdrawn_by IS NULL) = (withdrawn_at IS NULL)
            AND (withdrawn_by IS NULL) = (withdrawal_reason IS NULL)
            AND (withdrawn_by IS NOT NULL) = (state = 'WITHDRAWN') AND (finding IS NOT NULL) = (state = 'RETURNED')
            AND CASE state WHEN 'NOMINATED' THEN verified_by IS NULL AND published_by IS NULL
                           WHEN 'VERIFIED' THEN report_number IS NOT NULL AND published_by IS NULL
                           WHEN 'PUBLISHED' THEN report_number IS NOT NULL AND published_by IS NOT NULL
                           WHEN 'RETURNED' THEN verified_by IS NOT NULL AND firm_name IS NULL
                           WHEN 'WITHDRAWN' THEN firm_name IS NULL
                           ELSE FALSE END
        )
    )
    """,
    """
    CREATE UNIQUE INDEX good_practice_project_id_living_idx ON good_practice (project_id)
    WHERE state IN ('NOMINATED', 'VERIFIED', 'PUBLISHED')
    """,
    "CREATE INDEX good_practice_municipality_code_id_idx ON good_practice (municipality_code, id)",
    "CREATE INDEX good_practice_company_id_idx ON good_practice (company_id)",
    """
    CREATE FUNCTION good_practice_guard() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
    BEGIN
        IF (NEW.id, NEW.project_id, NEW.company_id, NEW.municipality_code, NEW.criteria_version, NEW.wave,
            NEW.title_ko, NEW.title_en, NEW.summary_ko, NEW.summary_en, NEW.sector, NEW.size_band, NEW.processes,
            NEW.technologies, NEW.kpis, NEW.nominated_by, NEW.nominated_at)
           IS DISTINCT FROM
           (OLD.id, OLD.project_id, OLD.company_id, OLD.municipality_code, OLD.criteria_version, OLD.wave,
            OLD.title_ko, OLD.title_en, OLD.summary_ko, OLD.summary_en, OLD.sector, OLD.size_band, OLD.processes,
            OLD.technologies, OLD.kpis, OLD.nominated_by, OLD.nominated_at)
           OR OLD.state IN ('RETURNED', 'WITHDRAWN') OR NEW.version <> OLD.version + 1 THEN
            RAISE EXCEPTION 'good practice % keeps what was nominated, and has an end', OLD.id
                USING ERRCODE = 'restrict_violation';
        END IF;
        RETURN NEW;
    END $$
    """,
    """
    CREATE TRIGGER good_practice_guard BEFORE UPDATE ON good_practice
    FOR EACH ROW EXECUTE FUNCTION good_practice_guard()
    """,
    """
    CREATE TRIGGER good_practice_keeps BEFORE DELETE OR TRUNCATE ON good_practice
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()
    """,
    # The triggers stop everybody; without these rights the app role does not even get that far.
    """
    DO $$
    DECLARE app text := replace(current_user, '_owner', '_app');
    BEGIN
        IF app <> current_user AND EXISTS (SELECT FROM pg_roles WHERE rolname = app) THEN
            EXECUTE format('REVOKE UPDATE, DELETE, TRUNCATE ON good_practice FROM %I', app);
            EXECUTE format('GRANT UPDATE (state, figures, baseline_number, report_number, finding, verified_by,
                verified_at, firm_name, consented_by, consented_at, named, published_by, published_at,
                withdrawal_reason, withdrawn_by, withdrawn_at, version) ON good_practice TO %I', app);
        END IF;
    END $$
    """,
)
_AREA = rows.tenant_of("municipality.officer", "municipality.approver", "municipality.client")
_OFFICER = rows.tenant_of("municipality.officer")
_COMPANY = rows.tenant_id_of("company.owner", "company.staff")
_OWNER = rows.tenant_id_of("company.owner")
_OVERSEES = rows.is_one_of(
    "service", "province.officer", "province.approver", "province.treasurer", "technopark.operator", "auditor"
)
_DECIDES = rows.is_one_of("service", "technopark.operator", "province.approver")


def upgrade() -> None:
    for statement in _STATEMENTS:
        op.execute(statement)
    rows.secure(
        op,
        "good_practice",
        sees=f"{_OVERSEES} OR municipality_code = {_AREA} OR company_id = {_COMPANY}",
        writes=f"{_DECIDES} OR municipality_code = {_OFFICER} OR company_id = {_OWNER}",
    )


def downgrade() -> None:
    op.execute("DROP TABLE good_practice")
    op.execute("DROP FUNCTION good_practice_guard()")
