"""Memoranda, which two people register and nobody changes afterwards; commitments refer to them."""

from alembic import op

from common import row_security_v1 as rows

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

_TABLE = """
    CREATE TABLE memorandum (
        id UUID NOT NULL,
        reference TEXT NOT NULL,
        title TEXT NOT NULL,
        signed_on DATE NOT NULL,
        source_note TEXT NOT NULL,
        parties JSONB NOT NULL,
        state TEXT NOT NULL,
        proposed_by TEXT NOT NULL,
        proposed_at TIMESTAMPTZ NOT NULL,
        confirmed_by TEXT,
        confirmed_at TIMESTAMPTZ,
        version BIGINT NOT NULL,
        CONSTRAINT memorandum_pkey PRIMARY KEY (id),
        CONSTRAINT memorandum_reference_key UNIQUE (reference),
        CONSTRAINT memorandum_state_check CHECK (
            CASE state WHEN 'PROPOSED' THEN confirmed_by IS NULL AND confirmed_at IS NULL
                       WHEN 'CONFIRMED' THEN confirmed_by IS NOT NULL AND confirmed_at IS NOT NULL
                       ELSE FALSE END
        ),
        CONSTRAINT memorandum_two_people_check CHECK (confirmed_by <> proposed_by)
    )
"""

_GUARD = """
    CREATE FUNCTION memorandum_guard() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
    BEGIN
        IF OLD.state = 'CONFIRMED'
           OR (NEW.id, NEW.reference, NEW.title, NEW.signed_on, NEW.source_note, NEW.parties, NEW.proposed_by,
               NEW.proposed_at)
              IS DISTINCT FROM
              (OLD.id, OLD.reference, OLD.title, OLD.signed_on, OLD.source_note, OLD.parties, OLD.proposed_by,
               OLD.proposed_at)
        THEN
            RAISE EXCEPTION 'memorandum % cannot change: register another', OLD.reference
                USING ERRCODE = 'restrict_violation';
        END IF;
        RETURN NEW;
    END $$
"""

_TRIGGERS = (
    "CREATE TRIGGER memorandum_guard BEFORE UPDATE ON memorandum FOR EACH ROW EXECUTE FUNCTION memorandum_guard()",
    """
    CREATE TRIGGER memorandum_keeps BEFORE DELETE OR TRUNCATE ON memorandum
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()
    """,
)

_PREPARERS = rows.is_one_of("service", "province.officer", "province.approver", "province.treasurer", "auditor")


def upgrade() -> None:
    op.execute(_TABLE)
    op.execute(_GUARD)
    for trigger in _TRIGGERS:
        op.execute(trigger)
    rows.secure(
        op,
        "memorandum",
        sees=f"{_PREPARERS} OR state = 'CONFIRMED' AND (SELECT caller_role()) IS NOT NULL",
        writes=rows.is_one_of("service", "province.officer", "province.approver"),
    )
    op.execute("ALTER TABLE commitment ADD COLUMN memorandum_id UUID")
    op.execute(
        "ALTER TABLE commitment ADD CONSTRAINT commitment_memorandum_id_fkey"
        " FOREIGN KEY (memorandum_id) REFERENCES memorandum (id)"
    )


def downgrade() -> None:
    op.execute("ALTER TABLE commitment DROP COLUMN memorandum_id")
    op.execute("DROP TABLE memorandum")
    op.execute("DROP FUNCTION memorandum_guard()")
