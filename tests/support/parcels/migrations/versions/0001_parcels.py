"""The common tables and the parcels."""

import sqlalchemy as sa
from alembic import op

from common import row_security_v1, schema

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    schema.create_v1(op)
    schema.create_denials(op)
    schema.create_log_places(op)
    schema.create_notes(op)
    row_security_v1.begin(op, parked_event_readers=("mender", "reader"), parked_event_menders=("mender",))
    op.create_table(
        "parcel", sa.Column("id", sa.Uuid, primary_key=True), sa.Column("version", sa.BigInteger, nullable=False)
    )
    op.create_table(
        "delivery",
        sa.Column("position", sa.BigInteger, sa.Identity(always=True), primary_key=True),
        sa.Column("event_id", sa.Uuid, nullable=False),
        sa.Column("parcel_id", sa.Uuid, nullable=False),
        sa.Column("sequence", sa.BigInteger, nullable=False),
        sa.Column("grams", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "tally",
        sa.Column("parcel_id", sa.Uuid, primary_key=True),
        sa.Column("events", sa.BigInteger, nullable=False),
        sa.Column("grams", sa.BigInteger, nullable=False),
        sa.Column("last_grams", sa.BigInteger, nullable=False),
    )
    op.create_table("weight_limit", sa.Column("grams", sa.BigInteger, primary_key=True))
    op.execute("INSERT INTO weight_limit (grams) VALUES (1000)")


def downgrade() -> None:
    for table in ("weight_limit", "tally", "delivery", "parcel"):
        op.drop_table(table)
    schema.drop_notes(op)
    row_security_v1.end(op)
    schema.drop_denials(op)
    schema.drop_log_places(op)
    schema.drop_v1(op)
