"""A ranking of any number of cases: its request is a row that a worker makes the ranking of, or refuses."""

from alembic import op

from common import row_security_v1 as rows

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None

_STATEMENTS = (
    """
    CREATE TABLE ranking_request (
        id UUID NOT NULL,
        call_id UUID NOT NULL,
        issuer TEXT NOT NULL,
        subject TEXT NOT NULL,
        role TEXT NOT NULL,
        tenant TEXT,
        correlation_id TEXT NOT NULL,
        requested_at TIMESTAMPTZ NOT NULL,
        state TEXT NOT NULL,
        number BIGINT,
        ended_at TIMESTAMPTZ,
        refused_code TEXT,
        refused_ko TEXT,
        refused_en TEXT,
        CONSTRAINT ranking_request_pkey PRIMARY KEY (id),
        CONSTRAINT ranking_request_call_id_fkey FOREIGN KEY (call_id) REFERENCES selection (call_id),
        CONSTRAINT ranking_request_call_id_number_fkey FOREIGN KEY (call_id, number)
            REFERENCES ranking (call_id, number),
        CONSTRAINT ranking_request_state_check CHECK (state IN ('REQUESTED', 'PROPOSED', 'REFUSED')),
        CONSTRAINT ranking_request_ended_check CHECK (
            (state = 'REQUESTED') = (ended_at IS NULL) AND (state = 'PROPOSED') = (number IS NOT NULL)
        ),
        CONSTRAINT ranking_request_refused_check CHECK (
            (state = 'REFUSED') = (refused_code IS NOT NULL)
            AND (refused_code IS NULL) = (refused_ko IS NULL) AND (refused_code IS NULL) = (refused_en IS NULL)
        )
    )
    """,
    "CREATE UNIQUE INDEX ranking_request_open_idx ON ranking_request (call_id) WHERE state = 'REQUESTED'",
    "CREATE INDEX ranking_request_call_id_id_idx ON ranking_request (call_id, id)",
    """
    CREATE TRIGGER ranking_request_keeps BEFORE DELETE OR TRUNCATE ON ranking_request
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()
    """,
    """
    CREATE TRIGGER ranking_request_stays BEFORE UPDATE ON ranking_request
    FOR EACH ROW WHEN (OLD.ended_at IS NOT NULL) EXECUTE FUNCTION refuse_change()
    """,
    # The triggers stop everybody; without these rights the app role does not even get that far.
    """
    DO $$
    DECLARE app text := replace(current_user, '_owner', '_app');
    BEGIN
        IF app <> current_user AND EXISTS (SELECT FROM pg_roles WHERE rolname = app) THEN
            EXECUTE format('REVOKE UPDATE, DELETE, TRUNCATE ON ranking_request FROM %I', app);
            EXECUTE format('GRANT UPDATE (state, number, ended_at, refused_code, refused_ko, refused_en)
                            ON ranking_request TO %I', app);
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
    # An operator asks for it; what becomes of it is the worker's to say.
    writes = f"{rows.SERVICE} OR ({rows.is_one_of('technopark.operator')} AND state = 'REQUESTED')"
    rows.secure(op, "ranking_request", sees=_OVERSEES, writes=writes)


def downgrade() -> None:
    rows.expose(op, "ranking_request")
    op.execute("DROP TABLE ranking_request")
