"""The ledger: PostgreSQL itself keeps it balanced, append-only and above nothing.

Whoever holds the app role, or the owner role without disabling triggers, can add a balanced transfer and do nothing
else: no change, no removal, no truncation, no entry added to what an earlier transaction posted, and no account on the
wrong side of zero. Functions fix their search_path, so that a temporary table of the same name cannot stand in.
"""

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_TABLES = (
    """
    CREATE TABLE ledger_account (
        id UUID NOT NULL,
        kind TEXT NOT NULL,
        budget_line_id UUID,
        project_id UUID,
        municipality_code TEXT,
        balance_won BIGINT DEFAULT 0 NOT NULL,
        CONSTRAINT ledger_account_pkey PRIMARY KEY (id),
        CONSTRAINT ledger_account_owner_check CHECK (
            CASE WHEN kind IN ('APPROPRIATION', 'AVAILABLE', 'COMMITTED')
                 THEN budget_line_id IS NOT NULL AND project_id IS NULL
                 WHEN kind IN ('SME_PLEDGE', 'SME_COMMITTED')
                 THEN project_id IS NOT NULL AND budget_line_id IS NULL
                 ELSE FALSE END
        ),
        CONSTRAINT ledger_account_side_check CHECK (
            CASE WHEN kind IN ('APPROPRIATION', 'SME_PLEDGE') THEN balance_won <= 0 ELSE balance_won >= 0 END
        )
    )
    """,
    "CREATE UNIQUE INDEX ledger_account_budget_line_id_kind_idx ON ledger_account (budget_line_id, kind)",
    "CREATE UNIQUE INDEX ledger_account_project_id_kind_idx ON ledger_account (project_id, kind)",
    """
    CREATE TABLE ledger_transfer (
        id UUID NOT NULL,
        kind TEXT NOT NULL,
        project_id UUID,
        reverses_transfer_id UUID,
        programme_at TIMESTAMPTZ NOT NULL,
        recorded_at TIMESTAMPTZ DEFAULT now() NOT NULL,
        created_in BIGINT DEFAULT 0 NOT NULL,
        CONSTRAINT ledger_transfer_pkey PRIMARY KEY (id),
        CONSTRAINT ledger_transfer_reverses_transfer_id_fkey
            FOREIGN KEY (reverses_transfer_id) REFERENCES ledger_transfer (id),
        CONSTRAINT ledger_transfer_reverses_transfer_id_key UNIQUE (reverses_transfer_id),
        CONSTRAINT ledger_transfer_kind_check CHECK (kind IN ('APPROPRIATION', 'COMMITMENT', 'REVERSAL')),
        CONSTRAINT ledger_transfer_reversal_check CHECK ((kind = 'REVERSAL') = (reverses_transfer_id IS NOT NULL)),
        CONSTRAINT ledger_transfer_project_check CHECK (kind <> 'COMMITMENT' OR project_id IS NOT NULL)
    )
    """,
    # One project is committed once, whatever the handlers do.
    """
    CREATE UNIQUE INDEX ledger_transfer_one_commitment_idx ON ledger_transfer (project_id) WHERE kind = 'COMMITMENT'
    """,
    "CREATE INDEX ledger_transfer_project_id_idx ON ledger_transfer (project_id)",
    """
    CREATE TABLE ledger_entry (
        transfer_id UUID NOT NULL,
        account_id UUID NOT NULL,
        amount_won BIGINT NOT NULL,
        CONSTRAINT ledger_entry_pkey PRIMARY KEY (transfer_id, account_id),
        CONSTRAINT ledger_entry_transfer_id_fkey FOREIGN KEY (transfer_id) REFERENCES ledger_transfer (id),
        CONSTRAINT ledger_entry_account_id_fkey FOREIGN KEY (account_id) REFERENCES ledger_account (id),
        CONSTRAINT ledger_entry_amount_check CHECK (amount_won <> 0)
    )
    """,
    "CREATE INDEX ledger_entry_account_id_idx ON ledger_entry (account_id)",
)

