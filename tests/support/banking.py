"""The bank simulator over HTTP for tests, and what its book says, read as an examiner does."""

import json
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx2

from smartfactory.simulators.bank import BankMode
from tests.support.drills.outside import Outside


class BankBook:
    """The bank of a test: its address, its switch and its book."""

    def __init__(self, outside: Outside, path: Path) -> None:
        self.outside, self._path = outside, path

    @property
    def folder(self) -> Path:
        """Where the book is, and what else belongs to the test."""
        return self._path.parent

    @property
    def url(self) -> str:
        return self.outside.settings["BANK_URL"]

    def switch(self, mode: BankMode) -> None:
        """As a person would, over HTTP."""
        url = f"http://127.0.0.1:{self.outside.port}/registers/admin/bank"
        httpx2.put(url, json={"mode": mode.value}).raise_for_status()

    def happened(self, what: str) -> Counter[str]:
        """How often this happened, by reference."""
        lines = self._path.read_text("utf-8").splitlines() if self._path.exists() else []
        read = [json.loads(line) for line in lines]
        return Counter(line["reference"] for line in read if line["happened"] == what)


@contextmanager
def bank_in(folder: Path) -> Iterator[BankBook]:
    """A bank whose book is in this folder."""
    outside = Outside(folder)
    try:
        yield BankBook(outside, folder / "bank.jsonl")
    finally:
        outside.close()
