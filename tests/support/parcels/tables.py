"""The parcel service's tables. None has a key that would hide an event applied twice."""

from uuid import UUID

from sqlalchemy import BIGINT, Identity
from sqlalchemy.orm import Mapped, mapped_column

from common.db import new_tables

Tables = new_tables()


class ParcelRow(Tables):
    """The aggregate: locked before its event is recorded."""

    __tablename__ = "parcel"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    version: Mapped[int]


class DeliveryRow(Tables):
    """One row for each effect of the deciding handler, in the order of the effects."""

    __tablename__ = "delivery"

    position: Mapped[int] = mapped_column(BIGINT, Identity(always=True), primary_key=True)
    event_id: Mapped[UUID]
    parcel_id: Mapped[UUID]
    sequence: Mapped[int]
    grams: Mapped[int]


class TallyRow(Tables):
    """A projection that counts, and remembers the last weight: a double, a loss and a swap all show."""

    __tablename__ = "tally"

    parcel_id: Mapped[UUID] = mapped_column(primary_key=True)
    events: Mapped[int]
    grams: Mapped[int]
    last_grams: Mapped[int]


class LimitRow(Tables):
    """The heaviest parcel that is delivered; raising it mends what was refused."""

    __tablename__ = "weight_limit"

    grams: Mapped[int] = mapped_column(primary_key=True)
