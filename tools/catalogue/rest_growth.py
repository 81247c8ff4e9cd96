"""Within `/v1` the REST surface only grows: what was released is compared with what the code says now.

`libs/contracts/released_rest/<service>.json` is what callers rely on. Growth is recorded as it comes, by the command
that writes the documents. A breaking edit is not: a test names it, and it takes `python -m tools.catalogue
--accept-break REASON`, which keeps the reason in docs/breaking-changes.md, to make it what is released.

What is sent may only be accepted more widely, what is answered may only say more: the same edit of a shape can be
harmless in an answer and break every caller in a request.
"""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from tools.catalogue.rest_contract import Contract, contract
from tools.catalogue.system import System, described

FOLDER = "libs/contracts/released_rest"
BREAKS = "docs/breaking-changes.md"

_LOWER = ("minimum", "exclusiveMinimum", "minLength", "minItems")
_UPPER = ("maximum", "exclusiveMaximum", "maxLength", "maxItems")
_INFINITE = float("inf")


def documents(root: Path, system: System) -> dict[str, str]:
    """The released contracts, grown where nothing breaks, and as they were where something does."""
    current = contracts(system)
    released = read_released(root)
    broken = {name for name in current if name in released and edits(released[name], current[name])}
    return {_path(name): _text(released[name] if name in broken else each) for name, each in current.items()}


def contracts(system: System) -> dict[str, Contract]:
    return {service.name: contract(described(service).openapi()) for service in system.services}


def read_released(root: Path) -> dict[str, Contract]:
    return {path.stem: json.loads(path.read_text("utf-8")) for path in sorted((root / FOLDER).glob("*.json"))}


def accept_break(root: Path, system: System, reason: str) -> list[str]:
    """Make the present contracts the released ones, and write down what broke and why."""
    current, released = contracts(system), read_released(root)
    faults = [f"{name}: {fault}" for name in released for fault in edits(released[name], current.get(name, _NOTHING))]
    page = root / BREAKS
    page.write_text(page.read_text("utf-8") + "".join(f"- {fault}: {reason}\n" for fault in faults), "utf-8")
    for name, each in current.items():
        (root / _path(name)).write_text(_text(each), "utf-8")
    return faults


def edits(before: Contract, now: Contract) -> list[str]:
    """Everything that would break a caller who relies on the released form."""
    return list(_Comparison(before, now).faults())


_NOTHING: Contract = {"operations": {}, "schemas": {}}


