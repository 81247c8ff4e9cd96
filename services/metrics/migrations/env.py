"""Alembic's environment for metrics: the schema is what the features declare on the service's tables."""

from common import migrations
from metrics.main import SERVICE

migrations.run(SERVICE.all_tables())
