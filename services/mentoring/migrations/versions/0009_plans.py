"""What projects need, the matching rule, plans, which project has a team's weeks, and what Samsung says to that."""

from alembic import op

from common import row_security_v1 as rows

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

_PROVINCE = ("province.officer", "province.approver", "province.treasurer")
_OVERSEES = rows.is_one_of("service", *_PROVINCE, "technopark.operator", "auditor", "mentor.lead")
_LEAD = rows.is_one_of("service", "mentor.lead")
_CONFIRMS = rows.is_one_of("service", "mentor.lead", "province.officer")
_AREA_CODE = rows.tenant_of("municipality.officer", "municipality.approver", "municipality.client")
_AREA = rows.is_one_of("municipality.officer", "municipality.approver", "municipality.client")
# A municipality sees of the calendars which weeks its own firms have: waiting_project shows it no others.
_OWN_PROJECT = (
    f"({_AREA} AND EXISTS (SELECT FROM waiting_project WHERE waiting_project.project_id = team_rotation.project_id))"
)

_STATEMENTS = (
    """
    CREATE TABLE project_need (
        project_id UUID NOT NULL,
        processes TEXT[] NOT NULL,
        technologies TEXT[] NOT NULL,
        ksic_division TEXT NOT NULL,
        residency_weeks BIGINT NOT NULL,
        conflicts JSONB NOT NULL,
        stated_by TEXT NOT NULL,
        stated_at TIMESTAMPTZ NOT NULL,
        version BIGINT NOT NULL,
        CONSTRAINT project_need_pkey PRIMARY KEY (project_id),
        CONSTRAINT project_need_residency_weeks_check CHECK (residency_weeks > 0),
        CONSTRAINT project_need_version_check CHECK (version > 0)
    )
    """,
    """
    CREATE TABLE matching_rule (
        version TEXT NOT NULL,
        weights JSONB NOT NULL,
        distances_km JSONB NOT NULL,
        answer_days BIGINT NOT NULL,
        source_note TEXT NOT NULL,
        recorded_by TEXT NOT NULL,
        recorded_at TIMESTAMPTZ NOT NULL,
        CONSTRAINT matching_rule_pkey PRIMARY KEY (version),
        CONSTRAINT matching_rule_answer_days_check CHECK (answer_days > 0)
    )
    """,
    """
    CREATE TABLE mentor_plan (
        id UUID NOT NULL,
        rule_version TEXT NOT NULL,
        may_move BOOLEAN NOT NULL,
        given JSONB NOT NULL,
        input_sha256 TEXT NOT NULL,
        requested_by TEXT NOT NULL,
        requested_at TIMESTAMPTZ NOT NULL,
        state TEXT NOT NULL,
        attempts BIGINT NOT NULL,
        leased_until TIMESTAMPTZ,
        matched JSONB,
        cost BIGINT,
        bound BIGINT,
        solver TEXT,
        failure TEXT,
        confirmed_by TEXT,
        confirmed_at TIMESTAMPTZ,
        version BIGINT NOT NULL,
        CONSTRAINT mentor_plan_pkey PRIMARY KEY (id),
        CONSTRAINT mentor_plan_rule_version_fkey FOREIGN KEY (rule_version) REFERENCES matching_rule (version),
        CONSTRAINT mentor_plan_state_check CHECK (state IN ('REQUESTED', 'PROPOSED', 'FAILED', 'CONFIRMED')),
        CONSTRAINT mentor_plan_matched_check
            CHECK ((state IN ('PROPOSED', 'CONFIRMED')) = (matched IS NOT NULL)),
        CONSTRAINT mentor_plan_optimal_check CHECK (cost = bound),
        CONSTRAINT mentor_plan_version_check CHECK (version > 0)
    )
    """,
    "CREATE INDEX mentor_plan_state_idx ON mentor_plan (state, id)",
    """
    CREATE TABLE plan_what_if (
        id UUID NOT NULL,
        plan_id UUID NOT NULL,
        asked JSONB NOT NULL,
        requested_by TEXT NOT NULL,
        requested_at TIMESTAMPTZ NOT NULL,
        state TEXT NOT NULL,
        attempts BIGINT NOT NULL,
        leased_until TIMESTAMPTZ,
        result JSONB,
        cost BIGINT,
        bound BIGINT,
        failure TEXT,
        CONSTRAINT plan_what_if_pkey PRIMARY KEY (id),
        CONSTRAINT plan_what_if_plan_id_fkey FOREIGN KEY (plan_id) REFERENCES mentor_plan (id),
        CONSTRAINT plan_what_if_state_check CHECK (state IN ('REQUESTED', 'ANSWERED', 'FAILED')),
        CONSTRAINT plan_what_if_result_check CHECK ((state = 'ANSWERED') = (result IS NOT NULL)),
        CONSTRAINT plan_what_if_optimal_check CHECK (cost = bound)
    )
    """,
    "CREATE INDEX plan_what_if_plan_idx ON plan_what_if (plan_id, id)",
    "CREATE INDEX plan_what_if_state_idx ON plan_what_if (state, id)",
    """
    CREATE TABLE residency (
        id UUID NOT NULL,
        rotation_id UUID NOT NULL,
        project_id UUID NOT NULL,
        team_id UUID NOT NULL,
        plan_id UUID NOT NULL,
        municipality_code TEXT NOT NULL,
        first_week DATE NOT NULL,
        weeks BIGINT NOT NULL,
        state TEXT NOT NULL,
        assigned_at TIMESTAMPTZ NOT NULL,
        answer_due_at TIMESTAMPTZ NOT NULL,
        rule_version TEXT NOT NULL,
        answered_by TEXT,
        answered_at TIMESTAMPTZ,
        decline_reason TEXT,
        started_on DATE,
        ended_on DATE,
        changed_at TIMESTAMPTZ NOT NULL,
        version BIGINT NOT NULL,
        CONSTRAINT residency_pkey PRIMARY KEY (id),
        CONSTRAINT residency_team_id_fkey FOREIGN KEY (team_id) REFERENCES mentor_team (id),
        CONSTRAINT residency_state_check CHECK (
            state IN ('ASSIGNED', 'ACCEPTED', 'STARTED', 'ENDED', 'DECLINED', 'LAPSED', 'MOVED', 'RELEASED')
        ),
        CONSTRAINT residency_answered_check CHECK ((answered_by IS NULL) = (answered_at IS NULL)),
        CONSTRAINT residency_declined_check CHECK ((state = 'DECLINED') = (decline_reason IS NOT NULL)),
        CONSTRAINT residency_accepted_check
            CHECK (state NOT IN ('ACCEPTED', 'STARTED', 'ENDED') OR answered_at IS NOT NULL),
        CONSTRAINT residency_started_check CHECK (state NOT IN ('STARTED', 'ENDED') OR started_on IS NOT NULL),
        CONSTRAINT residency_ended_check
            CHECK ((state = 'ENDED') = (ended_on IS NOT NULL) AND ended_on >= started_on),
        CONSTRAINT residency_version_check CHECK (version > 0)
    )
    """,
    """
    CREATE UNIQUE INDEX residency_one_open_idx ON residency (project_id)
        WHERE state IN ('ASSIGNED', 'ACCEPTED', 'STARTED')
    """,
    """
    CREATE UNIQUE INDEX residency_one_rotation_idx ON residency (rotation_id)
        WHERE state IN ('ASSIGNED', 'ACCEPTED', 'STARTED', 'ENDED')
    """,
    "CREATE INDEX residency_due_idx ON residency (answer_due_at) WHERE state = 'ASSIGNED'",
    "CREATE INDEX residency_team_idx ON residency (team_id, id)",
    """
    ALTER TABLE team_rotation
        ADD COLUMN project_id UUID,
        ADD COLUMN plan_id UUID,
        ADD CONSTRAINT team_rotation_plan_check CHECK ((project_id IS NULL) = (plan_id IS NULL))
    """,
    "CREATE UNIQUE INDEX team_rotation_one_project_idx ON team_rotation (project_id) WHERE project_id IS NOT NULL",
)


