from common import migrations
from tests.integration.web.notebook.tables import Tables

migrations.run(Tables.metadata)
