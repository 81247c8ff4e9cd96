"""A firm's one page: its cases from the applicant service, their money from funding, each as the firm may see it."""

import asyncio
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from metrics.dossiers.domain.money import Commitment, Repayment, SelfPay, Settlement
from metrics.dossiers.domain.steps import Case, Known, cases_of
from metrics.dossiers.domain.told import Agreement, Application, Build, Deadline, Objection, Project
from metrics.neighbours.queries import Asking, Away, Neighbour, Reply, Rows, body_of, rows_of

__all__ = ["Case", "Firm", "read_firm"]

_ROWS = {"page_size": "50"}
_MOST_ASKED = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class _SettlementOf(Settlement):
    project_id: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class _RepaymentOf(Repayment):
    project_id: UUID


@dataclass(frozen=True, slots=True)
class _Call:
    id: UUID
    closes_at: datetime


@dataclass(frozen=True, slots=True)
class Firm:
    """A firm's cases, whether there are more than are shown, and who did not answer."""

    cases: list[Case]
    more: bool
    away: tuple[Away, ...]


async def read_firm(asking: Asking) -> Firm:
    """The cases of the reader's own firm: the interfaces show a firm nothing else."""
    of, money = Neighbour.APPLICANT, Neighbour.FUNDING
    applications, projects, agreements, builds, deadlines, objections = await asyncio.gather(
        asking.ask(of, "/v1/applications", Rows[Application], params=_ROWS),
        asking.ask(of, "/v1/projects", Rows[Project], params=_ROWS),
        asking.ask(of, "/v1/agreements", Rows[Agreement], params=_ROWS),
        asking.ask(of, "/v1/builds", Rows[Build], params=_ROWS),
        asking.ask(of, "/v1/deadlines", Rows[Deadline], params=_ROWS),
        asking.ask(of, "/v1/objections", Rows[Objection], params=_ROWS),
    )
    commitments, settlements, repayments = await asyncio.gather(
        asking.ask(money, "/v1/commitments", Rows[Commitment], params=_ROWS),
        asking.ask(money, "/v1/settlements", Rows[_SettlementOf], params=_ROWS),
        asking.ask(money, "/v1/repayments", Rows[_RepaymentOf], params=_ROWS),
    )
    drafts = {each.call_id for each in rows_of(applications) if each.status == "DRAFT"}
    held = [each.project_id for each in rows_of(commitments) if each.state == "COMMITTED"]
    calls, self_pay = await asyncio.gather(_calls(asking, drafts), _self_pay(asking, held))
    known = Known(
        applications=rows_of(applications),
        projects=rows_of(projects),
        agreements=rows_of(agreements),
        builds=rows_of(builds),
        deadlines=rows_of(deadlines),
        objections=rows_of(objections),
        commitments=rows_of(commitments),
        settlements=[(each.project_id, each) for each in rows_of(settlements)],
        repayments=[(each.project_id, each) for each in rows_of(repayments)],
        self_pay=self_pay,
        closes_at=[(each.id, each.closes_at) for each in calls],
    )
    lists = (applications, projects, agreements, builds, deadlines, objections, commitments, settlements, repayments)
    return Firm(
        cases=cases_of(known),
        more=isinstance(found := body_of(applications), Rows) and found.next is not None,
        away=tuple(each for each in lists if isinstance(each, Away)),
    )


async def _calls(asking: Asking, wanted: set[UUID]) -> list[_Call]:
    asked = [asking.ask(Neighbour.APPLICANT, f"/v1/calls/{each}", _Call) for each in sorted(wanted)[:_MOST_ASKED]]
    return [found for reply in await asyncio.gather(*asked) if (found := body_of(reply)) is not None]


async def _self_pay(asking: Asking, projects: list[UUID]) -> list[tuple[UUID, SelfPay]]:
    wanted = projects[:_MOST_ASKED]
    replies: list[Reply[SelfPay]] = await asyncio.gather(
        *(asking.ask(Neighbour.FUNDING, f"/v1/coverages/{each}/self-pay", SelfPay) for each in wanted)
    )
    return [(of, found) for of, reply in zip(wanted, replies, strict=True) if (found := body_of(reply)) is not None]
