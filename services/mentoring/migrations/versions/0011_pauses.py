"""Projects that are suspended, completed or terminated, and why a residency's weeks went back to its team."""

from alembic import op

from common import row_security_v1 as rows

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

_OVERSEES = rows.is_one_of(
    "service",
    "province.officer",
    "province.approver",
    "province.treasurer",
    "technopark.operator",
    "auditor",
    "mentor.lead",
)
_READERS = rows.is_one_of(
    "samsung.client",
    "mentor",
    "company.owner",
    "company.staff",
    "municipality.officer",
    "municipality.approver",
    "municipality.client",
)
# Whoever sees a residency sees why it rests: residency shows each of them no others.
_OWN = "EXISTS (SELECT FROM residency WHERE residency.project_id = project_pause.project_id)"

_STATEMENTS = (
    "ALTER TABLE waiting_project DROP CONSTRAINT waiting_project_state_check",
    """
    ALTER TABLE waiting_project ADD CONSTRAINT waiting_project_state_check
        CHECK (state IN ('WAITING', 'SUSPENDED', 'COMPLETED', 'WITHDRAWN', 'TERMINATED'))
    """,
    """
    CREATE TABLE project_pause (
        suspension_id UUID NOT NULL,
        project_id UUID NOT NULL,
        cause TEXT NOT NULL,
        suspended_on DATE NOT NULL,
        resumed_on DATE,
        changed_at TIMESTAMPTZ NOT NULL,
        CONSTRAINT project_pause_pkey PRIMARY KEY (suspension_id),
        CONSTRAINT project_pause_resumed_check CHECK (resumed_on >= suspended_on)
    )
    """,
    "CREATE INDEX project_pause_project_idx ON project_pause (project_id, suspended_on)",
    "CREATE UNIQUE INDEX project_pause_one_open_idx ON project_pause (project_id) WHERE resumed_on IS NULL",
    "ALTER TABLE residency ADD COLUMN release_reason TEXT",
    "UPDATE residency SET release_reason = 'PROJECT_WITHDRAWN' WHERE state = 'RELEASED'",
    """
    ALTER TABLE residency ADD CONSTRAINT residency_released_check
        CHECK ((state = 'RELEASED') = (release_reason IS NOT NULL))
    """,
    "ALTER TABLE residency DROP CONSTRAINT residency_ended_check",
    """
    ALTER TABLE residency ADD CONSTRAINT residency_ended_check CHECK (
        (state <> 'ENDED' OR ended_on IS NOT NULL)
        AND (ended_on IS NULL OR state IN ('ENDED', 'RELEASED')) AND ended_on >= started_on
    )
    """,
)
_BACK = (
    "ALTER TABLE residency DROP CONSTRAINT residency_ended_check",
    "UPDATE residency SET ended_on = NULL WHERE state = 'RELEASED'",
    """
    ALTER TABLE residency ADD CONSTRAINT residency_ended_check
        CHECK ((state = 'ENDED') = (ended_on IS NOT NULL) AND ended_on >= started_on)
    """,
    "ALTER TABLE residency DROP CONSTRAINT residency_released_check",
    "ALTER TABLE residency DROP COLUMN release_reason",
    "DROP TABLE project_pause",
    "ALTER TABLE waiting_project DROP CONSTRAINT waiting_project_state_check",
    "UPDATE waiting_project SET state = 'WITHDRAWN' WHERE state NOT IN ('WAITING', 'SUSPENDED')",
    "UPDATE waiting_project SET state = 'WAITING' WHERE state = 'SUSPENDED'",
    """
    ALTER TABLE waiting_project ADD CONSTRAINT waiting_project_state_check
        CHECK (state IN ('WAITING', 'WITHDRAWN'))
    """,
)


def upgrade() -> None:
    for statement in _STATEMENTS:
        op.execute(statement)
    rows.secure(op, "project_pause", sees=f"{_OVERSEES} OR ({_READERS} AND {_OWN})", writes=rows.SERVICE)


def downgrade() -> None:
    for statement in _BACK:
        op.execute(statement)
