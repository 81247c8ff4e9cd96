"""Alembic's environment for applicant: the schema is what the features declare on the service's tables."""

from applicant.main import SERVICE
from common import migrations

migrations.run(SERVICE.all_tables())
