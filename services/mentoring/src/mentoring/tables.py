"""The mentoring service's own base for its typed tables."""

from common.db import new_tables

Tables = new_tables()
