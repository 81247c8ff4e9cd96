"""Values that look personal and occur nowhere else: typed into a system, they show where what people type ends up."""

import itertools
import json
import re
from collections.abc import Iterable, Mapping
from urllib.parse import quote

from sqlalchemy import text

from common.db import Database

_FORMS = ("김카나리{:04}", "010-7310-{:04}", "731031-73{:05}", "7310-31-73{:05}", "k7310{:04}@canary.test")
FORMS = len(_FORMS)


class Canaries:
    """Names, phones, numbers like a resident's, accounts and e-mail addresses, numbered over the whole run."""

    def __init__(self) -> None:
        self._numbers = itertools.count(1)
        self.typed: dict[str, str] = {}

    def of(self, where: str) -> tuple[str, ...]:
        """One of each form, for one place."""
        number = next(self._numbers)
        values = tuple(form.format(number) for form in _FORMS)
        self.typed |= dict.fromkeys(values, where)
        return values

    def in_(self, said: str) -> set[str]:
        """Which of them stand in a text, as they are or as JSON or an address writes them."""
        found = {form.format(int(match[1])) for form, pattern in _PATTERNS.items() for match in pattern.finditer(said)}
        return found & self.typed.keys()

    def leaks(self, sinks: Mapping[str, Iterable[str]]) -> set[str]:
        """Each sink with a canary in what it says, and where that one was typed."""
        return {
            f"{sink}: {self.typed[value]}"
            for sink, texts in sinks.items()
            for said in texts
            for value in self.in_(said)
        }


async def columns_with(canaries: Canaries, owner: Database) -> set[str]:
    """Each `table.column` that holds one, over all rows of all tables, as an administrator sees them."""
    found = set[str]()
    async with owner.transaction(read_only=True) as tx:
        tables = (await tx.execute(text("SELECT tablename FROM pg_tables WHERE schemaname = 'public'"))).scalars().all()
        for table in tables:
            for row in (await tx.execute(text(f'SELECT * FROM "{table}"'))).mappings():
                found |= {f"{table}.{name}" for name, value in row.items() if canaries.in_(_readable(value))}
    return found


def _readable(value: object) -> str:
    if isinstance(value, bytes | memoryview):
        return bytes(value).decode(errors="replace")
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)


def _written(form: str) -> re.Pattern[str]:
    """The form as it is, as JSON escapes it, and as an address does, with its number."""
    before, number, after = re.fullmatch(r"(.*)\{:0(\d)\}(.*)", form).groups()  # type: ignore[union-attr]
    ways = {(way(before), way(after)) for way in (str, lambda text: json.dumps(text)[1:-1], quote)}
    heads, tails = ("|".join(re.escape(part) for part in sorted(parts)) for parts in zip(*ways, strict=True))
    return re.compile(f"(?:{heads})([0-9]{{{number}}})(?:{tails})")


_PATTERNS = {form: _written(form) for form in _FORMS}
