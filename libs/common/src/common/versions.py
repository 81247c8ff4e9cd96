"""Saving a decision as the next version of its row, so that of two who read the same version one is heard."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import update

from common.db import Transaction


async def save_next(tx: Transaction, row: type[Any], row_id: UUID, version: int, values: Mapping[str, object]) -> bool:
    """Store these columns as the version after the one that was read; False if somebody else was first."""
    saved = await tx.execute(
        update(row).where(row.id == row_id, row.version == version).values(**values, version=version + 1)
    )
    return bool(saved.rowcount == 1)
