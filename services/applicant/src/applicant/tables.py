"""The applicant service's tables: every feature's register here, beside those of the common mechanisms."""

from typing import TYPE_CHECKING

from common import looking_back
from common.db import new_tables

if TYPE_CHECKING:
    # A type checker cannot follow a base class that a function made; this is what it makes.
    from sqlalchemy.orm import DeclarativeBase as Tables
else:
    Tables = new_tables()

looking_back.declare(Tables.metadata)

__all__ = ["Tables"]
