"""Which revision the code was written for, and which the database is at.

Every process asks, and none of them migrates: the files are read without Alembic, which is ten megabytes of imports.
"""

import re
from pathlib import Path

from sqlalchemy import text

from common.db import Database

_REVISION = re.compile(r'^revision = "([^"]+)"$', re.MULTILINE)
_DOWN_REVISION = re.compile(r'^down_revision = (?:None|"([^"]+)")$', re.MULTILINE)


class OddHistory(Exception):
    """The revisions of a service are no single line: two ends, or a file that does not say what it follows."""


def head(migrations: Path) -> str | None:
    """The newest revision of a service, or none when it has no migrations."""
    followed: dict[str, str | None] = {}
    for path in sorted((migrations / "versions").glob("*.py")):
        source = path.read_text(encoding="utf-8")
        revision, before = _REVISION.search(source), _DOWN_REVISION.search(source)
        if revision is None or before is None:
            raise OddHistory(f"{path.name} does not say its revision, or which it follows")
        followed[revision[1]] = before[1]
    ends = followed.keys() - followed.values()
    if len(ends) > 1:
        raise OddHistory(f"{migrations} has more than one newest revision: {', '.join(sorted(ends))}")
    return next(iter(ends), None)


async def current(database: Database) -> str | None:
    """The revision the database is at, or none before the first migration."""
    async with database.transaction(read_only=True) as tx:
        exists = (await tx.execute(text("SELECT to_regclass('alembic_version') IS NOT NULL"))).scalar_one()
        if not exists:
            return None
        revision: str | None = (await tx.execute(text("SELECT version_num FROM alembic_version"))).scalar()
        return revision
