"""Findings: two officers say by the bank's paper what became of an order of which it did not say so itself."""

from alembic import op

from common import row_security_v1 as rows
from common import row_versions_v1 as versions

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None

_STATEMENTS = (
    """
    CREATE TABLE release_finding (
        id UUID NOT NULL,
        release_id UUID NOT NULL,
        outcome TEXT NOT NULL,
        bank_transaction TEXT,
        reason TEXT NOT NULL,
        evidence_sha256 TEXT NOT NULL,
        state TEXT NOT NULL,
        proposed_by TEXT NOT NULL,
        proposed_at TIMESTAMPTZ NOT NULL,
        decided_by TEXT,
        decided_at TIMESTAMPTZ,
        asked_until TIMESTAMPTZ NOT NULL,
        version BIGINT NOT NULL,
        CONSTRAINT release_finding_pkey PRIMARY KEY (id),
        CONSTRAINT release_finding_release_id_fkey FOREIGN KEY (release_id) REFERENCES release (id),
        CONSTRAINT release_finding_outcome_check CHECK (
            outcome IN ('PAID', 'NOT_PAID') AND (outcome = 'PAID') = (bank_transaction IS NOT NULL)
        ),
        CONSTRAINT release_finding_reason_check CHECK (
            reason IN ('BANK_NEVER_ANSWERED', 'BANK_LOST_THE_ORDER', 'BANK_ANSWERED_WRONGLY')
        ),
        CONSTRAINT release_finding_state_check CHECK (
            state IN ('PROPOSED', 'CONFIRMED', 'REJECTED') AND (state = 'PROPOSED') = (decided_by IS NULL)
            AND (decided_by IS NULL) = (decided_at IS NULL)
        ),
        CONSTRAINT release_finding_two_people_check CHECK (decided_by <> proposed_by)
    )
    """,
    "CREATE UNIQUE INDEX release_finding_one_idx ON release_finding (release_id) WHERE state <> 'REJECTED'",
    """
    CREATE FUNCTION release_finding_guard() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = public, pg_temp AS $$
    BEGIN
        PERFORM FROM release WHERE id = NEW.release_id AND state = 'ORDERED' AND unclear_since IS NOT NULL
          FOR UPDATE;
        IF NOT FOUND AND NEW.state <> 'REJECTED' THEN
            RAISE EXCEPTION 'release % is not unclear', NEW.release_id USING ERRCODE = 'check_violation';
        END IF;
        IF TG_OP = 'INSERT' THEN
            IF NEW.state <> 'PROPOSED' OR NEW.version <> 1 THEN
                RAISE EXCEPTION 'finding % does not begin decided', NEW.id USING ERRCODE = 'check_violation';
            END IF;
            RETURN NEW;
        END IF;
        IF OLD.state <> 'PROPOSED' OR NEW.version <> OLD.version + 1
           OR (NEW.id, NEW.release_id, NEW.outcome, NEW.bank_transaction, NEW.reason, NEW.evidence_sha256,
               NEW.proposed_by, NEW.proposed_at, NEW.asked_until)
              IS DISTINCT FROM (OLD.id, OLD.release_id, OLD.outcome, OLD.bank_transaction, OLD.reason,
               OLD.evidence_sha256, OLD.proposed_by, OLD.proposed_at, OLD.asked_until) THEN
            RAISE EXCEPTION 'finding % is decided once, as it was proposed', OLD.id
                USING ERRCODE = 'restrict_violation';
        END IF;
        IF NEW.state = 'CONFIRMED' AND (
            NEW.outcome = 'NOT_PAID' AND NEW.asked_until > now()
            OR EXISTS (SELECT FROM release WHERE id = NEW.release_id AND ordered_by = NEW.decided_by)) THEN
            RAISE EXCEPTION 'finding % is not to be confirmed now by this person', OLD.id
                USING ERRCODE = 'check_violation';
        END IF;
        RETURN NEW;
    END $$
    """,
    """
    CREATE TRIGGER release_finding_guard BEFORE INSERT OR UPDATE ON release_finding
    FOR EACH ROW EXECUTE FUNCTION release_finding_guard()
    """,
    """
    CREATE TRIGGER release_finding_keeps BEFORE DELETE OR TRUNCATE ON release_finding
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()
    """,
    """
    DO $$
    DECLARE app text := replace(current_user, '_owner', '_app');
    BEGIN
        IF app <> current_user AND EXISTS (SELECT FROM pg_roles WHERE rolname = app) THEN
            EXECUTE format('REVOKE DELETE, TRUNCATE ON release_finding FROM %I', app);
        END IF;
    END $$
    """,
)
_SEES = rows.is_one_of("service", "province.officer", "province.approver", "province.treasurer", "auditor")
_WRITES = rows.is_one_of("service", "province.approver", "province.treasurer")


def upgrade() -> None:
    for statement in _STATEMENTS:
        op.execute(statement)
    rows.secure(op, "release_finding", sees=_SEES, writes=_WRITES)
    versions.keep(op, "release_finding", key=("id",), words=("bank_transaction",))


def downgrade() -> None:
    versions.forget(op, "release_finding")
    rows.expose(op, "release_finding")
    op.execute("DROP TABLE release_finding")
    op.execute("DROP FUNCTION release_finding_guard()")
