"""The parcel service as a program: `python -m tests.support.parcels.main worker`."""

import sys
from pathlib import Path

from common.errors import Text
from common.service import Service, run
from common.settings import ServiceSettings
from tests.support.parcels.consumers import HANDLERS
from tests.support.parcels.tables import Tables

SERVICE = Service(
    name="parcels",
    title=Text(ko="소포", en="Parcels"),
    settings=ServiceSettings,
    routers=(),
    migrations=Path(__file__).parent / "migrations",
    tables=Tables.metadata,
    handlers=HANDLERS,
)

if __name__ == "__main__":
    sys.exit(run(SERVICE))
