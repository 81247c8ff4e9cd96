"""What published documents say beyond the code: whom to ask, and examples made of values that fields' names call for.

A document with examples that fit is read and tried; one with `"string"` in every field is neither.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

Known = Mapping[str, object]
"""Values by field (`title`), by field of one model (`Invoice.title`), for a whole model (`Invoice`), or for a parameter
only (`.title`)."""


@dataclass(frozen=True)
class DocumentFacts:
    """Whom to ask, under which licence, and the values that examples are made of."""

    contact: Mapping[str, str] = field(default_factory=dict)
    licence: Mapping[str, str] = field(default_factory=dict)
    examples: Known = field(default_factory=dict)


_BY_FORMAT: Mapping[str, object] = {
    "uuid": "0199f1c2-6a5e-7d30-9c41-8d2b6a51e0f3",
    "date": "2024-03-04",
    "date-time": "2024-03-04T00:00:00Z",
    "uri-reference": "/",
    "binary": "",
}
_BY_TYPE: Mapping[str, object] = {"boolean": True, "null": None, "number": 1, "object": {}}
_JSON_TYPES: Mapping[str, type | tuple[type, ...]] = {
    "string": str,
    "integer": int,
    "number": (int, float),
    "boolean": bool,
    "array": list,
    "object": dict,
    "null": type(None),
}


class Examples:
    """Makes examples for the schemas of one document, whose references end in the name of a definition."""

    def __init__(self, definitions: Mapping[str, Mapping[str, Any]], known: Known) -> None:
        self._definitions, self._known = definitions, known

    def of(self, schema: Mapping[str, Any], *, field: str = "", model: str = "") -> object:
        """An example that the schema allows."""
        for name in (f"{model}.{field}", field):
            if name in self._known and self._fits(self._known[name], schema):
                return self._known[name]
        if "$ref" in schema:
            return self._of_definition(schema["$ref"].rsplit("/", 1)[1], field)
        for given in (*schema.get("examples", ()), *(schema[word] for word in ("example", "const") if word in schema)):
            return given
        if "enum" in schema:
            return schema["enum"][0]
        options = [*schema.get("anyOf", ()), *schema.get("oneOf", ()), *schema.get("allOf", ())]
        if options:
            told = [option for option in options if option.get("type") != "null"]
            return self.of(told[0] if told else options[0], field=field, model=model)
        return self._of_type(schema, model)

    def _of_definition(self, name: str, field: str) -> object:
        if name in self._known:
            return self._known[name]
        return self.of(self._definitions[name], field=field, model=name)

    def _of_type(self, schema: Mapping[str, Any], model: str) -> object:
        if "properties" in schema:
            owner = str(schema.get("title") or model)
            return {name: self.of(inner, field=name, model=owner) for name, inner in schema["properties"].items()}
        kind = schema.get("type")
        if kind == "array":
            return [self.of(schema.get("items", {}))] * max(1, schema.get("minItems", 1))
        if kind == "integer":
            return max(int(schema.get("minimum", 1)), int(schema.get("exclusiveMinimum", 0)) + 1)
        if kind == "string":
            return _BY_FORMAT.get(schema.get("format", ""), "x" * max(1, schema.get("minLength", 1)))
        return _BY_TYPE.get(str(kind), {})

    def _fits(self, value: object, schema: Mapping[str, Any]) -> bool:
        """Whether a value that fits the field's name fits its kind too: one name may mean two things."""
        if "$ref" in schema:
            return self._fits(value, self._definitions[schema["$ref"].rsplit("/", 1)[1]])
        options = [*schema.get("anyOf", ()), *schema.get("oneOf", ())]
        if options:
            return any(self._fits(value, option) for option in options)
        if "enum" in schema:
            return value in schema["enum"]
        wanted = _JSON_TYPES.get(str(schema.get("type")))
        return wanted is None or (isinstance(value, wanted) and isinstance(value, bool) == (wanted is bool))
