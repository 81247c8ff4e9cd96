"""The ledger learns to take back: an order to repay is pending, and one second row says that it was paid or relieved.

LAPSED is what a line will not pay any more, REFUND_DUE what is owed back to it, REFUNDED what its treasury has again;
INTEREST and PENALTY say where money came from that no budget gave. Together they still explain what the line committed.
"""

from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None

_OWNER = """
    ALTER TABLE ledger_account ADD CONSTRAINT ledger_account_owner_check CHECK (
        CASE WHEN kind IN ({kinds}) THEN budget_line_id IS NOT NULL AND project_id IS NULL
             WHEN kind IN ('SME_PLEDGE', 'SME_COMMITTED') THEN project_id IS NOT NULL AND budget_line_id IS NULL
             ELSE FALSE END
    )
"""
_SIDE = """
    ALTER TABLE ledger_account ADD CONSTRAINT ledger_account_side_check CHECK (
        CASE WHEN kind IN ({kinds}) THEN balance_won <= 0 ELSE balance_won >= 0 END
    )
"""
_KIND = "ALTER TABLE ledger_transfer ADD CONSTRAINT ledger_transfer_kind_check CHECK (kind IN ({kinds}))"
_PROJECT = """
    ALTER TABLE ledger_transfer ADD CONSTRAINT ledger_transfer_project_check
    CHECK (kind NOT IN ({kinds}) OR project_id IS NOT NULL)
"""
_RESOLUTION = """
    ALTER TABLE ledger_transfer ADD CONSTRAINT ledger_transfer_resolution_check
    CHECK ((kind IN ({kinds})) = (resolves_transfer_id IS NOT NULL))
"""
_LINE_KINDS = "'APPROPRIATION', 'AVAILABLE', 'COMMITTED', 'PENDING', 'PAID'"
_NEW_LINE_KINDS = f"{_LINE_KINDS}, 'LAPSED', 'REFUND_DUE', 'REFUNDED', 'INTEREST', 'PENALTY'"
_NEGATIVE = "'APPROPRIATION', 'SME_PLEDGE'"
_OF_A_PROJECT = "'COMMITMENT', 'RESERVATION', 'DISBURSEMENT', 'VOID'"
_KINDS = "'APPROPRIATION', 'COMMITMENT', 'REVERSAL', 'RESERVATION', 'DISBURSEMENT', 'VOID'"
_NEW_KINDS = "'LAPSE', 'REPAYMENT_ORDER', 'REPAYMENT', 'RELIEF'"

_DROP_CHECKS = (
    "ALTER TABLE ledger_account DROP CONSTRAINT ledger_account_owner_check",
    "ALTER TABLE ledger_account DROP CONSTRAINT ledger_account_side_check",
    "ALTER TABLE ledger_transfer DROP CONSTRAINT ledger_transfer_kind_check",
    "ALTER TABLE ledger_transfer DROP CONSTRAINT ledger_transfer_project_check",
    "ALTER TABLE ledger_transfer DROP CONSTRAINT ledger_transfer_resolution_check",
)

