"""What the migration of notes executes: fixed for good, a change is a new migration."""

UP = (
    """
    CREATE TABLE journal_note (
        id uuid NOT NULL CONSTRAINT journal_note_pkey PRIMARY KEY,
        chain text NOT NULL,
        words text,
        salt bytea,
        recorded_at timestamptz NOT NULL,
        erased_at timestamptz,
        CONSTRAINT journal_note_erased_check CHECK (
            (words IS NULL) = (salt IS NULL) AND (words IS NULL) = (erased_at IS NOT NULL)
        )
    )
    """,
    "CREATE INDEX journal_note_chain_idx ON journal_note (chain)",
    # All that can ever happen to a note is that its words and their salt go, once.
    """
    CREATE TRIGGER journal_note_is_only_erased BEFORE UPDATE ON journal_note
        FOR EACH ROW WHEN (
            OLD.words IS NULL OR NEW.words IS NOT NULL
            OR (NEW.id, NEW.chain, NEW.recorded_at) IS DISTINCT FROM (OLD.id, OLD.chain, OLD.recorded_at)
        )
        EXECUTE FUNCTION refuse_change()
    """,
    """
    CREATE TRIGGER journal_note_stays BEFORE DELETE ON journal_note
        FOR EACH ROW EXECUTE FUNCTION refuse_change()
    """,
    """
    CREATE TRIGGER journal_note_is_not_emptied BEFORE TRUNCATE ON journal_note
        FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()
    """,
    """
    DO $$
    DECLARE app text := replace(current_user, '_owner', '_app');
    BEGIN
        IF app <> current_user AND EXISTS (SELECT FROM pg_roles WHERE rolname = app) THEN
            EXECUTE format('REVOKE DELETE, TRUNCATE ON journal_note FROM %I', app);
        END IF;
    END $$
    """,
    # Why a discard was asked for was written twice: in the journal, and here. From now on it is a note.
    "ALTER TABLE parked_event ADD COLUMN discard_note uuid",
    "UPDATE parked_event SET discard_note = gen_random_uuid() WHERE discard_reason IS NOT NULL",
    """
    INSERT INTO journal_note (id, chain, words, salt, recorded_at)
    SELECT discard_note, 'parked/' || topic, discard_reason, uuid_send(gen_random_uuid()), now()
    FROM parked_event WHERE discard_note IS NOT NULL
    """,
    "ALTER TABLE parked_event DROP COLUMN discard_reason",
    """
    ALTER TABLE parked_event ADD CONSTRAINT parked_event_discard_note_fkey
        FOREIGN KEY (discard_note) REFERENCES journal_note (id)
    """,
)

DOWN = (
    "ALTER TABLE parked_event ADD COLUMN discard_reason text",
    """
    UPDATE parked_event SET discard_reason = words FROM journal_note WHERE journal_note.id = parked_event.discard_note
    """,
    "ALTER TABLE parked_event DROP COLUMN discard_note",
    "DROP TABLE journal_note",
)
