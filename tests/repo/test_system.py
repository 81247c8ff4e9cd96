"""The running objects keep the rules: events are heard, routes have roles, settings and money are described."""

import dataclasses
import re
import tomllib
from collections.abc import Callable, Mapping

import pytest
from fastapi import APIRouter, FastAPI
from pydantic import BaseModel, Field
from sqlalchemy import BigInteger, Column, Float, Integer, MetaData, Numeric, Table, Text
from sqlalchemy.dialects.postgresql import JSONB

from common.event import DomainEvent
from common.web.access import access_of
from common.web.kinds import ProblemKind, catalogue
from contracts.principals import PARTNERS, publisher_of
from smartfactory.stack import migrations
from tests.repo.tree import ROOT
from tools.catalogue.access import accesses_of
from tools.catalogue.rest import api_routes, operations
from tools.catalogue.system import System, described, load_system

_REASONS: Mapping[str, str] = tomllib.loads((ROOT / "tests/repo/unheard_events.toml").read_text("utf-8"))
_KOREAN_THEN_ENGLISH = re.compile(r"[^()]*[가-힣][^()]* \([A-Z][ -~]+\)")


@pytest.fixture(scope="module")
def system() -> System:
    return load_system(ROOT)


def unheard_events(system: System, reasons: Mapping[str, str]) -> list[str]:
    unheard = {event.__name__ for event in system.events if not system.consumers_of(event)}
    return [f"nobody hears {name}; say why in unheard_events.toml" for name in sorted(unheard - set(reasons))] + [
        f"{name} has a reason not to be heard, but is heard or gone" for name in sorted(set(reasons) - unheard)
    ]


def routes_without_a_rule(app: FastAPI) -> list[str]:
    found = []
    for path, route in api_routes(app):
        try:
            access_of(route.dependant)
        except TypeError as fault:
            found.append(f"{path}: {fault}")
        if route.include_in_schema != path.startswith("/v1/"):
            found.append(f"{path}: a resource lives under /v1, and a page elsewhere")
    return found


def undescribed_settings(settings: type[BaseModel]) -> list[str]:
    return [name for name, field in settings.model_fields.items() if not (field.description or "").strip()]


def columns_that_round(metadata: MetaData) -> list[str]:
    """Money is BIGINT won, ratios are whole basis points, and nothing at all is a float."""
    found = []
    for table in metadata.tables.values():
        for column in table.columns:
            name = f"{table.name}.{column.name}"
            if isinstance(column.type, Float | Numeric):
                found.append(f"{name} is {column.type}")
            # JSONB holds amounts by source; whoever reads them checks that they are whole.
            if column.name.endswith("_won") and not isinstance(column.type, BigInteger | JSONB):
                found.append(f"{name} is {column.type}, not BIGINT")
            if column.name.endswith("_bp") and not isinstance(column.type, Integer):
                found.append(f"{name} is {column.type}, not an integer")
    return found


def texts_in_one_language(kinds: Mapping[str, ProblemKind]) -> list[str]:
    return [
        code
        for code, kind in kinds.items()
        for text in (kind.title, kind.detail)
        if not any("가" <= letter <= "힣" for letter in text.ko) or any("가" <= letter <= "힣" for letter in text.en)
    ]


def test_a_brokers_access_lists_are_those_of_the_documents(system: System) -> None:
    assert migrations.principals() == accesses_of(system)


def test_what_is_told_outside_is_told_by_one_of_us_to_somebody_who_may_read_it(system: System) -> None:
    services = {service.name for service in system.services}
    topics = {event.TOPIC for event in system.events}
    assert {publisher_of(event) for event in system.events} <= services
    read_outside = {topic for told in PARTNERS.values() for topic in told}
    assert {topic for topic in topics if topic.startswith("partner.")} <= read_outside
    assert not {topic for topic in read_outside if not topic.startswith("partner.")}, "what is ours stays with us"


def test_every_event_is_heard_or_says_why(system: System) -> None:
    assert unheard_events(system, _REASONS) == []


def test_an_unheard_event_and_a_reason_too_many_are_found(system: System) -> None:
    deaf = System(services=[dataclasses.replace(each, handlers={}) for each in system.services], events=system.events)

    assert len(unheard_events(deaf, {})) == len(system.events)
    assert unheard_events(system, {**_REASONS, "Gone": "x"}) == [
        "Gone has a reason not to be heard, but is heard or gone"
    ]


def test_no_handler_waits_for_an_event_that_nobody_declares(system: System) -> None:
    handled: set[type[DomainEvent]] = {event for service in system.services for event in service.handlers}

    assert handled <= set(system.events)


def test_every_route_names_who_may_call_it(system: System) -> None:
    found = [fault for service in system.services for fault in routes_without_a_rule(described(service))]

    assert found == []
    assert all(list(operations(described(service))) for service in system.services)


def test_a_route_without_a_rule_is_found() -> None:
    app, router = FastAPI(), APIRouter()
    router.add_api_route("/v1/planted", lambda: None)
    app.include_router(router)

    assert routes_without_a_rule(app)


def test_what_a_service_parks_can_be_settled_by_its_operators_and_is_read_by_the_auditor(system: System) -> None:
    for service in system.services:
        who = {each.method + each.path: each.roles for each in operations(described(service))}

        for read in ("parked-events", "service-state"):
            assert who[f"GET/v1/{read}"] == ("auditor", "platform.operator"), service.name
        for act in ("redrives", "discards", "discard-confirmations"):
            assert who[f"POST/v1/parked-events/{{parked_event_id}}/{act}"] == ("platform.operator",), service.name


def test_operations_have_names_of_their_own(system: System) -> None:
    for service in system.services:
        document = described(service).openapi()
        names = [each["operationId"] for path in document["paths"].values() for each in path.values()]

        assert len(names) == len(set(names))
        assert all(name[0].islower() and name.isalnum() for name in names), names


def test_operations_are_named_in_korean_first(system: System) -> None:
    summaries = [each.summary for service in system.services for each in operations(described(service))]

    assert [summary for summary in summaries if not _KOREAN_THEN_ENGLISH.fullmatch(summary)] == []
    assert not _KOREAN_THEN_ENGLISH.fullmatch("Read a call")


def test_every_setting_says_what_it_is_for(system: System) -> None:
    class _Planted(BaseModel):
        bare: int = Field(1)

    assert undescribed_settings(_Planted) == ["bare"]
    assert {service.name: undescribed_settings(service.settings) for service in system.services} == {
        service.name: [] for service in system.services
    }


def test_no_column_rounds_money(system: System) -> None:
    assert [fault for service in system.services for fault in columns_that_round(service.all_tables())] == []


@pytest.mark.parametrize(
    "column",
    [Column("rate", Float), Column("cost_won", Integer), Column("cost_won", Numeric), Column("rate_bp", Text)],
    ids=["float", "int4 won", "decimal won", "text rate"],
)
def test_a_column_that_rounds_is_found(column: Column[object]) -> None:
    metadata = MetaData()
    Table("planted", metadata, column)

    assert columns_that_round(metadata)


def test_every_problem_speaks_both_languages(system: System) -> None:
    assert texts_in_one_language(catalogue()) == []


@pytest.mark.parametrize("mangle", [lambda text: text.en, lambda text: text.ko], ids=["no Korean", "no English"])
def test_a_problem_in_one_language_is_found(mangle: Callable[[object], str]) -> None:
    kind = next(iter(catalogue().values()))
    text = mangle(kind.title)

    assert texts_in_one_language({kind.code: dataclasses.replace(kind, title=type(kind.title)(ko=text, en=text))})
