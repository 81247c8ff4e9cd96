"""Who studied a good practice, settled once, and what projects adopted of it, which is only added."""

from alembic import op

from common import row_security_v1 as rows

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

_STATEMENTS = (
    """
    CREATE TABLE practice_study (
        id UUID NOT NULL,
        good_practice_id UUID NOT NULL,
        practice_company_id UUID NOT NULL,
        practice_municipality_code TEXT NOT NULL,
        visitor_company_id UUID,
        visitor_office TEXT,
        kind TEXT NOT NULL,
        wanted_on DATE NOT NULL,
        requested_by TEXT NOT NULL,
        requested_at TIMESTAMPTZ NOT NULL,
        requested_on DATE NOT NULL,
        state TEXT NOT NULL,
        held_on DATE,
        decline_reason TEXT,
        settled_by TEXT,
        settled_at TIMESTAMPTZ,
        version BIGINT NOT NULL,
        CONSTRAINT practice_study_pkey PRIMARY KEY (id),
        CONSTRAINT practice_study_good_practice_id_fkey FOREIGN KEY (good_practice_id) REFERENCES good_practice (id),
        CONSTRAINT practice_study_visitor_check CHECK ((visitor_company_id IS NULL) <> (visitor_office IS NULL)),
        CONSTRAINT practice_study_kind_check CHECK (kind IN ('VISIT', 'PAPERS')),
        CONSTRAINT practice_study_state_check CHECK (
            (settled_by IS NULL) = (settled_at IS NULL) AND (settled_by IS NULL) = (state = 'REQUESTED')
            AND CASE state WHEN 'REQUESTED' THEN held_on IS NULL AND decline_reason IS NULL
                           WHEN 'HELD' THEN held_on IS NOT NULL AND decline_reason IS NULL
                           WHEN 'DECLINED' THEN held_on IS NULL AND decline_reason IS NOT NULL
                           ELSE FALSE END
        )
    )
    """,
    """
    CREATE UNIQUE INDEX practice_study_company_open_idx ON practice_study (good_practice_id, visitor_company_id)
    WHERE state = 'REQUESTED'
    """,
    """
    CREATE UNIQUE INDEX practice_study_office_open_idx ON practice_study (good_practice_id, visitor_office)
    WHERE state = 'REQUESTED'
    """,
    "CREATE INDEX practice_study_good_practice_id_idx ON practice_study (good_practice_id, state)",
    """
    CREATE TRIGGER practice_study_stays BEFORE UPDATE ON practice_study
    FOR EACH ROW WHEN (OLD.state <> 'REQUESTED') EXECUTE FUNCTION refuse_change()
    """,
    """
    CREATE TRIGGER practice_study_keeps BEFORE DELETE OR TRUNCATE ON practice_study
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()
    """,
    """
    CREATE TABLE practice_adoption (
        id UUID NOT NULL,
        study_id UUID NOT NULL,
        good_practice_id UUID NOT NULL,
        project_id UUID NOT NULL,
        company_id UUID NOT NULL,
        municipality_code TEXT NOT NULL,
        processes TEXT[] NOT NULL,
        technologies TEXT[] NOT NULL,
        adopted_on DATE NOT NULL,
        recorded_by TEXT NOT NULL,
        recorded_at TIMESTAMPTZ NOT NULL,
        CONSTRAINT practice_adoption_pkey PRIMARY KEY (id),
        CONSTRAINT practice_adoption_study_id_fkey FOREIGN KEY (study_id) REFERENCES practice_study (id),
        CONSTRAINT practice_adoption_good_practice_id_project_id_key UNIQUE (good_practice_id, project_id)
    )
    """,
    "CREATE INDEX practice_adoption_study_id_idx ON practice_adoption (study_id)",
    """
    CREATE TRIGGER practice_adoption_keeps BEFORE UPDATE OR DELETE OR TRUNCATE ON practice_adoption
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()
    """,
    # The triggers stop everybody; without these rights the app role does not even get that far.
    """
    DO $$
    DECLARE app text := replace(current_user, '_owner', '_app');
    BEGIN
        IF app <> current_user AND EXISTS (SELECT FROM pg_roles WHERE rolname = app) THEN
            EXECUTE format('REVOKE UPDATE, DELETE, TRUNCATE ON practice_study, practice_adoption FROM %I', app);
            EXECUTE format('GRANT UPDATE (state, held_on, decline_reason, settled_by, settled_at, version)
                            ON practice_study TO %I', app);
        END IF;
    END $$
    """,
)
_AREA = rows.tenant_of("municipality.officer", "municipality.approver", "municipality.client")
_OFFICER = rows.tenant_of("municipality.officer")
_PROVINCE = rows.tenant_of("province.officer")
_COMPANY = rows.tenant_id_of("company.owner", "company.staff")
_OVERSEES = rows.is_one_of(
    "service", "province.officer", "province.approver", "province.treasurer", "technopark.operator", "auditor"
)
_SETTLES = rows.is_one_of("service", "technopark.operator")


def upgrade() -> None:
    for statement in _STATEMENTS:
        op.execute(statement)
    rows.secure(
        op,
        "practice_study",
        sees=(
            f"{_OVERSEES} OR visitor_company_id = {_COMPANY} OR practice_company_id = {_COMPANY}"
            f" OR visitor_office = {_AREA} OR practice_municipality_code = {_AREA}"
        ),
        writes=(
            f"{_SETTLES} OR visitor_company_id = {_COMPANY} OR visitor_office = {_OFFICER}"
            f" OR visitor_office = {_PROVINCE} OR practice_municipality_code = {_OFFICER}"
        ),
    )
    rows.secure(
        op,
        "practice_adoption",
        sees=(
            f"{_OVERSEES} OR EXISTS (SELECT FROM practice_study WHERE practice_study.id = practice_adoption.study_id)"
        ),
        writes=f"{_SETTLES} OR company_id = {_COMPANY} OR municipality_code = {_OFFICER}",
    )


def downgrade() -> None:
    op.execute("DROP TABLE practice_adoption, practice_study")
