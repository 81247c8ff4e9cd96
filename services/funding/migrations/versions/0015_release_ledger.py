"""The ledger learns to pay: a reservation is a pending transfer, and one second row completes it or voids it.

PENDING is what a line has reserved for releases, PAID what has left it; both still count as committed. What resolves a
reservation names it in a unique column, so that none is both paid and given back, whatever the service does.
"""

from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

_OWNER = """
    ALTER TABLE ledger_account ADD CONSTRAINT ledger_account_owner_check CHECK (
        CASE WHEN kind IN ({kinds}) THEN budget_line_id IS NOT NULL AND project_id IS NULL
             WHEN kind IN ('SME_PLEDGE', 'SME_COMMITTED') THEN project_id IS NOT NULL AND budget_line_id IS NULL
             ELSE FALSE END
    )
"""
_KIND = "ALTER TABLE ledger_transfer ADD CONSTRAINT ledger_transfer_kind_check CHECK (kind IN ({kinds}))"
_PROJECT = "ALTER TABLE ledger_transfer ADD CONSTRAINT ledger_transfer_project_check CHECK ({condition})"
_LINE_KINDS = "'APPROPRIATION', 'AVAILABLE', 'COMMITTED'"
_TRANSFER_KINDS = "'APPROPRIATION', 'COMMITMENT', 'REVERSAL'"
_OF_A_PROJECT = "kind NOT IN ('COMMITMENT', 'RESERVATION', 'DISBURSEMENT', 'VOID') OR project_id IS NOT NULL"

_DROP_CHECKS = (
    "ALTER TABLE ledger_account DROP CONSTRAINT ledger_account_owner_check",
    "ALTER TABLE ledger_transfer DROP CONSTRAINT ledger_transfer_kind_check",
    "ALTER TABLE ledger_transfer DROP CONSTRAINT ledger_transfer_project_check",
)

# One statement, so that both books are read as of one moment: who pays holds no lock on the budget line.
_AGREES = """
    CREATE OR REPLACE FUNCTION budget_line_agrees() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = public, pg_temp AS $$
    DECLARE
        line UUID := (to_jsonb(NEW) ->> TG_ARGV[0])::uuid;
        agrees BOOLEAN;
    BEGIN
        SELECT coalesce(sum(a.balance_won) FILTER (WHERE a.kind = 'APPROPRIATION'), 0) = -l.granted
               AND coalesce(sum(a.balance_won) FILTER (WHERE a.kind = 'AVAILABLE'), 0) = l.granted - l.committed_won
               AND coalesce(sum(a.balance_won) FILTER (WHERE a.kind IN ('COMMITTED', 'PENDING', 'PAID')), 0)
                   = l.committed_won
          INTO agrees
          FROM (SELECT id, committed_won, CASE state WHEN 'CONFIRMED' THEN amount_won ELSE 0 END AS granted
                  FROM budget_line WHERE id = line) AS l
          LEFT JOIN ledger_account a ON a.budget_line_id = l.id
         GROUP BY l.id, l.granted, l.committed_won;
        IF agrees IS NOT TRUE THEN
            RAISE EXCEPTION 'budget line % and its ledger accounts disagree', line USING ERRCODE = 'check_violation';
        END IF;
        RETURN NULL;
    END $$
"""
_AGREED = """
    CREATE OR REPLACE FUNCTION budget_line_agrees() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = public, pg_temp AS $$
    DECLARE
        line UUID := (to_jsonb(NEW) ->> TG_ARGV[0])::uuid;
        granted BIGINT;
        promised BIGINT;
        agrees BOOLEAN;
    BEGIN
        SELECT CASE state WHEN 'CONFIRMED' THEN amount_won ELSE 0 END, committed_won INTO granted, promised
          FROM budget_line WHERE id = line;
        SELECT coalesce(sum(balance_won) FILTER (WHERE kind = 'APPROPRIATION'), 0) = -granted
               AND coalesce(sum(balance_won) FILTER (WHERE kind = 'AVAILABLE'), 0) = granted - promised
               AND coalesce(sum(balance_won) FILTER (WHERE kind = 'COMMITTED'), 0) = promised
          INTO agrees FROM ledger_account WHERE budget_line_id = line;
        IF agrees IS NOT TRUE THEN
            RAISE EXCEPTION 'budget line % and its ledger accounts disagree', line USING ERRCODE = 'check_violation';
        END IF;
        RETURN NULL;
    END $$
"""

# Two entries are all that a reservation and what resolves it have, so that none is added after the check; and nobody
# else touches what is pending or paid.
_SEALS = """
    CREATE OR REPLACE FUNCTION ledger_seal_transfer() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = public, pg_temp AS $$
    DECLARE
        why TEXT;
    BEGIN
        SELECT kind INTO why FROM ledger_transfer
          WHERE id = NEW.transfer_id AND created_in = pg_current_xact_id()::text::bigint;
        IF NOT FOUND THEN
            RAISE EXCEPTION 'transfer % was not posted by this transaction: no entry can be added', NEW.transfer_id
                USING ERRCODE = 'restrict_violation';
        END IF;
        IF (CASE WHEN why IN ('RESERVATION', 'DISBURSEMENT', 'VOID')
                THEN (SELECT count(*) FROM ledger_entry WHERE transfer_id = NEW.transfer_id) > 1
                ELSE EXISTS (SELECT FROM ledger_account WHERE id = NEW.account_id AND kind IN ('PENDING', 'PAID'))
            END) THEN
            RAISE EXCEPTION 'transfer % is a %, which has no such entry', NEW.transfer_id, lower(why)
                USING ERRCODE = 'check_violation';
        END IF;
        RETURN NEW;
    END $$
"""
_SEALED = """
    CREATE OR REPLACE FUNCTION ledger_seal_transfer() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = public, pg_temp AS $$
    BEGIN
        PERFORM FROM ledger_transfer
          WHERE id = NEW.transfer_id AND created_in = pg_current_xact_id()::text::bigint;
        IF NOT FOUND THEN
            RAISE EXCEPTION 'transfer % was not posted by this transaction: no entry can be added', NEW.transfer_id
                USING ERRCODE = 'restrict_violation';
        END IF;
        RETURN NEW;
    END $$
"""

