"""The mentoring service, put together: which features, which handlers, and the processes they become."""

import sys
from pathlib import Path

from common.consumer.rebuild import Projection
from common.errors import Text
from common.service import Service, run
from common.web.parked_events import ParkedEventRoles
from contracts.documents import DOCUMENTS
from contracts.roles import PARKED_EVENT_MENDERS, PARKED_EVENT_READERS, tenant_fits
from mentoring.consumers import HANDLERS, PROJECTED
from mentoring.matching.api import routes as matching
from mentoring.mentors.api import routes as mentors
from mentoring.settings import Settings
from mentoring.tables import Tables
from mentoring.teams.api import routes as teams

SERVICE = Service(
    name="mentoring",
    title=Text("멘토링", "Mentoring"),
    settings=Settings,
    routers=(mentors, teams, matching),
    handlers=HANDLERS,
    migrations=Path(__file__).parents[2] / "migrations",
    tables=Tables.metadata,
    projection=Projection(tables=("waiting_project",), events=PROJECTED),
    parked_event_roles=ParkedEventRoles(read=PARKED_EVENT_READERS, mend=PARKED_EVENT_MENDERS),
    tenant_fits=tenant_fits,
    documents=DOCUMENTS,
)


def cli() -> int:
    """`mentoring api | worker | migrate`."""
    return run(SERVICE)


if __name__ == "__main__":
    sys.exit(cli())
