"""Alembic's environment for mentoring: the schema is what the features declare on the service's tables."""

from common import migrations
from mentoring.main import SERVICE

migrations.run(SERVICE.all_tables())
