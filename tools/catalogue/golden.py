"""Golden events: records as they were once written, kept for ever, that every later reader must still read.

`libs/contracts/golden/<type>.jsonl` holds one record for each shape the type ever had, headers and value as they stood
on the wire. `--accept-growth` adds the record of a new shape; a line that is there is never changed.
"""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import msgspec

from common.event import DomainEvent, WireRecord, encode, encode_data
from tools.catalogue.asyncapi import envelope_of, example

FOLDER = "libs/contracts/golden"


def read(root: Path) -> dict[str, list[WireRecord]]:
    """The records by type, oldest first."""
    return {
        path.stem: [_record(json.loads(line)) for line in path.read_text("utf-8").splitlines()]
        for path in sorted((root / FOLDER).glob("*.jsonl"))
    }


def missing(root: Path, events: Sequence[type[DomainEvent]]) -> dict[str, WireRecord]:
    """A new record for each type that has none of its present shape."""
    _, schemas = msgspec.json.schema_components(events, ref_template="#/components/schemas/{name}")
    kept = read(root)
    made = {event.TYPE: _encoded(example(event, schemas)) for event in events}
    return {
        type_: record
        for type_, record in made.items()
        if not any(_shape(_value(old)) == _shape(_value(record)) for old in kept.get(type_, ()))
    }


def add(root: Path, events: Sequence[type[DomainEvent]]) -> None:
    """Write down what is missing, after what is there."""
    for type_, record in missing(root, events).items():
        path = root / FOLDER / f"{type_}.jsonl"
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(_kept(record), ensure_ascii=False) + "\n")


def _encoded(told: DomainEvent) -> WireRecord:
    return encode(envelope_of(told), encode_data(told))


def _kept(record: WireRecord) -> dict[str, Any]:
    return {
        "topic": record.topic,
        "key": (record.key or b"").decode(),
        "headers": {name: (value or b"").decode() for name, value in record.headers},
        "value": (record.value or b"").decode(),
    }


def _record(kept: dict[str, Any]) -> WireRecord:
    return WireRecord(
        topic=kept["topic"],
        partition=0,
        offset=0,
        key=kept["key"].encode(),
        value=kept["value"].encode(),
        headers=[(name, value.encode()) for name, value in kept["headers"].items()],
    )


def _value(record: WireRecord) -> object:
    return json.loads(record.value or b"null")


def _shape(value: object, at: str = "") -> frozenset[str]:
    """Every field's path, whatever its value: what makes two records of one type differ in form."""
    return frozenset(_paths(value, at))


def _paths(value: object, at: str) -> Iterator[str]:
    if isinstance(value, dict):
        for name, inner in value.items():
            yield f"{at}.{name}"
            yield from _paths(inner, f"{at}.{name}")
    elif isinstance(value, list):
        for inner in value:
            yield from _paths(inner, f"{at}[]")
