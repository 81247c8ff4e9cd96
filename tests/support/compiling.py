"""Statements are compiled once per process of tests: each test opens databases of its own, and compiled all it ran anew."""

from functools import partial

from sqlalchemy.dialects import registry
from sqlalchemy.dialects.postgresql.asyncpg import PGDialect_asyncpg
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.util import LRUCache

import common.db

_MOST_STATEMENTS = 4_000


class Alike(PGDialect_asyncpg):
    """A dialect like all others of the process: what one of them has compiled, another one may run."""

    supports_statement_cache = True

    def __eq__(self, other: object) -> bool:
        return type(other) is Alike

    def __hash__(self) -> int:
        return hash(Alike)


def compile_once() -> None:
    """From now on every `Database` of this process finds what an earlier one compiled."""
    registry.register("postgresql.asyncpg", "tests.support.compiling", "Alike")
    compiled: LRUCache = LRUCache(_MOST_STATEMENTS)
    common.db.create_async_engine = partial(  # type: ignore[assignment]
        create_async_engine, execution_options={"compiled_cache": compiled}
    )
