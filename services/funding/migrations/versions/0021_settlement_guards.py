"""What guards settlements and clawbacks, whoever writes SQL: who may follow whom, and no won is taken back twice.

A line gives up and asks back only while nothing of it is under way to the bank: an order and a clawback wait for the
same row of `release_line`, so that one of them comes first, and the other sees it.
"""

from alembic import op

from common import row_versions_v1 as versions

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None

# As the owner: what guards the money must see all rows, whoever acts.
_FUNCTIONS = (
    """
    CREATE FUNCTION release_lapse_opens() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = public, pg_temp AS $$
    DECLARE
        line release_line;
    BEGIN
        SELECT * INTO line FROM release_line WHERE project_id = NEW.project_id AND source = NEW.source FOR UPDATE;
        IF line.open_won <> 0 OR NEW.amount_won <> line.committed_won - line.paid_won OR NOT EXISTS (
            SELECT FROM ledger_transfer t JOIN ledger_entry e ON e.transfer_id = t.id
              JOIN ledger_account a ON a.id = e.account_id
             WHERE t.id = NEW.transfer_id AND t.kind = 'LAPSE' AND t.project_id = NEW.project_id
               AND a.kind = 'LAPSED' AND a.budget_line_id = line.budget_line_id AND e.amount_won = NEW.amount_won) THEN
            RAISE EXCEPTION 'the % line of project % does not give this up', NEW.source, NEW.project_id
                USING ERRCODE = 'check_violation';
        END IF;
        UPDATE release_line SET lapsed_won = lapsed_won + NEW.amount_won
         WHERE project_id = NEW.project_id AND source = NEW.source;
        RETURN NEW;
    END $$
    """,
    # The CHECK of the line refuses to ask back more than it paid; an order to the bank waits for the same row.
    """
    CREATE FUNCTION repayment_opens() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = public, pg_temp AS $$
    DECLARE
        line release_line;
    BEGIN
        SELECT * INTO line FROM release_line WHERE project_id = NEW.project_id AND source = NEW.source FOR UPDATE;
        IF (NEW.company_id, NEW.municipality_code, NEW.budget_line_id)
           IS DISTINCT FROM (line.company_id, line.municipality_code, line.budget_line_id)
           OR NEW.state <> 'ORDERED' OR NEW.version <> 1 OR NEW.late_won <> 0 THEN
            RAISE EXCEPTION 'repayment % does not begin as one of its line', NEW.id USING ERRCODE = 'check_violation';
        END IF;
        IF line.open_won <> 0 THEN
            RAISE EXCEPTION 'the % line of project % still pays', NEW.source, NEW.project_id
                USING ERRCODE = 'restrict_violation';
        END IF;
        IF NOT EXISTS (SELECT FROM ledger_transfer WHERE id = NEW.order_id AND kind = 'REPAYMENT_ORDER'
                          AND project_id = NEW.project_id)
           OR (SELECT (coalesce(sum(e.amount_won) FILTER (WHERE a.kind = 'PAID'), 0),
                       coalesce(sum(e.amount_won) FILTER (WHERE a.kind = 'INTEREST'), 0),
                       coalesce(sum(e.amount_won) FILTER (WHERE a.kind = 'PENALTY'), 0),
                       bool_and(a.budget_line_id = NEW.budget_line_id))
                 FROM ledger_entry e JOIN ledger_account a ON a.id = e.account_id WHERE e.transfer_id = NEW.order_id)
              IS DISTINCT FROM (-NEW.principal_won::numeric, -NEW.interest_won::numeric, -NEW.surcharge_won::numeric,
                                TRUE) THEN
            RAISE EXCEPTION 'the ledger does not say that repayment % is due', NEW.id USING ERRCODE = 'check_violation';
        END IF;
        UPDATE release_line SET returned_won = returned_won + NEW.principal_won
         WHERE project_id = NEW.project_id AND source = NEW.source;
        RETURN NEW;
    END $$
    """,
    """
    CREATE FUNCTION repayment_guard() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = public, pg_temp AS $$
    BEGIN
        IF (NEW.id, NEW.origin, NEW.origin_id, NEW.project_id, NEW.source, NEW.company_id, NEW.municipality_code,
            NEW.budget_line_id, NEW.principal_won, NEW.interest_won, NEW.surcharge_won, NEW.rule_version, NEW.due_on,
            NEW.order_id, NEW.ordered_by, NEW.ordered_at)
           IS DISTINCT FROM
           (OLD.id, OLD.origin, OLD.origin_id, OLD.project_id, OLD.source, OLD.company_id, OLD.municipality_code,
            OLD.budget_line_id, OLD.principal_won, OLD.interest_won, OLD.surcharge_won, OLD.rule_version, OLD.due_on,
            OLD.order_id, OLD.ordered_by, OLD.ordered_at)
           OR NEW.version <> OLD.version + 1
           OR (OLD.state, NEW.state) NOT IN (('ORDERED', 'PAID'), ('PAID', 'ORDERED'), ('PAID', 'CONFIRMED'),
                                             ('ORDERED', 'RELIEVED'), ('PAID', 'RELIEVED')) THEN
            RAISE EXCEPTION 'repayment % goes its steps, and what was said stays', OLD.id
                USING ERRCODE = 'restrict_violation';
        END IF;
        IF NEW.state IN ('CONFIRMED', 'RELIEVED') AND NOT EXISTS (
            SELECT FROM ledger_transfer WHERE id = NEW.resolution_id AND resolves_transfer_id = NEW.order_id
               AND kind = CASE NEW.state WHEN 'CONFIRMED' THEN 'REPAYMENT' ELSE 'RELIEF' END) THEN
            RAISE EXCEPTION 'the ledger does not say that repayment % is %', OLD.id, NEW.state
                USING ERRCODE = 'check_violation';
        END IF;
        IF NEW.state = 'RELIEVED' THEN
            UPDATE release_line SET returned_won = returned_won - NEW.principal_won
             WHERE project_id = NEW.project_id AND source = NEW.source;
        END IF;
        RETURN NEW;
    END $$
    """,
    """
    CREATE FUNCTION settlement_guard() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = public, pg_temp AS $$
    BEGIN
        IF (NEW.id, NEW.project_id, NEW.call_id, NEW.company_id, NEW.municipality_code, NEW.total_cost_won,
            NEW.rule_version, NEW.opened_at, NEW.due_on)
           IS DISTINCT FROM (OLD.id, OLD.project_id, OLD.call_id, OLD.company_id, OLD.municipality_code,
                             OLD.total_cost_won, OLD.rule_version, OLD.opened_at, OLD.due_on)
           OR NEW.version <> OLD.version + 1
           OR (OLD.state, NEW.state) NOT IN (
                ('DUE', 'SUBMITTED'), ('QUERIED', 'SUBMITTED'), ('SUBMITTED', 'SUBMITTED'), ('SUBMITTED', 'QUERIED'),
                ('SUBMITTED', 'ATTESTED'), ('ATTESTED', 'FIXED'), ('FIXED', 'CLOSED'))
           OR OLD.state IN ('ATTESTED', 'FIXED') AND (NEW.spent_won, NEW.interest_won, NEW.report_sha256,
                NEW.submitted_by, NEW.submitted_at, NEW.late_months, NEW.late_cut_max_bp, NEW.accountant,
                NEW.attested_by, NEW.attested_at, NEW.attestation_sha256)
              IS DISTINCT FROM (OLD.spent_won, OLD.interest_won, OLD.report_sha256, OLD.submitted_by,
                OLD.submitted_at, OLD.late_months, OLD.late_cut_max_bp, OLD.accountant, OLD.attested_by,
                OLD.attested_at, OLD.attestation_sha256) THEN
            RAISE EXCEPTION 'settlement % goes its steps, and what was said stays', OLD.id
                USING ERRCODE = 'restrict_violation';
        END IF;
        IF NEW.state = 'FIXED' AND (SELECT sum(share_won) FROM settlement_line WHERE settlement_id = NEW.id)
           IS DISTINCT FROM NEW.total_cost_won THEN
            RAISE EXCEPTION 'settlement % does not account for every source', NEW.id USING ERRCODE = 'check_violation';
        END IF;
        IF NEW.state = 'CLOSED' AND EXISTS (
            SELECT FROM repayment WHERE origin_id = NEW.id AND state NOT IN ('CONFIRMED', 'RELIEVED')) THEN
            RAISE EXCEPTION 'a treasury of settlement % has not confirmed', NEW.id USING ERRCODE = 'check_violation';
        END IF;
        RETURN NEW;
    END $$
    """,
    """
    CREATE FUNCTION recovery_guard() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = public, pg_temp AS $$
    BEGIN
        IF (NEW.id, NEW.project_id, NEW.call_id, NEW.company_id, NEW.municipality_code, NEW.ground, NEW.cause,
            NEW.fault_party, NEW.event_id, NEW.rule_version, NEW.opened_by, NEW.opened_at)
           IS DISTINCT FROM (OLD.id, OLD.project_id, OLD.call_id, OLD.company_id, OLD.municipality_code, OLD.ground,
                             OLD.cause, OLD.fault_party, OLD.event_id, OLD.rule_version, OLD.opened_by, OLD.opened_at)
           OR NEW.version <> OLD.version + 1
           OR (OLD.state, NEW.state) NOT IN (
                ('OPEN', 'NOTICED'), ('NOTICED', 'NOTICED'), ('NOTICED', 'PROPOSED'), ('PROPOSED', 'NOTICED'),
                ('PROPOSED', 'DECIDED'), ('PROPOSED', 'DROPPED'), ('DECIDED', 'OBJECTED'), ('DECIDED', 'CLOSED'),
                ('OBJECTED', 'DISMISSED'), ('OBJECTED', 'UPHELD'), ('DISMISSED', 'CLOSED'))
           OR OLD.noticed_at IS NOT NULL AND (NEW.noticed_by, NEW.noticed_at, NEW.opinion_until)
                                             IS DISTINCT FROM (OLD.noticed_by, OLD.noticed_at, OLD.opinion_until)
           OR OLD.opinion_at IS NOT NULL AND (NEW.opinion_sha256, NEW.opinion_at)
                                             IS DISTINCT FROM (OLD.opinion_sha256, OLD.opinion_at)
           OR OLD.decided_at IS NOT NULL AND (NEW.recover_bp, NEW.interest_won, NEW.surcharge_bp, NEW.debar_months,
                NEW.finding_sha256, NEW.proposed_by, NEW.proposed_at, NEW.decided_by, NEW.decided_at,
                NEW.objection_until)
              IS DISTINCT FROM (OLD.recover_bp, OLD.interest_won, OLD.surcharge_bp, OLD.debar_months,
                OLD.finding_sha256, OLD.proposed_by, OLD.proposed_at, OLD.decided_by, OLD.decided_at,
                OLD.objection_until) THEN
            RAISE EXCEPTION 'recovery % goes its steps, and what was said stays', OLD.id
                USING ERRCODE = 'restrict_violation';
        END IF;
        IF NEW.state = 'CLOSED' AND EXISTS (
            SELECT FROM repayment WHERE origin_id = NEW.id AND state <> 'CONFIRMED')
           OR NEW.state = 'UPHELD' AND EXISTS (
            SELECT FROM repayment WHERE origin_id = NEW.id AND state <> 'RELIEVED') THEN
            RAISE EXCEPTION 'what recovery % asked back is not at its end', NEW.id USING ERRCODE = 'check_violation';
        END IF;
        RETURN NEW;
    END $$
    """,
)
_GUARDED = ("release_lapse", "repayment", "settlement", "settlement_line", "recovery")
_KEPT = ("release_lapse", "settlement_line")
_TRIGGERS = (
    """
    CREATE TRIGGER release_lapse_opens BEFORE INSERT ON release_lapse
    FOR EACH ROW EXECUTE FUNCTION release_lapse_opens()
    """,
    "CREATE TRIGGER repayment_opens BEFORE INSERT ON repayment FOR EACH ROW EXECUTE FUNCTION repayment_opens()",
    "CREATE TRIGGER repayment_guard BEFORE UPDATE ON repayment FOR EACH ROW EXECUTE FUNCTION repayment_guard()",
    "CREATE TRIGGER settlement_guard BEFORE UPDATE ON settlement FOR EACH ROW EXECUTE FUNCTION settlement_guard()",
    "CREATE TRIGGER recovery_guard BEFORE UPDATE ON recovery FOR EACH ROW EXECUTE FUNCTION recovery_guard()",
    *(
        f"""
        CREATE TRIGGER {table}_keeps BEFORE DELETE OR TRUNCATE ON {table}
        FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()
        """
        for table in _GUARDED
    ),
    *(
        f"CREATE TRIGGER {table}_stays BEFORE UPDATE ON {table} FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
        for table in _KEPT
    ),
    # The triggers stop everybody; without these rights the app role does not even get that far.
    """
    DO $$
    DECLARE app text := replace(current_user, '_owner', '_app');
    BEGIN
        IF app <> current_user AND EXISTS (SELECT FROM pg_roles WHERE rolname = app) THEN
            EXECUTE format('REVOKE DELETE, TRUNCATE ON release_lapse, repayment, settlement, settlement_line, recovery
                            FROM %I', app);
            EXECUTE format('REVOKE UPDATE ON release_lapse, settlement_line FROM %I', app);
        END IF;
    END $$
    """,
)

