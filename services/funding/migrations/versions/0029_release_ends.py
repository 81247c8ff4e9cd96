"""Nothing of a release waits for ever: findings that the bank overtook end, and requests whose year is over."""

from alembic import op

revision = "0029"
down_revision = "0028"
branch_labels = None
depends_on = None

_FINDING_STATES = """
    ALTER TABLE release_finding ADD CONSTRAINT release_finding_state_check CHECK (
        state IN ({states}) AND (state IN ({undecided})) = (decided_by IS NULL)
        AND (state = 'PROPOSED') = (decided_at IS NULL)
    )
"""
_STATE = """
    ALTER TABLE release ADD CONSTRAINT release_state_check CHECK (
            (ordered_by IS NULL) = (ordered_at IS NULL) AND (bank_transaction IS NULL) = (confirmed_at IS NULL)
            AND (voided_at IS NULL) = (void_reason IS NULL)
            AND CASE state
                WHEN 'RESERVED' THEN num_nonnulls(approved_at, ordered_at, confirmed_at, resolution_id, voided_at) = 0
                WHEN 'APPROVED' THEN approved_at IS NOT NULL
                                     AND num_nonnulls(ordered_at, confirmed_at, resolution_id, voided_at) = 0
                WHEN 'ORDERED' THEN num_nulls(approved_at, ordered_at, next_attempt_at) = 0
                                    AND num_nonnulls(confirmed_at, resolution_id, voided_at) = 0
                WHEN 'CONFIRMED' THEN confirmed_at IS NOT NULL AND num_nonnulls(resolution_id, voided_at) = 0
                WHEN 'POSTED' THEN num_nulls(confirmed_at, posted_at, resolution_id) = 0 AND voided_at IS NULL
                WHEN 'VOIDED' THEN num_nulls(voided_at, resolution_id) = 0 AND confirmed_at IS NULL
                                   AND CASE void_reason WHEN 'BANK_REFUSED' THEN ordered_at IS NOT NULL
                                                        WHEN 'REJECTED' THEN ordered_at IS NULL
                                                        WHEN 'PROJECT_ENDED' THEN ordered_at IS NULL
                                                        {more}
                                                        ELSE FALSE END
                ELSE FALSE END
    )
"""
_YEAR_OVER = "WHEN 'FISCAL_YEAR_OVER' THEN ordered_at IS NULL"
_ONE = "CREATE UNIQUE INDEX release_finding_one_idx ON release_finding (release_id) WHERE "
_GUARD = """
    CREATE OR REPLACE FUNCTION release_finding_guard() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
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
"""
_MOOT_GUARD = """
    CREATE OR REPLACE FUNCTION release_finding_guard() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = public, pg_temp AS $$
    BEGIN
        PERFORM FROM release WHERE id = NEW.release_id AND state = 'ORDERED' AND unclear_since IS NOT NULL
          FOR UPDATE;
        IF FOUND AND NEW.state = 'MOOT' THEN
            RAISE EXCEPTION 'release % is still unclear: finding % is to be decided', NEW.release_id, NEW.id
                USING ERRCODE = 'check_violation';
        END IF;
        IF NOT FOUND AND NEW.state NOT IN ('REJECTED', 'MOOT') THEN
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
"""


def upgrade() -> None:
    op.execute("ALTER TABLE release_finding DROP CONSTRAINT release_finding_state_check")
    states = "'PROPOSED', 'CONFIRMED', 'REJECTED', 'MOOT'"
    op.execute(_FINDING_STATES.format(states=states, undecided="'PROPOSED', 'MOOT'"))
    op.execute("DROP INDEX release_finding_one_idx")
    op.execute(_ONE + "state IN ('PROPOSED', 'CONFIRMED')")
    op.execute(_MOOT_GUARD)
    op.execute("ALTER TABLE release DROP CONSTRAINT release_state_check")
    op.execute(_STATE.format(more=_YEAR_OVER))
    op.execute("CREATE INDEX release_waiting_idx ON release (requested_at) WHERE state IN ('RESERVED', 'APPROVED')")


def downgrade() -> None:
    """What ended so stays so: the checks of before are not asked of it again."""
    op.execute("DROP INDEX release_waiting_idx")
    op.execute("ALTER TABLE release DROP CONSTRAINT release_state_check")
    op.execute(_STATE.format(more="") + " NOT VALID")
    op.execute(_GUARD)
    op.execute("DROP INDEX release_finding_one_idx")
    op.execute(_ONE + "state <> 'REJECTED'")
    op.execute("ALTER TABLE release_finding DROP CONSTRAINT release_finding_state_check")
    op.execute(
        _FINDING_STATES.format(states="'PROPOSED', 'CONFIRMED', 'REJECTED'", undecided="'PROPOSED'") + " NOT VALID"
    )