_RESOLVES = (
    "ALTER TABLE ledger_transfer ADD COLUMN resolves_transfer_id UUID",
    """
    ALTER TABLE ledger_transfer ADD CONSTRAINT ledger_transfer_resolves_transfer_id_fkey
    FOREIGN KEY (resolves_transfer_id) REFERENCES ledger_transfer (id)
    """,
    """
    ALTER TABLE ledger_transfer ADD CONSTRAINT ledger_transfer_resolves_transfer_id_key UNIQUE (resolves_transfer_id)
    """,
    """
    ALTER TABLE ledger_transfer ADD CONSTRAINT ledger_transfer_resolution_check
    CHECK ((kind IN ('DISBURSEMENT', 'VOID')) = (resolves_transfer_id IS NOT NULL))
    """,
    # A resolution is of a reservation, whole: what was pending is pending no more, and a void gives all of it back.
    # A reservation moves COMMITTED to PENDING of one line, and is undone by a void alone.
    """
    CREATE FUNCTION ledger_check_resolution() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = public, pg_temp AS $$
    DECLARE
        checked ledger_transfer;
        wrong BOOLEAN;
    BEGIN
        checked := NEW;
        wrong := CASE checked.kind
            WHEN 'RESERVATION' THEN (
                SELECT count(*) <> 2 OR count(DISTINCT a.budget_line_id) <> 1
                       OR bool_or((a.kind, sign(e.amount_won)) NOT IN (('COMMITTED', -1), ('PENDING', 1)))
                  FROM ledger_entry e JOIN ledger_account a ON a.id = e.account_id WHERE e.transfer_id = checked.id)
            WHEN 'VOID' THEN
                NOT EXISTS (SELECT FROM ledger_transfer r WHERE r.id = checked.resolves_transfer_id
                               AND r.kind = 'RESERVATION' AND r.project_id = checked.project_id)
                OR EXISTS (SELECT FROM ledger_entry WHERE transfer_id IN (checked.id, checked.resolves_transfer_id)
                            GROUP BY account_id HAVING sum(amount_won) <> 0)
            WHEN 'DISBURSEMENT' THEN
                NOT EXISTS (SELECT FROM ledger_transfer r WHERE r.id = checked.resolves_transfer_id
                               AND r.kind = 'RESERVATION' AND r.project_id = checked.project_id)
                OR (SELECT count(*) <> 2 OR count(DISTINCT a.budget_line_id) <> 1
                           OR bool_or((a.kind, sign(e.amount_won)) NOT IN (('PENDING', -1), ('PAID', 1)))
                      FROM ledger_entry e JOIN ledger_account a ON a.id = e.account_id WHERE e.transfer_id = checked.id)
                OR (SELECT sum(e.amount_won) <> 0 FROM ledger_entry e JOIN ledger_account a ON a.id = e.account_id
                     WHERE e.transfer_id IN (checked.id, checked.resolves_transfer_id) AND a.kind = 'PENDING')
            ELSE EXISTS (
                SELECT FROM ledger_transfer r WHERE r.id = checked.reverses_transfer_id
                   AND r.kind IN ('RESERVATION', 'DISBURSEMENT', 'VOID')) END;
        IF wrong IS NOT FALSE THEN
            RAISE EXCEPTION 'transfer % is no whole %', checked.id, lower(checked.kind)
                USING ERRCODE = 'check_violation';
        END IF;
        RETURN NULL;
    END $$
    """,
    """
    CREATE CONSTRAINT TRIGGER ledger_transfer_resolves AFTER INSERT ON ledger_transfer
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW
    WHEN (NEW.kind IN ('RESERVATION', 'DISBURSEMENT', 'VOID', 'REVERSAL'))
    EXECUTE FUNCTION ledger_check_resolution()
    """,
)


def upgrade() -> None:
    for statement in _DROP_CHECKS:
        op.execute(statement)
    op.execute(_OWNER.format(kinds=f"{_LINE_KINDS}, 'PENDING', 'PAID'"))
    op.execute(_KIND.format(kinds=f"{_TRANSFER_KINDS}, 'RESERVATION', 'DISBURSEMENT', 'VOID'"))
    op.execute(_PROJECT.format(condition=_OF_A_PROJECT))
    op.execute(_AGREES)
    op.execute(_SEALS)
    for statement in _RESOLVES:
        op.execute(statement)


def downgrade() -> None:
    op.execute("DROP TRIGGER ledger_transfer_resolves ON ledger_transfer")
    op.execute("DROP FUNCTION ledger_check_resolution()")
    op.execute("ALTER TABLE ledger_transfer DROP CONSTRAINT ledger_transfer_resolution_check")
    op.execute("ALTER TABLE ledger_transfer DROP COLUMN resolves_transfer_id")
    op.execute(_AGREED)
    op.execute(_SEALED)
    for statement in _DROP_CHECKS:
        op.execute(statement)
    op.execute(_OWNER.format(kinds=_LINE_KINDS))
    op.execute(_KIND.format(kinds=_TRANSFER_KINDS))
    op.execute(_PROJECT.format(condition="kind <> 'COMMITMENT' OR project_id IS NOT NULL"))
