"""Dates and moments as JSON and addresses write them (RFC 3339), and nothing else that could be taken for one.

Pydantic also reads a number as seconds since 1970: `0` would be New Year's Day 1970, stored and never noticed.
"""

import re
import types
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any, Literal, Union, cast, get_args, get_origin

from pydantic import AwareDatetime
from pydantic_core import PydanticCustomError, core_schema

_Fault = Literal["date_parsing", "datetime_parsing"]
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
# Without an offset it goes on to the check that asks for one.
_MOMENT = re.compile(_DATE.pattern + r"[Tt ][0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]+)?)?([Zz]|[+-][0-9]{2}:?[0-9]{2})?")
_FORMS: Mapping[str, tuple[re.Pattern[str], _Fault]] = {
    "date": (_DATE, "date_parsing"),
    "datetime": (_MOMENT, "datetime_parsing"),
}
# Of the first and the last day that there are, UTC or another offset may have no moment: nothing can be done with it.
_OUTERMOST = ("0001-01-01", "9999-12-31")
_OF_TYPE: Mapping[object, str] = {date: "date", datetime: "datetime", AwareDatetime: "datetime"}


def only_as_written(node: dict[str, Any]) -> bool:
    """Have a date or moment in a core schema be read from its written form only; whether the node was one."""
    kind = str(node.get("type"))
    if kind == "function-before" and getattr(node["function"]["function"], "__name__", "") == "written":
        return True
    if kind not in _FORMS:
        return False
    form, fault = _FORMS[kind]

    def written(value: object) -> object:
        if isinstance(value, date):
            return value
        said = value.strip() if isinstance(value, str) else ""
        if form.fullmatch(said) and (kind == "date" or not said.startswith(_OUTERMOST)):
            return value
        raise PydanticCustomError(fault, "not written as RFC 3339 has it")

    inner = dict(node)
    node.clear()
    node.update(core_schema.no_info_before_validator_function(written, cast("core_schema.CoreSchema", inner)))
    return True


def form_of(annotation: object) -> tuple[re.Pattern[str], str] | None:
    """The written form that a parameter of this type has to have, and the code of the fault if it has not."""
    if get_origin(annotation) in {Union, types.UnionType}:
        found = [form_of(option) for option in get_args(annotation)]
        return next((form for form in found if form), None)
    return _FORMS[_OF_TYPE[annotation]] if annotation in _OF_TYPE else None
