"""Migrated databases for the notebook: migrated once, then copied."""

from common import migrations
from tests.integration.web.notebook.main import SERVICE
from tests.support.servers import Servers

_NAME = SERVICE.name


def have_template(servers: Servers) -> None:
    """Make the database that `fresh_databases("notebook", migrated=True)` copies."""
    if _NAME not in servers._templates:
        urls = servers.fresh_databases([_NAME])[_NAME]
        migrations.upgrade(SERVICE.migrations, urls.owner)
        servers._templates[_NAME] = urls.owner.rsplit("/", 1)[1]
