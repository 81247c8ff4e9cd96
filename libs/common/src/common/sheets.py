"""Tables as spreadsheets write and read them: CSV that Excel opens right, and in which no cell is ever a formula.

Every CSV that leaves goes through `write_csv`. A text that a spreadsheet might take for a formula leaves with an
apostrophe before it (ASVS 1.2.10, promise R30); `plain` takes it off again, so that what is read back is what was
written. Numbers are written as numbers: what is a number by type cannot be a formula.
"""

import csv
import io
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

BOM = b"\xef\xbb\xbf"
COMMENT = "#"
"""A row whose first cell begins so is for people: it is not read."""

_LATIN = r"=+\-@"
_FULL_WIDTH = "\uff1d\uff0b\uff0d\uff20"
# Blanks and marks that show nothing, which some programs drop before they look at the cell.
_UNSEEN = r"\s\0\ufeff\u200b-\u200f\u2060"
_FORMULA = re.compile(rf"[{_UNSEEN}]*[{_LATIN}{_FULL_WIDTH}]|[\t\r\n\0]")
_ESCAPED = re.compile(rf"'+(?:{_FORMULA.pattern})")
_COMMON_DELIMITERS = (";", "\t", "|")

Cell = str | int | None


class Unreadable(StrEnum):
    """Why a file is no table."""

    ENCODING = "csv_encoding"
    DELIMITER = "csv_delimiter"
    QUOTES = "csv_quotes"
    EMPTY = "no_rows"


class NotASheet(Exception):
    """The file cannot be read; `row` is where the reader stopped, as a spreadsheet counts, if that is known."""

    def __init__(self, reason: Unreadable, row: int | None = None) -> None:
        super().__init__(reason)
        self.reason, self.row = reason, row


@dataclass(frozen=True, slots=True)
class SheetRow:
    """One row: its number as a spreadsheet shows it, and its cells as they stand."""

    number: int
    cells: tuple[str, ...]


def is_formula(text: str) -> bool:
    """Whether a spreadsheet might take this text for a formula."""
    return _FORMULA.match(text) is not None


def neutral(text: str) -> str:
    """The text as a cell that no program evaluates; `plain` gives it back."""
    return f"'{text}" if is_formula(text) or _ESCAPED.match(text) else text


def plain(cell: str) -> str:
    """The text of a cell that `neutral` made."""
    return cell[1:] if _ESCAPED.match(cell) else cell


def write_csv(rows: Iterable[Sequence[Cell]]) -> bytes:
    """UTF-8 with the mark that Excel needs, CRLF, every text in quotes (so that no `;` or `,` in it parts a cell)."""
    return BOM + csv_lines(rows)


def csv_lines(rows: Iterable[Sequence[Cell]]) -> bytes:
    """The same without the mark: what follows the first lines of a file that is written piece by piece."""
    written = io.StringIO(newline="")
    writer = csv.writer(written, quoting=csv.QUOTE_NONNUMERIC, lineterminator="\r\n")
    for row in rows:
        writer.writerow([neutral(cell) if isinstance(cell, str) else cell for cell in row])
    return written.getvalue().encode()


def read_csv(content: bytes) -> list[SheetRow]:
    """The rows that are neither empty nor for people; raises `NotASheet`.

    A file must be UTF-8, with or without the mark. What Korean Windows writes by default (CP949) is refused and not
    guessed: a guess that is wrong would store a name that nobody wrote.
    """
    try:
        text = content.removeprefix(BOM).decode()
    except UnicodeDecodeError:
        raise NotASheet(Unreadable.ENCODING) from None
    rows: list[SheetRow] = []
    number = 0
    try:
        for number, cells in enumerate(csv.reader(io.StringIO(text, newline=""), strict=True), start=1):
            row = SheetRow(number, tuple(cells))
            if any(cell.strip() for cell in cells) and not cells[0].lstrip().startswith(COMMENT):
                rows.append(row)
    except csv.Error:
        raise NotASheet(Unreadable.QUOTES, number + 1) from None
    if not rows:
        raise NotASheet(Unreadable.EMPTY)
    header = rows[0].cells
    if len(header) == 1 and any(delimiter in header[0] for delimiter in _COMMON_DELIMITERS):
        raise NotASheet(Unreadable.DELIMITER, rows[0].number)
    return rows


def cell_name(row: int, position: int) -> str:
    """`B7` for the second cell of row 7."""
    letters = ""
    left = position + 1
    while left:
        left, letter = divmod(left - 1, 26)
        letters = chr(ord("A") + letter) + letters
    return f"{letters}{row}"
