"""Tables to save, row after row into a file that does not grow in memory: CSV as `common.sheets` writes it, or XLSX.

A table says its columns once, with headings in both languages and units; a value is what its column's kind says, so a
text never becomes a formula, a day is a day that a spreadsheet can sort by, and a number stays a number.
"""

import hashlib
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import IO, Protocol

import xlsxwriter

from common.clock import KST
from common.errors import Text
from common.sheets import BOM, Cell, csv_lines, is_formula

Value = str | int | bool | date | datetime | None

_IN_MEMORY_BYTES = 1_048_576
_CHUNK_BYTES = 131_072
_LONGEST_CELL = 32_767
"""Characters that a cell of XLSX holds at most."""
_LONGEST_SHEET_NAME = 31
_WIDTH, _WIDTH_OF_TEXT = 14, 24
_NUMBER, _DAY, _MOMENT = "#,##0", "yyyy-mm-dd", "yyyy-mm-dd hh:mm:ss"


class TableFormat(StrEnum):
    """As which kind of file a table is saved."""

    CSV = "csv"
    XLSX = "xlsx"


class Headings(StrEnum):
    """How columns are headed: in Korean or in English with their units, or by their names as JSON has them."""

    KO = "ko"
    EN = "en"
    NAMES = "names"


class Kind(StrEnum):
    """What a column holds."""

    TEXT = "TEXT"
    NUMBER = "NUMBER"
    FLAG = "FLAG"
    DAY = "DAY"
    MOMENT = "MOMENT"


@dataclass(frozen=True, slots=True)
class Column:
    """One column: its name for machines, its heading for people, and the unit of its numbers, if they have one."""

    name: str
    label: Text
    kind: Kind = Kind.TEXT
    unit: Text | None = None

    def heading(self, headings: Headings) -> str:
        if headings is Headings.NAMES:
            return self.name
        label = self.label.ko if headings is Headings.KO else self.label.en
        unit = self.unit and (self.unit.ko if headings is Headings.KO else self.unit.en)
        return f"{label} ({unit})" if unit else label


class TableFile(Protocol):
    """A file that takes rows until it is finished."""

    def add(self, rows: Iterable[Sequence[Value]]) -> None: ...

    def finish(self) -> None: ...


class CsvFile:
    """UTF-8 with the mark that Excel needs. A flag is 1 or 0, a moment is written in Korean time with its offset."""

    def __init__(self, file: IO[bytes], columns: Sequence[Column], headings: Headings) -> None:
        self._file = file
        file.write(BOM + csv_lines([[column.heading(headings) for column in columns]]))

    def add(self, rows: Iterable[Sequence[Value]]) -> None:
        self._file.write(csv_lines([_as_text(value) for value in row] for row in rows))

    def finish(self) -> None:
        """Nothing is missing: every row was written when it came."""


class XlsxFile:
    """One sheet whose first row stays in sight. Rows go to the disk as they come, and texts are only ever texts."""

    def __init__(self, file: IO[bytes], columns: Sequence[Column], headings: Headings, *, title: str) -> None:
        self._book = xlsxwriter.Workbook(file, {"constant_memory": True, "remove_timezone": True})
        self._sheet = self._book.add_worksheet(title[:_LONGEST_SHEET_NAME])
        self._columns, self._row = columns, 0
        formats = {Kind.NUMBER: _NUMBER, Kind.DAY: _DAY, Kind.MOMENT: _MOMENT}
        self._formats = {kind: self._book.add_format({"num_format": said}) for kind, said in formats.items()}
        # Stays a text also for whoever types into the cell and leaves it again.
        self._quoted = self._book.add_format({"quote_prefix": True})
        self._sheet.freeze_panes(1, 0)
        for at, column in enumerate(columns):
            self._sheet.set_column(at, at, _WIDTH_OF_TEXT if column.kind is Kind.TEXT else _WIDTH)
        head = self._book.add_format({"bold": True, "text_wrap": True, "bottom": 1})
        for at, column in enumerate(columns):
            self._sheet.write_string(0, at, column.heading(headings), head)

    def add(self, rows: Iterable[Sequence[Value]]) -> None:
        for row in rows:
            self._row += 1
            for at, value in enumerate(row):
                if value is not None:
                    self._write(at, value)

    def finish(self) -> None:
        self._book.close()

    def _write(self, at: int, value: Value) -> None:
        if isinstance(value, str):
            text = value if len(value) <= _LONGEST_CELL else value[: _LONGEST_CELL - 1] + "…"
            self._sheet.write_string(self._row, at, text, self._quoted if is_formula(text) else None)
        elif isinstance(value, bool):
            self._sheet.write_boolean(self._row, at, value)
        elif isinstance(value, int):
            self._sheet.write_number(self._row, at, value, self._formats[Kind.NUMBER])
        elif isinstance(value, datetime):
            self._sheet.write_datetime(self._row, at, value.astimezone(KST), self._formats[Kind.MOMENT])
        elif value is not None:
            self._sheet.write_datetime(self._row, at, value, self._formats[Kind.DAY])


def opened(file: IO[bytes], columns: Sequence[Column], form: TableFormat, headings: Headings, title: str) -> TableFile:
    """A file of this format, with its headings in it."""
    if form is TableFormat.CSV:
        return CsvFile(file, columns, headings)
    return XlsxFile(file, columns, headings, title=title)


def room() -> IO[bytes]:
    """A file without a name, gone when it is closed: small ones are kept in memory, larger ones on the disk."""
    return tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY_BYTES)


def measured(file: IO[bytes]) -> tuple[int, str]:
    """How many bytes a file has and their SHA-256; it stands at its beginning again then."""
    file.seek(0)
    digest, size = hashlib.sha256(), 0
    while chunk := file.read(_CHUNK_BYTES):
        digest.update(chunk)
        size += len(chunk)
    file.seek(0)
    return size, digest.hexdigest()


def _as_text(value: Value) -> Cell:
    if isinstance(value, bool):
        return int(value)
    if isinstance(value, datetime):
        return value.astimezone(KST).isoformat()
    if isinstance(value, date):
        return value.isoformat()
    return value
