"""The metrics service, put together: which features, which handlers, and the processes they become."""

import sys
from pathlib import Path

from common.errors import Text
from common.service import Service, run
from contracts.roles import tenant_fits
from metrics.consumers import HANDLERS
from metrics.progress.api import routes as progress
from metrics.settings import Settings
from metrics.tables import Tables

SERVICE = Service(
    name="metrics",
    title=Text("성과", "Metrics"),
    settings=Settings,
    routers=(progress,),
    handlers=HANDLERS,
    migrations=Path(__file__).parents[2] / "migrations",
    tables=Tables.metadata,
    tenant_fits=tenant_fits,
)


def cli() -> int:
    """`metrics api | worker | migrate`."""
    return run(SERVICE)


if __name__ == "__main__":
    sys.exit(cli())
