"""The page of who may do what on Kafka, from the same list that a broker's access lists are made of."""

from collections.abc import Iterable

from common.consumer import topics_of
from common.kafka_rights import Access
from contracts.principals import accesses
from tools.catalogue.system import System

PATH = "docs/events/access.md"

_INTRODUCTION = """# Who may do what on Kafka

Made from the contracts and the handlers of each service by `python -m tools.catalogue`; do not edit. From the same list
come the access lists of a broker on which `make run ARGS="--secure"` switches them on (../kafka-security.md). What no
cell names is refused.

A service also reads what it writes: its relay looks whether the log still is the one that it wrote before
([decision 21](../adr/0021-the-log-is-held-against-our-own-memory.md)). Who writes a topic may be an idempotent
producer; nobody may be a transactional one. A partner reads what is told outside, in a group with its own name.
"""


def accesses_of(system: System) -> list[Access]:
    """All principals of the system."""
    heard = {service.name: topics_of(service.handlers) for service in system.services}
    return accesses(system.events, heard)


def page(system: System) -> str:
    rows = [
        f"| `{access.principal}` | {_code(access.writes)} | {_code(access.reads)} | {_code([access.group])} |"
        f" {_pace(access)} |"
        for access in accesses_of(system)
    ]
    return "\n".join(
        [_INTRODUCTION, "| principal | writes | reads | group | reads at most |", "|---|---|---|---|---|", *rows, ""]
    )


def _pace(access: Access) -> str:
    return "as it likes" if access.read_bytes_per_second is None else f"{access.read_bytes_per_second:,} bytes a second"


def _code(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in sorted(names) if name) or "none"
