"""The tables every service has beside its own: outbox, inbox, parked events, idempotency keys and the journal.

`metadata` is what they are now; `create_v1` is what the first migration of every service makes and never changes.
PostgreSQL itself keeps the promise: what is recorded cannot be rewritten, not even by raw SQL as the service's role.
"""

from typing import Protocol
from uuid import UUID

from sqlalchemy import (
    CheckConstraint,
    Column,
    Identity,
    Index,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, BIGINT, INTEGER, JSONB, TIMESTAMP

MAX_PAYLOAD_BYTES = 262_144
"""The most bytes an event's data may have, so that no row can block the relay or a broker."""

metadata = MetaData()


def _id() -> Column[int]:
    return Column("id", BIGINT, Identity(always=True), nullable=False)


def _moment(name: str, *, nullable: bool = False, now: bool = False) -> Column[object]:
    return Column(name, TIMESTAMP(timezone=True), nullable=nullable, server_default=text("now()") if now else None)


def _text(name: str, *, nullable: bool = False) -> Column[str]:
    return Column(name, Text, nullable=nullable)


def _uuid(name: str, *, nullable: bool = False) -> Column[UUID]:
    return Column(name, Uuid, nullable=nullable)


outbox = Table(
    "outbox",
    metadata,
    _id(),
    _uuid("event_id"),
    _text("type"),
    _text("topic"),
    _uuid("key"),
    Column("sequence", BIGINT, nullable=False),
    Column("payload", LargeBinary, nullable=False),
    _moment("occurred_at"),
    _moment("recorded_at", now=True),
    _text("correlation_id"),
    _text("causation_id", nullable=True),
    _text("traceparent", nullable=True),
    _text("actor", nullable=True),
    _moment("published_at", nullable=True),
    PrimaryKeyConstraint("id", name="outbox_pkey"),
    UniqueConstraint("event_id", name="outbox_event_id_key"),
    UniqueConstraint("topic", "key", "sequence", name="outbox_topic_key_sequence_key"),
    CheckConstraint(f"octet_length(payload) <= {MAX_PAYLOAD_BYTES}", name="outbox_payload_check"),
    Index("outbox_unpublished_idx", "id", postgresql_where=text("published_at IS NULL")),
)
"""Events committed together with what they tell. `id` is the order of commits of one key, never of all keys."""

outbox_sequence = Table(
    "outbox_sequence",
    metadata,
    _text("topic"),
    _uuid("key"),
    Column("last", BIGINT, nullable=False),
    PrimaryKeyConstraint("topic", "key", name="outbox_sequence_pkey"),
)
"""The last sequence given to an event of this key."""

inbox = Table(
    "inbox",
    metadata,
    Column("position", BIGINT, Identity(always=True), nullable=False),
    _uuid("event_id"),
    _text("type"),
    _text("topic"),
    _uuid("key"),
    Column("sequence", BIGINT, nullable=False),
    _text("outcome"),
    _moment("recorded_at", now=True),
    PrimaryKeyConstraint("event_id", name="inbox_pkey"),
    UniqueConstraint("position", name="inbox_position_key"),
    CheckConstraint("outcome IN ('applied', 'unused', 'discarded')", name="inbox_outcome_check"),
    Index("inbox_topic_key_sequence_idx", "topic", "key", "sequence"),
)
"""Events this service is done with, in the order it did them; unlike a log it also holds what had no use here."""

inbox_sequence = Table(
    "inbox_sequence",
    metadata,
    _text("topic"),
    _uuid("key"),
    Column("last", BIGINT, nullable=False),
    PrimaryKeyConstraint("topic", "key", name="inbox_sequence_pkey"),
)
"""The last sequence of this key that is done: guards against gaps and old events, also when the inbox is pruned."""

parked_event = Table(
    "parked_event",
    metadata,
    _id(),
    _text("identity"),
    _text("topic"),
    Column("partition", INTEGER, nullable=False),
    Column("kafka_offset", BIGINT, nullable=False),
    _text("key"),
    Column("sequence", BIGINT, nullable=True),
    _text("event_id", nullable=True),
    _text("type", nullable=True),
    Column("record_key", LargeBinary, nullable=True),
    Column("record_headers", JSONB, nullable=False),
    Column("record_value", LargeBinary, nullable=True),
    _text("reason"),
    _text("detail"),
    _text("traceparent", nullable=True),
    _moment("parked_at", now=True),
    Column("attempts", INTEGER, nullable=False, server_default=text("1")),
    _text("discard_asked_by", nullable=True),
    _text("discard_reason", nullable=True),
    _moment("resolved_at", nullable=True),
    _text("resolution", nullable=True),
    _text("resolved_by", nullable=True),
    PrimaryKeyConstraint("id", name="parked_event_pkey"),
    UniqueConstraint("identity", name="parked_event_identity_key"),
    CheckConstraint(
        "reason IN ('undecodable', 'unknown-version', 'refused', 'failed', 'gap', 'behind')",
        name="parked_event_reason_check",
    ),
    CheckConstraint(
        "(resolved_at IS NULL) = (resolution IS NULL) AND resolution IN ('redriven', 'discarded', 'superseded')",
        name="parked_event_resolution_check",
    ),
    CheckConstraint(
        "resolution <> 'discarded' OR discard_asked_by IS NOT NULL AND resolved_by <> discard_asked_by",
        name="parked_event_two_people_check",
    ),
    Index("parked_event_unresolved_idx", "topic", "key", postgresql_where=text("resolved_at IS NULL")),
)
"""Events that could not be applied, with their bytes as received; later events of the same key wait behind them."""

idempotency_key = Table(
    "idempotency_key",
    metadata,
    _text("issuer"),
    _text("subject"),
    _text("method"),
    _text("route"),
    _text("key"),
    Column("fingerprint", LargeBinary, nullable=False),
    Column("status", INTEGER, nullable=True),
    Column("headers", JSONB, nullable=True),
    Column("body", LargeBinary, nullable=True),
    _moment("created_at", now=True),
    PrimaryKeyConstraint("issuer", "subject", "method", "route", "key", name="idempotency_key_pkey"),
    Index("idempotency_key_created_at_idx", "created_at"),
)
"""Requests already answered, written in the transaction of their effect; `status` is null only inside it."""

journal_entry = Table(
    "journal_entry",
    metadata,
    _id(),
    _text("chain"),
    Column("position", BIGINT, nullable=False),
    _text("decision"),
    _text("actor"),
    _text("rule_version", nullable=True),
    Column("evidence", ARRAY(Text), nullable=False),
    Column("facts", JSONB, nullable=False),
    _moment("decided_at"),
    _moment("recorded_at"),
    Column("body", LargeBinary, nullable=False),
    Column("hash", LargeBinary, nullable=False),
    PrimaryKeyConstraint("id", name="journal_entry_pkey"),
    UniqueConstraint("chain", "position", name="journal_entry_chain_position_key"),
)
"""Why each decision was taken. `body` holds the exact bytes that `hash` covers; the other columns repeat it for SQL."""

journal_head = Table(
    "journal_head",
    metadata,
    _text("chain"),
    Column("position", BIGINT, nullable=False),
    Column("hash", LargeBinary, nullable=False),
    PrimaryKeyConstraint("chain", name="journal_head_pkey"),
)
"""The end of each chain, so that entries cut off the end are missed."""


class Operations(Protocol):
    """The part of alembic's `op` that is needed here."""

    def execute(self, sqltext: str) -> None: ...


def create_v1(op: Operations) -> None:
    """Make the common tables, their triggers and what the app role may not do, in a service's first migration."""
    for statement in _V1:
        op.execute(statement)


def drop_v1(op: Operations) -> None:
    """Undo `create_v1`."""
    for table in _V1_TABLES:
        op.execute(f"DROP TABLE {table}")
    for function in ("refuse_change", "refuse_rewrite"):
        op.execute(f"DROP FUNCTION {function}()")


_V1_TABLES = (
    "journal_head",
    "journal_entry",
    "idempotency_key",
    "parked_event",
    "inbox_sequence",
    "inbox",
    "outbox_sequence",
    "outbox",
)

_V1 = (
    f"""
    CREATE TABLE outbox (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        event_id uuid NOT NULL UNIQUE,
        type text NOT NULL,
        topic text NOT NULL,
        key uuid NOT NULL,
        sequence bigint NOT NULL,
        payload bytea NOT NULL CONSTRAINT outbox_payload_check CHECK (octet_length(payload) <= {262_144}),
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