# The time machine keeps every version of them: key, and what may be personal data.
_VERSIONED: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "release_lapse": (("project_id", "source"), ()),
    "repayment": (("id",), ("bank_reference", "receipt_reference")),
    "settlement": (("id",), ("accountant",)),
    "settlement_line": (("settlement_id", "source"), ()),
    "recovery": (("id",), ()),
}
_DROPPED = (
    *(
        (table, f"{table}_{what}")
        for table, what in (
            ("release_lapse", "opens"),
            ("repayment", "opens"),
            ("repayment", "guard"),
            ("settlement", "guard"),
            ("recovery", "guard"),
        )
    ),
    *((table, f"{table}_keeps") for table in _GUARDED),
    *((table, f"{table}_stays") for table in _KEPT),
)


def upgrade() -> None:
    for statement in (*_FUNCTIONS, *_TRIGGERS):
        op.execute(statement)
    for table, (key, words) in _VERSIONED.items():
        versions.keep(op, table, key=key, words=words)


def downgrade() -> None:
    for table in reversed(_VERSIONED):
        versions.forget(op, table)
    for table, trigger in _DROPPED:
        op.execute(f"DROP TRIGGER {trigger} ON {table}")
    for function in ("recovery_guard", "settlement_guard", "repayment_guard", "repayment_opens", "release_lapse_opens"):
        op.execute(f"DROP FUNCTION {function}()")
