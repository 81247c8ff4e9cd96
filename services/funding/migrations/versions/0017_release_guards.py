"""What guards releases, whoever writes SQL: PostgreSQL repeats every rule on which the money rests.

No release without the self-pay, the gate and room on the line, no approval by who asked or approved before, no order by
any of them or from a held line, and no step backwards.
"""

from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

# As the owner: what guards the money must see all rows, whoever acts.
_FUNCTIONS = (
    """
    CREATE FUNCTION release_line_opens() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = public, pg_temp AS $$
    BEGIN
        IF NEW.open_won <> 0 OR NEW.paid_won <> 0 OR NOT EXISTS (
            SELECT FROM coverage c JOIN coverage_line l USING (project_id)
             WHERE c.project_id = NEW.project_id AND c.state = 'GRANTED' AND l.source = NEW.source
               AND l.amount_won = NEW.committed_won AND l.budget_line_id = NEW.budget_line_id
               AND (c.call_id, c.company_id, c.municipality_code)
                   = (NEW.call_id, NEW.company_id, NEW.municipality_code)) THEN
            RAISE EXCEPTION 'the % line of project % is not what was granted', NEW.source, NEW.project_id
                USING ERRCODE = 'check_violation';
        END IF;
        RETURN NEW;
    END $$
    """,
    # Whoever releases from a line waits here for whoever releases from it, orders or holds it.
    """
    CREATE FUNCTION release_opens() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = public, pg_temp AS $$
    DECLARE
        line release_line;
    BEGIN
        SELECT * INTO line FROM release_line WHERE project_id = NEW.project_id AND source = NEW.source FOR UPDATE;
        IF (NEW.call_id, NEW.company_id, NEW.municipality_code, NEW.budget_line_id, NEW.mode, NEW.terms_version)
           IS DISTINCT FROM (line.call_id, line.company_id, line.municipality_code, line.budget_line_id, line.mode,
                             line.terms_version)
           OR NEW.state <> 'RESERVED' OR NEW.version <> 1 OR NEW.attempts <> 0 THEN
            RAISE EXCEPTION 'release % does not begin as one of its line', NEW.id USING ERRCODE = 'check_violation';
        END IF;
        IF NOT EXISTS (SELECT FROM release_gate WHERE project_id = NEW.project_id AND gate = NEW.gate) THEN
            RAISE EXCEPTION 'project % has not passed %', NEW.project_id, NEW.gate USING ERRCODE = 'check_violation';
        END IF;
        IF EXISTS (SELECT FROM release_hold
                    WHERE project_id = NEW.project_id AND source = NEW.source AND lifted_at IS NULL) THEN
            RAISE EXCEPTION 'the % line of project % is held', NEW.source, NEW.project_id
                USING ERRCODE = 'restrict_violation';
        END IF;
        IF (SELECT coalesce(sum(amount_won), 0) FROM self_payment
             WHERE project_id = NEW.project_id AND state = 'VERIFIED')
           < (SELECT coalesce(sum(amount_won), 0) FROM coverage_line
               WHERE project_id = NEW.project_id AND source = 'SME') THEN
            RAISE EXCEPTION 'the self-pay of project % is not proven', NEW.project_id
                USING ERRCODE = 'check_violation';
        END IF;
        IF NEW.invoice_number IS NOT NULL THEN
            PERFORM pg_advisory_xact_lock(hashtextextended('invoice/' || NEW.invoice_number, 0));
            IF EXISTS (SELECT FROM release WHERE invoice_number = NEW.invoice_number AND state <> 'VOIDED'
                          AND project_id <> NEW.project_id) THEN
                RAISE EXCEPTION 'an invoice is paid for one project' USING ERRCODE = 'unique_violation';
            END IF;
        END IF;
        IF NOT EXISTS (SELECT FROM ledger_transfer t JOIN ledger_entry e ON e.transfer_id = t.id
                         JOIN ledger_account a ON a.id = e.account_id
                        WHERE t.id = NEW.reservation_id AND t.kind = 'RESERVATION' AND t.project_id = NEW.project_id
                          AND a.kind = 'PENDING' AND a.budget_line_id = NEW.budget_line_id
                          AND e.amount_won = NEW.amount_won) THEN
            RAISE EXCEPTION 'release % has not reserved its amount', NEW.id USING ERRCODE = 'check_violation';
        END IF;
        RETURN NEW;
    END $$
    """,
    # The CHECK of the line refuses what it has not left (rule F-05).
    """
    CREATE FUNCTION release_draws() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = public, pg_temp AS $$
    BEGIN
        UPDATE release_line SET open_won = open_won + NEW.amount_won
         WHERE project_id = NEW.project_id AND source = NEW.source;
        RETURN NULL;
    END $$
    """,
    """
    CREATE FUNCTION release_line_moves() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
    BEGIN
        IF pg_trigger_depth() < 2 OR (NEW.project_id, NEW.source, NEW.call_id, NEW.company_id, NEW.municipality_code,
                                      NEW.budget_line_id, NEW.mode, NEW.terms_version, NEW.committed_won)
           IS DISTINCT FROM (OLD.project_id, OLD.source, OLD.call_id, OLD.company_id, OLD.municipality_code,
                             OLD.budget_line_id, OLD.mode, OLD.terms_version, OLD.committed_won) THEN
            RAISE EXCEPTION 'the % line of project % moves only by its releases', OLD.source, OLD.project_id
                USING ERRCODE = 'restrict_violation';
        END IF;
        RETURN NEW;
    END $$
    """,
    """
    CREATE FUNCTION release_guard() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = public, pg_temp AS $$
    BEGIN
        IF (NEW.id, NEW.project_id, NEW.source, NEW.call_id, NEW.company_id, NEW.municipality_code, NEW.budget_line_id,
            NEW.mode, NEW.terms_version, NEW.gate, NEW.amount_won, NEW.payee, NEW.payee_account,
            NEW.supplier_business_number, NEW.invoice_number, NEW.invoice_sha256, NEW.province_approvals_due,
            NEW.municipality_approvals_due, NEW.reservation_id, NEW.requested_by, NEW.requested_at)
           IS DISTINCT FROM
           (OLD.id, OLD.project_id, OLD.source, OLD.call_id, OLD.company_id, OLD.municipality_code, OLD.budget_line_id,
            OLD.mode, OLD.terms_version, OLD.gate, OLD.amount_won, OLD.payee, OLD.payee_account,
            OLD.supplier_business_number, OLD.invoice_number, OLD.invoice_sha256, OLD.province_approvals_due,
            OLD.municipality_approvals_due, OLD.reservation_id, OLD.requested_by, OLD.requested_at)
           OR OLD.approved_at IS NOT NULL AND NEW.approved_at IS DISTINCT FROM OLD.approved_at
           OR OLD.ordered_by IS NOT NULL AND (NEW.ordered_by, NEW.ordered_at)
                                             IS DISTINCT FROM (OLD.ordered_by, OLD.ordered_at)
           OR OLD.give_up_at IS NOT NULL AND NEW.give_up_at IS DISTINCT FROM OLD.give_up_at
           OR OLD.bank_transaction IS NOT NULL AND (NEW.bank_transaction, NEW.confirmed_at)
                                                   IS DISTINCT FROM (OLD.bank_transaction, OLD.confirmed_at)
           OR NEW.attempts < OLD.attempts THEN
            RAISE EXCEPTION 'what was said of release % stays', OLD.id USING ERRCODE = 'restrict_violation';
        END IF;
        IF OLD.state IN ('POSTED', 'VOIDED')
           OR NEW.state <> OLD.state AND (OLD.state, NEW.state) NOT IN (
                ('RESERVED', 'APPROVED'), ('RESERVED', 'VOIDED'), ('APPROVED', 'ORDERED'), ('APPROVED', 'VOIDED'),
                ('ORDERED', 'CONFIRMED'), ('ORDERED', 'VOIDED'), ('CONFIRMED', 'POSTED'))
           OR NEW.state <> OLD.state AND NEW.version <> OLD.version + 1
           OR NEW.version NOT IN (OLD.version, OLD.version + 1) THEN
            RAISE EXCEPTION 'release % cannot go from % to %', OLD.id, OLD.state, NEW.state
                USING ERRCODE = 'restrict_violation';
        END IF;
        IF NEW.state = 'APPROVED' AND OLD.state = 'RESERVED' AND
           (SELECT (count(*) FILTER (WHERE body = 'PROVINCE'), count(*) FILTER (WHERE body = 'MUNICIPALITY'))
                   IS DISTINCT FROM (NEW.province_approvals_due, NEW.municipality_approvals_due)
              FROM release_approval WHERE release_id = NEW.id) THEN
            RAISE EXCEPTION 'release % lacks an approval', OLD.id USING ERRCODE = 'check_violation';
        END IF;
        IF NEW.state = 'ORDERED' AND OLD.state = 'APPROVED' THEN
            PERFORM FROM release_line WHERE project_id = NEW.project_id AND source = NEW.source FOR UPDATE;
            IF EXISTS (SELECT FROM release_hold
                        WHERE project_id = NEW.project_id AND source = NEW.source AND lifted_at IS NULL) THEN
                RAISE EXCEPTION 'the % line of project % is held', NEW.source, NEW.project_id
                    USING ERRCODE = 'restrict_violation';
            END IF;
            IF EXISTS (SELECT FROM release_approval WHERE release_id = NEW.id AND approver = NEW.ordered_by) THEN
                RAISE EXCEPTION 'who approved release % does not order it', OLD.id USING ERRCODE = 'check_violation';
            END IF;
        END IF;
        IF NEW.state IN ('POSTED', 'VOIDED') AND NOT EXISTS (
            SELECT FROM ledger_transfer WHERE id = NEW.resolution_id AND resolves_transfer_id = NEW.reservation_id
               AND kind = CASE NEW.state WHEN 'POSTED' THEN 'DISBURSEMENT' ELSE 'VOID' END) THEN
            RAISE EXCEPTION 'the ledger does not say that release % is %', OLD.id, NEW.state
                USING ERRCODE = 'check_violation';
        END IF;
        IF NEW.state IN ('POSTED', 'VOIDED') THEN
            UPDATE release_line
               SET open_won = open_won - NEW.amount_won,
                   paid_won = paid_won + CASE NEW.state WHEN 'POSTED' THEN NEW.amount_won ELSE 0 END
             WHERE project_id = NEW.project_id AND source = NEW.source;
        END IF;
        RETURN NEW;
    END $$
    """,
    """
    CREATE FUNCTION release_approval_guard() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = public, pg_temp AS $$
    DECLARE
        approved release;
    BEGIN
        SELECT * INTO approved FROM release WHERE id = NEW.release_id FOR UPDATE;
        IF approved.state <> 'RESERVED' OR approved.requested_by = NEW.approver THEN
            RAISE EXCEPTION 'release % is not to be approved by this person now', NEW.release_id
                USING ERRCODE = 'check_violation';
        END IF;
        IF (SELECT count(*) FROM release_approval WHERE release_id = NEW.release_id AND body = NEW.body)
           >= (CASE NEW.body WHEN 'PROVINCE' THEN approved.province_approvals_due
                             ELSE approved.municipality_approvals_due END) THEN
            RAISE EXCEPTION 'no further approval of % is due', NEW.body USING ERRCODE = 'check_violation';
        END IF;
        RETURN NEW;
    END $$
    """,
    """
    CREATE FUNCTION release_hold_guard() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = public, pg_temp AS $$
    BEGIN
        IF TG_OP = 'INSERT' THEN
            PERFORM FROM release_line WHERE project_id = NEW.project_id AND source = NEW.source FOR UPDATE;
            IF num_nonnulls(NEW.lift_proposed_by, NEW.lifted_by) > 0 OR NEW.version <> 1 THEN
                RAISE EXCEPTION 'hold % does not begin lifted', NEW.id USING ERRCODE = 'check_violation';
            END IF;
            RETURN NEW;
        END IF;
        IF OLD.lifted_at IS NOT NULL OR NEW.version <> OLD.version + 1
           OR OLD.lift_proposed_by IS NOT NULL AND (NEW.lift_proposed_by, NEW.lift_proposed_at)
                                                   IS DISTINCT FROM (OLD.lift_proposed_by, OLD.lift_proposed_at)
           OR OLD.lift_proposed_by IS NULL AND NEW.lifted_by IS NOT NULL AND OLD.reason NOT LIKE 'PROJECT_%'
           OR (NEW.id, NEW.project_id, NEW.source, NEW.reason, NEW.placed_by, NEW.placed_at) IS DISTINCT FROM
              (OLD.id, OLD.project_id, OLD.source, OLD.reason, OLD.placed_by, OLD.placed_at) THEN
            RAISE EXCEPTION 'hold % is lifted step by step, and what was said stays', OLD.id
                USING ERRCODE = 'restrict_violation';
        END IF;
        RETURN NEW;
    END $$
    """,
)

