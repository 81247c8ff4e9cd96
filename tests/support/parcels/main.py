"""The parcel service as a program: `python -m tests.support.parcels.main worker`."""

import sys
from pathlib import Path

from common.consumer.rebuild import Projection
from common.errors import Text
from common.parked import ParkedEventRoles
from common.service import Service, run
from common.settings import ServiceSettings
from tests.support.parcels.consumers import HANDLERS
from tests.support.parcels.events import ParcelWeighed
from tests.support.parcels.tables import Tables

MENDER, READER = "mender", "reader"

SERVICE = Service(
    name="parcels",
    title=Text(ko="소포", en="Parcels"),
    settings=ServiceSettings,
    routers=tuple,
    migrations=Path(__file__).parent / "migrations",
    tables=Tables.metadata,
    handlers=HANDLERS,
    projection=Projection(tables=("tally",), events=(ParcelWeighed,)),
    parked_event_roles=ParkedEventRoles(read=frozenset({MENDER, READER}), mend=frozenset({MENDER})),
)


def cli() -> int:
    return run(SERVICE)


if __name__ == "__main__":
    sys.exit(cli())
