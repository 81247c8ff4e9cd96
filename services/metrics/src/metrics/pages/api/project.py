"""A project with its timeline, money and evidence: for whom the services show it, and as far as they do."""

from typing import Annotated
from uuid import UUID

from fastapi import Request, Response

from common.auth import Principal
from common.errors import Text
from common.web import Now, allowed
from contracts.roles import COMPANY_ROLES, MUNICIPALITY_ROLES, PROVINCE_ROLES, Role
from metrics.dossiers.queries.projects import Dossier, read_project
from metrics.dossiers.queries.standing import standing_of
from metrics.neighbours.queries import asking_for_reader
from metrics.pages.api.gathering import gathered
from metrics.pages.api.shell import routes
from metrics.pages.domain.project_words import ProjectWords

_Reader = Annotated[
    Principal,
    allowed(*PROVINCE_ROLES, *MUNICIPALITY_ROLES, *COMPANY_ROLES, Role.TECHNOPARK_OPERATOR, Role.AUDITOR),
]
_SHOWN, _NOBODY_KNOWS = 200, 503


@routes.get("/projects/{project_id}", operation_id="showProject")
async def show_project(request: Request, project_id: UUID, by: _Reader, now: Now) -> Response:
    """The whole of one project; examiners are shown the decisions of its journals, and that is recorded there."""
    dossier: Dossier = await read_project(asking_for_reader(request), project_id, role=by.role, now=now)
    standing: list[Text] = standing_of(dossier)
    return gathered(
        request,
        "project.html",
        ProjectWords,
        away=dossier.away,
        reader=by,
        status=_SHOWN if dossier.project or dossier.commitment else _NOBODY_KNOWS,
        now=now,
        dossier=dossier,
        standing=standing,
    )