_FUNCTIONS = (
    """
    CREATE FUNCTION ledger_stamp_transfer() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
    BEGIN
        NEW.created_in := pg_current_xact_id()::text::bigint;
        NEW.recorded_at := now();
        RETURN NEW;
    END $$
    """,
    # The id of the creating transaction is the same inside savepoints and never comes again.
    """
    CREATE FUNCTION ledger_seal_transfer() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
    BEGIN
        PERFORM FROM ledger_transfer
          WHERE id = NEW.transfer_id AND created_in = pg_current_xact_id()::text::bigint;
        IF NOT FOUND THEN
            RAISE EXCEPTION 'transfer % was not posted by this transaction: no entry can be added', NEW.transfer_id
                USING ERRCODE = 'restrict_violation';
        END IF;
        RETURN NEW;
    END $$
    """,
    # As the owner, because the app role may not touch a balance: only an entry moves it.
    """
    CREATE FUNCTION ledger_move_balance() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = public, pg_temp AS $$
    BEGIN
        UPDATE ledger_account SET balance_won = balance_won + NEW.amount_won WHERE id = NEW.account_id;
        RETURN NULL;
    END $$
    """,
    """
    CREATE FUNCTION ledger_guard_account() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
    BEGIN
        IF TG_OP = 'INSERT' THEN
            NEW.balance_won := 0;
            RETURN NEW;
        END IF;
        IF pg_trigger_depth() < 2
           OR (NEW.id, NEW.kind, NEW.budget_line_id, NEW.project_id, NEW.municipality_code) IS DISTINCT FROM
              (OLD.id, OLD.kind, OLD.budget_line_id, OLD.project_id, OLD.municipality_code) THEN
            RAISE EXCEPTION 'account % changes only by entries', OLD.id USING ERRCODE = 'restrict_violation';
        END IF;
        RETURN NEW;
    END $$
    """,
    """
    CREATE FUNCTION ledger_check_transfer() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
    DECLARE
        checked UUID := (to_jsonb(NEW) ->> TG_ARGV[0])::uuid;
        entries BIGINT;
        total NUMERIC;
        reversed UUID;
    BEGIN
        SELECT count(*), coalesce(sum(amount_won), 0) INTO entries, total FROM ledger_entry WHERE transfer_id = checked;
        IF entries < 2 OR total <> 0 THEN
            RAISE EXCEPTION 'transfer % has % entries that sum to % won, not to zero', checked, entries, total
                USING ERRCODE = 'check_violation';
        END IF;
        SELECT reverses_transfer_id INTO reversed FROM ledger_transfer WHERE id = checked;
        IF reversed IS NULL THEN
            RETURN NULL;
        END IF;
        IF EXISTS (SELECT FROM ledger_transfer WHERE id = reversed AND kind = 'REVERSAL') THEN
            RAISE EXCEPTION 'transfer % is itself a reversal', reversed USING ERRCODE = 'check_violation';
        END IF;
        IF EXISTS (SELECT FROM ledger_entry WHERE transfer_id IN (checked, reversed)
                    GROUP BY account_id HAVING sum(amount_won) <> 0) THEN
            RAISE EXCEPTION 'transfer % is not the opposite of %', checked, reversed USING ERRCODE = 'check_violation';
        END IF;
        RETURN NULL;
    END $$
    """,
)

_TRIGGERS = (
    *(
        f"""
        CREATE TRIGGER {table}_keeps BEFORE UPDATE OR DELETE OR TRUNCATE ON {table}
        FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()
        """
        for table in ("ledger_transfer", "ledger_entry")
    ),
    """
    CREATE TRIGGER ledger_account_keeps BEFORE DELETE OR TRUNCATE ON ledger_account
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()
    """,
    """
    CREATE TRIGGER ledger_account_guard BEFORE INSERT OR UPDATE ON ledger_account
    FOR EACH ROW EXECUTE FUNCTION ledger_guard_account()
    """,
    """
    CREATE TRIGGER ledger_transfer_stamp BEFORE INSERT ON ledger_transfer
    FOR EACH ROW EXECUTE FUNCTION ledger_stamp_transfer()
    """,
    """
    CREATE TRIGGER ledger_entry_seal BEFORE INSERT ON ledger_entry
    FOR EACH ROW EXECUTE FUNCTION ledger_seal_transfer()
    """,
    """
    CREATE TRIGGER ledger_entry_balance AFTER INSERT ON ledger_entry
    FOR EACH ROW EXECUTE FUNCTION ledger_move_balance()
    """,
    # On both tables: SET CONSTRAINTS IMMEDIATE can use up the transfer's own check before the last entry comes.
    """
    CREATE CONSTRAINT TRIGGER ledger_transfer_sums AFTER INSERT ON ledger_transfer
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION ledger_check_transfer('id')
    """,
    """
    CREATE CONSTRAINT TRIGGER ledger_entry_sums AFTER INSERT ON ledger_entry
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION ledger_check_transfer('transfer_id')
    """,
)

_RIGHTS = (
    # The triggers stop everybody; without these rights the app role does not even get that far.
    """
    DO $$
    DECLARE app text := replace(current_user, '_owner', '_app');
    BEGIN
        IF app <> current_user AND EXISTS (SELECT FROM pg_roles WHERE rolname = app) THEN
            EXECUTE format('REVOKE UPDATE, DELETE, TRUNCATE ON ledger_account, ledger_transfer,
                            ledger_entry FROM %I', app);
        END IF;
    END $$
    """,
)


def upgrade() -> None:
    for statement in (*_TABLES, *_FUNCTIONS, *_TRIGGERS, *_RIGHTS):
        op.execute(statement)


def downgrade() -> None:
    op.execute("DROP TABLE ledger_entry, ledger_transfer, ledger_account")
    for function in ("check_transfer", "guard_account", "move_balance", "seal_transfer", "stamp_transfer"):
        op.execute(f"DROP FUNCTION ledger_{function}()")
