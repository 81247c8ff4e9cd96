"""The metrics service, put together: which features, which handlers, and the processes they become."""

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from common.consumer.projection import Projection
from common.errors import Text
from common.jobs import Job
from common.parked import ParkedEventRoles
from common.service import Service, run
from contracts.documents import DOCUMENTS
from contracts.principals import PARTNER_TOPICS
from contracts.roles import PARKED_EVENT_MENDERS, PARKED_EVENT_READERS, tenant_fits
from metrics.consumers import HANDLERS, PROJECTED
from metrics.kept_forms.jobs import ForgetForms
from metrics.partners.jobs import place_partner_events
from metrics.sessions.jobs import ForgetSessions
from metrics.settings import Settings
from metrics.tables import Tables
from metrics.wave_closings.jobs import CloseWaves
from metrics.webhooks.jobs import DeliverWebhooks, ForgetWebhooks

if TYPE_CHECKING:
    from fastapi import APIRouter

    from common.http import HttpClient


def _jobs(settings: Settings) -> Sequence[Job]:
    return (
        CloseWaves(),
        place_partner_events,
        DeliverWebhooks(settings),
        ForgetWebhooks(settings),
        ForgetSessions(),
        ForgetForms(),
    )


def _routers() -> "Sequence[APIRouter]":
    from metrics.routes import ROUTERS  # noqa: PLC0415  a worker serves none, and holds none in memory

    return ROUTERS


def _asks(settings: Settings) -> "Mapping[str, HttpClient]":
    from metrics.neighbours.queries import clients_of  # noqa: PLC0415  only the API draws pages

    return clients_of(settings)


SERVICE = Service(
    name="metrics",
    title=Text("성과", "Metrics"),
    settings=Settings,
    routers=_routers,
    handlers=HANDLERS,
    jobs=_jobs,
    migrations=Path(__file__).parents[2] / "migrations",
    tables=Tables.metadata,
    projection=Projection(
        tables=(
            "call",
            "call_seat",
            "case_progress",
            "project_progress",
            "commitment",
            "commitment_share",
            "budget_line",
            "site",
            "application_worksite",
            "carried_over",
            "disbursement",
            "lapsed_share",
            "settled_share",
            "repayment",
            "outcome_project",
            "settlement_report",
            "call_share",
        ),
        events=PROJECTED,
    ),
    parked_event_roles=ParkedEventRoles(read=PARKED_EVENT_READERS, mend=PARKED_EVENT_MENDERS),
    tenant_fits=tenant_fits,
    asks=_asks,
    documents=DOCUMENTS,
    tells_outside=PARTNER_TOPICS,
    openapi=Path(__file__).with_name("openapi.json"),
)


def cli() -> int:
    """`metrics api | worker | migrate`."""
    return run(SERVICE)


if __name__ == "__main__":
    sys.exit(cli())
