"""What the parcel service does when it hears of a parcel."""

from collections.abc import Sequence

from sqlalchemy import bindparam, insert, select
from sqlalchemy.dialects.postgresql import insert as upsert

from common import outbox
from common.consumer import Handlers, Received, Statement
from common.db import Transaction
from common.errors import RuleRefused, Text
from tests.support.parcels.events import DeliveryMade, ParcelSent, ParcelWeighed
from tests.support.parcels.tables import DeliveryRow, LimitRow, TallyRow


class TooHeavy(RuleRefused):
    """Heavier than the limit of the day."""

    code = "too-heavy"
    title = Text("너무 무겁습니다", "Too heavy")
    detail = Text("{grams} g은 너무 무겁습니다.", "{grams} g is too heavy.")


async def on_parcel_sent(tx: Transaction, event: ParcelSent, received: Received) -> None:
    limit = (await tx.execute(select(LimitRow.grams))).scalar_one()
    if event.grams > limit:
        raise TooHeavy(grams=event.grams)
    delivered = {
        "event_id": received.event_id,
        "parcel_id": event.parcel_id,
        "sequence": received.sequence,
        "grams": event.grams,
    }
    await tx.execute(insert(DeliveryRow).values(delivered))
    await outbox.record(tx, DeliveryMade(parcel_id=event.parcel_id, grams=event.grams), at=received.now)


_INSERTED = upsert(TallyRow).values(
    parcel_id=bindparam("parcel_id"), events=1, grams=bindparam("grams"), last_grams=bindparam("grams")
)
_COUNT = _INSERTED.on_conflict_do_update(
    index_elements=[TallyRow.parcel_id],
    set_={
        "events": TallyRow.events + 1,
        "grams": TallyRow.grams + _INSERTED.excluded.grams,
        "last_grams": _INSERTED.excluded.last_grams,
    },
)


def on_parcel_weighed(event: ParcelWeighed, received: Received) -> Sequence[Statement]:
    return [(_COUNT, {"parcel_id": event.parcel_id, "grams": event.grams})]


HANDLERS: Handlers = {ParcelSent: on_parcel_sent, ParcelWeighed: on_parcel_weighed}
