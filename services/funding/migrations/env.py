"""Alembic's environment: the common one, over this service's tables."""

from common.migrations import run
from funding.main import SERVICE

run(SERVICE.all_tables())
