"""Every consumer still takes every golden event that it listens to, on a database as its migrations make it."""

from collections.abc import Callable
from dataclasses import replace
from uuid import UUID

import pytest
from sqlalchemy import update

from applicant.agreements import store as agreements
from applicant.agreements.domain import AgreementState, Terms
from applicant.applications.domain.case import ApplicationStatus
from applicant.calls import store as calls
from applicant.companies import store as companies
from applicant.companies.domain import Company, CompanyFacts, SizeClass
from applicant.projects import store as projects
from applicant.projects.domain import Project, ProjectState
from applicant.selections.domain.places import Places
from applicant.selections.domain.ranking import Line
from applicant.selections.store import places, rankings
from common.acting import THE_SERVICE
from common.consumer.handling import Decoded, Spans, handle
from common.db import Database, Transaction
from common.errors import DomainError
from common.event import WireRecord, decode, open_envelope, registered_events
from common.service import Service
from contracts.applicant import (
    AgreementEffective,
    AgreementSigned,
    CommitmentRequested,
    InterimInspectionPassed,
    ProjectCompleted,
    ProjectTerminated,
    StandingFound,
)
from contracts.funding import CommitmentReleased, CoverageCompleted, ProjectCommitted, StandingAsked
from contracts.types import BusinessNumber, Won, business_number_check_digit
from funding.commitments import store as commitments
from funding.coverages import store as coverages
from funding.coverages.domain import cover_line, line_of
from funding.standings import store as standings
from funding.standings.domain import Standing, StandingState
from smartfactory.stack.provision import DatabaseUrls
from tests.repo.tree import ROOT
from tests.support.closed_call import add_case, closed_call
from tests.support.funding import NOW, Funding, running_funding
from tools.catalogue import golden
from tools.catalogue.system import load_system

pytestmark = [pytest.mark.anyio, pytest.mark.promise("R7")]

_SERVICES = {service.name: service for service in load_system(ROOT).services if service.handlers}
_PROJECT = UUID("0199f1b0-1d20-7c31-9b52-3c1e8f40a501")
_COMMITMENT = UUID("0199f1b0-1d20-7c31-9b52-3c1e8f40a601")
_CALL = UUID("0199f1b0-1d20-7c31-9b52-3c1e8f40a201")
_COMPANY = UUID("0199f1b0-1d20-7c31-9b52-3c1e8f40a101")
_STANDING = UUID("0199f1b0-1d20-7c31-9b52-3c1e8f40a711")

_SIGNED_IN_TURN = (
    AgreementState.SIGNED_BY_ADOPTER,
    AgreementState.SIGNED_BY_SUPPLIER,
    AgreementState.SIGNED_BY_OPERATOR,
)


@pytest.mark.parametrize("name", _SERVICES)
async def test_a_consumer_takes_every_golden_event(
    name: str, fresh_databases: Callable[..., dict[str, DatabaseUrls]]
) -> None:
    service, urls = _SERVICES[name], fresh_databases(name, migrated=True)[name]
    database = Database(urls.application, application_name="golden", acting=THE_SERVICE)
    try:
        if name == "funding":
            async with running_funding(urls) as funding:
                await _have_rule_and_money(funding)
                async with funding.database.transaction() as tx:
                    (requested,) = golden.read(ROOT)[CommitmentRequested.TYPE][-1:]
                    await _apply(tx, service, requested)
            await _name_the_commitment(urls)
        elif name == "applicant":
            await _have_selected_project(database)
        kept = golden.read(ROOT)
        taken = {
            (event.__name__, number): await _take(database, service, record)
            for event in service.handlers
            for number, record in enumerate(kept[event.TYPE])
        }
    finally:
        await database.dispose()

    assert {event for event, _ in taken} == {event.__name__ for event in service.handlers}
    assert set(taken.values()) == {"taken"}, taken


async def _have_rule_and_money(funding: Funding) -> None:
    """What the golden project asks of funding."""
    await funding.confirmed_rule("2024-B-1")
    await funding.confirmed_line(10**9)
    await funding.confirmed_line(10**9, "52110")


async def _name_the_commitment(urls: DatabaseUrls) -> None:
    """Agreements name the commitment that they rest on, which has the id of the golden ones; no service can do this."""
    owner = Database(urls.owner, application_name="golden-owner", acting=THE_SERVICE)
    async with owner.transaction() as tx:
        await tx.execute(update(commitments.CommitmentRow).values(id=_COMMITMENT))
    await owner.dispose()


