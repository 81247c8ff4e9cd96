"""Saving a decision as the next version of its row, so that of two who read the same version one is heard.

A row is found by its primary key, of one column.
"""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import RowMapping, Update, update

from common.db import Transaction


async def save_next(tx: Transaction, row: type[Any], row_id: UUID, version: int, values: Mapping[str, object]) -> bool:
    """Store these columns as the version after the one that was read; False if somebody else was first."""
    saved = await tx.execute(_next(row, row_id, version, values))
    return bool(saved.rowcount == 1)


async def save_next_row(
    tx: Transaction, row: type[Any], row_id: UUID, version: int, values: Mapping[str, object]
) -> RowMapping | None:
    """As `save_next`, and what the row holds from now on; None if somebody else was first."""
    statement = _next(row, row_id, version, values).returning(*row.__table__.columns)
    return (await tx.execute(statement)).mappings().one_or_none()


async def save_locked(
    tx: Transaction, row: type[Any], row_id: UUID, version: int, values: Mapping[str, object]
) -> RowMapping:
    """As `save_next_row`, of a row that this transaction has locked: nobody else can have been first."""
    statement = _next(row, row_id, version, values).returning(*row.__table__.columns)
    return (await tx.execute(statement)).mappings().one()


def _next(row: type[Any], row_id: UUID, version: int, values: Mapping[str, object]) -> Update:
    (key,) = row.__table__.primary_key
    return update(row).where(key == row_id, row.version == version).values({**values, "version": version + 1})
