"""Outcome waves that were closed, each told outside once: a row stays as it is, and no rebuild puts another there."""

from alembic import op

from common import row_security_v1 as rows

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None

_STATEMENTS = (
    """
    CREATE TABLE outcome_wave_closing (
        project_id UUID NOT NULL,
        wave TEXT NOT NULL,
        event_id UUID NOT NULL,
        municipality_code TEXT NOT NULL,
        due_on DATE NOT NULL,
        ended_at TIMESTAMPTZ NOT NULL,
        response TEXT NOT NULL,
        rule_version TEXT NOT NULL,
        CONSTRAINT outcome_wave_closing_pkey PRIMARY KEY (project_id, wave),
        CONSTRAINT outcome_wave_closing_event_id_key UNIQUE (event_id),
        CONSTRAINT outcome_wave_closing_wave_check CHECK (wave IN ('COMPLETION', 'YEAR_1', 'YEAR_2', 'YEAR_3')),
        CONSTRAINT outcome_wave_closing_response_check CHECK (response IN ('RESPONDED', 'NO_RESPONSE')),
        CONSTRAINT outcome_wave_closing_ended_check
            CHECK (ended_at = (due_on + 1)::timestamp AT TIME ZONE 'Asia/Seoul')
    )
    """,
    """
    CREATE TRIGGER outcome_wave_closing_stays BEFORE UPDATE OR DELETE OR TRUNCATE ON outcome_wave_closing
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()
    """,
    # The trigger stops everybody; without these rights the app role does not even get that far.
    """
    DO $$
    DECLARE app text := replace(current_user, '_owner', '_app');
    BEGIN
        IF app <> current_user AND EXISTS (SELECT FROM pg_roles WHERE rolname = app) THEN
            EXECUTE format('REVOKE UPDATE, DELETE, TRUNCATE ON outcome_wave_closing FROM %I', app);
        END IF;
    END $$
    """,
)


def upgrade() -> None:
    for statement in _STATEMENTS:
        op.execute(statement)
    rows.secure(op, "outcome_wave_closing", sees=rows.SERVICE, writes=rows.SERVICE)


def downgrade() -> None:
    op.execute("DROP TABLE outcome_wave_closing")
