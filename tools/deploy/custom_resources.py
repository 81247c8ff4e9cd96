"""Objects of operators against the operators' own definitions, where an unknown field is a fault.

The definitions come with the operators' Go modules and are committed nowhere. What they say in CEL is not evaluated.
"""

import re
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any, TypeAlias

import yaml

from tools.deploy.rendering import OVERLAYS, Manifest, is_built_in, objects
from tools.deploy.steps import Failed, Skipped
from tools.deploy.tooling import MODULES, module

Schema: TypeAlias = Mapping[str, Any]
_BARE_EQUALS = re.compile(r"^(\s*- )=$", re.MULTILINE)
_PYTHON_TYPES: Mapping[str, tuple[type, ...]] = {
    "object": (dict,),
    "array": (list,),
    "string": (str,),
    "boolean": (bool,),
    "integer": (int,),
    "number": (int, float),
}


def check(folder: Path) -> str:
    """Validate every custom resource of every overlay whose definition can be had."""
    wanted = [
        (overlay, each)
        for overlay in OVERLAYS
        for each in objects((folder / f"{overlay}.yaml").read_text("utf-8"))
        if not is_built_in(each)
    ]
    if not wanted:
        return "no overlay has any"
    known, missing = definitions()
    faults, unknown, seen = [], set(), 0
    for overlay, each in wanted:
        schema = known.get((each["apiVersion"], each["kind"]))
        if schema is None:
            unknown.add(f"{each['apiVersion']} {each['kind']}")
            continue
        seen += 1
        name = f"{overlay}: {each['kind']} {each['metadata']['name']}"
        faults += [f"{name}: {fault}" for fault in refused(each, schema)]
    if faults:
        raise Failed("\n".join(["an operator would refuse", *faults]))
    left_out = f"; not checked, as no definition is at hand: {', '.join(sorted(unknown))}" if unknown else ""
    left_out += "".join(f"\n         {reason}" for reason in missing)
    if not seen:
        raise Skipped(f"nothing was checked{left_out}")
    return f"{seen} objects{left_out}"


@cache
def definitions() -> tuple[Mapping[tuple[str, str], Schema], list[str]]:
    """Every definition that can be had, by version and kind, and why others cannot."""
    known: dict[tuple[str, str], Schema] = {}
    missing = []
    for name in MODULES:
        try:
            folder = module(name)
        except Skipped as reason:
            missing.append(f"{name}: {reason}")
            continue
        for path in sorted(folder.glob("*.yaml")):
            known |= _defined(path.read_text("utf-8"))
    return known, missing


def _defined(text: str) -> dict[tuple[str, str], Schema]:
    # One operator's definitions are parts of a chart; its conditions and labels are lines of their own.
    text = "\n".join(line for line in text.splitlines() if "{{" not in line)
    text = _BARE_EQUALS.sub(r"\1'='", text)  # YAML of old gave a lone = a meaning
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    found = {}
    for each in yaml.load_all(text, Loader=loader):
        if each and each.get("kind") == "CustomResourceDefinition":
            spec = each["spec"]
            for version in spec["versions"]:
                key = f"{spec['group']}/{version['name']}", spec["names"]["kind"]
                found[key] = version["schema"]["openAPIV3Schema"]
    return found


def refused(manifest: Manifest, schema: Schema) -> list[str]:
    """What a server with this definition would refuse, or forget in silence."""
    inner = {name: each for name, each in schema.get("properties", {}).items() if name == "spec"}
    lacking = [name for name in schema.get("required", ()) if name not in manifest]
    return [f"lacks {name}" for name in lacking] + [
        fault for name, each in inner.items() if name in manifest for fault in _faults(manifest[name], each, name)
    ]


def _faults(value: Any, schema: Schema, at: str) -> Iterator[str]:  # noqa: ANN401  whatever a file says
    if value is None and schema.get("nullable"):
        return
    if schema.get("x-kubernetes-int-or-string"):
        if not isinstance(value, int | str) or isinstance(value, bool):
            yield f"{at} is no number and no text"
        return
    wanted = _PYTHON_TYPES.get(schema.get("type", ""), (object,))
    if not isinstance(value, wanted) or (isinstance(value, bool) and bool not in wanted and object not in wanted):
        yield f"{at} is {type(value).__name__}, not {schema['type']}"
        return
    yield from _bounds(value, schema, at)
    if isinstance(value, dict):
        yield from _of_object(value, schema, at)
    if isinstance(value, list):
        for number, each in enumerate(value):
            yield from _faults(each, schema.get("items", {}), f"{at}[{number}]")


def _of_object(value: Mapping[str, Any], schema: Schema, at: str) -> Iterator[str]:
    known, rest = schema.get("properties", {}), schema.get("additionalProperties")
    for name in schema.get("required", ()):
        if name not in value:
            yield f"{at} lacks {name}"
    for name, each in value.items():
        if name in known:
            yield from _faults(each, known[name], f"{at}.{name}")
        elif isinstance(rest, Mapping):
            yield from _faults(each, rest, f"{at}.{name}")
        elif not rest and not schema.get("x-kubernetes-preserve-unknown-fields"):
            yield f"{at}.{name} is unknown"


def _bounds(value: Any, schema: Schema, at: str) -> Iterator[str]:  # noqa: ANN401  whatever a file says
    if "enum" in schema and value not in schema["enum"]:
        yield f"{at} is {value!r}, none of {schema['enum']}"
    if isinstance(value, str) and "pattern" in schema and not re.search(schema["pattern"], value):
        yield f"{at} is {value!r}, which does not match {schema['pattern']}"
    if isinstance(value, int | float) and not isinstance(value, bool):
        if value < schema.get("minimum", value):
            yield f"{at} is {value}, below {schema['minimum']}"
        if value > schema.get("maximum", value):
            yield f"{at} is {value}, above {schema['maximum']}"
    if isinstance(value, str | list):
        shortest, longest = ("minLength", "maxLength") if isinstance(value, str) else ("minItems", "maxItems")
        if not schema.get(shortest, 0) <= len(value) <= schema.get(longest, len(value)):
            yield f"{at} has {len(value)} of at least {schema.get(shortest, 0)} and at most {schema.get(longest)}"
