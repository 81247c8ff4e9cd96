"""Which statements one submission sends, as PostgreSQL's own log has them."""

import asyncio
import re
from collections.abc import Sequence

from tools.bench.applications import Applications
from tools.bench.ground import Ground
from tools.bench.http_load import Generator

_LINE = re.compile(r"applicant-api \S+ LOG:  (?:statement|execute [^:]+): (.*?)(?=\n\d{4}-\d\d-\d\d |\Z)", re.DOTALL)
_SHOWN = 100


async def of_one_submission(ground: Ground, applications: Applications) -> Sequence[str]:
    """Warm the connection up, have everything logged for one submission, and read the log."""
    await applications.begin_round()
    generator = Generator(ground.ports["applicant-api"])
    requests = await applications.drafts(40)
    await generator.saturate(requests[:39], connections=1, seconds=30.0)
    async with ground.administrator("applicant") as admin:
        await admin.execute("ALTER SYSTEM SET log_statement = 'all'")
        await admin.execute("SELECT pg_reload_conf()")
        await asyncio.sleep(0.5)
        log = ground.folder / "postgres.log"
        start = log.stat().st_size
        await generator.saturate(requests[39:], connections=1, seconds=5.0)
        await asyncio.sleep(0.1)
        await admin.execute("ALTER SYSTEM SET log_statement = 'none'")
        await admin.execute("SELECT pg_reload_conf()")
    generator.close()
    with log.open(encoding="utf-8", errors="replace") as lines:
        lines.seek(start)
        found = _LINE.findall(lines.read())
    said = [" ".join(text.split()) for text in found]
    return [text[:_SHOWN] + ("..." if len(text) > _SHOWN else "") for text in said if not text.startswith("NOTIFY")]
