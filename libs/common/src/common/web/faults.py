"""Pydantic's findings about an input, said in both languages with a JSON Pointer and a stable code."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from common.errors import Text
from common.web.kinds import FieldFault

_OTHER = Text(ko="올바르지 않은 값입니다.", en="The value is not valid.")
_TEXTS: Mapping[str, Text] = {
    "missing": Text(ko="필수 항목입니다.", en="The value is required."),
    "extra_forbidden": Text(ko="알 수 없는 항목입니다.", en="There is no such field."),
    "too_many_fields": Text(ko="알 수 없는 항목이 너무 많습니다.", en="There are far too many unknown fields."),
    "unknown_parameter": Text(ko="알 수 없는 매개변수입니다.", en="There is no such parameter."),
    "unexpected_body": Text(ko="이 요청은 본문을 받지 않습니다.", en="This request takes no body."),
    "nul_character": Text(ko="NUL 문자는 사용할 수 없습니다.", en="The NUL character is not allowed."),
    "int_type": Text(ko="정수여야 합니다.", en="An integer is needed."),
    "int_parsing": Text(ko="정수여야 합니다.", en="An integer is needed."),
    "bool_type": Text(ko="true 또는 false여야 합니다.", en="true or false is needed."),
    "bool_parsing": Text(ko="true 또는 false여야 합니다.", en="true or false is needed."),
    "float_type": Text(ko="숫자여야 합니다.", en="A number is needed."),
    "string_type": Text(ko="문자열이어야 합니다.", en="A string is needed."),
    "string_unicode": Text(ko="올바른 유니코드 문자열이어야 합니다.", en="A valid Unicode string is needed."),
    "string_too_short": Text(ko="{min_length}자 이상이어야 합니다.", en="At least {min_length} characters are needed."),
    "string_too_long": Text(ko="{max_length}자 이하여야 합니다.", en="At most {max_length} characters are allowed."),
    "string_pattern_mismatch": Text(
        ko="정해진 형식({pattern})에 맞지 않습니다.", en="The value does not have the form {pattern}."
    ),
    "greater_than": Text(ko="{gt}보다 커야 합니다.", en="The value must be greater than {gt}."),
    "greater_than_equal": Text(ko="{ge} 이상이어야 합니다.", en="The value must be at least {ge}."),
    "less_than": Text(ko="{lt}보다 작아야 합니다.", en="The value must be less than {lt}."),
    "less_than_equal": Text(ko="{le} 이하여야 합니다.", en="The value must be at most {le}."),
    "too_short": Text(ko="{min_length}개 이상이어야 합니다.", en="At least {min_length} entries are needed."),
    "too_long": Text(ko="{max_length}개 이하여야 합니다.", en="At most {max_length} entries are allowed."),
    "enum": Text(ko="허용된 값이 아닙니다. 허용: {expected}", en="Not one of the allowed values: {expected}"),
    "literal_error": Text(ko="허용된 값이 아닙니다. 허용: {expected}", en="Not one of the allowed values: {expected}"),
    "uuid_parsing": Text(ko="UUID 형식이어야 합니다.", en="A UUID is needed."),
    "uuid_type": Text(ko="UUID 형식이어야 합니다.", en="A UUID is needed."),
    "date_from_datetime_parsing": Text(ko="날짜(YYYY-MM-DD) 형식이어야 합니다.", en="A date (YYYY-MM-DD) is needed."),
    "date_parsing": Text(ko="날짜(YYYY-MM-DD) 형식이어야 합니다.", en="A date (YYYY-MM-DD) is needed."),
    "datetime_parsing": Text(ko="RFC 3339 시각이어야 합니다.", en="An RFC 3339 date-time is needed."),
    "datetime_from_date_parsing": Text(ko="RFC 3339 시각이어야 합니다.", en="An RFC 3339 date-time is needed."),
    "timezone_aware": Text(ko="시간대가 있는 시각이어야 합니다.", en="The date-time needs a time zone."),
    "list_type": Text(ko="목록이어야 합니다.", en="A list is needed."),
    "model_attributes_type": Text(ko="JSON 객체여야 합니다.", en="A JSON object is needed."),
    "model_type": Text(ko="JSON 객체여야 합니다.", en="A JSON object is needed."),
    "dict_type": Text(ko="JSON 객체여야 합니다.", en="A JSON object is needed."),
    "csv_encoding": Text(
        ko="UTF-8 파일이어야 합니다. Excel에서는 'CSV UTF-8(쉼표로 분리)' 형식으로 저장해 주세요.",
        en="The file must be UTF-8. In Excel, save it as 'CSV UTF-8 (Comma delimited)'.",
    ),
    "csv_delimiter": Text(ko="칸은 쉼표(,)로 나눠 주세요.", en="Cells are parted by commas."),
    "csv_quotes": Text(
        ko="따옴표의 짝이 맞지 않습니다. 값 안의 따옴표는 두 번 적습니다.",
        en="The quotes do not match. A quote inside a value is written twice.",
    ),
    "no_rows": Text(
        ko="읽을 줄이 없습니다. 열 이름 한 줄과 내용 한 줄 이상이 필요합니다.",
        en="There is no row to read. One row of column names and at least one of values are needed.",
    ),
    "unknown_column": Text(ko="알 수 없는 열입니다.", en="There is no such column."),
    "column_twice": Text(ko="같은 열이 두 번 있습니다.", en="The column stands twice."),
    "missing_column": Text(ko="필요한 열이 없습니다.", en="The column is needed."),
    "too_many_cells": Text(ko="열 이름보다 칸이 많습니다.", en="The row has more cells than there are columns."),
    "formula_cell": Text(
        ko="수식으로 보이는 값은 받지 않습니다. 글자 그대로라면 앞에 작은따옴표(')를 붙여 주세요.",
        en="What looks like a formula is not taken. If it is meant as text, put an apostrophe (') before it.",
    ),
    "whole_number": Text(
        ko="정수로 적어 주세요. 쉼표는 세 자리마다만 쓸 수 있고 소수점, 단위, 지수 표기는 쓸 수 없습니다.",
        en="A whole number is needed: commas between thousands only, no decimal point, unit or exponent.",
    ),
}
_MOST_FAULTS = 50


def field_faults(findings: Iterable[Mapping[str, Any]]) -> list[FieldFault]:
    """The first findings as faults; what the caller sent is never repeated."""
    return [_fault(finding) for finding, _ in zip(findings, range(_MOST_FAULTS), strict=False)]


def fault(code: str, *, pointer: str | None = None, name: str | None = None) -> FieldFault:
    """A fault of the body that we found ourselves, with its words from the table."""
    return FieldFault(place="body", code=code, detail=_TEXTS[code], pointer=pointer, name=name)


def unknown_parameter(name: str) -> FieldFault:
    return FieldFault(place="query", code="unknown_parameter", detail=_TEXTS["unknown_parameter"], name=name[:100])


def misread_moment(name: str, code: str) -> FieldFault:
    return FieldFault(place="query", code=code, detail=_TEXTS[code], name=name)


def unexpected_body() -> FieldFault:
    return FieldFault(place="body", code="unexpected_body", detail=_TEXTS["unexpected_body"], pointer="")


def json_pointer(path: Sequence[object]) -> str:
    """RFC 6901: `/types/0/cap_won`."""
    return "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in path)


def _fault(finding: Mapping[str, Any]) -> FieldFault:
    place, *path = finding["loc"]
    code = finding["type"]
    detail = _filled(_TEXTS.get(code, _own_words(finding)), finding.get("ctx") or {})
    if place == "body":
        return FieldFault(place="body", code=code, detail=detail, pointer=json_pointer(path))
    return FieldFault(place=str(place), code=code, detail=detail, name=".".join(str(part) for part in path))


def _own_words(finding: Mapping[str, Any]) -> Text:
    # A validator of ours may carry both languages in its context; everybody else's words stay out of the answer.
    context = finding.get("ctx") or {}
    if isinstance(context.get("ko"), str) and isinstance(context.get("en"), str):
        return Text(ko=context["ko"], en=context["en"])
    return _OTHER


def _filled(text: Text, context: Mapping[str, Any]) -> Text:
    if "expected" in context:  # 'A', 'B' or 'C'
        context = {**context, "expected": str(context["expected"]).replace(" or ", ", ").replace("'", "")}
    try:
        return Text(ko=text.ko.format_map(context), en=text.en.format_map(context))
    except (KeyError, IndexError, ValueError):
        return _OTHER
