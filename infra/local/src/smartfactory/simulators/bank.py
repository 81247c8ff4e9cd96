"""A bank that pays each reference once, can refuse, and can go silent before or after it has paid.

Its book is a file with a line per thing that happened, so that a restart forgets no payment and an examiner reads it
without asking: {"reference", "amount_won", "payee_account", "happened": ORDERED | PAID | REFUSED | ORDERED_AGAIN}. An
order under a reference that was paid before is written down as ORDERED_AGAIN and pays nothing.
"""

import json
import threading
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

BANK_BOOK = "bank.jsonl"
"""The book's file in the directory of what is outside."""


class BankMode(StrEnum):
    """How the bank behaves at the moment."""

    PAY = "PAY"
    FAIL = "FAIL"
    """It refuses to pay, and says so."""
    SILENT_AFTER = "SILENT_AFTER"
    """It pays, and the answer is lost."""
    SILENT_BEFORE = "SILENT_BEFORE"
    """It drops the connection and has done nothing."""
    MIXED = "MIXED"
    """Each of the four, by the reference: the same order always meets the same bank, the first time."""


class BankBehaviour(BaseModel):
    """What a test or a person switches the bank to."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    mode: BankMode = BankMode.PAY


class Order(BaseModel):
    """A payment order."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    reference: str = Field(min_length=1, max_length=64)
    amount_won: int = Field(gt=0)
    payee_account: str = Field(min_length=1, max_length=200)


class Told(BaseModel):
    """What became of an order."""

    reference: str
    amount_won: int
    status: Literal["DONE", "FAILED"]
    transaction: str | None


class OtherOrder(Exception):
    """This reference was used for another amount or account: never the same payment."""


_MIX = (BankMode.PAY, BankMode.SILENT_AFTER, BankMode.SILENT_BEFORE, BankMode.PAY, BankMode.FAIL)


@dataclass
class Bank:
    """The bank's book, kept in a file."""

    path: Path
    behaviour: BankBehaviour = field(default_factory=BankBehaviour)
    _known: dict[str, tuple[Order, Told]] = field(default_factory=dict)
    _seen: set[str] = field(default_factory=set)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        if self.path.exists():
            for line in self.path.read_text("utf-8").splitlines():
                self._recall(json.loads(line))

    def mode_for(self, reference: str) -> BankMode:
        """How it treats this order, which it may have met before."""
        if self.behaviour.mode is not BankMode.MIXED:
            return self.behaviour.mode
        with self._lock:
            if reference in self._seen:
                return BankMode.PAY
            self._seen.add(reference)
        return _MIX[sum(reference.encode()) % len(_MIX)]

    def take(self, order: Order, *, refuse: bool) -> Told:
        """Pay an order, or refuse it, once; the same reference again gets the same answer."""
        with self._lock:
            known = self._known.get(order.reference)
            if known is not None:
                self._write(order, "ORDERED_AGAIN")
                if known[0] != order:
                    raise OtherOrder
                return known[1]
            self._write(order, "ORDERED")
            told = Told(
                reference=order.reference,
                amount_won=order.amount_won,
                status="FAILED" if refuse else "DONE",
                transaction=None if refuse else f"BK{len(self._known) + 1:010d}",
            )
            self._write(order, "REFUSED" if refuse else "PAID", told.transaction)
            self._known[order.reference] = order, told
            return told

    def find(self, reference: str) -> Told | None:
        """What became of an order, if there was one."""
        with self._lock:
            known = self._known.get(reference)
        return None if known is None else known[1]

    def _write(self, order: Order, happened: str, transaction: str | None = None) -> None:
        line = order.model_dump() | {"happened": happened, "transaction": transaction}
        with self.path.open("a", encoding="utf-8") as book:
            book.write(json.dumps(line, ensure_ascii=False) + "\n")

    def _recall(self, line: dict[str, object]) -> None:
        happened, transaction = line.pop("happened"), line.pop("transaction")
        if happened in {"PAID", "REFUSED"}:
            order = Order.model_validate(line)
            status = "DONE" if happened == "PAID" else "FAILED"
            told = Told.model_validate(line | {"status": status, "transaction": transaction})
            self._known[order.reference] = order, told
            self._seen.add(order.reference)
