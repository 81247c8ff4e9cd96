"""Looking into a service's database from outside: whether anything at all has changed."""

from collections.abc import Mapping

from sqlalchemy import text

from common.db import Database


async def digest_of_tables(owner: Database) -> Mapping[str, str]:
    """A digest of every row of every table, by table; `owner` sees them all."""
    async with owner.transaction(read_only=True) as tx:
        tables = (await tx.execute(text("SELECT tablename FROM pg_tables WHERE schemaname = 'public'"))).scalars()
        parts = [
            f"SELECT '{name}', count(*) || ' ' || coalesce(md5(string_agg(t::text, '' ORDER BY t::text)), '')"
            f' FROM "{name}" t'
            for name in tables
        ]
        return {row[0]: row[1] for row in await tx.execute(text(" UNION ALL ".join(parts)))}
