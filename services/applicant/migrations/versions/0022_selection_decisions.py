"""A call of any number of cases is decided: its decision is a row that a worker makes and tells of in portions."""

from alembic import op

from common import row_security_v1 as rows

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None

_STATEMENTS = (
    """
    CREATE TABLE selection_decision (
        id UUID NOT NULL,
        call_id UUID NOT NULL,
        number BIGINT NOT NULL,
        issuer TEXT NOT NULL,
        subject TEXT NOT NULL,
        role TEXT NOT NULL,
        tenant TEXT,
        correlation_id TEXT NOT NULL,
        requested_at TIMESTAMPTZ NOT NULL,
        cases BIGINT NOT NULL,
        told BIGINT NOT NULL,
        state TEXT NOT NULL,
        evidence TEXT,
        decided_at TIMESTAMPTZ,
        ended_at TIMESTAMPTZ,
        refused_code TEXT,
        refused_ko TEXT,
        refused_en TEXT,
        CONSTRAINT selection_decision_pkey PRIMARY KEY (id),
        CONSTRAINT selection_decision_call_id_fkey FOREIGN KEY (call_id) REFERENCES selection (call_id),
        CONSTRAINT selection_decision_call_id_number_fkey FOREIGN KEY (call_id, number)
            REFERENCES ranking (call_id, number),
        CONSTRAINT selection_decision_state_check CHECK (
            CASE state WHEN 'REQUESTED' THEN told = 0 AND ended_at IS NULL
                 WHEN 'DECIDED' THEN told < cases AND ended_at IS NULL
                 WHEN 'TOLD' THEN told = cases AND ended_at IS NOT NULL
                 WHEN 'REFUSED' THEN told = 0 AND ended_at IS NOT NULL ELSE false END
        ),
        CONSTRAINT selection_decision_decided_check CHECK (
            (state IN ('DECIDED', 'TOLD')) = (decided_at IS NOT NULL) AND (decided_at IS NULL) = (evidence IS NULL)
        ),
        CONSTRAINT selection_decision_refused_check CHECK (
            (state = 'REFUSED') = (refused_code IS NOT NULL)
            AND (refused_code IS NULL) = (refused_ko IS NULL) AND (refused_code IS NULL) = (refused_en IS NULL)
        ),
        CONSTRAINT selection_decision_told_check CHECK (told >= 0 AND cases >= 1)
    )
    """,
    """
    CREATE UNIQUE INDEX selection_decision_open_idx ON selection_decision (call_id)
    WHERE state IN ('REQUESTED', 'DECIDED')
    """,
    "CREATE INDEX selection_decision_call_id_id_idx ON selection_decision (call_id, id)",
    # Portions and pages go by the position, and find theirs without a look at all the others.
    "CREATE UNIQUE INDEX ranked_case_position_idx ON ranked_case (ranking_id, position)",
    """
    CREATE TRIGGER selection_decision_keeps BEFORE DELETE OR TRUNCATE ON selection_decision
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()
    """,
    # It only goes forward: what was told stays told, and what has ended has ended.
    """
    CREATE TRIGGER selection_decision_stays BEFORE UPDATE ON selection_decision
    FOR EACH ROW WHEN (
        OLD.ended_at IS NOT NULL OR NEW.told < OLD.told OR (OLD.state = 'DECIDED' AND NEW.state = 'REQUESTED')
    ) EXECUTE FUNCTION refuse_change()
    """,
    # The triggers stop everybody; without these rights the app role does not even get that far.
    """
    DO $$
    DECLARE app text := replace(current_user, '_owner', '_app');
    BEGIN
        IF app <> current_user AND EXISTS (SELECT FROM pg_roles WHERE rolname = app) THEN
            EXECUTE format('REVOKE UPDATE, DELETE, TRUNCATE ON selection_decision FROM %I', app);
            EXECUTE format('GRANT UPDATE (told, state, evidence, decided_at, ended_at, refused_code, refused_ko,
                                          refused_en) ON selection_decision TO %I', app);
        END IF;
    END $$
    """,
)

_OVERSEES = rows.is_one_of(
    "service", "province.officer", "province.approver", "province.treasurer", "technopark.operator", "auditor"
)


def upgrade() -> None:
    for statement in _STATEMENTS:
        op.execute(statement)
    # An approver asks for it; what becomes of it is the worker's to say.
    writes = f"{rows.SERVICE} OR ({rows.is_one_of('province.approver')} AND state = 'REQUESTED')"
    rows.secure(op, "selection_decision", sees=_OVERSEES, writes=writes)


def downgrade() -> None:
    rows.expose(op, "selection_decision")
    op.execute("DROP TABLE selection_decision")
    op.execute("DROP INDEX ranked_case_position_idx")
