"""An application and a project as of an instant: what the routes of the present answered then, and why.

The views are those of the present, made by the same queries on the rows as they were (`common.looking_back`); beside
them stand the decisions until then, with their rules, their evidence and their hash chain.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from applicant.agreements import queries as agreements
from applicant.agreements.queries import AgreementView
from applicant.amendments import queries as amendments
from applicant.amendments.queries import AmendmentView
from applicant.applications import queries as applications
from applicant.applications.queries import ApplicationView, ScreeningRoundView
from applicant.builds import queries as builds
from applicant.builds.queries import BuildView
from applicant.deadlines import queries as deadlines
from applicant.deadlines.queries import CaseDeadline
from applicant.documents import queries as documents
from applicant.documents.queries import DocumentView
from applicant.evaluations import queries as evaluations
from applicant.evaluations.queries import CasePanelView, ScoreSheetView
from applicant.inspections import queries as inspections
from applicant.inspections.queries import CompletionView, InspectionView
from applicant.objections import queries as objections
from applicant.objections.queries import ObjectionView
from applicant.projects import queries as projects
from applicant.projects.queries import ProjectView
from applicant.selections import queries as selections
from applicant.selections.queries import PlacingView
from applicant.support import queries as support
from applicant.support.queries import SiteVisitView, TicketView
from applicant.tables import Tables
from common.auth import Principal
from common.db import Transaction
from common.looking_back import Axis, Past, tables_of
from common.past_decisions import Explained, explained, if_there
from common.portions import Portion

__all__ = ["PAST", "ApplicationAsOf", "Axis", "ProjectAsOf", "application_as_of", "project_as_of"]

_OWNERS = ("company_id", "municipality_code", "call_id")
_PARTIES = (*_OWNERS, "application_id", "supplier_business_number")
PAST = Past(
    tables_of(
        Tables.metadata,
        {
            "application": (("id",), ("company_id", "call_id")),
            "project": (("id",), (*_OWNERS, "application_id")),
            "agreement": (("project_id",), _PARTIES),
            "agreement_signature": (("project_id", "party"), ()),
            "legal_deadline": (("id",), (*_OWNERS, "application_id", "project_id")),
            "build": (("project_id",), _PARTIES),
            "build_change": (("id",), ("project_id",)),
            "interim_inspection": (("id",), ("project_id",)),
            "completion": (("id",), ("project_id",)),
            "document": (("id",), ("project_id",)),
            "screening": (("application_id", "round"), ()),
            "register_check": (("id",), ("application_id", "round")),
            "panel": (("id",), ("call_id",)),
            "panel_member": (("id",), ("panel_id",)),
            "panel_case": (("application_id",), ("call_id", "panel_id")),
            "conflict_of_interest": (("id",), ("application_id", "member_id")),
            "score_sheet": (("id",), ("application_id", "member_id")),
            "ranking": (("id",), ("call_id",)),
            "objection": (("id",), (*_OWNERS, "application_id")),
            "agreement_amendment": (("id",), (*_OWNERS, "project_id", "supplier_before", "supplier_after")),
            "amendment_consent": (("amendment_id", "party"), ()),
            "site_visit": (("id",), (*_OWNERS[:2], "project_id")),
            "support_ticket": (("id",), (*_OWNERS[:2], "project_id")),
        },
    ),
    # The cases of a ranking are there from the moment that it is, and never change; they are read with their ranking.
    fixed=[Tables.metadata.tables["ranked_case"]],
)


class ApplicationAsOf(Explained):
    """How an application stood at `at` on the clock named by `clock`; null is what there was not yet.

    Scores are hundredths of a point. A placing is the case's place in one ranking, decided or superseded.
    """

    at: datetime
    clock: Axis
    application: ApplicationView
    screenings: list[ScreeningRoundView]
    panel: CasePanelView | None
    score_sheets: list[ScoreSheetView]
    placings: list[PlacingView]
    objections: list[ObjectionView]
    deadlines: list[CaseDeadline]


class ProjectAsOf(Explained):
    """How a project stood at that instant, from its place to its completion; null is what there was not yet."""

    at: datetime
    clock: Axis
    project: ProjectView
    application: ApplicationView
    agreement: AgreementView | None
    amendments: list[AmendmentView]
    build: BuildView | None
    documents: list[DocumentView]
    inspections: list[InspectionView]
    completions: list[CompletionView]
    site_visits: list[SiteVisitView]
    support_tickets: list[TicketView]
    deadlines: list[CaseDeadline]


async def application_as_of(
    tx: Transaction, application_id: UUID, at: datetime, clock: Axis, portion: Portion, *, by: Principal
) -> ApplicationAsOf:
    """One application as it was; raises ApplicationNotFound where it was not handed in yet."""
    async with PAST.at(tx, at, clock):
        application = await applications.get_visible_application(tx, application_id, by=by)
        panel = await evaluations.panel_of_case(tx, application_id)
        found: dict[str, Sequence[Any]] = {
            "screenings": await applications.rounds_of_application(tx, application_id, portion),
            "score_sheets": await evaluations.sheets_of_case(tx, application_id, portion),
            "placings": await selections.placings_of_case(tx, application_id, portion),
            "objections": await objections.objections_of_application(tx, application_id, portion, by=by),
            "deadlines": await deadlines.deadlines_of_application(tx, application_id, portion, by=by),
        }
    told = await explained(tx, f"application/{application_id}", at, clock, portion, found)
    return ApplicationAsOf.model_validate(
        {**told, "at": at, "clock": clock, "application": applications.application_view(application), "panel": panel}
    )


async def project_as_of(
    tx: Transaction, project_id: UUID, at: datetime, clock: Axis, portion: Portion, *, by: Principal
) -> ProjectAsOf:
    """One project as it was; raises ProjectNotFound where nobody had been selected yet."""
    async with PAST.at(tx, at, clock):
        project = await projects.view_project(tx, project_id, by=by)
        application = await applications.get_visible_application(tx, project.application_id, by=by)
        one = {
            "project": project,
            "application": applications.application_view(application),
            "agreement": await if_there(agreements.view_agreement(tx, project_id, by=by)),
            "build": await if_there(builds.view_build(tx, project_id, by=by)),
        }
        found: dict[str, Sequence[Any]] = {
            "amendments": await amendments.amendments_of_project(tx, project_id, portion, by=by),
            "documents": await documents.documents_of_project(tx, project_id, portion),
            "inspections": await inspections.inspections_of_project(tx, project_id, portion),
            "completions": await inspections.completions_of_project(tx, project_id, portion),
            "site_visits": await support.visits_of_project(tx, project_id, portion, by=by),
            "support_tickets": await support.tickets_of_project(tx, project_id, portion, by=by),
            "deadlines": await deadlines.deadlines_of_application(tx, project.application_id, portion, by=by),
        }
    told = await explained(tx, f"project/{project_id}", at, clock, portion, found)
    return ProjectAsOf.model_validate({**one, **told, "at": at, "clock": clock})
