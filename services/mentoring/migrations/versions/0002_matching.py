"""The queue of projects that wait for mentors."""

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_STATEMENTS = (
    """
    CREATE TABLE waiting_project (
        project_id UUID NOT NULL,
        application_id UUID NOT NULL,
        call_id UUID NOT NULL,
        type_code TEXT NOT NULL,
        municipality_code TEXT NOT NULL,
        waiting_since TIMESTAMPTZ NOT NULL,
        state TEXT NOT NULL,
        CONSTRAINT waiting_project_pkey PRIMARY KEY (project_id),
        CONSTRAINT waiting_project_state_check CHECK (state IN ('WAITING', 'WITHDRAWN'))
    )
    """,
    "CREATE INDEX waiting_project_queue_idx ON waiting_project (state, waiting_since, project_id)",
)


def upgrade() -> None:
    for statement in _STATEMENTS:
        op.execute(statement)


def downgrade() -> None:
    op.execute("DROP TABLE waiting_project")