async def _have_selected_project(database: Database) -> None:
    """What funding's golden answers speak of."""
    call = closed_call(_CALL, {("JS1", "52110"): 1}, province_won=10**9, municipality_won={}, size_min=5)
    async with database.transaction() as tx:
        await calls.add_call(tx, call)
        case = await add_case(
            tx, _CALL, "JS1", "52110", 40_000_000, first_timer=True, status=ApplicationStatus.ELIGIBLE
        )
        project = Project(
            id=_PROJECT, application_id=case.id, company_id=case.company_id, call_id=_CALL, type_code="JS1",
            municipality_code="52110", fiscal_year=2024, track="B", total_cost_won=200_000_000, cap_won=160_000_000,
            split_rule_version="2024-B-1", need_won={}, promoted=False, state=ProjectState.SELECTED, holds_place=True,
            state_reason=None, selected_at=NOW, version=1,
        )  # fmt: skip
        await projects.add(tx, [project])
        await rankings.lock_selection(tx, _CALL)
        await places.open_places(tx, _CALL, [Places(Line("JS1", "52110"), seats=1, taken=1)])


class _Undone(Exception):
    """Each record is taken from the same state: a database in which none of the others was."""


async def _take(database: Database, service: Service, record: WireRecord) -> str:
    try:
        async with database.transaction() as tx:
            before = _BEFORE.get((service.name, dict(record.headers)["ce_type"].decode()))
            if before is not None:
                await before(tx, service)
            await _apply(tx, service, record)
            raise _Undone
    except _Undone:
        return "taken"
    except DomainError as refusal:
        return refusal.code


async def _give_back(tx: Transaction, _service: Service) -> None:
    """Money is freed once the firm has given its place back."""
    await tx.execute(update(projects.ProjectRow).values(state=ProjectState.WITHDRAWN))


async def _sign(tx: Transaction, service: Service) -> None:
    """All is covered after all have signed what was drafted when the money was committed."""
    await _apply(tx, service, golden.read(ROOT)[ProjectCommitted.TYPE][-1])
    drafted = await agreements.get(tx, _PROJECT, lock=True)
    agreement = await agreements.save(tx, replace(drafted, state=AgreementState.ISSUED))
    for state in _SIGNED_IN_TURN:
        terms = Terms(plan_sha256="0" * 64, supplier_contract_won=1)
        agreement = await agreements.save(tx, replace(agreement, state=state, terms=terms))


async def _cover(tx: Transaction, service: Service) -> None:
    """An agreement comes into force when every source has covered its share of what was signed."""
    await _apply(tx, service, golden.read(ROOT)[AgreementSigned.TYPE][-1])
    coverage = await coverages.get(tx, _PROJECT, lock=True)
    for line in coverage.lines:
        coverage = cover_line(coverage, line.source, reference="1", evidence_sha256="0" * 64, by="issuer one", now=NOW)
        await coverages.save_line(tx, _PROJECT, line_of(coverage, line.source))
    await coverages.save_state(tx, coverage)


async def _grant(tx: Transaction, service: Service) -> None:
    """What is built under an agreement, or ends with it, has an agreement in force."""
    await _cover(tx, service)
    await _apply(tx, service, golden.read(ROOT)[AgreementEffective.TYPE][-1])


async def _ask(tx: Transaction, service: Service) -> None:
    """A firm's standing is heard of by whoever has asked for it."""
    await _grant(tx, service)
    coverage = await coverages.get(tx, _PROJECT)
    question = Standing(
        id=_STANDING, project_id=_PROJECT, company_id=coverage.company_id,
        municipality_code=coverage.municipality_code, number=1, rule_version="2022-1", state=StandingState.ASKED,
        asked_by="issuer one", asked_at=NOW,
    )  # fmt: skip
    await standings.add(tx, question)


async def _register(tx: Transaction, _service: Service) -> None:
    """The firm that is asked about is registered."""
    stem = "900000001"
    facts = CompanyFacts(
        business_number=BusinessNumber(f"{stem}{business_number_check_digit(stem)}"), corporate_number=None,
        name="가상기업", representative_name="가상인", size_class=SizeClass.SMALL, ksic_code="29000", ksic_revision="11",
        annual_sales_won=Won(1), employees=1, supported_before=False, head_office_address="전북특별자치도",
    )  # fmt: skip
    await companies.add_company(tx, Company(_COMPANY, facts, version=1))


_BEFORE = {
    ("applicant", CommitmentReleased.TYPE): _give_back,
    ("applicant", CoverageCompleted.TYPE): _sign,
    ("applicant", StandingAsked.TYPE): _register,
    ("funding", AgreementEffective.TYPE): _cover,
    ("funding", InterimInspectionPassed.TYPE): _grant,
    ("funding", ProjectCompleted.TYPE): _grant,
    ("funding", ProjectTerminated.TYPE): _grant,
    ("funding", StandingFound.TYPE): _ask,
}
"""What has to have happened in a service before it can take an event, beside what all of them need."""


async def _apply(tx: Transaction, service: Service, record: WireRecord) -> None:
    envelope, data = open_envelope(record)
    cls = registered_events()[envelope.type]
    decoded = Decoded(envelope, decode(envelope, data, cls), service.handlers[cls])
    with Spans() as spans:
        await handle(tx, [decoded], service=service.name, now=NOW, spans=spans)
