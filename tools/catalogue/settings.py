"""The page of every setting, from the settings classes."""

from collections.abc import Mapping

from pydantic import SecretStr
from pydantic.fields import FieldInfo

from common.settings import ServiceSettings
from tools.catalogue.system import System

_INTRODUCTION = """# Settings

Made from the settings classes by `python -m tools.catalogue`; do not edit.

A setting is an environment variable, or a file of that name (in lower case) in the folder `SECRETS_DIR`. A service that
lacks one, or is given a value that production refuses, does not start and says which one and what to do.
"""


def page(system: System) -> str:
    shared = ServiceSettings.model_fields
    sections = [_section("Every service", shared)]
    for service in system.services:
        own = {name: field for name, field in service.settings.model_fields.items() if name not in shared}
        if own:
            sections.append(_section(service.name, own))
    return "\n".join([_INTRODUCTION, *sections])


def _section(title: str, fields: Mapping[str, FieldInfo]) -> str:
    rows = [f"| `{name.upper()}` | {_default(field)} | {field.description} |" for name, field in fields.items()]
    return "\n".join([f"## {title}", "", "| variable | default | meaning |", "|---|---|---|", *rows, ""])


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return "**required**"
    value = field.get_default(call_default_factory=True, validated_data={})
    if isinstance(value, SecretStr):
        return "one for local use"
    if value is None or value in ("", ()):
        return "unset"
    return f"`{str(value).lower() if isinstance(value, bool) else value}`"
