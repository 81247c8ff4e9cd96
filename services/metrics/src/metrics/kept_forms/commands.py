"""Keep what was typed, let go of it once it was taken, and forget what nobody came back for. Real time counts."""

from datetime import datetime

from common.db import Transaction
from metrics.kept_forms import store
from metrics.kept_forms.domain import FORM_LASTS, MOST_OF_ONE, KeptForm, id_of

__all__ = ["FORM_LASTS", "drop_form", "forget_forms", "keep_form"]


async def keep_form(tx: Transaction, owner: str, place: str, sealed: str, *, now: datetime) -> None:
    """Keep what somebody typed into a page; of many of theirs the newest."""
    kept = KeptForm(id_hash=id_of(owner, place), owner=owner, sealed=sealed, kept_at=now, ends_at=now + FORM_LASTS)
    await store.put(tx, kept)
    await store.remove_all_but(tx, owner, newest=MOST_OF_ONE)


async def drop_form(tx: Transaction, owner: str, place: str) -> None:
    """It was taken: nothing of it is kept here any more."""
    await store.remove(tx, id_of(owner, place))


async def forget_forms(tx: Transaction, *, now: datetime, most: int) -> int:
    """Remove forms that have run their time."""
    return await store.forget(tx, ended_before=now, most=most)
