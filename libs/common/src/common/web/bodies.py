"""What request and response models inherit: nothing unknown, nothing guessed, nothing PostgreSQL cannot store."""

from collections.abc import Iterator
from itertools import islice
from typing import Any, ClassVar

from pydantic import BaseModel, ConfigDict, GetCoreSchemaHandler, ValidationError, field_validator, model_validator
from pydantic_core import CoreSchema, InitErrorDetails, PydanticCustomError

from common.web.moments import only_as_written

LARGEST_EXACT_INT = 2**53 - 1
"""The largest integer that every JSON reader keeps exact (RFC 8259, section 6)."""

_UNKNOWN_FIELDS_MAX = 50
_NUL_FINDINGS_MAX = 20
_STRICT_KINDS = frozenset({"int", "bool", "float"})
_NOT_SCHEMA = frozenset({"metadata", "default", "serialization", "cls", "config"})


def _make_strict(node: object) -> None:
    # Pydantic's strict mode would also refuse a UUID or a date written as a string, the only way JSON has for them.
    if isinstance(node, list | tuple):
        for entry in node:
            _make_strict(entry)
    elif isinstance(node, dict) and not only_as_written(node):
        if node.get("type") in _STRICT_KINDS:
            node["strict"] = True
        if node.get("type") == "int" and "lt" not in node:
            node.setdefault("le", LARGEST_EXACT_INT)
        if node.get("type") == "int" and "gt" not in node:
            node.setdefault("ge", -LARGEST_EXACT_INT)
        for name, entry in node.items():
            if name not in _NOT_SCHEMA:
                _make_strict(entry)


def _nul_places(value: object, place: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """Where in a value a text holds NUL; for a field whose very name does, the object it is in."""
    if isinstance(value, str):
        if "\0" in value:
            yield place
    elif isinstance(value, list):
        for number, entry in enumerate(value):
            yield from _nul_places(entry, (*place, number))
    elif isinstance(value, dict):
        for name, entry in value.items():
            if "\0" in name:
                yield place
            else:
                yield from _nul_places(entry, (*place, name))


class Body(BaseModel):
    """A request body. Unknown fields are refused; "3", 3.0 and true are not integers, 3 is no date; no text holds NUL.

    Blanks around a text are not part of it, so a text of blanks alone is too short.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False, str_strip_whitespace=True)

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler, /) -> CoreSchema:  # noqa: ANN401
        schema = handler(source)
        _make_strict(schema)
        return schema

    @model_validator(mode="before")
    @classmethod
    def _not_thousands_of_unknown_fields(cls, value: object) -> object:
        # Each would be a finding of its own, and a small body would become megabytes of them.
        if isinstance(value, dict) and len(value) > len(cls.model_fields) + _UNKNOWN_FIELDS_MAX:
            raise PydanticCustomError("too_many_fields", "There are far more fields than the object has")
        return value

    @field_validator("*", mode="before")
    @classmethod
    def _no_nul(cls, value: object) -> object:
        # Looks into what is below the field as well, since a free-form object has no model that would.
        found = [
            InitErrorDetails(type=PydanticCustomError("nul_character", "NUL is not allowed"), loc=place, input=None)
            for place in islice(_nul_places(value), _NUL_FINDINGS_MAX)
        ]
        if found:
            raise ValidationError.from_exception_data(cls.__name__, found)
        return value


class View(BaseModel):
    """A response body."""

    model_config: ClassVar[ConfigDict] = ConfigDict(frozen=True, from_attributes=True)
