"""What the migration of denied tokens executes: fixed for good, a change is a new migration."""

STATEMENTS = (
    """
    CREATE TABLE token_denial (
        id BIGINT GENERATED ALWAYS AS IDENTITY NOT NULL,
        issuer TEXT NOT NULL,
        subject TEXT,
        role TEXT,
        tenant TEXT,
        token_id TEXT,
        issued_until TIMESTAMPTZ NOT NULL,
        recorded_at TIMESTAMPTZ DEFAULT now() NOT NULL,
        CONSTRAINT token_denial_pkey PRIMARY KEY (id),
        CONSTRAINT token_denial_scope_check CHECK (
            (subject IS NULL) <> (token_id IS NULL) AND (subject IS NOT NULL OR role IS NULL AND tenant IS NULL)
        )
    )
    """,
    "CREATE INDEX token_denial_issued_until_idx ON token_denial (issued_until)",
    """
    CREATE TRIGGER token_denial_stays BEFORE UPDATE OR DELETE ON token_denial
        FOR EACH ROW EXECUTE FUNCTION refuse_change()
    """,
    """
    CREATE TRIGGER token_denial_is_not_emptied BEFORE TRUNCATE ON token_denial
        FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()
    """,
    # The triggers stop everybody; without these rights the app role does not even get that far.
    """
    DO $$
    DECLARE app text := replace(current_user, '_owner', '_app');
    BEGIN
        IF app <> current_user AND EXISTS (SELECT FROM pg_roles WHERE rolname = app) THEN
            EXECUTE format('REVOKE UPDATE, DELETE, TRUNCATE ON token_denial FROM %I', app);
        END IF;
    END $$
    """,
)
