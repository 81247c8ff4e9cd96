"""A fingerprint of every table, so that a second run can prove that it changed nothing.

What only says that something was written is left out: it is another after every rebuild, whose rows are the same.
"""

from collections.abc import Mapping

import asyncpg

_TABLES = """
    SELECT quote_ident(schemaname) || '.' || quote_ident(tablename) AS name FROM pg_tables
     WHERE schemaname NOT IN ('pg_catalog', 'information_schema')
       AND tablename NOT IN ('outcome_change', 'gauge_change') ORDER BY 1
"""


async def table_hashes(database_urls: Mapping[str, str]) -> dict[str, str]:
    """`service.table` to a hash of all its rows in whatever order; equal hashes mean equal content."""
    hashes: dict[str, str] = {}
    for service, url in database_urls.items():
        connection = await asyncpg.connect(url)
        try:
            for table in await connection.fetch(_TABLES):
                name = table["name"]
                digest = await connection.fetchval(
                    f"SELECT count(*) || ':' || coalesce(md5(string_agg(h, '' ORDER BY h)), '')"  # noqa: S608 its own names
                    f" FROM (SELECT md5(t::text) AS h FROM {name} t) rows"
                )
                hashes[f"{service}.{name.removeprefix('public.')}"] = digest
        finally:
            await connection.close()
    return hashes
