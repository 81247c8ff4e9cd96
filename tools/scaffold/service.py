"""A service: its package, its first migration, and its rows wherever the system names its services one by one."""

import re
from pathlib import Path

from tools.scaffold.names import NameRefused
from tools.scaffold.writing import Changes

_FILES = ("__init__", "main", "routes", "settings", "consumers", "tables")
_NAME = re.compile(r"[a-z]{3,20}")
_OPERATIONS = ("listParkedEvents", "getParkedEvent", "redriveParkedEvent")
_DISCARDS = ("askParkedEventDiscard", "confirmParkedEventDiscard")
_LAST = "metrics"
"""The service in whose neighbourhood the new one is written: the last by name so far."""


def make_service(root: Path, service: str, *, ko: str) -> list[str]:
    """Write the service into the repository at `root`; raises `Clash` and writes nothing when it does not fit."""
    if not _NAME.fullmatch(service):
        raise NameRefused(f"{service!r}: one word of 3 to 20 small letters")
    forms = {"service": service, "ko": ko, "Words": service.capitalize()}
    home = f"services/{service}"
    changes = Changes(root)
    for file in _FILES:
        changes.make(f"{home}/src/{service}/{file}.py", f"service/{file}.py.tmpl", forms)
    changes.make(f"{home}/src/{service}/py.typed", "service/py.typed", forms)
    # What its API gives out, which the catalogue makes.
    changes.link(f"{home}/src/{service}/openapi.json", f"../../../../docs/api/{service}.json")
    changes.make(f"{home}/pyproject.toml", "service/pyproject.toml.tmpl", forms)
    changes.make(f"{home}/migrations/env.py", "service/env.py.tmpl", forms)
    changes.make(f"{home}/migrations/script.py.mako", "service/script.py.mako", forms)
    changes.make(f"{home}/migrations/versions/0001_common.py", "service/0001_common.py.tmpl", forms)
    changes.make(f"tests/support/access/{service}.py", "service/world.py.tmpl", forms)
    changes.append("docs/permissions.toml", _permissions(service))
    changes.append("docs/row_security.toml", _WHOSE_ROWS.format(service=service))
    _tell_the_workspace(changes, service)
    _tell_the_local_stack(changes, service, ko)
    _tell_the_tests(changes, service)
    return changes.write()


_WHOSE_ROWS = """
[{service}.token_denial]
sees = {{}}
"""


def _permissions(service: str) -> str:
    reads = {"listParkedEvents", "getParkedEvent"}
    rows = ""
    for operation in (*_OPERATIONS, *_DISCARDS):
        rows += f'\n[{service}.{operation}]\ntie = "parked-event"\n'
        rows += '"auditor" = ["allowed", "allowed", "401"]\n' if operation in reads else ""
        rows += '"platform.operator" = ["allowed", "allowed", "401"]\n'
    rows += f'\n[{service}.readServiceState]\ntie = "nothing"\n'
    rows += '"auditor" = ["allowed", "allowed", "401"]\n"platform.operator" = ["allowed", "allowed", "401"]\n'
    return rows


def _tell_the_workspace(changes: Changes, service: str) -> None:
    path = "pyproject.toml"
    changes.replace(path, rf'^    "smartfactory-{_LAST}",$', r"\g<0>" + f'\n    "smartfactory-{service}",')
    source = rf"^smartfactory-{_LAST} = \{{ workspace = true \}}$"
    changes.replace(path, source, r"\g<0>" + f"\nsmartfactory-{service} = {{ workspace = true }}")
    changes.replace(path, rf"services/{_LAST}/src:", rf"\g<0>services/{service}/src:")
    changes.replace(path, rf'^    "services/{_LAST}/src",$', r"\g<0>" + f'\n    "services/{service}/src",')
    changes.replace(path, rf'^(root_packages = \[.*)"{_LAST}"', rf'\1"{_LAST}", "{service}"')
    changes.replace(path, rf'(\| {_LAST}(?: \| \w+)*)"', rf'\1 | {service}"')
    changes.replace(path, rf'"{_LAST}\.\*"', rf'\g<0>, "{service}.*"')
    wires = "main wires consumers and features; a later feature may call an earlier one, never the reverse"
    changes.replace(
        path,
        r'^\[\[tool\.importlinter\.contracts\]\]\nid = "aiokafka"$',
        f'[[tool.importlinter.contracts]]\nid = "{service}"\nname = "Inside {service}: {wires}"\ntype = "layers"\n'
        f'containers = ["{service}"]\nlayers = ["(main)", "(routes)", "(consumers)", "(tables)", "(settings)"]\n'
        "exhaustive = true\n\n"
        r"\g<0>",
    )


def _tell_the_local_stack(changes: Changes, service: str, ko: str) -> None:
    local = "infra/local/pyproject.toml"
    changes.replace(local, rf'^    "smartfactory-{_LAST}",$', r"\g<0>" + f'\n    "smartfactory-{service}",')
    stack = "infra/local/src/smartfactory/stack"
    changes.replace(f"{stack}/provision.py", rf'^(SERVICES = \(.*"{_LAST}".*)\)$', rf'\1, "{service}")')
    gateway = f"{stack}/Caddyfile"
    route = f"\thandle_path /{service}/* {{\n\t\timport service {{$" + f"{service.upper()}_UPSTREAM}}\n\t}}\n"
    changes.replace(gateway, r"^\thandle_path /issuer/\* \{$", route + r"\g<0>")
    pages = f"services/{_LAST}/src/{_LAST}/pages"
    changes.replace(f"{pages}/api/frame.py", rf'^(_SERVICES = \(.*"{_LAST}".*)\)$', rf'\1, "{service}")')
    named = f'    {service} = Text("{ko}", "{service.capitalize()}")\n'
    changes.replace(f"{pages}/domain/developer_words.py", r"^    explorer = ", named + r"\g<0>")
    changes.replace(gateway, rf"(\|{_LAST}(?:\|\w+)*)\)/\?\$", rf"\1|{service})/?$")


def _tell_the_tests(changes: Changes, service: str) -> None:
    worlds = "tests/support/access/building.py"
    imported = r"^from tests\.support\.access\.worlds import World$"
    changes.replace(worlds, imported, f"from tests.support.access.{service} import {service}_world\n" + r"\g<0>")
    changes.replace(worlds, rf'^    "{_LAST}": {_LAST}_world,$', r"\g<0>" + f'\n    "{service}": {service}_world,')
    rule = "tests/repo/rules/configuration.py"
    changes.replace(rule, rf'(_OUR_MODULES = \{{[^}}]*?"{_LAST}",)', rf'\1 "{service}",')
