"""The progress projection: one table per fact that some topic owns."""

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_STATEMENTS = (
    """
    CREATE TABLE call (
        call_id UUID NOT NULL,
        track TEXT NOT NULL,
        title_ko TEXT NOT NULL,
        fiscal_year BIGINT NOT NULL,
        opens_at TIMESTAMPTZ NOT NULL,
        closes_at TIMESTAMPTZ NOT NULL,
        CONSTRAINT call_pkey PRIMARY KEY (call_id)
    )
    """,
    """
    CREATE TABLE call_seat (
        call_id UUID NOT NULL,
        type_code TEXT NOT NULL,
        municipality_code TEXT NOT NULL,
        seats BIGINT NOT NULL,
        CONSTRAINT call_seat_pkey PRIMARY KEY (call_id, type_code, municipality_code)
    )
    """,
    """
    CREATE TABLE case_progress (
        application_id UUID NOT NULL,
        call_id UUID NOT NULL,
        type_code TEXT NOT NULL,
        municipality_code TEXT NOT NULL,
        state TEXT NOT NULL,
        changed_at TIMESTAMPTZ NOT NULL,
        CONSTRAINT case_progress_pkey PRIMARY KEY (application_id)
    )
    """,
    "CREATE INDEX case_progress_call_idx ON case_progress (call_id, municipality_code)",
    """
    CREATE TABLE project_progress (
        project_id UUID NOT NULL,
        application_id UUID NOT NULL,
        call_id UUID NOT NULL,
        type_code TEXT NOT NULL,
        municipality_code TEXT NOT NULL,
        state TEXT NOT NULL,
        promoted BOOLEAN NOT NULL,
        changed_at TIMESTAMPTZ NOT NULL,
        CONSTRAINT project_progress_pkey PRIMARY KEY (project_id)
    )
    """,
    "CREATE INDEX project_progress_call_idx ON project_progress (call_id, municipality_code)",
    """
    CREATE TABLE commitment (
        project_id UUID NOT NULL,
        call_id UUID NOT NULL,
        municipality_code TEXT NOT NULL,
        state TEXT NOT NULL,
        total_cost_won BIGINT NOT NULL,
        short_source TEXT,
        changed_at TIMESTAMPTZ NOT NULL,
        CONSTRAINT commitment_pkey PRIMARY KEY (project_id),
        CONSTRAINT commitment_state_check CHECK (state IN ('COMMITTED', 'REFUSED', 'RELEASED'))
    )
    """,
    "CREATE INDEX commitment_call_idx ON commitment (call_id, municipality_code)",
    """
    CREATE TABLE commitment_share (
        project_id UUID NOT NULL,
        source TEXT NOT NULL,
        budget_line_id UUID,
        amount_won BIGINT NOT NULL,
        CONSTRAINT commitment_share_pkey PRIMARY KEY (project_id, source)
    )
    """,
    """
    CREATE TABLE budget_line (
        budget_line_id UUID NOT NULL,
        source TEXT NOT NULL,
        municipality_code TEXT,
        fiscal_year BIGINT NOT NULL,
        track TEXT NOT NULL,
        confirmed_won BIGINT,
        left_won BIGINT NOT NULL,
        line_version BIGINT NOT NULL,
        CONSTRAINT budget_line_pkey PRIMARY KEY (budget_line_id)
    )
    """,
    "CREATE INDEX budget_line_year_idx ON budget_line (fiscal_year, track)",
)


def upgrade() -> None:
    for statement in _STATEMENTS:
        op.execute(statement)


def downgrade() -> None:
    op.execute("DROP TABLE call, call_seat, case_progress, project_progress, commitment, commitment_share, budget_line")
