"""Budget lines: a CHECK that no line is drawn below nothing, and a counter that cannot disagree with the ledger."""

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_STATEMENTS = (
    """
    CREATE TABLE budget_line (
        id UUID NOT NULL,
        source TEXT NOT NULL,
        track TEXT NOT NULL,
        fiscal_year BIGINT NOT NULL,
        municipality_code TEXT,
        amount_won BIGINT NOT NULL,
        legal_regime TEXT NOT NULL,
        funder TEXT NOT NULL,
        state TEXT NOT NULL,
        proposed_by TEXT NOT NULL,
        proposed_at TIMESTAMPTZ NOT NULL,
        confirmed_by TEXT,
        confirmed_at TIMESTAMPTZ,
        committed_won BIGINT NOT NULL,
        version BIGINT NOT NULL,
        CONSTRAINT budget_line_pkey PRIMARY KEY (id),
        CONSTRAINT budget_line_track_fiscal_year_source_municipality_code_key
            UNIQUE NULLS NOT DISTINCT (track, fiscal_year, source, municipality_code),
        CONSTRAINT budget_line_source_check CHECK (source IN ('NATIONAL', 'PROVINCE', 'MUNICIPALITY', 'SAMSUNG')),
        CONSTRAINT budget_line_municipality_check
            CHECK ((source = 'MUNICIPALITY') = (municipality_code IS NOT NULL)),
        CONSTRAINT budget_line_legal_regime_check CHECK (
            legal_regime IN ('LOCAL_SUBSIDY', 'LOCAL_CONTRIBUTION', 'NATIONAL_CONTRIBUTION', 'PRIVATE_FUND')
        ),
        CONSTRAINT budget_line_amount_check CHECK (amount_won > 0),
        CONSTRAINT budget_line_committed_check CHECK (committed_won >= 0 AND committed_won <= amount_won),
        CONSTRAINT budget_line_state_check CHECK (
            CASE state WHEN 'PROPOSED' THEN committed_won = 0 AND confirmed_by IS NULL AND confirmed_at IS NULL
                       WHEN 'CONFIRMED' THEN confirmed_by IS NOT NULL AND confirmed_at IS NOT NULL
                       ELSE FALSE END
        ),
        CONSTRAINT budget_line_two_people_check CHECK (confirmed_by <> proposed_by)
    )
    """,
    """
    CREATE FUNCTION budget_line_guard() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
    BEGIN
        IF (NEW.id, NEW.source, NEW.track, NEW.fiscal_year, NEW.municipality_code, NEW.amount_won, NEW.legal_regime,
            NEW.funder, NEW.proposed_by, NEW.proposed_at) IS DISTINCT FROM
           (OLD.id, OLD.source, OLD.track, OLD.fiscal_year, OLD.municipality_code, OLD.amount_won, OLD.legal_regime,
            OLD.funder, OLD.proposed_by, OLD.proposed_at) THEN
            RAISE EXCEPTION 'what budget line % is for cannot change', OLD.id USING ERRCODE = 'restrict_violation';
        END IF;
        IF NEW.version <> OLD.version + 1 THEN
            RAISE EXCEPTION 'budget line % changes one version at a time', OLD.id USING ERRCODE = 'restrict_violation';
        END IF;
        RETURN NEW;
    END $$
    """,
    """
    CREATE TRIGGER budget_line_guard BEFORE UPDATE ON budget_line
    FOR EACH ROW EXECUTE FUNCTION budget_line_guard()
    """,
    """
    CREATE TRIGGER budget_line_keeps BEFORE DELETE OR TRUNCATE ON budget_line
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()
    """,
    """
    CREATE FUNCTION budget_line_agrees() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
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
    """,
    """
    CREATE CONSTRAINT TRIGGER budget_line_agrees AFTER INSERT OR UPDATE ON budget_line
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION budget_line_agrees('id')
    """,
    """
    CREATE CONSTRAINT TRIGGER budget_line_agrees AFTER UPDATE ON ledger_account
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN (NEW.budget_line_id IS NOT NULL)
    EXECUTE FUNCTION budget_line_agrees('budget_line_id')
    """,
    # The triggers stop everybody; without these rights the app role does not even get that far.
    """
    DO $$
    DECLARE app text := replace(current_user, '_owner', '_app');
    BEGIN
        IF app <> current_user AND EXISTS (SELECT FROM pg_roles WHERE rolname = app) THEN
            EXECUTE format('REVOKE UPDATE, DELETE, TRUNCATE ON budget_line FROM %I', app);
            EXECUTE format('GRANT UPDATE (state, confirmed_by, confirmed_at, committed_won, version)
                            ON budget_line TO %I', app);
        END IF;
    END $$
    """,
)


def upgrade() -> None:
    for statement in _STATEMENTS:
        op.execute(statement)


def downgrade() -> None:
    op.execute("DROP TRIGGER budget_line_agrees ON ledger_account")
    op.execute("DROP TABLE budget_line")
    op.execute("DROP FUNCTION budget_line_agrees()")
    op.execute("DROP FUNCTION budget_line_guard()")