class _Comparison:
    """Two contracts side by side, with the pairs of referenced shapes already compared in each direction."""

    def __init__(self, before: Contract, now: Contract) -> None:
        self._before, self._now = before, now
        self._seen: set[tuple[str, str, bool]] = set()

    def faults(self) -> Iterator[str]:
        for name, had in self._before["operations"].items():
            has = self._now["operations"].get(name)
            if has is None:
                yield f"{name}: removed"
                continue
            if had["id"] != has["id"]:
                yield f"{name}: operationId was {had['id']}, is {has['id']}"
            # No roles: anybody may call, so to name some shuts the others out.
            if (had["roles"] and set(had["roles"]) - set(has["roles"]) and has["roles"]) or (
                has["roles"] and not had["roles"]
            ):
                yield f"{name}: may no longer be called by {sorted(set(had['roles']) - set(has['roles'])) or 'anyone'}"
            yield from self._parameters(had["parameters"], has["parameters"], name)
            yield from self._body(had["body"], has["body"], name)
            yield from self._answers(had["answers"], has["answers"], name)

    def _parameters(self, had: Contract, has: Contract, at: str) -> Iterator[str]:
        for name, before in had.items():
            if name not in has:
                yield f"{at} {name}: removed or renamed"
                continue
            yield from self._shape(before["schema"], has[name]["schema"], f"{at} {name}", sent=True)
        for name, now in has.items():
            if now["required"] and not had.get(name, {"required": False})["required"]:
                yield f"{at} {name}: newly required"

    def _body(self, had: Contract, has: Contract, at: str) -> Iterator[str]:
        if has["required"] and not had["required"]:
            yield f"{at} body: newly required"
        if had["content"] and not has["content"]:
            yield f"{at} body: no longer taken"
            return
        yield from self._content(had["content"], has["content"], f"{at} body", sent=True)

    def _answers(self, had: Contract, has: Contract, at: str) -> Iterator[str]:
        for status, before in had.items():
            if status not in has:
                yield f"{at} {status}: removed"
            else:
                yield from self._content(before, has[status], f"{at} {status}", sent=False)

    def _content(self, had: Contract, has: Contract, at: str, *, sent: bool) -> Iterator[str]:
        for kind, before in had.items():
            if kind not in has:
                yield f"{at}: {kind} removed"
            else:
                yield from self._shape(before, has[kind], at, sent=sent)

    def _shape(self, had: Contract, has: Contract, at: str, *, sent: bool) -> Iterator[str]:
        if "$ref" in had and "$ref" in has:
            pair = (had["$ref"], has["$ref"], sent)
            if pair in self._seen:
                return
            self._seen.add(pair)
        had, has = _resolved(had, self._before), _resolved(has, self._now)
        if "anyOf" in had or "anyOf" in has:
            yield from self._options(_options(had), _options(has), at, sent=sent)
            return
        yield from _constraints(had, has, at, sent=sent)
        yield from self._fields(had, has, at, sent=sent)
        for word in ("items", "additionalProperties"):
            if isinstance(had.get(word), dict) and isinstance(has.get(word), dict):
                yield from self._shape(had[word], has[word], f"{at}[]", sent=sent)

    def _options(self, had: list[Contract], has: list[Contract], at: str, *, sent: bool) -> Iterator[str]:
        """Each kind of value that could be sent must still be; each that is answered must have been before."""
        old = {_kind(_resolved(option, self._before)): option for option in had}
        new = {_kind(_resolved(option, self._now)): option for option in has}
        gone = sorted(set(old) - set(new)) if sent else sorted(set(new) - set(old))
        for kind in gone:
            yield f"{at}: {kind} is {'no longer taken' if sent else 'now answered too'}"
        for kind in sorted(set(old) & set(new)):
            yield from self._shape(old[kind], new[kind], at, sent=sent)

    def _fields(self, had: Contract, has: Contract, at: str, *, sent: bool) -> Iterator[str]:
        fields, now = had.get("properties", {}), has.get("properties", {})
        needed, needed_now = set(had.get("required", ())), set(has.get("required", ()))
        for name, before in fields.items():
            if name not in now:
                yield f"{at}.{name}: removed or renamed"
            else:
                yield from self._shape(before, now[name], f"{at}.{name}", sent=sent)
        for name in sorted(needed_now - needed) if sent else ():
            yield f"{at}.{name}: newly required"
        for name in sorted((needed - needed_now) & set(now)) if not sent else ():
            yield f"{at}.{name}: may now be left out"


def _constraints(had: Contract, has: Contract, at: str, *, sent: bool) -> Iterator[str]:
    for word in ("type", "format", "pattern", "const", "uniqueItems"):
        widened = sent and had.get(word) is not None and has.get(word) is None and word != "type"
        if had.get(word) != has.get(word) and not widened:
            yield f"{at}: {word} was {had.get(word)}, is {has.get(word)}"
    if "enum" in had or "enum" in has:
        # A new value in an answer is growth: readers pass over values that they do not know.
        lost = sorted(set(had.get("enum", ())) - set(has.get("enum", ()))) if "enum" in has else []
        limited = "enum" in has and "enum" not in had
        if sent and (lost or limited):
            yield f"{at}: no longer takes {lost or 'any value'}"
        elif not sent and ("enum" in had) != ("enum" in has):
            yield f"{at}: was {'one of a few values' if 'enum' in had else 'any value'} and is no more"
    if sent:
        lower = [word for word in _LOWER if has.get(word, -_INFINITE) > had.get(word, -_INFINITE)]
        upper = [word for word in _UPPER if has.get(word, _INFINITE) < had.get(word, _INFINITE)]
        for word in (*lower, *upper):
            yield f"{at}: {word} was {had.get(word)}, is {has.get(word)}"
        if had.get("additionalProperties", True) is not False and has.get("additionalProperties") is False:
            yield f"{at}: unknown fields are now refused"


def _resolved(shape: Contract, holder: Contract) -> Contract:
    while "$ref" in shape:
        shape = holder["schemas"][shape["$ref"].rsplit("/", 1)[1]]
    return shape


def _options(shape: Contract) -> list[Contract]:
    return list(shape.get("anyOf", [shape]))


def _kind(shape: Contract) -> str:
    """What tells the options of one value apart: its type."""
    return str(shape.get("type", "any"))


def _path(service: str) -> str:
    return f"{FOLDER}/{service}.json"


def _text(value: Mapping[str, Any]) -> str:
    return json.dumps(value, indent=1, ensure_ascii=False, sort_keys=True) + "\n"