def upgrade() -> None:
    for statement in _STATEMENTS:
        op.execute(statement)
    rows.secure(op, "project_need", sees=_OVERSEES, writes=rows.is_one_of("service", "technopark.operator"))
    rows.secure(op, "matching_rule", sees=_OVERSEES, writes=_LEAD)
    rows.secure(op, "mentor_plan", sees=_OVERSEES, writes=_CONFIRMS)
    rows.secure(op, "plan_what_if", sees=_OVERSEES, writes=_LEAD)
    rows.secure(
        op,
        "residency",
        sees=f"{_OVERSEES} OR {rows.is_one_of('samsung.client')} OR municipality_code = {_AREA_CODE}",
        writes=_CONFIRMS,
    )
    for table, sees in (("mentor_team", _OVERSEES), ("team_rotation", f"{_OVERSEES} OR {_OWN_PROJECT}")):
        rows.expose(op, table)
        rows.secure(op, table, sees=sees, writes=_CONFIRMS)


def downgrade() -> None:
    for table in ("mentor_team", "team_rotation"):
        rows.expose(op, table)
        rows.secure(op, table, sees=_OVERSEES, writes=_LEAD)
    op.execute("ALTER TABLE team_rotation DROP COLUMN project_id, DROP COLUMN plan_id")
    for table in ("residency", "plan_what_if", "mentor_plan", "matching_rule", "project_need"):
        op.execute(f"DROP TABLE {table}")
