"""The mentorship programme: cohorts, mentors with their training, teams with their calendars."""

from alembic import op

from common import row_security_v1 as rows

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

_PROVINCE = ("province.officer", "province.approver", "province.treasurer")
_OVERSEES = rows.is_one_of("service", *_PROVINCE, "technopark.operator", "auditor", "mentor.lead")
_OWN = f"({rows.is_one_of('mentor')} AND subject = (SELECT caller_subject()))"
_LEAD = rows.is_one_of("service", "mentor.lead")

_STATEMENTS = (
    """
    CREATE TABLE mentor_cohort (
        id UUID NOT NULL,
        title TEXT NOT NULL,
        recruited_on DATE NOT NULL,
        experience_years_min BIGINT NOT NULL,
        team_size_min BIGINT NOT NULL,
        team_size_max BIGINT NOT NULL,
        residency_weeks_min BIGINT NOT NULL,
        residency_weeks_max BIGINT NOT NULL,
        source_note TEXT NOT NULL,
        opened_by TEXT NOT NULL,
        opened_at TIMESTAMPTZ NOT NULL,
        CONSTRAINT mentor_cohort_pkey PRIMARY KEY (id),
        CONSTRAINT mentor_cohort_team_size_check CHECK (team_size_min BETWEEN 1 AND team_size_max),
        CONSTRAINT mentor_cohort_residency_weeks_check CHECK (residency_weeks_min BETWEEN 1 AND residency_weeks_max)
    )
    """,
    """
    CREATE TABLE mentor (
        id UUID NOT NULL,
        cohort_id UUID NOT NULL,
        subject TEXT NOT NULL,
        experience_years BIGINT NOT NULL,
        processes TEXT[] NOT NULL,
        technologies TEXT[] NOT NULL,
        ksic_divisions TEXT[] NOT NULL,
        state TEXT NOT NULL,
        recruited_by TEXT NOT NULL,
        recruited_at TIMESTAMPTZ NOT NULL,
        trained_on DATE,
        training_evidence_sha256 TEXT,
        version BIGINT NOT NULL,
        CONSTRAINT mentor_pkey PRIMARY KEY (id),
        CONSTRAINT mentor_subject_key UNIQUE (subject),
        CONSTRAINT mentor_cohort_id_fkey FOREIGN KEY (cohort_id) REFERENCES mentor_cohort (id),
        CONSTRAINT mentor_state_check CHECK (state IN ('RECRUITED', 'TRAINED')),
        CONSTRAINT mentor_training_check CHECK (
            (state = 'TRAINED') = (trained_on IS NOT NULL)
            AND (trained_on IS NULL) = (training_evidence_sha256 IS NULL)
        ),
        CONSTRAINT mentor_version_check CHECK (version > 0)
    )
    """,
    "CREATE INDEX mentor_cohort_idx ON mentor (cohort_id, id)",
    """
    CREATE TABLE mentor_team (
        id UUID NOT NULL,
        cohort_id UUID NOT NULL,
        title TEXT NOT NULL,
        base_municipality_code TEXT NOT NULL,
        state TEXT NOT NULL,
        formed_by TEXT NOT NULL,
        formed_at TIMESTAMPTZ NOT NULL,
        version BIGINT NOT NULL,
        CONSTRAINT mentor_team_pkey PRIMARY KEY (id),
        CONSTRAINT mentor_team_cohort_id_fkey FOREIGN KEY (cohort_id) REFERENCES mentor_cohort (id),
        CONSTRAINT mentor_team_state_check CHECK (state IN ('ACTIVE', 'DISBANDED')),
        CONSTRAINT mentor_team_version_check CHECK (version > 0)
    )
    """,
    """
    CREATE TABLE team_member (
        team_id UUID NOT NULL,
        mentor_id UUID NOT NULL,
        leads BOOLEAN NOT NULL,
        serves BOOLEAN NOT NULL,
        CONSTRAINT team_member_pkey PRIMARY KEY (team_id, mentor_id),
        CONSTRAINT team_member_team_id_fkey FOREIGN KEY (team_id) REFERENCES mentor_team (id),
        CONSTRAINT team_member_mentor_id_fkey FOREIGN KEY (mentor_id) REFERENCES mentor (id)
    )
    """,
    "CREATE UNIQUE INDEX team_member_one_team_idx ON team_member (mentor_id) WHERE serves",
    "CREATE UNIQUE INDEX team_member_one_lead_idx ON team_member (team_id) WHERE leads",
    """
    CREATE TABLE team_rotation (
        id UUID NOT NULL,
        team_id UUID NOT NULL,
        first_week DATE NOT NULL,
        weeks BIGINT NOT NULL,
        CONSTRAINT team_rotation_pkey PRIMARY KEY (id),
        CONSTRAINT team_rotation_team_id_fkey FOREIGN KEY (team_id) REFERENCES mentor_team (id),
        CONSTRAINT team_rotation_monday_check CHECK (extract(isodow FROM first_week) = 1),
        CONSTRAINT team_rotation_weeks_check CHECK (weeks > 0)
    )
    """,
    "CREATE UNIQUE INDEX team_rotation_week_idx ON team_rotation (team_id, first_week)",
)
_TABLES = ("mentor_cohort", "mentor", "mentor_team", "team_member", "team_rotation")


def upgrade() -> None:
    for statement in _STATEMENTS:
        op.execute(statement)
    officer = rows.is_one_of("service", "province.officer")
    trains = rows.is_one_of("service", "province.officer", "province.approver")
    rows.secure(op, "mentor_cohort", sees=_OVERSEES, writes=officer)
    rows.secure(op, "mentor", sees=f"{_OVERSEES} OR {_OWN}", writes=trains)
    for table in ("mentor_team", "team_member", "team_rotation"):
        rows.secure(op, table, sees=_OVERSEES, writes=_LEAD)


def downgrade() -> None:
    for table in reversed(_TABLES):
        op.execute(f"DROP TABLE {table}")
