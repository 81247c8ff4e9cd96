from common import migrations
from tests.support.parcels.tables import Tables

migrations.run(Tables.metadata)
