"""What is kept of a person's form."""

from datetime import datetime

from common.db import Transaction
from metrics.kept_forms import store
from metrics.kept_forms.domain import id_of


async def sealed_form(tx: Transaction, owner: str, place: str, *, now: datetime) -> str | None:
    """What somebody typed into a page, as it was sealed; nothing once it has run its time."""
    kept = await store.get(tx, id_of(owner, place), now=now)
    return None if kept is None else kept.sealed
