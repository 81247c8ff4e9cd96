"""The one schema source of this service: every feature declares its typed tables on `Tables`, in its own store."""

from common.db import new_tables

Tables = new_tables()
