"""One project as its reader may see it: asked of three services at once, and shown as far as they answer."""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from typing import TypeVar
from uuid import UUID

from common.errors import NotFound, Text
from contracts.roles import PROVINCE_ROLES, Role
from metrics.dossiers.domain import timeline
from metrics.dossiers.domain.decisions import Phase
from metrics.dossiers.domain.money import (
    Commitment,
    Coverage,
    Lines,
    Recovery,
    Release,
    Repayment,
    SelfPay,
    Settlement,
    SourceMoney,
    money_by_source,
)
from metrics.dossiers.domain.timeline import Entry
from metrics.dossiers.domain.told import (
    Agreement,
    Amendment,
    Application,
    Build,
    Chain,
    Completion,
    Document,
    Inspection,
    Journal,
    Project,
    Residency,
)
from metrics.neighbours.queries import Asking, Away, Closed, Neighbour, Reply, Rows, body_of, rows_of

T = TypeVar("T")

_EXAMINERS = frozenset({*PROVINCE_ROLES, Role.AUDITOR})
_ROWS = {"page_size": "100"}
_DECISIONS_SHOWN = "300"
_CLOCKS_APART = timedelta(seconds=5)
_NOT_TO_BE_READ = 422


class ProjectNotShown(NotFound):
    """The applicant service, whose projects are, does not show it to the reader."""

    code = "project-not-shown"
    title = Text("과제를 찾을 수 없습니다", "There is no such project")
    detail = Text(
        "과제 번호를 확인해 주세요. 볼 수 있는 과제만 보여 드립니다.",
        "Check its id. Only projects that you may see are shown.",
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class FromApplicant:
    """What the applicant service answered."""

    project: Reply[Project]
    agreement: Reply[Agreement]
    build: Reply[Build]
    documents: Reply[Rows[Document]]
    inspections: Reply[Rows[Inspection]]
    completions: Reply[Rows[Completion]]
    amendments: Reply[Rows[Amendment]]
    application: Reply[Application] | None = None
    journal: Reply[Journal] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FromFunding:
    """What the funding service answered."""

    commitment: Reply[Commitment]
    coverage: Reply[Coverage]
    self_pay: Reply[SelfPay]
    lines: Reply[Lines]
    releases: Reply[Rows[Release]]
    settlements: Reply[Rows[Settlement]]
    repayments: Reply[Rows[Repayment]]
    recoveries: Reply[Rows[Recovery]]
    journal: Reply[Journal] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Dossier:
    """A project's page: what it is, its timeline, its money and its papers, and who did not answer.

    `chains` are where the hash chains of its two journals stood, for examiners; `more` says that a list goes on.
    """

    project_id: UUID
    project: Project | None
    application: Application | None
    agreement: Agreement | None
    build: Build | None
    documents: tuple[Document, ...]
    residencies: tuple[Residency, ...]
    commitment: Commitment | None
    money: list[SourceMoney]
    releases: tuple[Release, ...]
    settlements: tuple[Settlement, ...]
    repayments: tuple[Repayment, ...]
    recoveries: tuple[Recovery, ...]
    timeline: list[Entry]
    chains: tuple[Chain, ...]
    more: bool
    away: tuple[Away, ...]


async def read_project(asking: Asking, project_id: UUID, *, role: str, now: datetime) -> Dossier:
    """All that this reader is shown of a project.

    Examiners are also told the decisions of its journals; the services record that they looked. While the applicant
    service is away, funding alone says what its reader may see. Raises ProjectNotShown.
    """
    at = now if role in _EXAMINERS else None
    applicant, funding, residencies = await asyncio.gather(
        _from_applicant(asking, project_id, at=at),
        _from_funding(asking, project_id, at=at),
        asking.ask(
            Neighbour.MENTORING, "/v1/residencies", Rows[Residency], params={"project_id": str(project_id), **_ROWS}
        ),
    )
    project, commitment = body_of(applicant.project), body_of(funding.commitment)
    if isinstance(applicant.project, Closed):
        raise ProjectNotShown
    coverage, lines = body_of(funding.coverage), body_of(funding.lines)
    journals = [each for each in (_told(applicant.journal), _told(funding.journal)) if each is not None]
    asked = (*_replies(applicant), *_replies(funding), residencies)
    return Dossier(
        project_id=project_id,
        project=project,
        application=_told(applicant.application),
        agreement=body_of(applicant.agreement),
        build=body_of(applicant.build),
        documents=rows_of(applicant.documents),
        residencies=rows_of(residencies),
        commitment=commitment,
        money=money_by_source(commitment.shares, coverage, lines, body_of(funding.self_pay)) if commitment else [],
        releases=rows_of(funding.releases),
        settlements=rows_of(funding.settlements),
        repayments=rows_of(funding.repayments),
        recoveries=rows_of(funding.recoveries),
        timeline=timeline.newest_first(_entries(applicant, funding, rows_of(residencies))),
        chains=tuple(each.chain for each in journals),
        more=any(_goes_on(each) for each in asked) or any("decisions" in each.more for each in journals),
        away=tuple(each for each in asked if isinstance(each, Away)),
    )


async def _from_applicant(asking: Asking, project_id: UUID, *, at: datetime | None) -> FromApplicant:
    of, build = Neighbour.APPLICANT, f"/v1/builds/{project_id}"
    first = asking.ask(of, f"/v1/projects/{project_id}", Project)
    agreement = asking.ask(of, f"/v1/agreements/{project_id}", Agreement)
    amended = asking.ask(of, "/v1/amendments", Rows[Amendment], params={"project_id": str(project_id), **_ROWS})
    project, told_agreement, told_build, amendments, documents = await asyncio.gather(
        first,
        agreement,
        asking.ask(of, build, Build),
        amended,
        asking.ask(of, f"{build}/documents", Rows[Document], params=_ROWS),
    )
    inspections, completions, application, journal = await asyncio.gather(
        asking.ask(of, f"{build}/inspections", Rows[Inspection], params=_ROWS),
        asking.ask(of, f"{build}/completions", Rows[Completion], params=_ROWS),
        _application(asking, project),
        _journal(asking, of, f"/v1/projects/{project_id}/as-of", at),
    )
    return FromApplicant(
        project=project,
        agreement=told_agreement,
        build=told_build,
        documents=documents,
        inspections=inspections,
        completions=completions,
        amendments=amendments,
        application=application,
        journal=journal,
    )


async def _from_funding(asking: Asking, project_id: UUID, *, at: datetime | None) -> FromFunding:
    of, coverage = Neighbour.FUNDING, f"/v1/coverages/{project_id}"
    mine = {"project_id": str(project_id), **_ROWS}
    commitment, covered, self_pay, lines = await asyncio.gather(
        asking.ask(of, f"/v1/commitments/{project_id}", Commitment),
        asking.ask(of, coverage, Coverage),
        asking.ask(of, f"{coverage}/self-pay", SelfPay),
        asking.ask(of, f"{coverage}/release-lines", Lines),
    )
    releases, settlements, repayments, recoveries, journal = await asyncio.gather(
        asking.ask(of, "/v1/releases", Rows[Release], params=mine),
        asking.ask(of, "/v1/settlements", Rows[Settlement], params=mine),
        asking.ask(of, "/v1/repayments", Rows[Repayment], params=mine),
        asking.ask(of, "/v1/recoveries", Rows[Recovery], params=mine),
        _journal(asking, of, f"/v1/commitments/{project_id}/as-of", at),
    )
    return FromFunding(
        commitment=commitment,
        coverage=covered,
        self_pay=self_pay,
        lines=lines,
        releases=releases,
        settlements=settlements,
        repayments=repayments,
        recoveries=recoveries,
        journal=journal,
    )


async def _application(asking: Asking, project: Reply[Project]) -> Reply[Application] | None:
    found = body_of(project)
    if found is None:
        return None
    return await asking.ask(Neighbour.APPLICANT, f"/v1/applications/{found.application_id}", Application)


async def _journal(asking: Asking, of: Neighbour, path: str, at: datetime | None) -> Reply[Journal] | None:
    """The decisions until now. A machine whose clock is behind ours takes our now for the future: it is asked again."""
    if at is None:
        return None
    found = await _until(asking, of, path, at)
    if isinstance(found, Closed) and found.status == _NOT_TO_BE_READ:
        found = await _until(asking, of, path, at - _CLOCKS_APART)
    return found


async def _until(asking: Asking, of: Neighbour, path: str, at: datetime) -> Reply[Journal]:
    return await asking.ask(of, path, Journal, params={"at": at.isoformat(), "part_size": _DECISIONS_SHOWN})


def _entries(applicant: FromApplicant, funding: FromFunding, residencies: tuple[Residency, ...]) -> Iterator[Entry]:
    application = _told(applicant.application)
    if application:
        yield from timeline.of_application(application)
    yield from _of_project(applicant)
    yield from _of_money(funding)
    yield from timeline.of_residencies(residencies)


def _of_project(told: FromApplicant) -> Iterator[Entry]:
    journal = _told(told.journal)
    if journal is not None:
        yield from timeline.of_decisions(journal.decisions, otherwise=Phase.APPLICATION)
        return
    project, agreement, build = body_of(told.project), body_of(told.agreement), body_of(told.build)
    if project:
        yield from timeline.of_project(project)
    if agreement:
        yield from timeline.of_agreement(agreement)
    if build:
        yield from timeline.of_build(build)
    yield from timeline.of_amendments(rows_of(told.amendments))
    yield from timeline.of_documents(rows_of(told.documents))
    yield from timeline.of_inspections(rows_of(told.inspections), rows_of(told.completions))


def _of_money(told: FromFunding) -> Iterator[Entry]:
    journal = _told(told.journal)
    if journal is not None:
        yield from timeline.of_decisions(journal.decisions, otherwise=Phase.MONEY)
        return
    commitment, coverage = body_of(told.commitment), body_of(told.coverage)
    if commitment:
        yield from timeline.of_commitment(commitment)
    if coverage:
        yield from timeline.of_coverage(coverage)
    yield from timeline.of_releases(rows_of(told.releases))
    yield from timeline.of_settlement(rows_of(told.settlements), rows_of(told.repayments), rows_of(told.recoveries))


def _told(reply: Reply[T] | None) -> T | None:
    return None if reply is None else body_of(reply)


def _replies(told: FromApplicant | FromFunding) -> tuple[object, ...]:
    return tuple(getattr(told, each.name) for each in fields(told))


def _goes_on(reply: object) -> bool:
    rows = getattr(reply, "body", None)
    return isinstance(rows, Rows) and rows.next is not None
