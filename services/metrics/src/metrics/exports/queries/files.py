"""A table made into a file: read from the database in parts, written as it comes, measured when it is whole."""

import asyncio
from dataclasses import dataclass
from typing import IO

from common.db import Transaction
from common.saved_tables import Headings, TableFormat, measured, opened
from metrics.exports.domain import ExportTooLong
from metrics.exports.queries.asked import Asked, Table


@dataclass(frozen=True, slots=True)
class Made:
    """What a file came to."""

    rows: int
    size: int
    sha256: str


async def write_table(
    tx: Transaction,
    table: Table,
    asked: Asked,
    file: IO[bytes],
    *,
    form: TableFormat,
    headings: Headings,
    most_rows: int,
) -> Made:
    """Write all rows that the caller may see; raises ExportTooLong, and what the table's own reading raises.

    Writing is done in threads, since nobody else's request should wait for it.
    """
    title = table.title.en if headings is Headings.EN else table.title.ko
    target = await asyncio.to_thread(opened, file, table.columns, form, headings, title)
    rows = 0
    try:
        async for part in table.rows(tx, asked, headings):
            rows += len(part)
            if form is TableFormat.XLSX and rows > most_rows:
                raise ExportTooLong(most=most_rows)
            await asyncio.to_thread(target.add, part)
    finally:
        # Also when it failed: what a workbook keeps on the disk goes only with this.
        await asyncio.to_thread(target.finish)
    size, sha256 = await asyncio.to_thread(measured, file)
    return Made(rows, size, sha256)
