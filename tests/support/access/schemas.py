"""The places in a request's body that its JSON Schema tells of: which hold text, and which objects stand open."""

from collections.abc import Iterator, Mapping
from typing import Any

Pointer = tuple[str | int, ...]

_TEXT_BOUNDS = {"maxLength", "enum", "const", "format", "pattern"}


def text_places(schema: Mapping[str, Any], schemas: Mapping[str, Any], at: Pointer = ()) -> Iterator[Pointer]:
    """Every place that may hold a string, an enumeration or a date included; of a list, its first entry."""
    for part in _alternatives(schema, schemas):
        if part.get("type") == "string":
            yield at
        for name, inner in part.get("properties", {}).items():
            yield from text_places(inner, schemas, (*at, name))
        if "items" in part:
            yield from text_places(part["items"], schemas, (*at, 0))


def open_objects(schema: Mapping[str, Any], schemas: Mapping[str, Any], at: Pointer = ()) -> Iterator[Pointer]:
    """Every object that would take a field it does not know."""
    for part in _alternatives(schema, schemas):
        if part.get("type") == "object" and part.get("additionalProperties") is not False:
            yield at
        for name, inner in part.get("properties", {}).items():
            yield from open_objects(inner, schemas, (*at, name))
        if "items" in part:
            yield from open_objects(part["items"], schemas, (*at, 0))


def unbounded(schema: Mapping[str, Any], schemas: Mapping[str, Any], at: Pointer = ()) -> Iterator[Pointer]:
    """Every list without a greatest length, and every text that may be of any length."""
    for part in _alternatives(schema, schemas):
        if part.get("type") == "array" and "maxItems" not in part:
            yield at
        if part.get("type") == "string" and not _TEXT_BOUNDS & part.keys():
            yield at
        for name, inner in part.get("properties", {}).items():
            yield from unbounded(inner, schemas, (*at, name))
        if "items" in part:
            yield from unbounded(part["items"], schemas, (*at, 0))


def example_of(schema: Mapping[str, Any], schemas: Mapping[str, Any]) -> Any:
    """A value of the right shape, all fields present: for the places that an ordinary request leaves out."""
    part = next((one for one in _alternatives(schema, schemas) if one.get("type") != "null"), {})
    if "properties" in part:
        return {name: example_of(inner, schemas) for name, inner in part["properties"].items()}
    if "items" in part:
        return [example_of(part["items"], schemas)]
    return {"string": "x", "integer": 1, "boolean": True, "number": 1.5}.get(part.get("type", ""))


def put(body: Any, place: Pointer, value: object, example: Any) -> Any:
    """The body with this value at the place; what is missing on the way is taken from the example."""
    if not place:
        return value
    first, *rest = place
    if isinstance(first, int):
        entries = list(body) if isinstance(body, list) and body else list(example)
        return [put(entries[0], tuple(rest), value, example[0]), *entries[1:]]
    members = dict(body) if isinstance(body, Mapping) else dict(example)
    return members | {first: put(members.get(first), tuple(rest), value, example[first])}


def _alternatives(schema: Mapping[str, Any], schemas: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    if "$ref" in schema:
        yield from _alternatives(schemas[schema["$ref"].rpartition("/")[2]], schemas)
    elif parts := schema.get("anyOf") or schema.get("oneOf") or schema.get("allOf"):
        for part in parts:
            yield from _alternatives(part, schemas)
    else:
        yield schema
