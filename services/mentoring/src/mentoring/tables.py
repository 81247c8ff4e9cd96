"""The tables of this service: each feature declares its own on `Tables`, beside those of the common mechanisms."""

from typing import TYPE_CHECKING

from common.db import new_tables

if TYPE_CHECKING:
    # A type checker cannot follow a base class that a function made; this is what it makes.
    from sqlalchemy.orm import DeclarativeBase as Tables
else:
    Tables = new_tables()

__all__ = ["Tables"]
