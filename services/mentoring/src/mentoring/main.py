"""The mentoring service, put together: which features, which handlers, and the processes they become."""

import sys
from pathlib import Path

from common.errors import Text
from common.service import Service, run
from contracts.roles import tenant_fits
from mentoring.consumers import HANDLERS
from mentoring.matching.api import routes as matching
from mentoring.settings import Settings
from mentoring.tables import Tables

SERVICE = Service(
    name="mentoring",
    title=Text("멘토링", "Mentoring"),
    settings=Settings,
    routers=(matching,),
    handlers=HANDLERS,
    migrations=Path(__file__).parents[2] / "migrations",
    tables=Tables.metadata,
    tenant_fits=tenant_fits,
)


def cli() -> int:
    """`mentoring api | worker | migrate`."""
    return run(SERVICE)


if __name__ == "__main__":
    sys.exit(cli())