_NAMES = (
    ("release_line", "release_line_opens"),
    ("release_line", "release_line_moves"),
    ("release", "release_opens"),
    ("release", "release_draws"),
    ("release", "release_guard"),
    ("release_approval", "release_approval_guard"),
    ("release_hold", "release_hold_guard"),
    *(
        (table, f"{table}_keeps")
        for table in ("release_line", "release_gate", "release_hold", "release", "release_approval")
    ),
    *((table, f"{table}_stays") for table in ("release_gate", "release_approval")),
)
_GUARDED = ("release_line", "release_gate", "release_hold", "release", "release_approval")
_TRIGGERS = (
    """
    CREATE TRIGGER release_line_opens BEFORE INSERT ON release_line
    FOR EACH ROW EXECUTE FUNCTION release_line_opens()
    """,
    "CREATE TRIGGER release_opens BEFORE INSERT ON release FOR EACH ROW EXECUTE FUNCTION release_opens()",
    "CREATE TRIGGER release_draws AFTER INSERT ON release FOR EACH ROW EXECUTE FUNCTION release_draws()",
    """
    CREATE TRIGGER release_line_moves BEFORE UPDATE ON release_line
    FOR EACH ROW EXECUTE FUNCTION release_line_moves()
    """,
    "CREATE TRIGGER release_guard BEFORE UPDATE ON release FOR EACH ROW EXECUTE FUNCTION release_guard()",
    """
    CREATE TRIGGER release_approval_guard BEFORE INSERT ON release_approval
    FOR EACH ROW EXECUTE FUNCTION release_approval_guard()
    """,
    """
    CREATE TRIGGER release_hold_guard BEFORE INSERT OR UPDATE ON release_hold
    FOR EACH ROW EXECUTE FUNCTION release_hold_guard()
    """,
    *(
        f"""
        CREATE TRIGGER {table}_keeps BEFORE DELETE OR TRUNCATE ON {table}
        FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()
        """
        for table in _GUARDED
    ),
    *(
        f"""
        CREATE TRIGGER {table}_stays BEFORE UPDATE ON {table}
        FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()
        """
        for table in ("release_gate", "release_approval")
    ),
    # The triggers stop everybody; without these rights the app role does not even get that far.
    """
    DO $$
    DECLARE app text := replace(current_user, '_owner', '_app');
    BEGIN
        IF app <> current_user AND EXISTS (SELECT FROM pg_roles WHERE rolname = app) THEN
            EXECUTE format('REVOKE UPDATE, DELETE, TRUNCATE ON release_line, release_gate, release_hold, release,
                            release_approval FROM %I', app);
            EXECUTE format('GRANT UPDATE (lift_proposed_by, lift_proposed_at, lifted_by, lifted_at, version)
                            ON release_hold TO %I', app);
            EXECUTE format('GRANT UPDATE (state, approved_at, ordered_by, ordered_at, bank_transaction, confirmed_at,
                            posted_at, voided_at, void_reason, resolution_id, attempts, next_attempt_at, give_up_at,
                            unclear_since, version) ON release TO %I', app);
        END IF;
    END $$
    """,
)


def upgrade() -> None:
    for statement in (*_FUNCTIONS, *_TRIGGERS):
        op.execute(statement)


def downgrade() -> None:
    for table, trigger in _NAMES:
        op.execute(f"DROP TRIGGER {trigger} ON {table}")
    for function in ("hold_guard", "approval_guard", "guard", "line_moves", "draws", "opens", "line_opens"):
        op.execute(f"DROP FUNCTION release_{function}()")
