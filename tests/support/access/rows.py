"""docs/row_security.toml, read: whose rows each table shows and takes, by role, as conditions an examiner can run."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tests.repo.tree import ROOT

SOURCE = "docs/row_security.toml"
COMMON = "common"
NOTHING = "false"


@dataclass(frozen=True)
class TableRows:
    """One entry: conditions by role, or the reason why the table is open to all."""

    sees: Mapping[str, str]
    writes: Mapping[str, str]
    open: str | None

    def condition(self, kind: str, role: str) -> str:
        """Which rows the role sees or writes; without a condition, none."""
        named: Mapping[str, str] = self.sees if kind == "sees" else self.writes
        fitting = [name for name in named if name in {role, f"{role.partition('.')[0]}.*", "*"}]
        return named[max(fitting, key=len)] if fitting else NOTHING


def load_rows(text: str | None = None) -> dict[str, dict[str, TableRows]]:
    """By service (and `common`), the entry of each table."""
    content: dict[str, Any] = tomllib.loads((ROOT / SOURCE).read_text("utf-8") if text is None else text)
    return {
        service: {name: _entry(f"{service}.{name}", entry) for name, entry in tables.items()}
        for service, tables in content.items()
    }


def tables_of(rows: Mapping[str, Mapping[str, TableRows]], service: str) -> dict[str, TableRows]:
    """The entries for the tables of one service, the common ones among them."""
    return {**rows.get(COMMON, {}), **rows.get(service, {})}


def _entry(name: str, entry: Mapping[str, Any]) -> TableRows:
    unknown = set(entry) - {"sees", "writes", "open"}
    if unknown or ("open" in entry) == bool({"sees", "writes"} & set(entry)):
        raise ValueError(f"{name} in {SOURCE} has either `open` or `sees` and `writes`, and nothing else")
    return TableRows(entry.get("sees", {}), entry.get("writes", {}), entry.get("open"))
