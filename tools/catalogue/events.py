"""The event catalogue: one JSON Schema per type, and one page that says who tells what to whom."""

import inspect
import json
from collections.abc import Iterable, Mapping
from itertools import groupby
from typing import Any

import msgspec

from common.event import DomainEvent
from tools.catalogue.system import System, service_of

SCHEMA_FOLDER = "docs/events/schemas"
CATALOGUE = "docs/events/catalogue.md"
_DIALECT = "https://json-schema.org/draft/2020-12/schema"

_INTRODUCTION = """# Event catalogue

Made from `libs/contracts` and each service's `HANDLERS` by `python -m tools.catalogue`; do not edit.

Events are CloudEvents 1.0 in Kafka's binary mode: the value is the JSON below, everything else is in headers
(`ce_specversion`, `ce_id`, `ce_source`, `ce_type`, `ce_subject`, `ce_time`, `ce_dataschema`, `ce_partitionkey`,
`ce_sequence`, `ce_recordedtime`, `ce_correlationid`, `ce_causationid`, `ce_traceparent`, `content-type`). `ce_time` is
programme time, `ce_recordedtime` real time; `ce_dataschema` is the `$id` of the schema. The record's key is the
aggregate's id, and `ce_sequence` counts from 1, padded with zeros, without a gap per topic and key. An event may come
twice (same `ce_id`), and consumers must accept fields they do not know. Within `.v1` a type only gains optional fields.
For machines: [asyncapi.json](asyncapi.json), with topics, consumer groups, headers and an example of each event.
"""


def documents(system: System) -> dict[str, str]:
    made = {f"{SCHEMA_FOLDER}/{event.TYPE}.json": _as_text(schema(event)) for event in system.events}
    return {**made, CATALOGUE: _page(system)}


def schema(event: type[DomainEvent]) -> dict[str, Any]:
    """The JSON Schema of the record's value, self-contained and readable."""
    (reference,), definitions = msgspec.json.schema_components([event], ref_template="#/$defs/{name}")
    name = reference["$ref"].rsplit("/", 1)[1]
    own = definitions.pop(name)
    described = {
        "$schema": _DIALECT,
        "$id": f"urn:smartfactory:schema:{event.TYPE}",
        **own,
        "description": _meaning(event),
    }
    return {**described, "$defs": definitions} if definitions else described


def _as_text(value: Mapping[str, Any]) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False) + "\n"


def _meaning(event: type[DomainEvent]) -> str:
    return " ".join(inspect.cleandoc(event.__doc__ or "").split())


def _page(system: System) -> str:
    parts = [_INTRODUCTION, _overview(system)]
    for topic, events in groupby(sorted(system.events, key=_order), key=lambda event: event.TOPIC):
        parts.append(f"## `{topic}`\n")
        parts += [_section(event, system.consumers_of(event)) for event in events]
    return "\n".join(parts)


def _order(event: type[DomainEvent]) -> tuple[str, str]:
    return event.TOPIC, event.TYPE


def _overview(system: System) -> str:
    rows = [
        f"| [`{event.__name__}`](#{event.__name__.lower()}) | {service_of(event)} | `{event.TOPIC}` "
        f"| {_names(system.consumers_of(event))} |"
        for event in sorted(system.events, key=_order)
    ]
    return "\n".join(["| event | published by | topic | heard by |", "|---|---|---|---|", *rows, ""])


def _section(event: type[DomainEvent], consumers: list[str]) -> str:
    shape = schema(event)
    required = set(shape.get("required", ()))
    rows = [
        f"| `{name}` | {_kind(field)} | {'yes' if name in required else 'no'} |"
        for name, field in shape["properties"].items()
    ]
    return "\n".join(
        [
            f"### {event.__name__}",
            "",
            _meaning(event),
            "",
            f"- type `{event.TYPE}`, key `{event.KEY_FIELD}`",
            f"- heard by: {_names(consumers)}",
            f"- schema: [`{event.TYPE}.json`](schemas/{event.TYPE}.json)",
            "",
            "| field | kind | required |",
            "|---|---|---|",
            *rows,
            "",
        ]
    )


def _names(names: Iterable[str]) -> str:
    return ", ".join(names) or "nobody inside"


def _kind(field: Mapping[str, Any]) -> str:
    if "$ref" in field:
        return f"`{field['$ref'].rsplit('/', 1)[1]}`"
    if "anyOf" in field:
        return " or ".join(_kind(option) for option in field["anyOf"])
    if field.get("type") == "array":
        return f"list of {_kind(field['items'])}"
    return str(field.get("format") or field.get("type", "any"))
