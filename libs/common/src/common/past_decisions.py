"""A case's decisions until an instant as an examiner is shown them, with the end of their hash chain."""

from collections.abc import Awaitable, Sequence
from datetime import datetime
from typing import Any, TypeVar

from common import journal
from common.db import Transaction
from common.errors import NotFound
from common.looking_back import Axis
from common.web import View

_Found = TypeVar("_Found")


class DecisionView(View):
    """One decision of the journal: who, when (programme time, and real time), by which rule, on what."""

    position: int
    decision: str
    actor: str
    rule_version: str | None
    evidence: list[str]
    facts: dict[str, Any]
    decided_at: datetime
    recorded_at: datetime


class ChainView(View):
    """Where the hash chain of the case stood after the last of these decisions; `hash` is hexadecimal SHA-256."""

    chain: str
    position: int
    hash: str


class Explained(View):
    """The evidence that decisions until an instant rest on, the versions of rules, the decisions, and their chain."""

    evidence: list[str]
    rule_versions: list[str]
    decisions: list[DecisionView]
    chain: ChainView


async def explained(tx: Transaction, chain: str, at: datetime, clock: Axis) -> dict[str, Any]:
    """The parts of `Explained` for this chain and instant.

    What was journalled after a later moment was known after it, whatever its own: the first later one ends the list.
    """
    known: list[journal.Recorded] = []
    for entry in await journal.entries_of(tx, chain):
        if (entry.decided_at if clock is Axis.PROGRAMME else entry.recorded_at) > at:
            break
        known.append(entry)
    return {
        "evidence": sorted({each for entry in known for each in entry.evidence}),
        "rule_versions": sorted({entry.rule_version for entry in known if entry.rule_version is not None}),
        "decisions": [DecisionView.model_validate(entry) for entry in known],
        "chain": _end(chain, known),
    }


async def if_there(asked: Awaitable[_Found]) -> _Found | None:
    """What a query gives, or nothing where the thing did not exist."""
    try:
        return await asked
    except NotFound:
        return None


def _end(chain: str, entries: Sequence[journal.Recorded]) -> ChainView:
    last = entries[-1] if entries else None
    return ChainView(chain=chain, position=last.position if last else 0, hash=last.hash.hex() if last else "")
