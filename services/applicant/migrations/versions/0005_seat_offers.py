"""Seat offers: one standing offer per call, municipality and type, decided by two people and never deleted."""

from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

_STATEMENTS = (
    """
    CREATE TABLE seat_offer (
        id UUID NOT NULL,
        call_id UUID NOT NULL,
        municipality_code TEXT NOT NULL,
        type_code TEXT NOT NULL,
        seats BIGINT NOT NULL,
        state TEXT NOT NULL,
        proposed_by TEXT NOT NULL,
        proposed_at TIMESTAMPTZ NOT NULL,
        confirmed_by TEXT,
        confirmed_at TIMESTAMPTZ,
        version BIGINT NOT NULL,
        CONSTRAINT seat_offer_pkey PRIMARY KEY (id),
        CONSTRAINT seat_offer_call_id_fkey FOREIGN KEY (call_id) REFERENCES call (id),
        CONSTRAINT seat_offer_municipality_code_check CHECK (municipality_code LIKE '52___'),
        CONSTRAINT seat_offer_seats_check CHECK (seats >= 0),
        CONSTRAINT seat_offer_state_check CHECK (
            CASE state WHEN 'PROPOSED' THEN confirmed_by IS NULL AND confirmed_at IS NULL
                       WHEN 'CONFIRMED' THEN confirmed_by IS NOT NULL AND confirmed_at IS NOT NULL
                       WHEN 'WITHDRAWN' THEN TRUE
                       ELSE FALSE END
        ),
        CONSTRAINT seat_offer_two_people_check CHECK (confirmed_by <> proposed_by)
    )
    """,
    """
    CREATE UNIQUE INDEX seat_offer_one_standing_idx ON seat_offer (call_id, municipality_code, type_code)
        WHERE state <> 'WITHDRAWN'
    """,
    """
    CREATE TRIGGER seat_offer_stays BEFORE DELETE OR TRUNCATE ON seat_offer
        FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()
    """,
    # The trigger stops everybody; without these rights the app role does not even get that far.
    """
    DO $$
    DECLARE app text := replace(current_user, '_owner', '_app');
    BEGIN
        IF app <> current_user AND EXISTS (SELECT FROM pg_roles WHERE rolname = app) THEN
            EXECUTE format('REVOKE UPDATE, DELETE, TRUNCATE ON seat_offer FROM %I', app);
            EXECUTE format('GRANT UPDATE (state, confirmed_by, confirmed_at, version) ON seat_offer TO %I', app);
        END IF;
    END $$
    """,
)


def upgrade() -> None:
    for statement in _STATEMENTS:
        op.execute(statement)


def downgrade() -> None:
    op.execute("DROP TABLE seat_offer")
