"""Webhooks: the addresses that owners have named, what is on its way to them, and how each attempt went."""

from alembic import op

from common import row_security_v1 as rows

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

_TABLES = (
    """
    CREATE TABLE webhook_endpoint (
        id UUID NOT NULL,
        owner TEXT NOT NULL,
        url TEXT NOT NULL,
        types TEXT[] NOT NULL,
        state TEXT NOT NULL,
        salt BYTEA NOT NULL,
        previous_salt BYTEA,
        previous_until TIMESTAMPTZ,
        registered_at TIMESTAMPTZ NOT NULL,
        changed_at TIMESTAMPTZ NOT NULL,
        version BIGINT NOT NULL,
        CONSTRAINT webhook_endpoint_pkey PRIMARY KEY (id),
        CONSTRAINT webhook_endpoint_state_check CHECK (state IN ('ACTIVE', 'DISABLED')),
        CONSTRAINT webhook_endpoint_previous_check CHECK ((previous_salt IS NULL) = (previous_until IS NULL))
    )
    """,
    "CREATE INDEX webhook_endpoint_owner_idx ON webhook_endpoint (owner, registered_at, id)",
    "CREATE INDEX webhook_endpoint_registered_idx ON webhook_endpoint (registered_at, id)",
    """
    CREATE TABLE webhook_delivery (
        id UUID NOT NULL,
        endpoint_id UUID NOT NULL,
        owner TEXT NOT NULL,
        event_id UUID NOT NULL,
        type TEXT NOT NULL,
        body TEXT NOT NULL,
        occurred_at TIMESTAMPTZ NOT NULL,
        queued_at TIMESTAMPTZ NOT NULL,
        state TEXT NOT NULL,
        attempts BIGINT NOT NULL,
        tries BIGINT NOT NULL,
        next_attempt_at TIMESTAMPTZ NOT NULL,
        delivered_at TIMESTAMPTZ,
        CONSTRAINT webhook_delivery_pkey PRIMARY KEY (id),
        CONSTRAINT webhook_delivery_state_check
            CHECK (state IN ('QUEUED', 'SENDING', 'FAILED', 'DELIVERED', 'GIVEN_UP')),
        CONSTRAINT webhook_delivery_delivered_check CHECK (state <> 'DELIVERED' OR delivered_at IS NOT NULL),
        CONSTRAINT webhook_delivery_endpoint_id_event_id_key UNIQUE (endpoint_id, event_id)
    )
    """,
    """
    CREATE INDEX webhook_delivery_waiting_idx ON webhook_delivery (endpoint_id, next_attempt_at, id)
        WHERE state IN ('QUEUED', 'SENDING', 'FAILED')
    """,
    "CREATE INDEX webhook_delivery_listed_idx ON webhook_delivery (endpoint_id, queued_at, id)",
    "CREATE INDEX webhook_delivery_queued_idx ON webhook_delivery (queued_at)",
    """
    CREATE TABLE webhook_attempt (
        delivery_id UUID NOT NULL,
        number BIGINT NOT NULL,
        began_at TIMESTAMPTZ NOT NULL,
        milliseconds BIGINT NOT NULL,
        outcome TEXT NOT NULL,
        status BIGINT,
        excerpt TEXT,
        CONSTRAINT webhook_attempt_pkey PRIMARY KEY (delivery_id, number),
        CONSTRAINT webhook_attempt_delivery_id_fkey
            FOREIGN KEY (delivery_id) REFERENCES webhook_delivery (id) ON DELETE CASCADE
    )
    """,
)
_READING = rows.tenant_of("municipality.officer", "municipality.approver", "municipality.client")
_WRITING = rows.tenant_of("municipality.officer", "municipality.client")
_SAMSUNG = f"{rows.is_one_of('samsung.client')} AND owner = 'SAMSUNG'"
_SEES = f"{rows.is_one_of('service', 'platform.operator', 'auditor')} OR owner = {_READING} OR {_SAMSUNG}"
_OWN = f"owner = {_WRITING} OR {_SAMSUNG}"
# Whoever sees a delivery sees its attempts: webhook_delivery shows each of them no others.
_OF_A_DELIVERY = "EXISTS (SELECT FROM webhook_delivery WHERE webhook_delivery.id = webhook_attempt.delivery_id)"


def upgrade() -> None:
    for statement in _TABLES:
        op.execute(statement)
    rows.secure(op, "webhook_endpoint", sees=_SEES, writes=f"{rows.SERVICE} OR {_OWN}")
    rows.secure(
        op, "webhook_delivery", sees=_SEES, writes=f"{rows.is_one_of('service', 'platform.operator')} OR {_OWN}"
    )
    rows.secure(op, "webhook_attempt", sees=_OF_A_DELIVERY, writes=rows.SERVICE)


def downgrade() -> None:
    op.execute("DROP TABLE webhook_attempt, webhook_delivery, webhook_endpoint")
