"""A process that does with a cohort what the services do with it, by their shipped commands, and says how long it took.

Nothing is asked over HTTP: what the way there costs is measured elsewhere. Each act is a transaction with its events
and journal entries, as a route or a worker would commit it.
"""

import time
from datetime import date, datetime
from uuid import UUID

from applicant.applications import commands as applications
from applicant.selections import commands as selections
from applicant.selections.commands import decide_in_stages
from common.acting import THE_SERVICE
from common.auth import Principal
from common.db import Database
from common.event import new_id
from contracts.applicant import CommitmentRequested
from contracts.roles import Role
from contracts.types import BasisPoints, Source, Won
from funding.budgets import commands as budgets
from funding.budgets.commands import LineProposal
from funding.budgets.domain import LegalRegime
from funding.commitments import commands as commitments
from funding.splits import commands as splits
from funding.splits.commands import RuleProposal
from tools.bench.parts import Answer, serve

_PLACE, _RULE, _TRACK, _YEAR = "52130", "b-2024", "B", 2026
_BATCH = 50
_PLENTY = Won(10**15)
_CAPPED = {Source.PROVINCE: 5508, Source.MUNICIPALITY: 3213}

_databases: dict[str, Database] = {}


def _database(url: str) -> Database:
    if url not in _databases:
        _databases[url] = Database(url, application_name="bench-cohort", acting=THE_SERVICE, pool_size=2)
    return _databases[url]


def _person(role: Role, tenant: str, subject: str) -> Principal:
    return Principal(issuer="bench", subject=subject, role=role.value, tenant=tenant, token_id="")


_OPERATOR = _person(Role.TECHNOPARK_OPERATOR, "jtp", "operator")
_APPROVER = _person(Role.PROVINCE_APPROVER, "52", "approver")


async def select(url: str, call_id: str, most_portions: int, at: str) -> Answer:
    """Rank a call, make its decision and tell so many portions of it; seconds of each, and cases told."""
    database, call, now = _database(url), UUID(call_id), datetime.fromisoformat(at)
    began = time.monotonic()
    async with database.transaction() as tx:
        ranked = await selections.propose_ranking(tx, call, by=_OPERATOR, now=now)
    ranked_at = time.monotonic()
    async with database.transaction() as tx:
        begun = await selections.begin_decision(
            tx, call, ranked.number, read_version=ranked.version, by=_APPROVER, now=now
        )
    begun_at = time.monotonic()
    await _work(database, begun.id, now)
    decided_at, portions = time.monotonic(), 0
    while portions < most_portions and await _work(database, begun.id, now):
        portions += 1
    return {
        "cases": begun.cases,
        "told": min(begun.cases, portions * decide_in_stages.TOLD_AT_ONCE),
        "rank": ranked_at - began,
        "decide": decided_at - begun_at,
        "tell": time.monotonic() - decided_at,
    }


async def _work(database: Database, decision_id: UUID, now: datetime) -> bool:
    async with database.transaction() as tx:
        return await selections.work_decision(tx, decision_id, now=now)


async def submit(url: str, drafts: list[list[str]], at: str) -> Answer:
    """Hand these drafts in, each given as its id and its company's."""
    database, now = _database(url), datetime.fromisoformat(at)
    began = time.monotonic()
    for id_, company_id in drafts:
        owner = _person(Role.COMPANY_OWNER, company_id, "owner")
        async with database.transaction() as tx:
            await applications.submit_application(tx, UUID(id_), read_version=1, by=owner, now=now)
    return {"operations": len(drafts), "seconds": time.monotonic() - began}


async def fund(url: str, at: str) -> Answer:
    """Confirm a rule and lines with plenty of money, and commit one project."""
    database, now = _database(url), datetime.fromisoformat(at)
    officer, treasurer = _person(Role.PROVINCE_OFFICER, "52", "one"), _person(Role.PROVINCE_TREASURER, "52", "two")
    clerk, head = (
        _person(role, _PLACE, role.value) for role in (Role.MUNICIPALITY_OFFICER, Role.MUNICIPALITY_APPROVER)
    )
    rule = RuleProposal(
        version=_RULE,
        title="bench",
        shares=[(source, BasisPoints(rate)) for source, rate in _CAPPED.items()],
        capped_sources=list(_CAPPED),
        valid_from=date(2024, 1, 1),
        source_note="bench",
    )
    async with database.transaction() as tx:
        await splits.propose_rule(tx, rule, by=officer, now=now)
        await splits.confirm_rule(tx, _RULE, by=_APPROVER, now=now)
    for source, municipality, proposer, confirmer in (
        (Source.PROVINCE, None, officer, treasurer),
        (Source.MUNICIPALITY, _PLACE, clerk, head),
    ):
        line = LineProposal(
            source=source,
            track=_TRACK,
            fiscal_year=_YEAR,
            municipality_code=municipality,
            amount_won=_PLENTY,
            legal_regime=LegalRegime.LOCAL_SUBSIDY,
            funder="bench",
        )
        async with database.transaction() as tx:
            line_id = await budgets.propose_line(tx, line, by=proposer, now=now)
            await budgets.confirm_line(tx, line_id, version=1, by=confirmer, now=now)
    return await commit(url, 1, at)


async def commit(url: str, count: int, at: str) -> Answer:
    """Commit so many selected projects, fifty in a transaction as a consumer does."""
    database, now = _database(url), datetime.fromisoformat(at)
    began = time.monotonic()
    for first in range(0, count, _BATCH):
        async with database.transaction() as tx:
            for _ in range(min(_BATCH, count - first)):
                await commitments.commit_project(tx, _requested(), turn=1, selected_at=now, now=now)
    return {"operations": count, "seconds": time.monotonic() - began}


def _requested() -> CommitmentRequested:
    return CommitmentRequested(
        project_id=new_id(),
        application_id=new_id(),
        call_id=UUID(int=_YEAR),
        type_code="JS2",
        municipality_code=_PLACE,
        company_id=new_id(),
        fiscal_year=_YEAR,
        track=_TRACK,
        total_cost_won=60_000_000,
        cap_won=80_000_000,
        split_rule_version=_RULE,
    )


if __name__ == "__main__":
    serve({"select": select, "submit": submit, "fund": fund, "commit": commit})