_AGREES = """
    CREATE OR REPLACE FUNCTION budget_line_agrees() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = public, pg_temp AS $$
    DECLARE
        line UUID := (to_jsonb(NEW) ->> TG_ARGV[0])::uuid;
        agrees BOOLEAN;
    BEGIN
        SELECT coalesce(sum(a.balance_won) FILTER (WHERE a.kind = 'APPROPRIATION'), 0) = -l.granted
               AND coalesce(sum(a.balance_won) FILTER (WHERE a.kind = 'AVAILABLE'), 0) = l.granted - l.committed_won
               AND coalesce(sum(a.balance_won) FILTER (WHERE {explains}), 0) = l.committed_won
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
_EXPLAINS = "a.kind IN ('COMMITTED', 'PENDING', 'PAID')"
_EXPLAINS_NOW = "a.kind NOT IN ('APPROPRIATION', 'AVAILABLE')"

# So many entries has a transfer of each kind at most, and nobody else touches what is pending, paid, lapsed or owed.
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
        IF (CASE WHEN why IN ({two}) THEN
                     (SELECT count(*) FROM ledger_entry WHERE transfer_id = NEW.transfer_id) > 1
                 WHEN why IN ({few}) THEN
                     (SELECT count(*) FROM ledger_entry WHERE transfer_id = NEW.transfer_id) > 3
                ELSE EXISTS (SELECT FROM ledger_account WHERE id = NEW.account_id AND kind IN ({reserved}))
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

# Asked at every entry, so that none that follows the first look escapes it.
_CHECK = (
    """
    CREATE FUNCTION ledger_check_repayment() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = public, pg_temp AS $$
    DECLARE
        checked ledger_transfer;
        wrong BOOLEAN;
    BEGIN
        SELECT * INTO checked FROM ledger_transfer WHERE id = (to_jsonb(NEW) ->> TG_ARGV[0])::uuid;
        IF checked.kind = 'REVERSAL' AND EXISTS (
            SELECT FROM ledger_transfer r WHERE r.id = checked.reverses_transfer_id
               AND r.kind IN ('LAPSE', 'REPAYMENT_ORDER', 'REPAYMENT', 'RELIEF')) THEN
            RAISE EXCEPTION 'transfer % cannot be reversed', checked.reverses_transfer_id
                USING ERRCODE = 'check_violation';
        END IF;
        IF checked.kind NOT IN ('LAPSE', 'REPAYMENT_ORDER', 'REPAYMENT', 'RELIEF') THEN
            RETURN NULL;
        END IF;
        SELECT count(DISTINCT a.budget_line_id) <> 1
               OR bool_or((checked.kind, a.kind, sign(e.amount_won)) NOT IN (
                    ('LAPSE', 'COMMITTED', -1), ('LAPSE', 'LAPSED', 1),
                    ('REPAYMENT_ORDER', 'PAID', -1), ('REPAYMENT_ORDER', 'INTEREST', -1),
                    ('REPAYMENT_ORDER', 'PENALTY', -1), ('REPAYMENT_ORDER', 'REFUND_DUE', 1),
                    ('REPAYMENT', 'REFUND_DUE', -1), ('REPAYMENT', 'PENALTY', -1), ('REPAYMENT', 'REFUNDED', 1),
                    ('RELIEF', 'REFUND_DUE', -1), ('RELIEF', 'PAID', 1), ('RELIEF', 'INTEREST', 1),
                    ('RELIEF', 'PENALTY', 1)))
          INTO wrong
          FROM ledger_entry e JOIN ledger_account a ON a.id = e.account_id WHERE e.transfer_id = checked.id;
        IF checked.kind IN ('REPAYMENT', 'RELIEF') THEN
            wrong := wrong OR NOT EXISTS (
                SELECT FROM ledger_transfer r WHERE r.id = checked.resolves_transfer_id
                   AND r.kind = 'REPAYMENT_ORDER' AND r.project_id = checked.project_id)
                OR (SELECT sum(e.amount_won) IS DISTINCT FROM 0
                      FROM ledger_entry e JOIN ledger_account a ON a.id = e.account_id
                     WHERE e.transfer_id IN (checked.id, checked.resolves_transfer_id) AND a.kind = 'REFUND_DUE')
                OR checked.kind = 'RELIEF' AND EXISTS (
                    SELECT FROM ledger_entry WHERE transfer_id IN (checked.id, checked.resolves_transfer_id)
                     GROUP BY account_id HAVING sum(amount_won) <> 0);
        END IF;
        IF wrong IS NOT FALSE THEN
            RAISE EXCEPTION 'transfer % is no whole %', checked.id, lower(checked.kind)
                USING ERRCODE = 'check_violation';
        END IF;
        RETURN NULL;
    END $$
    """,
    """
    CREATE CONSTRAINT TRIGGER ledger_transfer_repays AFTER INSERT ON ledger_transfer
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW
    WHEN (NEW.kind IN ('LAPSE', 'REPAYMENT_ORDER', 'REPAYMENT', 'RELIEF', 'REVERSAL'))
    EXECUTE FUNCTION ledger_check_repayment('id')
    """,
    """
    CREATE CONSTRAINT TRIGGER ledger_entry_repays AFTER INSERT ON ledger_entry
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION ledger_check_repayment('transfer_id')
    """,
)


def upgrade() -> None:
    for statement in _DROP_CHECKS:
        op.execute(statement)
    op.execute(_OWNER.format(kinds=_NEW_LINE_KINDS))
    op.execute(_SIDE.format(kinds=f"{_NEGATIVE}, 'INTEREST', 'PENALTY'"))
    op.execute(_KIND.format(kinds=f"{_KINDS}, {_NEW_KINDS}"))
    op.execute(_PROJECT.format(kinds=f"{_OF_A_PROJECT}, {_NEW_KINDS}"))
    op.execute(_RESOLUTION.format(kinds="'DISBURSEMENT', 'VOID', 'REPAYMENT', 'RELIEF'"))
    op.execute(_AGREES.format(explains=_EXPLAINS_NOW))
    op.execute(
        _SEALS.format(
            two="'RESERVATION', 'DISBURSEMENT', 'VOID', 'LAPSE'",
            few="'REPAYMENT_ORDER', 'REPAYMENT', 'RELIEF'",
            reserved="'PENDING', 'PAID', 'LAPSED', 'REFUND_DUE', 'REFUNDED', 'INTEREST', 'PENALTY'",
        )
    )
    for statement in _CHECK:
        op.execute(statement)


def downgrade() -> None:
    op.execute("DROP TRIGGER ledger_entry_repays ON ledger_entry")
    op.execute("DROP TRIGGER ledger_transfer_repays ON ledger_transfer")
    op.execute("DROP FUNCTION ledger_check_repayment()")
    op.execute(_SEALED)
    op.execute(_AGREES.format(explains=_EXPLAINS))
    for statement in _DROP_CHECKS:
        op.execute(statement)
    op.execute(_OWNER.format(kinds=_LINE_KINDS))
    op.execute(_SIDE.format(kinds=_NEGATIVE))
    op.execute(_KIND.format(kinds=_KINDS))
    op.execute(_PROJECT.format(kinds=_OF_A_PROJECT))
    op.execute(_RESOLUTION.format(kinds="'DISBURSEMENT', 'VOID'"))
