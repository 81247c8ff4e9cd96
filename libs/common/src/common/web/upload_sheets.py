"""What one kind of upload looks like: its columns as CSV, its rows as JSON, the template, and how a row is read."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar, get_args

import pydantic_core
from pydantic import ValidationError

from common.errors import Text
from common.sheets import (
    BOM,
    COMMENT,
    Cell,
    NotASheet,
    SheetRow,
    Unreadable,
    cell_name,
    is_formula,
    plain,
    read_csv,
    write_csv,
)
from common.web import kinds
from common.web.bodies import Body
from common.web.faults import fault, field_faults, json_pointer
from common.web.kinds import FieldFault, Refused

_WHOLE_NUMBER = re.compile(r"-?(?:[0-9]{1,18}|[0-9]{1,3}(?:,[0-9]{3}){1,5})")
_LONGEST_NAME = 60
_MOST_FAULTS = 50
_HOW_TO = (
    "'#'으로 시작하는 줄은 읽지 않습니다. 예시 줄의 #을 지우고 값을 고쳐 쓰세요. "
    "Lines that begin with # are not read: take the # off the example and put your values in."
)

_Row = TypeVar("_Row", bound=Body)


@dataclass(frozen=True, slots=True)
class ReadRow(Generic[_Row]):
    """One row of an upload: what it says, or what is wrong with it. `cells` names the cell of each field (`B7`)."""

    number: int
    body: _Row | None
    faults: Sequence[FieldFault] = ()
    cells: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Sheet(Generic[_Row]):
    """A kind of upload. Its columns are the fields of the model, in the order of the labels; the example fits it.

    `identity` are the fields by which a row is the same as another: uploads that race take their rows in that order,
    so that they wait for each other and cannot deadlock.
    """

    name: str
    model: type[_Row]
    labels: Mapping[str, Text]
    example: Mapping[str, Cell]
    identity: Sequence[str]

    def __post_init__(self) -> None:
        if set(self.labels) != set(self.model.model_fields):
            raise TypeError(f"the columns of {self.name} are not the fields of {self.model.__name__}")
        self.model.model_validate(dict(self.example))

    def template(self, examples: Sequence[Mapping[str, Cell]] = ()) -> bytes:
        """A CSV to fill in: how to, the columns' names for people and for machines, and examples that are not read."""
        names = list(self.labels)
        first, *others = (f"{label.ko} ({label.en})" for label in self.labels.values())
        shown = [[example.get(name) for name in names] for example in (examples or [self.example])]
        return write_csv(
            [
                [f"{COMMENT} {_HOW_TO}"],
                [f"{COMMENT} {first}", *others],
                names,
                *([f"{COMMENT}{value}", *values] for value, *values in shown),
            ]
        )

    def example_csv(self) -> str:
        """The example as it would be sent."""
        return write_csv([list(self.labels), [self.example.get(name) for name in self.labels]])[len(BOM) :].decode()

    def from_csv(self, content: bytes, *, limit: int) -> list[ReadRow[_Row]]:
        """The rows of a CSV. A file that is no table, or not this one, is refused as a whole."""
        try:
            header, *rows = read_csv(content)
            if not rows:
                raise NotASheet(Unreadable.EMPTY)
        except NotASheet as unread:
            facts = {} if unread.row is None else {"row": unread.row}
            raise Refused(kinds.SHEET_UNREADABLE, errors=[fault(unread.reason, pointer="")], facts=facts) from None
        names = [cell.strip() for cell in header.cells]
        while names and not names[-1]:
            names.pop()
        self._refuse_other_header(names)
        _refuse_too_many(rows, limit)
        return [self._from_cells(names, row) for row in rows]

    def from_json(self, content: bytes, *, limit: int) -> list[ReadRow[_Row]]:
        """The entries of `{"rows": [...]}`, numbered from 1."""
        try:
            document = pydantic_core.from_json(content, allow_inf_nan=False)
        except ValueError:
            raise Refused(kinds.REQUEST_MALFORMED) from None
        if not isinstance(document, dict):
            raise Refused(kinds.INPUT_INVALID, errors=[fault("model_type", pointer="")])
        faults = [
            fault("extra_forbidden", pointer=json_pointer([name[:_LONGEST_NAME]]))
            for name in document
            if name != "rows"
        ]
        rows = document.get("rows")
        entries = rows if isinstance(rows, list) else []
        if not isinstance(rows, list):
            faults.append(fault("list_type" if "rows" in document else "missing", pointer="/rows"))
        elif not entries:
            faults.append(fault(Unreadable.EMPTY, pointer="/rows"))
        if faults:
            raise Refused(kinds.INPUT_INVALID, errors=faults[:_MOST_FAULTS])
        _refuse_too_many(entries, limit)
        return [self._checked(ReadRow(number, None), entry) for number, entry in enumerate(entries, start=1)]

    def in_order(self, rows: Sequence[ReadRow[_Row]]) -> list[ReadRow[_Row]]:
        """The rows by identity; of two that are the same, the one that stands first comes first."""
        return sorted(rows, key=lambda row: [str(getattr(row.body, name, "")) for name in self.identity])

    def schemas(self) -> dict[str, dict[str, Any]]:
        """The OpenAPI components of the JSON form; the first is the whole body."""
        row = self.model.model_json_schema(ref_template="#/components/schemas/{model}")
        inner = row.pop("$defs", {})
        rows = {"type": "array", "minItems": 1, "items": {"$ref": f"#/components/schemas/{self.model.__name__}"}}
        body = {
            "title": self.body_name,
            "description": "The rows of an upload; each is judged by itself.",
            "type": "object",
            "properties": {"rows": rows},
            "required": ["rows"],
            "additionalProperties": False,
        }
        return {self.body_name: body, self.model.__name__: row, **inner}

    @property
    def body_name(self) -> str:
        return f"{self.model.__name__}Rows"

    def _refuse_other_header(self, names: Sequence[str]) -> None:
        shown = [name[:_LONGEST_NAME] for name in names]
        faults = [fault("unknown_column", name=name) for name in shown if name not in self.labels]
        faults += [fault("column_twice", name=name) for name, count in Counter(shown).items() if count > 1]
        needed = [name for name, described in self.model.model_fields.items() if described.is_required()]
        faults += [fault("missing_column", name=name) for name in needed if name not in names]
        if faults:
            facts = {"columns": ", ".join(self.labels)}
            raise Refused(kinds.SHEET_HEADER_WRONG, errors=faults[:_MOST_FAULTS], facts=facts)

    def _from_cells(self, names: Sequence[str], row: SheetRow) -> ReadRow[_Row]:
        faults, values = [], {}
        for name, cell in zip(names, row.cells, strict=False):
            value = self._value(name, cell.strip())
            if isinstance(value, FieldFault):
                faults.append(value)
            elif value is not None:
                values[name] = value
        if any(cell.strip() for cell in row.cells[len(names) :]):
            faults.append(fault("too_many_cells", pointer=""))
        cells = {name: cell_name(row.number, position) for position, name in enumerate(names)}
        return self._checked(ReadRow(row.number, None, faults, cells), values)

    def _value(self, name: str, cell: str) -> str | int | FieldFault | None:
        """What a cell says: nothing, a whole number with or without its thousands parted, or a text."""
        if not cell:
            return None
        if self._is_number(name):
            if _WHOLE_NUMBER.fullmatch(cell):
                return int(cell.replace(",", ""))
            return fault("formula_cell" if is_formula(cell) else "whole_number", pointer=f"/{name}")
        return fault("formula_cell", pointer=f"/{name}") if is_formula(cell) else plain(cell)

    def _is_number(self, name: str) -> bool:
        kind = self.model.model_fields[name].annotation
        return kind is int or int in get_args(kind)

    def _checked(self, row: ReadRow[_Row], values: object) -> ReadRow[_Row]:
        if not isinstance(values, dict):
            return ReadRow(row.number, None, [fault("model_type", pointer="")])
        known = {found.pointer for found in row.faults}
        try:
            body = self.model.model_validate(values)
        except ValidationError as error:
            found = field_faults(_as_of_a_body(error))
            faults = [*row.faults, *(each for each in found if each.pointer not in known)]
            return ReadRow(row.number, None, faults, row.cells)
        return ReadRow(row.number, None if row.faults else body, row.faults, row.cells)


def _as_of_a_body(error: ValidationError) -> Iterator[Mapping[str, Any]]:
    for finding in error.errors(include_url=False, include_input=False):
        yield {**finding, "loc": ("body", *finding["loc"])}


def _refuse_too_many(rows: Sequence[object], limit: int) -> None:
    if len(rows) > limit:
        raise Refused(kinds.UPLOAD_TOO_LONG, facts={"rows": len(rows), "limit_rows": limit})
