"""The version before is found by its row's key, whatever the planner guesses; what `row_versions_v1` made stays else.

Asked for the newest of one row, a planner that knows little of the table walks it backwards from its end instead, and
who keeps the first versions of many rows in one commit walks over all of them for each: the square of their number.
"""

from typing import Protocol

_GO_BY_KEY = """
    DO $$ BEGIN EXECUTE replace(pg_get_functiondef('keep_row_version()'::regprocedure),
        'ORDER BY id DESC LIMIT 1;', 'ORDER BY id + 0 DESC LIMIT 1;'); END $$
"""
_GO_BY_ORDER = """
    DO $$ BEGIN EXECUTE replace(pg_get_functiondef('keep_row_version()'::regprocedure),
        'ORDER BY id + 0 DESC LIMIT 1;', 'ORDER BY id DESC LIMIT 1;'); END $$
"""


class Operations(Protocol):
    """The part of alembic's `op` that is needed here."""

    def execute(self, sqltext: str) -> None: ...


def find_by_key(op: Operations) -> None:
    """Let no order but the key's index lead to the version before."""
    op.execute(_GO_BY_KEY)
    op.execute("ALTER FUNCTION keep_row_version() SET enable_seqscan = off")


def find_by_order(op: Operations) -> None:
    """Undo `find_by_key`."""
    op.execute("ALTER FUNCTION keep_row_version() RESET enable_seqscan")
    op.execute(_GO_BY_ORDER)
