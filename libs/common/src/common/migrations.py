"""Alembic for every service: its environment, and the upgrade under a lock.

A service's `migrations/env.py` is `run(Tables.metadata)`. Migrations run as the owner role, before the processes that
need them, never inside them.
"""

import asyncio
import logging
import time
from collections.abc import Mapping
from pathlib import Path

from alembic import command, context
from alembic.config import Config
from sqlalchemy import Connection, MetaData, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from common.db import is_lock_timeout
from common.service import Service
from common.settings import ServiceSettings

_URL = "url"
_LOCK = 0x534D4152
_TRIES = 5
_SESSION: Mapping[str, str] = {
    "application_name": "migrate",
    # A migration that waits for a lock makes everybody behind it wait too: better to give up and come again.
    "lock_timeout": "1000",
    "statement_timeout": "0",
    "timezone": "UTC",
}

_log = logging.getLogger(__name__)


def run(metadata: MetaData) -> None:
    """Alembic's environment: called by `migrations/env.py`."""
    if context.is_offline_mode():
        context.configure(dialect_name="postgresql", target_metadata=metadata, literal_binds=True)
        with context.begin_transaction():
            context.run_migrations()
        return
    asyncio.run(_run_online(metadata, context.config.attributes[_URL]))


def migrate(service: Service, config: ServiceSettings) -> int:
    """Bring the service's database to the newest revision, as its owner role."""
    url = config.migrations_database_url or config.database_url
    upgrade(service.migrations, url.get_secret_value())
    return 0


def configuration(migrations: Path, url: str | None = None) -> Config:
    """Alembic's configuration of one service; without an address only the files can be looked at."""
    config = Config()
    config.set_main_option("script_location", str(migrations))
    config.set_main_option("path_separator", "os")
    config.attributes[_URL] = url
    return config


def upgrade(migrations: Path, url: str, *, revision: str = "head") -> None:
    """Bring the database to the revision; waits for another migration and tries again when a table is in use."""
    for tried in range(1, _TRIES + 1):
        try:
            command.upgrade(configuration(migrations, url), revision)
        except DBAPIError as error:
            if not is_lock_timeout(error) or tried == _TRIES:
                raise
            _log.warning("a table was in use for a second; the migration comes again")
            time.sleep(tried)
        else:
            return


def downgrade(migrations: Path, url: str, *, revision: str) -> None:
    """Take migrations back; for tests."""
    command.downgrade(configuration(migrations, url), revision)


async def _run_online(metadata: MetaData, url: str) -> None:
    address = make_url(url).set(drivername="postgresql+asyncpg")
    engine = create_async_engine(address, connect_args={"server_settings": dict(_SESSION)}, poolclass=NullPool)
    try:
        async with engine.connect() as guard:
            await guard.execution_options(isolation_level="AUTOCOMMIT")
            await guard.execute(text("SET lock_timeout = '60s'"))
            await guard.execute(text("SELECT pg_advisory_lock(:lock)"), {"lock": _LOCK})
            async with engine.connect() as connection:
                await connection.run_sync(_migrate, metadata)
    finally:
        await engine.dispose()


def _migrate(connection: Connection, metadata: MetaData) -> None:
    context.configure(connection=connection, target_metadata=metadata, compare_type=True)
    with context.begin_transaction():
        context.run_migrations()
