"""Which schema changes, topics and rights the services need: what an installation prepares before it starts them.

As a program (`python -m smartfactory.stack.migrations`) it migrates every database that the MIGRATIONS variable names,
all in one process: starting Python and importing SQLAlchemy costs more than the migrations themselves.
"""

import hashlib
import json
import os
import sys
from collections.abc import Collection, Mapping
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

from common import migrations
from common.consumer import topics_of
from common.event import DomainEvent, registered_events
from common.kafka_rights import Access
from contracts.principals import accesses
from smartfactory.stack.datadir import DataDirectory
from smartfactory.stack.process import Command, run_to_end
from smartfactory.stack.provision import SERVICES

_CONTRACTS = ("contracts.applicant", "contracts.funding", "contracts.mentoring", "contracts.partner")
_VARIABLE = "MIGRATIONS"
_REMEMBERED = "migrated"
_SECONDS = 120.0


def topics() -> list[str]:
    """Every topic that some declared event is published on."""
    return sorted({event.TOPIC for event in _declared()})


def principals() -> list[Access]:
    """What each principal may do on Kafka, from the contracts and from the handlers of each service."""
    heard = {service: topics_of(import_module(f"{service}.main").SERVICE.handlers) for service in SERVICES}
    return accesses(_declared(), heard)


def migrate(owner_urls: Mapping[str, str], log: Path) -> None:
    """Bring each service's database to its newest revision; raise `ProgramFailed` with what went wrong."""
    argv = (sys.executable, "-m", "smartfactory.stack.migrations")
    # In the environment, where no other user can read the passwords as they could on the command line.
    env = {_VARIABLE: json.dumps(dict(owner_urls))}
    run_to_end(Command(name="migrations", argv=argv, log=log, env=env), timeout_seconds=_SECONDS)


def migrate_once(owner_urls: Mapping[str, str], data: DataDirectory) -> None:
    """The same, unless this data directory already saw these very migrations: most starts change no schema."""
    wanted = {service: _fingerprint(service) for service in owner_urls}
    if data.recall(_REMEMBERED) != wanted:
        migrate(owner_urls, data.logs / "migrations.log")
        data.remember(_REMEMBERED, wanted)


def _declared() -> Collection[type[DomainEvent]]:
    for module in _CONTRACTS:
        import_module(module)
    return registered_events().values()


def _fingerprint(service: str) -> str:
    digest = hashlib.sha256()
    for path in sorted(_folder(service).rglob("*.py")):
        digest.update(path.name.encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()


def _folder(service: str) -> Path:
    spec = find_spec(service)
    if spec is None or not spec.submodule_search_locations:
        raise ModuleNotFoundError(service)
    return Path(spec.submodule_search_locations[0]).parents[1] / "migrations"


def main() -> None:
    """Migrate what the environment names."""
    urls: dict[str, str] = json.loads(os.environ[_VARIABLE])
    for service, url in urls.items():
        migrations.upgrade(_folder(service), url)


if __name__ == "__main__":
    main()
