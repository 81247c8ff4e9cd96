"""Within a version an event only grows: what was released is compared with what the code says now.

`libs/contracts/released_events.json` holds every event as it was last accepted. A breaking edit is refused; growth has
to be accepted with `python -m tools.catalogue --accept-growth`, so that the next edit is compared with it too, and a
record of the new shape joins the golden events.
"""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from common.event import DomainEvent
from tools.catalogue.events import schema

RELEASED = "libs/contracts/released_events.json"

Contract = Mapping[str, Any]


def contract(event: type[DomainEvent]) -> Contract:
    """What others rely on: the topic, the key and the shape of the value, without prose."""
    return {"topic": event.TOPIC, "key": event.KEY_FIELD, "schema": _without_prose(schema(event))}


def read_released(root: Path) -> dict[str, Contract]:
    path = root / RELEASED
    released: dict[str, Contract] = json.loads(path.read_text("utf-8")) if path.is_file() else {}
    return released


def write_released(root: Path, contracts: Mapping[str, Contract]) -> None:
    text = json.dumps(contracts, indent=1, ensure_ascii=False, sort_keys=True)
    (root / RELEASED).write_text(text + "\n", "utf-8")


def breaking_edits(released: Mapping[str, Contract], current: Mapping[str, Contract]) -> list[str]:
    """Everything that would break somebody who relies on the released form."""
    faults = []
    for type_, before in sorted(released.items()):
        now = current.get(type_)
        if now is None:
            faults.append(f"{type_}: removed")
            continue
        faults += [f"{type_}: {name} changed" for name in ("topic", "key") if before[name] != now[name]]
        faults += [f"{type_}{fault}" for fault in _edits(before["schema"], now["schema"], _Pair(before, now))]
    return faults


class _Pair:
    """The definitions that references point to, on both sides, and the pairs already compared."""

    def __init__(self, before: Contract, now: Contract) -> None:
        self.before = before["schema"].get("$defs", {})
        self.now = now["schema"].get("$defs", {})
        self.seen: set[tuple[str, str]] = set()


def _edits(before: Contract, now: Contract, pair: _Pair, at: str = "") -> Iterator[str]:
    if "$ref" in before and "$ref" in now:
        old, new = (shape["$ref"].rsplit("/", 1)[1] for shape in (before, now))
        if (old, new) not in pair.seen:
            pair.seen.add((old, new))
            yield from _edits(pair.before[old], pair.now[new], pair, at)
        return
    yield from _changed_constraints(before, now, at)
    yield from _changed_fields(before, now, pair, at)
    if "items" in before and "items" in now:
        yield from _edits(before["items"], now["items"], pair, f"{at}[]")


def _changed_constraints(before: Contract, now: Contract, at: str) -> Iterator[str]:
    structural = {"properties", "required", "$defs", "items", "$schema", "$id", "title"}
    for word in sorted((set(before) | set(now)) - structural):
        if before.get(word) != now.get(word):
            yield f"{at}: {word} was {before.get(word)}, is {now.get(word)}"


def _changed_fields(before: Contract, now: Contract, pair: _Pair, at: str) -> Iterator[str]:
    had, has = before.get("properties", {}), now.get("properties", {})
    required_before, required_now = set(before.get("required", ())), set(now.get("required", ()))
    for name in had:
        if name not in has:
            yield f"{at}.{name}: removed or renamed"
        else:
            yield from _edits(had[name], has[name], pair, f"{at}.{name}")
    for name in sorted(required_now - required_before):
        yield f"{at}.{name}: new and required" if name not in had else f"{at}.{name}: became required"
    for name in sorted((required_before - required_now) & set(has)):
        yield f"{at}.{name}: became optional, and readers rely on it"


def _without_prose(value: Any) -> Any:  # noqa: ANN401  JSON is any
    if isinstance(value, dict):
        # A field may be called `description`; then its value is a schema and not a sentence.
        return {
            key: _without_prose(inner)
            for key, inner in value.items()
            if not (key == "description" and isinstance(inner, str))
        }
    if isinstance(value, list):
        return [_without_prose(inner) for inner in value]
    return value
