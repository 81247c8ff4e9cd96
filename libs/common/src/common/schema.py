"""The tables every service has beside its own: outbox, inbox, parked events, idempotency keys, journal, notes.

`metadata` is what they are now; `create_v1` is what the first migration of every service makes and never changes.
PostgreSQL itself keeps the promise: what is recorded cannot be rewritten, not even by raw SQL as the service's role.
"""

from typing import Protocol
from uuid import UUID

from sqlalchemy import (
    CheckConstraint,
    Column,
    ForeignKeyConstraint,
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

from common import schema_denials, schema_notes, schema_v1

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
    _uuid("discard_note", nullable=True),
    _moment("resolved_at", nullable=True),
    _text("resolution", nullable=True),
    _text("resolved_by", nullable=True),
    PrimaryKeyConstraint("id", name="parked_event_pkey"),
    UniqueConstraint("identity", name="parked_event_identity_key"),
    ForeignKeyConstraint(["discard_note"], ["journal_note.id"], name="parked_event_discard_note_fkey"),
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

journal_note = Table(
    "journal_note",
    metadata,
    _uuid("id"),
    _text("chain"),
    _text("words", nullable=True),
    Column("salt", LargeBinary, nullable=True),
    _moment("recorded_at"),
    _moment("erased_at", nullable=True),
    PrimaryKeyConstraint("id", name="journal_note_pkey"),
    CheckConstraint(
        "(words IS NULL) = (salt IS NULL) AND (words IS NULL) = (erased_at IS NOT NULL)",
        name="journal_note_erased_check",
    ),
    Index("journal_note_chain_idx", "chain"),
)
"""What people said of decisions in their own words. Entries refer to it; it can be erased and not changed."""

token_denial = Table(
    "token_denial",
    metadata,
    _id(),
    _text("issuer"),
    _text("subject", nullable=True),
    _text("role", nullable=True),
    _text("tenant", nullable=True),
    _text("token_id", nullable=True),
    _moment("issued_until"),
    _moment("recorded_at", now=True),
    PrimaryKeyConstraint("id", name="token_denial_pkey"),
    CheckConstraint(
        "(subject IS NULL) <> (token_id IS NULL) AND (subject IS NOT NULL OR role IS NULL AND tenant IS NULL)",
        name="token_denial_scope_check",
    ),
    Index("token_denial_issued_until_idx", "issued_until"),
)
"""Tokens that are refused although they have not ended: one by its id, or a subject's that were issued until then."""


log_place = Table(
    "log_place",
    metadata,
    _text("side"),
    _text("topic"),
    Column("partition", INTEGER, nullable=False),
    Column("kafka_offset", BIGINT, nullable=False),
    _uuid("event_id", nullable=True),
    PrimaryKeyConstraint("side", "topic", "partition", name="log_place_pkey"),
    CheckConstraint("side IN ('sent', 'heard')", name="log_place_side_check"),
)
"""One record of each partition that was sent or heard, so that a log that is another one is recognised."""


class Operations(Protocol):
    """The part of alembic's `op` that is needed here."""

    def execute(self, sqltext: str) -> None: ...


def create_v1(op: Operations) -> None:
    """Make the common tables, their triggers and what the app role may not do, in a service's first migration."""
    for statement in schema_v1.STATEMENTS:
        op.execute(statement)


def drop_v1(op: Operations) -> None:
    """Undo `create_v1`."""
    for table in schema_v1.TABLES:
        op.execute(f"DROP TABLE {table}")
    for function in schema_v1.FUNCTIONS:
        op.execute(f"DROP FUNCTION {function}()")


def create_denials(op: Operations) -> None:
    """Make the table of denied tokens, in a later migration of every service."""
    for statement in schema_denials.STATEMENTS:
        op.execute(statement)


def drop_denials(op: Operations) -> None:
    """Undo `create_denials`."""
    op.execute("DROP TABLE token_denial")


def create_log_places(op: Operations) -> None:
    """Make the table of what stood where in Kafka's logs; it came after `create_v1`."""
    op.execute(
        """
        CREATE TABLE log_place (
            side text NOT NULL CONSTRAINT log_place_side_check CHECK (side IN ('sent', 'heard')),
            topic text NOT NULL,
            partition integer NOT NULL,
            kafka_offset bigint NOT NULL,
            event_id uuid,
            PRIMARY KEY (side, topic, partition)
        )
        """
    )


def drop_log_places(op: Operations) -> None:
    """Undo `create_log_places`."""
    op.execute("DROP TABLE log_place")


def create_notes(op: Operations) -> None:
    """Make the table of what people say of decisions, and move there what stood elsewhere; the latest of all."""
    for statement in schema_notes.UP:
        op.execute(statement)


def drop_notes(op: Operations) -> None:
    """Undo `create_notes`."""
    for statement in schema_notes.DOWN:
        op.execute(statement)
