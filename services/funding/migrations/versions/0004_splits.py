"""Split rules: data that two people made and that nobody changes afterwards."""

from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_STATEMENTS = (
    """
    CREATE TABLE split_rule (
        version TEXT NOT NULL,
        title TEXT NOT NULL,
        rates JSONB NOT NULL,
        valid_from DATE NOT NULL,
        source_note TEXT NOT NULL,
        state TEXT NOT NULL,
        proposed_by TEXT NOT NULL,
        proposed_at TIMESTAMPTZ NOT NULL,
        confirmed_by TEXT,
        confirmed_at TIMESTAMPTZ,
        CONSTRAINT split_rule_pkey PRIMARY KEY (version),
        CONSTRAINT split_rule_state_check CHECK (
            CASE state WHEN 'PROPOSED' THEN confirmed_by IS NULL AND confirmed_at IS NULL
                       WHEN 'CONFIRMED' THEN confirmed_by IS NOT NULL AND confirmed_at IS NOT NULL
                       ELSE FALSE END
        ),
        CONSTRAINT split_rule_two_people_check CHECK (confirmed_by <> proposed_by)
    )
    """,
    """
    CREATE FUNCTION split_rule_guard() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
    BEGIN
        IF OLD.state = 'CONFIRMED'
           OR (NEW.version, NEW.title, NEW.rates, NEW.valid_from, NEW.source_note, NEW.proposed_by, NEW.proposed_at)
              IS DISTINCT FROM
              (OLD.version, OLD.title, OLD.rates, OLD.valid_from, OLD.source_note, OLD.proposed_by, OLD.proposed_at)
        THEN
            RAISE EXCEPTION 'split rule % cannot change: propose another version', OLD.version
                USING ERRCODE = 'restrict_violation';
        END IF;
        RETURN NEW;
    END $$
    """,
    """
    CREATE TRIGGER split_rule_guard BEFORE UPDATE ON split_rule
    FOR EACH ROW EXECUTE FUNCTION split_rule_guard()
    """,
    """
    CREATE TRIGGER split_rule_keeps BEFORE DELETE OR TRUNCATE ON split_rule
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()
    """,
    # The triggers stop everybody; without these rights the app role does not even get that far.
    """
    DO $$
    DECLARE app text := replace(current_user, '_owner', '_app');
    BEGIN
        IF app <> current_user AND EXISTS (SELECT FROM pg_roles WHERE rolname = app) THEN
            EXECUTE format('REVOKE UPDATE, DELETE, TRUNCATE ON split_rule FROM %I', app);
            EXECUTE format('GRANT UPDATE (state, confirmed_by, confirmed_at) ON split_rule TO %I', app);
        END IF;
    END $$
    """,
)


def upgrade() -> None:
    for statement in _STATEMENTS:
        op.execute(statement)


def downgrade() -> None:
    op.execute("DROP TABLE split_rule")
    op.execute("DROP FUNCTION split_rule_guard()")
