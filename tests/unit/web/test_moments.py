"""Dates and moments are read as RFC 3339 writes them; a number is no date, in a body and in an address."""

from datetime import date, datetime
from typing import Annotated

import pytest
from fastapi import Query
from pydantic import AwareDatetime, ValidationError

from common.web import Body
from common.web.moments import form_of


class _Step(Body):
    on: date


class _Plan(Body):
    begins_at: AwareDatetime
    ends_on: date | None = None
    steps: tuple[_Step, ...] = ()


_GOOD = "2024-03-04T09:00:00+09:00"


@pytest.mark.parametrize("moment", [_GOOD, "2024-03-04T00:00:00Z", "2024-03-04t00:00:00.25z"])
def test_a_written_moment_is_read(moment: str):
    plan = _Plan.model_validate({"begins_at": moment, "ends_on": "2024-12-31", "steps": [{"on": "2024-05-01"}]})
    assert plan.ends_on == date(2024, 12, 31)
    assert plan.steps[0].on == date(2024, 5, 1)


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"begins_at": 0}, "datetime_parsing"),
        ({"begins_at": 0.5}, "datetime_parsing"),
        ({"begins_at": "1709510400"}, "datetime_parsing"),
        ({"begins_at": True}, "datetime_parsing"),
        ({"begins_at": "0001-01-01T00:00:00+09:00"}, "datetime_parsing"),
        ({"begins_at": " 9999-12-31T23:59:59-09:00"}, "datetime_parsing"),
        ({"begins_at": "2024-03-04T09:00:00"}, "timezone_aware"),
        ({"begins_at": "2024-03-04T25:00:00Z"}, "datetime_from_date_parsing"),
        ({"ends_on": 0}, "date_parsing"),
        ({"ends_on": "0"}, "date_parsing"),
        ({"ends_on": "2024-03-04T00:00:00"}, "date_parsing"),
        ({"ends_on": "2024-02-30"}, "date_from_datetime_parsing"),
        ({"ends_on": "٢٠٢٤-٠٣-٠٤"}, "date_parsing"),
        ({"steps": [{"on": 19786}]}, "date_parsing"),
    ],
)
def test_anything_else_is_refused(changed: dict[str, object], code: str):
    with pytest.raises(ValidationError) as refused:
        _Plan.model_validate({"begins_at": _GOOD} | changed)
    assert [error["type"] for error in refused.value.errors()] == [code]


def test_values_of_our_own_are_taken_as_they_are():
    assert _Step(on=date(2024, 5, 1)).on == date(2024, 5, 1)


def test_a_body_still_describes_its_fields():
    shape = _Plan.model_json_schema()["properties"]
    assert shape["begins_at"]["format"] == "date-time"
    assert shape["ends_on"]["anyOf"][0] == {"format": "date", "type": "string"}


@pytest.mark.parametrize("annotation", [date, date | None, datetime, AwareDatetime | None])
def test_a_parameter_of_such_a_type_has_a_written_form(annotation: object):
    form = form_of(annotation)
    assert form is not None
    assert not form[0].fullmatch("0.5")


@pytest.mark.parametrize("annotation", [int, str | None, Annotated[int, Query()]])
def test_a_parameter_of_another_type_has_none(annotation: object):
    assert form_of(annotation) is None
