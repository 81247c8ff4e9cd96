"""What takes many rows of a batch at once, as a statement that nearly every event of the batch needs."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence

from sqlalchemy import TextClause

from common.db import Transaction
from common.prepared import Prepared


class Together(ABC):
    """Takes the rows of a batch at once, in the order of their events."""

    @abstractmethod
    async def write(self, tx: Transaction, rows: Sequence[Mapping[str, object]]) -> None:
        """Do with all of them what the statement does."""


class Rows(Together):
    """SQL over `unnest` of one array per name, and the names that tell its rows apart.

    Of rows that those names do not tell apart the last one counts: one statement cannot write a row twice, and a
    projection that says where something stands wants the newest.
    """

    def __init__(self, statement: TextClause, *, told_apart_by: tuple[str, ...]) -> None:
        self._prepared = Prepared(statement)
        self._told_apart_by = told_apart_by

    async def write(self, tx: Transaction, rows: Sequence[Mapping[str, object]]) -> None:
        """Write all of them in one statement."""
        last = {tuple(row[name] for name in self._told_apart_by): row for row in rows}.values()
        await self._prepared.run(tx, {name: [row[name] for row in last] for name in self._prepared.names})
