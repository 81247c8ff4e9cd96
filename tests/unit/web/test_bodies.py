"""NUL, which PostgreSQL cannot store, is refused wherever it stands, and the place that is named is that very one."""

from typing import Any

import pytest
from pydantic import Field, ValidationError

from common.web import Body


class _Line(Body):
    code: str
    notes: list[str] = Field(default_factory=list)


class _Order(Body):
    lines: list[_Line] = Field(default_factory=list)
    anything: dict[str, Any] = Field(default_factory=dict)


@pytest.mark.parametrize(
    ("body", "places"),
    [
        ({"lines": [{"code": "a"}, {"code": "가\0"}]}, [("lines", 1, "code")]),
        ({"lines": [{"code": "\0", "notes": ["a", "\0"]}]}, [("lines", 0, "code"), ("lines", 0, "notes", 1)]),
        ({"anything": {"a": [1, {"b": "\0"}]}}, [("anything", "a", 1, "b")]),
        ({"anything": {"a": {"b\0": 1}}}, [("anything", "a")]),
        ({"anything": {"many": ["\0"] * 1000}}, [("anything", "many", number) for number in range(20)]),
    ],
    ids=["in a nested object", "in several places", "in a free object", "in a name", "more than anybody reads"],
)
def test_nul_is_named_at_its_place(body: dict[str, Any], places: list[tuple[str | int, ...]]):
    with pytest.raises(ValidationError) as refused:
        _Order.model_validate(body)
    assert [(found["loc"], found["type"]) for found in refused.value.errors()] == [
        (place, "nul_character") for place in places
    ]
