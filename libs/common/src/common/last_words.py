"""What a transaction writes last, just before it commits: its events, its journal entries, its answer under a key.

Written one by one they were three round trips among others; together they are one, and many are one each. Their locks
(the sequence of a key, the end of a chain) are then held for the shortest time there is.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from sqlalchemy import TextClause, bindparam, text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, TIMESTAMP
from sqlalchemy.types import Text

from common import schema
from common.db import Transaction, last_of_transaction
from common.prepared import Prepared

_Row = Mapping[str, object]

_TYPES = {
    "event_id": schema.outbox.c.event_id.type,
    "key": schema.outbox.c.key.type,
    "payload": schema.outbox.c.payload.type,
    "at": TIMESTAMP(timezone=True),
    "origin": schema.journal_entry.c.hash.type,
    "body": schema.journal_entry.c.body.type,
    "evidence": ARRAY(Text),
    "facts": JSONB(),
    "decided_at": TIMESTAMP(timezone=True),
    "recorded_at": TIMESTAMP(timezone=True),
    "answer_status": schema.idempotency_key.c.status.type,
    "answer_headers": JSONB(),
    "answer_body": schema.idempotency_key.c.body.type,
}


_OF_EVENT = ("event_id", "key", "payload", "at")
_OF_ENTRY = ("origin", "body", "evidence", "facts", "decided_at", "recorded_at")
_OF_ANSWER = ("answer_status", "answer_headers", "answer_body")


def _typed(statement: TextClause, *names: str) -> TextClause:
    return statement.bindparams(*(bindparam(name, type_=_TYPES[name]) for name in names))


_EVENT = _typed(
    text(
        """
        WITH numbered AS (
            INSERT INTO outbox_sequence AS known (topic, key, last) VALUES (:topic, :key, 1)
            ON CONFLICT (topic, key) DO UPDATE SET last = known.last + 1
            RETURNING last
        )
        INSERT INTO outbox (
            event_id, type, topic, key, sequence, payload, occurred_at, correlation_id, causation_id, traceparent, actor
        )
        SELECT :event_id, :type, :topic, :key, last, :payload, :at, :correlation_id, :causation_id, :traceparent,
            :told_by
        FROM numbered
        """
    ),
    *_OF_EVENT,
)
_ENTRY = _typed(
    text(
        """
        WITH head AS (
            INSERT INTO journal_head AS known (chain, position, hash) VALUES (:chain, 1, sha256(:origin || :body))
            ON CONFLICT (chain) DO UPDATE SET position = known.position + 1, hash = sha256(known.hash || :body)
            RETURNING position, hash
        )
        INSERT INTO journal_entry (
            chain, position, decision, actor, rule_version, evidence, facts, decided_at, recorded_at, body, hash
        )
        SELECT :chain, position, :decision, :actor, :rule_version, :evidence, :facts, :decided_at, :recorded_at, :body,
            hash
        FROM head
        """
    ),
    *_OF_ENTRY,
)
_ANSWER = _typed(
    text(
        """
        UPDATE idempotency_key SET status = :answer_status, headers = :answer_headers, body = :answer_body
        WHERE issuer = :k_issuer AND subject = :k_subject AND method = :k_method AND route = :k_route AND key = :k_key
        """
    ),
    *_OF_ANSWER,
)
_ALL_THREE = Prepared(
    _typed(
        text(
            """
            WITH numbered AS (
                INSERT INTO outbox_sequence AS known (topic, key, last) VALUES (:topic, :key, 1)
                ON CONFLICT (topic, key) DO UPDATE SET last = known.last + 1
                RETURNING last
            ), told AS (
                INSERT INTO outbox (
                    event_id, type, topic, key, sequence, payload, occurred_at, correlation_id, causation_id,
                    traceparent, actor
                )
                SELECT :event_id, :type, :topic, :key, last, :payload, :at, :correlation_id, :causation_id,
                    :traceparent, :told_by
                FROM numbered
            ), head AS (
                INSERT INTO journal_head AS known (chain, position, hash) VALUES (:chain, 1, sha256(:origin || :body))
                ON CONFLICT (chain) DO UPDATE SET position = known.position + 1, hash = sha256(known.hash || :body)
                RETURNING position, hash
            ), explained AS (
                INSERT INTO journal_entry (
                    chain, position, decision, actor, rule_version, evidence, facts, decided_at, recorded_at, body, hash
                )
                SELECT :chain, position, :decision, :actor, :rule_version, :evidence, :facts, :decided_at,
                    :recorded_at, :body, hash
                FROM head
            )
            UPDATE idempotency_key SET status = :answer_status, headers = :answer_headers, body = :answer_body
            WHERE issuer = :k_issuer AND subject = :k_subject AND method = :k_method AND route = :k_route
                AND key = :k_key
            """
        ),
        *_OF_EVENT,
        *_OF_ENTRY,
        *_OF_ANSWER,
    )
)
"""The three above in one: what nearly every command ends with."""


@dataclass
class LastWords:
    """What one transaction has still to write. A savepoint that is undone takes back what came in it."""

    events: list[_Row] = field(default_factory=list)
    entries: list[_Row] = field(default_factory=list)
    answers: list[_Row] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.events) + len(self.entries) + len(self.answers)

    def mark(self) -> tuple[int, int, int]:
        """Where it stands, for `back_to`."""
        return len(self.events), len(self.entries), len(self.answers)

    def back_to(self, mark: tuple[int, int, int]) -> None:
        """Forget what was added since the mark."""
        for rows, length in zip((self.events, self.entries, self.answers), mark, strict=True):
            del rows[length:]

    async def write(self, tx: Transaction) -> None:
        """Write all of it, each kind in the order it was said."""
        if self.mark() == (1, 1, 1):
            await _ALL_THREE.run(tx, {**self.events[0], **self.entries[0], **self.answers[0]})
        else:
            for statement, rows in ((_EVENT, self.events), (_ENTRY, self.entries), (_ANSWER, self.answers)):
                if rows:
                    await tx.execute(statement, [dict(row) for row in rows])
        self.back_to((0, 0, 0))


def of(tx: Transaction) -> LastWords:
    """The last words of this transaction."""
    return last_of_transaction(tx, LastWords)
