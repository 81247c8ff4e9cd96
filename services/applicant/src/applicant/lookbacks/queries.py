"""An application and a project as of an instant: what the routes of the present answered then, and why.

The views are those of the present, made by the same queries on the rows as they were (`common.looking_back`); beside
them stand the decisions until then, with their rules, their evidence and their hash chain.
"""

from datetime import datetime
from uuid import UUID

from applicant.agreements import queries as agreements
from applicant.agreements.queries import AgreementView
from applicant.applications import queries as applications
from applicant.applications.queries import ApplicationView
from applicant.builds import queries as builds
from applicant.builds.queries import BuildView
from applicant.documents import queries as documents
from applicant.documents.queries import DocumentView
from applicant.inspections import queries as inspections
from applicant.inspections.queries import CompletionView, InspectionView
from applicant.projects import queries as projects
from applicant.projects.queries import ProjectView
from applicant.tables import Tables
from common.auth import Principal
from common.db import Transaction
from common.looking_back import Axis, Past, tables_of
from common.past_decisions import Explained, explained, if_there

__all__ = ["ApplicationAsOf", "Axis", "ProjectAsOf", "application_as_of", "project_as_of"]

_OWNERS = ("company_id", "municipality_code", "call_id")
_PARTIES = (*_OWNERS, "application_id", "supplier_business_number")
_PAST = Past(
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
        },
    )
)


class ApplicationAsOf(Explained):
    """How an application stood at `at` on the clock named by `clock`."""

    at: datetime
    clock: Axis
    application: ApplicationView


class ProjectAsOf(Explained):
    """How a project stood at that instant, from its place to its completion; null is what there was not yet."""

    at: datetime
    clock: Axis
    project: ProjectView
    application: ApplicationView
    agreement: AgreementView | None
    build: BuildView | None
    documents: list[DocumentView]
    inspections: list[InspectionView]
    completions: list[CompletionView]


async def application_as_of(
    tx: Transaction, application_id: UUID, at: datetime, clock: Axis, *, by: Principal
) -> ApplicationAsOf:
    """One application as it was; raises ApplicationNotFound where it was not handed in yet."""
    async with _PAST.at(tx, at, clock):
        application = await applications.get_visible_application(tx, application_id, by=by)
    told = await explained(tx, f"application/{application_id}", at, clock)
    return ApplicationAsOf(**told, at=at, clock=clock, application=applications.application_view(application))


async def project_as_of(tx: Transaction, project_id: UUID, at: datetime, clock: Axis, *, by: Principal) -> ProjectAsOf:
    """One project as it was; raises ProjectNotFound where nobody had been selected yet."""
    async with _PAST.at(tx, at, clock):
        project = await projects.view_project(tx, project_id, by=by)
        application = await applications.get_visible_application(tx, project.application_id, by=by)
        found = {
            "agreement": await if_there(agreements.view_agreement(tx, project_id, by=by)),
            "build": await if_there(builds.view_build(tx, project_id, by=by)),
            "documents": await documents.documents_of_project(tx, project_id),
            "inspections": await inspections.inspections_of_project(tx, project_id),
            "completions": await inspections.completions_of_project(tx, project_id),
        }
    return ProjectAsOf.model_validate(
        {
            **await explained(tx, f"project/{project_id}", at, clock),
            **found,
            "at": at,
            "clock": clock,
            "project": project,
            "application": applications.application_view(application),
        }
    )
