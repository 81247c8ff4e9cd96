"""A case's decisions until an instant as an examiner is shown them, with the end of their hash chain."""

from collections.abc import Awaitable, Mapping, Sequence
from datetime import datetime
from types import MappingProxyType
from typing import Annotated, Any, TypeVar

from fastapi import Query

from common import journal
from common.db import Transaction
from common.errors import NotFound
from common.looking_back import Axis
from common.portions import MOST_PARTS, MOST_ROWS, Portion
from common.web import View

_Found = TypeVar("_Found")

Part = Annotated[
    int, Query(ge=1, le=MOST_PARTS, description="Which part of each list, from 1; `more` says which lists go on.")
]
PartSize = Annotated[int, Query(ge=1, le=MOST_ROWS, description="How many rows of each list one part holds.")]


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
    """The decisions until an instant, the evidence they rest on, the versions of rules, and where their chain stood.

    Each list holds one part of its rows, oldest first; `more` names those that go on in the next part, which `part`
    asks for. `evidence` and `rule_versions` are those of the decisions in this part, `chain` is always of them all.
    """

    evidence: list[str]
    rule_versions: list[str]
    decisions: list[DecisionView]
    chain: ChainView
    more: list[str]


async def explained(
    tx: Transaction,
    chain: str,
    at: datetime,
    clock: Axis,
    portion: Portion,
    lists: Mapping[str, Sequence[Any]] = MappingProxyType({}),
) -> dict[str, Any]:
    """The parts of `Explained` for this chain and instant, with the lists that stand beside the decisions."""
    end = await journal.end_of(tx, chain, at=at, recorded=clock is Axis.RECORDED)
    last = min(end.position, portion.skipped + portion.size + 1)
    known = await journal.entries_of(tx, chain, after=portion.skipped, until=last)
    told = portion.shown({**lists, "decisions": known})
    decisions: list[journal.Recorded] = told["decisions"]
    return {
        **told,
        "evidence": sorted({each for entry in decisions for each in entry.evidence}),
        "rule_versions": sorted({entry.rule_version for entry in decisions if entry.rule_version is not None}),
        "decisions": [DecisionView.model_validate(entry) for entry in decisions],
        "chain": ChainView(chain=chain, position=end.position, hash=end.hash.hex()),
    }


async def if_there(asked: Awaitable[_Found]) -> _Found | None:
    """What a query gives, or nothing where the thing did not exist."""
    try:
        return await asked
    except NotFound:
        return None
