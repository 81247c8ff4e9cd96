"""What OpenAPI says of a route's refusals is read from its code: through calls, modules, methods and validators."""

import asyncio
from typing import Annotated

import pytest
from fastapi import Depends
from fastapi.dependencies.utils import get_dependant
from pydantic import field_validator

import common.parked
from common.errors import InvalidInput, NotFound, RuleRefused, Text
from common.parked import ParkedEventNotFound
from common.web import Body, refusals
from common.web.refusals import rules_of


class _Rule(RuleRefused):
    title = detail = Text("가", "a")


class TooDear(_Rule):
    code = "unit-too-dear"


class TooLate(_Rule):
    code = "unit-too-late"


class NotThere(NotFound):
    code = "unit-not-there"
    title = detail = Text("가", "a")


class Odd(InvalidInput):
    code = "unit-odd"
    title = detail = Text("가", "a")


class Purse:
    def spend_all(self) -> None:
        raise TooDear

    @property
    def open_until(self) -> int:
        raise TooLate


class Parsed(Body):
    number: int

    @field_validator("number")
    @classmethod
    def _even(cls, value: int) -> int:
        if value % 2:
            raise Odd
        return value


def find() -> None:
    raise NotThere


def cautious() -> None:
    try:
        find()
    except NotThere:
        pay(Purse())


def careless() -> None:
    cautious()
    find()


def pay(purse: Purse) -> None:
    purse.spend_all()


def spends() -> None:
    pay(Purse())


def codes(function: object) -> list[str]:
    return [rule.code for rule in rules_of(get_dependant(path="/", call=function))]


async def asks_a_module() -> None:
    await asyncio.sleep(0)
    raise common.parked.ParkedEventNotFound(id=1)


async def looks_at_a_property(purse: Annotated[None, Depends(find)]) -> None:
    def later() -> int:
        return Purse().open_until

    later()


async def takes_a_body(body: Parsed) -> None: ...


def in_a_circle() -> None:
    again()


def again() -> None:
    in_a_circle()
    find()


@pytest.fixture(autouse=True)
def _nothing_remembered() -> None:
    """Another test may have had a document made before this module's rules were there."""
    for remembered in (refusals._look, refusals._methods, refusals._our_packages):
        remembered.cache_clear()
    refusals._known.clear()


@pytest.mark.parametrize(
    ("route", "expected"),
    [
        (spends, ["unit-too-dear"]),
        (cautious, ["unit-too-dear"]),
        (careless, ["unit-not-there", "unit-too-dear"]),
        (asks_a_module, [ParkedEventNotFound.code]),
        (looks_at_a_property, ["unit-not-there", "unit-too-late"]),
        (takes_a_body, ["unit-odd"]),
        (in_a_circle, ["unit-not-there"]),
        (find, ["unit-not-there"]),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_the_rules_a_route_reaches_are_found(route: object, expected: list[str]):
    assert codes(route) == expected
