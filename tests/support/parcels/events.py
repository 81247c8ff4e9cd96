"""What the parcel service tells."""

from uuid import UUID

from common.event import DomainEvent, event


@event(service="parcels", aggregate="parcel", happened="sent", version=1, key="parcel_id")
class ParcelSent(DomainEvent, frozen=True, kw_only=True):
    """Handled one by one: it is refused when it is too heavy."""

    parcel_id: UUID
    grams: int
    note: str = ""


@event(service="parcels", aggregate="parcel", happened="weighed", version=1, key="parcel_id")
class ParcelWeighed(DomainEvent, frozen=True, kw_only=True):
    """Projected: many at once."""

    parcel_id: UUID
    grams: int


@event(service="parcels", aggregate="parcel", happened="noticed", version=1, key="parcel_id")
class ParcelNoticed(DomainEvent, frozen=True, kw_only=True):
    """Known, and of no use to anybody."""

    parcel_id: UUID


@event(service="parcels", aggregate="delivery", happened="made", version=1, key="parcel_id")
class DeliveryMade(DomainEvent, frozen=True, kw_only=True):
    """What handling a sent parcel tells in turn."""

    parcel_id: UUID
    grams: int
