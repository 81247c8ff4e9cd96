"""The benchmark's own tables, for anchors and peers: the smallest that hold the same facts as the shipped ones."""

BENCH_TABLES = """
CREATE TABLE domain_row (
    id UUID PRIMARY KEY, company_id UUID NOT NULL, type_code TEXT NOT NULL, total_cost_won BIGINT NOT NULL,
    plan JSONB NOT NULL, status TEXT NOT NULL, created_at TIMESTAMPTZ NOT NULL
);
CREATE TABLE outbox_row (
    id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY, event_id UUID NOT NULL UNIQUE, type TEXT NOT NULL,
    topic TEXT NOT NULL, key UUID NOT NULL, payload BYTEA NOT NULL, recorded_at TIMESTAMPTZ NOT NULL DEFAULT now(),
    published_at TIMESTAMPTZ
);
CREATE INDEX outbox_row_unpublished_idx ON outbox_row (id) WHERE published_at IS NULL;
CREATE TABLE inbox_row (
    event_id UUID PRIMARY KEY, type TEXT NOT NULL, topic TEXT NOT NULL, key UUID NOT NULL, sequence BIGINT NOT NULL,
    recorded_at TIMESTAMPTZ NOT NULL DEFAULT now()
);
CREATE TABLE effect_row (
    application_id UUID PRIMARY KEY, call_id UUID NOT NULL, type_code TEXT NOT NULL, municipality_code TEXT NOT NULL,
    state TEXT NOT NULL, changed_at TIMESTAMPTZ NOT NULL
);
CREATE INDEX effect_row_call_idx ON effect_row (call_id, municipality_code);
GRANT ALL ON ALL TABLES IN SCHEMA public TO bench_app;
GRANT ALL ON ALL SEQUENCES IN SCHEMA public TO bench_app;
"""

EMPTY_BENCH_TABLES = "TRUNCATE domain_row, outbox_row, inbox_row, effect_row"

INSERT_DOMAIN = """
    INSERT INTO domain_row (id, company_id, type_code, total_cost_won, plan, status, created_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7)
"""
READ_DOMAIN = "SELECT * FROM domain_row WHERE id = $1"
INSERT_OUTBOX = "INSERT INTO outbox_row (event_id, type, topic, key, payload) VALUES ($1, $2, $3, $4, $5)"

APPLY_BATCH = """
    WITH given AS (
        SELECT * FROM unnest($1::uuid[], $2::text[], $3::text[], $4::uuid[], $5::bigint[], $6::uuid[], $7::text[],
            $8::text[], $9::timestamptz[])
            AS event (event_id, type, topic, key, sequence, call_id, type_code, municipality_code, at)
    ), claimed AS (
        INSERT INTO inbox_row (event_id, type, topic, key, sequence)
        SELECT event_id, type, topic, key, sequence FROM given
        ON CONFLICT (event_id) DO NOTHING RETURNING event_id
    )
    INSERT INTO effect_row (application_id, call_id, type_code, municipality_code, state, changed_at)
    SELECT key, call_id, type_code, municipality_code, 'SUBMITTED', at FROM given JOIN claimed USING (event_id)
    ON CONFLICT (application_id) DO UPDATE SET state = excluded.state, changed_at = excluded.changed_at
"""
CLAIM_ONE = """
    INSERT INTO inbox_row (event_id, type, topic, key, sequence) VALUES ($1, $2, $3, $4, $5)
    ON CONFLICT (event_id) DO NOTHING RETURNING event_id
"""
APPLY_ONE = """
    INSERT INTO effect_row (application_id, call_id, type_code, municipality_code, state, changed_at)
    VALUES ($1, $2, $3, $4, 'SUBMITTED', $5)
    ON CONFLICT (application_id) DO UPDATE SET state = excluded.state, changed_at = excluded.changed_at
"""
