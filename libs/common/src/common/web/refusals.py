"""By which rules an operation may be refused, read from the code that it reaches: what OpenAPI says of 403, 404, 409.

A list that people keep beside each route is short by one after the next change of a domain function. Here the compiled
functions are followed from the route on: through modules and calls, and for methods through every class of the same
package that has one of that name. So a rule may be named that this route never meets, and none is left out.
"""

import dis
import functools
import inspect
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from types import CodeType, FunctionType, ModuleType
from typing import Any, get_args

from fastapi.dependencies.models import Dependant
from pydantic import BaseModel

from common.errors import DomainError

Rule = type[DomainError]

_ATTRIBUTE = frozenset({"LOAD_ATTR", "LOAD_METHOD"})
_GLOBAL = frozenset({"LOAD_GLOBAL", "LOAD_NAME"})
# Its methods serve every service, and their names (`get`, `apply`) would lead from each of them to all.
_MECHANISM = "common"
_CAUGHT = "CHECK_EXC_MATCH"
_MADE_BY = ("__init__", "__post_init__", "__call__")


def rules_of(dependant: Dependant) -> list[Rule]:
    """The rules that a route's function and what it depends on can raise, by code."""
    starts = list(_calls(dependant))
    reached = _reached(starts)
    return sorted(set().union(*(reached[start] for start in starts)), key=lambda rule: rule.code)


def _calls(dependant: Dependant) -> Iterator[FunctionType]:
    if isinstance(dependant.call, FunctionType):
        yield dependant.call
    for body in dependant.body_params:
        yield from _validators(body.field_info.annotation)
    for child in dependant.dependencies:
        yield from _calls(child)


@dataclass
class _Seen:
    """What one function names: rules, the exceptions it catches, functions, and methods of objects unknown here."""

    rules: set[Rule] = field(default_factory=set)
    caught: set[type[BaseException]] = field(default_factory=set)
    functions: list[FunctionType] = field(default_factory=list)
    methods: set[str] = field(default_factory=set)


def _reached(starts: Sequence[FunctionType]) -> Mapping[FunctionType, set[Rule]]:
    """The rules of each function that is reached, its own and those of what it calls, less what it catches of them."""
    seen: dict[FunctionType, _Seen] = {}
    waiting = list(starts)
    while waiting:
        function = waiting.pop()
        if function not in seen and function not in _known:
            seen[function] = _look(function)
            waiting += seen[function].functions
    rules = _known | {function: set(each.rules) for function, each in seen.items()}
    grown = True
    while grown:
        grown = False
        for function, each in seen.items():
            called: set[Rule] = set().union(*(rules[inner] for inner in each.functions))
            more = {rule for rule in called - rules[function] if not issubclass(rule, tuple(each.caught))}
            grown = grown or bool(more)
            rules[function] |= more
    _known.update(rules)
    return rules


_known: dict[FunctionType, set[Rule]] = {}
"""What was found for earlier routes, which share most of what they reach; all that one of them reaches is in it."""


@functools.cache
def _look(function: FunctionType) -> _Seen:
    seen = _Seen()
    functions: dict[FunctionType, None] = {}
    for found, caught in _named(function.__code__, function.__globals__, seen.methods):
        if isinstance(found, type) and issubclass(found, BaseException):
            if caught:
                seen.caught.add(found)
            elif issubclass(found, DomainError) and hasattr(found, "code"):
                seen.rules.add(found)
        elif isinstance(found, type):
            functions |= dict.fromkeys(_validators(found) or _makers(found))
        elif isinstance(found, FunctionType):
            functions[found] = None
    package = function.__module__.split(".")[0]
    if package != _MECHANISM:
        named = _methods(package)
        functions |= dict.fromkeys(method for name in seen.methods & set(named) for method in named[name])
    seen.functions = [inner for each in functions if _is_ours((inner := inspect.unwrap(each)).__module__)]
    return seen


def _named(code: CodeType, names: Mapping[str, Any], methods: set[str]) -> Iterator[tuple[object, bool]]:
    """Each global thing a function names, followed through its modules, and whether it stands in an `except`."""
    instructions = [each for each in dis.get_instructions(code) if each.opname != "CACHE"]
    current: object = None
    for position, each in enumerate(instructions):
        if each.opname in _GLOBAL:
            current = names.get(each.argval)
        elif each.opname in _ATTRIBUTE:
            if not isinstance(current, ModuleType):
                methods.add(each.argval)
                continue
            current = getattr(current, each.argval, None)
        else:
            current = None
            continue
        if not isinstance(current, ModuleType):
            following = instructions[position + 1].opname if position + 1 < len(instructions) else ""
            yield current, following == _CAUGHT
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _named(constant, names, methods)


def _makers(found: type) -> list[FunctionType]:
    return [made for name in _MADE_BY if isinstance(made := vars(found).get(name), FunctionType)]


def _validators(found: object) -> list[FunctionType]:
    """A body's own validators, and those of the bodies inside it, run before the route does."""
    functions: list[FunctionType] = []
    waiting, seen = [found], set[object]()
    while waiting:
        kind = waiting.pop()
        waiting += get_args(kind)
        if isinstance(kind, type) and issubclass(kind, BaseModel) and kind not in seen:
            seen.add(kind)
            waiting += [each.annotation for each in kind.model_fields.values()]
            decorators = kind.__pydantic_decorators__
            declared: list[Any] = [*decorators.field_validators.values(), *decorators.model_validators.values()]
            named = [getattr(each.func, "__func__", each.func) for each in declared]
            functions += [function for function in named if isinstance(function, FunctionType)]
    return functions


@functools.cache
def _methods(package: str) -> Mapping[str, list[FunctionType]]:
    found: dict[str, list[FunctionType]] = {}
    for name, module in sorted(sys.modules.items()):
        if name.split(".")[0] == package:
            for kind in vars(module).values():
                if isinstance(kind, type) and kind.__module__ == name:
                    for each, member in vars(kind).items():
                        function = getattr(member, "fget", None) or getattr(member, "__func__", member)
                        if isinstance(function, FunctionType):
                            found.setdefault(each, []).append(function)
    return found


def _is_ours(module: str) -> bool:
    return module.split(".", maxsplit=1)[0] in _our_packages(len(sys.modules))


@functools.lru_cache(maxsize=1)
def _our_packages(_loaded: int) -> frozenset[str]:
    """The packages that declare rules: whoever else is called raises none. Looked up again when more are loaded."""
    return frozenset(rule.__module__.split(".")[0] for rule in _rules(DomainError)) | {_MECHANISM}


def _rules(parent: type[DomainError]) -> Iterator[type[DomainError]]:
    for child in parent.__subclasses__():
        yield child
        yield from _rules(child)
