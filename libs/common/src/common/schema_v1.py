"""The common tables as the first migration of every service made them: never changed, only followed by others."""

TABLES = (
    "journal_head",
    "journal_entry",
    "idempotency_key",
    "parked_event",
    "inbox_sequence",
    "inbox",
    "outbox_sequence",
    "outbox",
)

FUNCTIONS = ("refuse_change", "refuse_rewrite")

STATEMENTS = (
    """
    CREATE TABLE outbox (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        event_id uuid NOT NULL UNIQUE,
        type text NOT NULL,
        topic text NOT NULL,
        key uuid NOT NULL,
        sequence bigint NOT NULL,
        payload bytea NOT NULL CONSTRAINT outbox_payload_check CHECK (octet_length(payload) <= 262144),
        occurred_at timestamptz NOT NULL,
        recorded_at timestamptz NOT NULL DEFAULT now(),
        correlation_id text NOT NULL,
        causation_id text,
        traceparent text,
        actor text,
        published_at timestamptz,
        UNIQUE (topic, key, sequence)
    )
    """,
    "CREATE INDEX outbox_unpublished_idx ON outbox (id) WHERE published_at IS NULL",
    """
    CREATE TABLE outbox_sequence (
        topic text NOT NULL, key uuid NOT NULL, last bigint NOT NULL, PRIMARY KEY (topic, key)
    )
    """,
    """
    CREATE TABLE inbox (
        position bigint GENERATED ALWAYS AS IDENTITY UNIQUE,
        event_id uuid PRIMARY KEY,
        type text NOT NULL,
        topic text NOT NULL,
        key uuid NOT NULL,
        sequence bigint NOT NULL,
        outcome text NOT NULL CONSTRAINT inbox_outcome_check CHECK (outcome IN ('applied', 'unused', 'discarded')),
        recorded_at timestamptz NOT NULL DEFAULT now()
    )
    """,
    "CREATE INDEX inbox_topic_key_sequence_idx ON inbox (topic, key, sequence)",
    """
    CREATE TABLE inbox_sequence (
        topic text NOT NULL, key uuid NOT NULL, last bigint NOT NULL, PRIMARY KEY (topic, key)
    )
    """,
    """
    CREATE TABLE parked_event (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        identity text NOT NULL UNIQUE,
        topic text NOT NULL,
        partition integer NOT NULL,
        kafka_offset bigint NOT NULL,
        key text NOT NULL,
        sequence bigint,
        event_id text,
        type text,
        record_key bytea,
        record_headers jsonb NOT NULL,
        record_value bytea,
        reason text NOT NULL CONSTRAINT parked_event_reason_check
            CHECK (reason IN ('undecodable', 'unknown-version', 'refused', 'failed', 'gap', 'behind')),
        detail text NOT NULL,
        traceparent text,
        parked_at timestamptz NOT NULL DEFAULT now(),
        attempts integer NOT NULL DEFAULT 1,
        discard_asked_by text,
        discard_reason text,
        resolved_at timestamptz,
        resolution text,
        resolved_by text,
        CONSTRAINT parked_event_resolution_check CHECK (
            (resolved_at IS NULL) = (resolution IS NULL) AND resolution IN ('redriven', 'discarded', 'superseded')
        ),
        CONSTRAINT parked_event_two_people_check CHECK (
            resolution <> 'discarded' OR discard_asked_by IS NOT NULL AND resolved_by <> discard_asked_by
        )
    )
    """,
    "CREATE INDEX parked_event_unresolved_idx ON parked_event (topic, key) WHERE resolved_at IS NULL",
    """
    CREATE TABLE idempotency_key (
        issuer text NOT NULL,
        subject text NOT NULL,
        method text NOT NULL,
        route text NOT NULL,
        key text NOT NULL,
        fingerprint bytea NOT NULL,
        status integer,
        headers jsonb,
        body bytea,
        created_at timestamptz NOT NULL DEFAULT now(),
        PRIMARY KEY (issuer, subject, method, route, key)
    )
    """,
    "CREATE INDEX idempotency_key_created_at_idx ON idempotency_key (created_at)",
    """
    CREATE TABLE journal_entry (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        chain text NOT NULL,
        position bigint NOT NULL,
        decision text NOT NULL,
        actor text NOT NULL,
        rule_version text,
        evidence text[] NOT NULL,
        facts jsonb NOT NULL,
        decided_at timestamptz NOT NULL,
        recorded_at timestamptz NOT NULL,
        body bytea NOT NULL,
        hash bytea NOT NULL,
        UNIQUE (chain, position)
    )
    """,
    """
    CREATE TABLE journal_head (
        chain text PRIMARY KEY, position bigint NOT NULL, hash bytea NOT NULL
    )
    """,
    """
    CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        RAISE EXCEPTION '% of % is refused - what is recorded stays', TG_OP, TG_TABLE_NAME USING ERRCODE = '42501';
    END $$
    """,
    # An outbox row may only be marked as published, or unmarked to be sent again; its content is what was committed.
    """
    CREATE FUNCTION refuse_rewrite() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        RAISE EXCEPTION 'a recorded event cannot be rewritten' USING ERRCODE = '42501';
    END $$
    """,
    """
    CREATE TRIGGER journal_entry_stays BEFORE UPDATE OR DELETE ON journal_entry
        FOR EACH ROW EXECUTE FUNCTION refuse_change()
    """,
    """
    CREATE TRIGGER journal_entry_is_not_emptied BEFORE TRUNCATE ON journal_entry
        FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()
    """,
    """
    CREATE TRIGGER journal_head_stays BEFORE DELETE ON journal_head
        FOR EACH ROW EXECUTE FUNCTION refuse_change()
    """,
    """
    CREATE TRIGGER journal_head_only_grows BEFORE UPDATE ON journal_head
        FOR EACH ROW WHEN (NEW.chain <> OLD.chain OR NEW.position <> OLD.position + 1)
        EXECUTE FUNCTION refuse_change()
    """,
    """
    CREATE TRIGGER journal_head_is_not_emptied BEFORE TRUNCATE ON journal_head
        FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()
    """,
    """
    CREATE TRIGGER outbox_stays BEFORE DELETE ON outbox FOR EACH ROW EXECUTE FUNCTION refuse_change()
    """,
    """
    CREATE TRIGGER outbox_is_not_emptied BEFORE TRUNCATE ON outbox
        FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()
    """,
    """
    CREATE TRIGGER outbox_is_not_rewritten BEFORE UPDATE OF
        id, event_id, type, topic, key, sequence, payload, occurred_at, recorded_at, correlation_id, causation_id,
        traceparent, actor
        ON outbox FOR EACH ROW EXECUTE FUNCTION refuse_rewrite()
    """,
    # The triggers stop everybody; without these rights the app role does not even get that far.
    """
    DO $$
    DECLARE app text := replace(current_user, '_owner', '_app');
    BEGIN
        IF app <> current_user AND EXISTS (SELECT FROM pg_roles WHERE rolname = app) THEN
            EXECUTE format('REVOKE UPDATE, DELETE, TRUNCATE ON journal_entry FROM %I', app);
            EXECUTE format('REVOKE DELETE, TRUNCATE ON journal_head, outbox FROM %I', app);
            EXECUTE format('REVOKE UPDATE ON outbox FROM %I', app);
            EXECUTE format('GRANT UPDATE (published_at) ON outbox TO %I', app);
            EXECUTE format('REVOKE UPDATE, DELETE, TRUNCATE ON inbox FROM %I', app);
        END IF;
    END $$
    """,
)
