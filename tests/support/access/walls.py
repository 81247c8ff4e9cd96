"""Takes one of the two walls around everybody's data away: the guards in the services' code, or row-level security."""

import sys
from collections.abc import Mapping
from typing import Any

import pytest
from sqlalchemy import select, true

import applicant.applications.queries as applications
import applicant.calls.queries as calls
import applicant.companies.queries as companies
import applicant.companies.store as company_store
import applicant.evaluations.queries as evaluations
import applicant.evaluations.store as evaluation_store
import applicant.projects.domain as projects
import applicant.seat_offers.store as seat_store
import funding.budgets.commands as budgets
import funding.budgets.store as budget_store
import funding.splits.queries as splits
import metrics.exports.api as exports
from applicant.applications.commands import drafts, screenings, submissions
from applicant.applications.store import cases
from common.acting import THE_SERVICE
from common.event import new_id
from common.web import routes
from common.web.access import Access
from contracts.roles import EVERY_ROLE
from tests.repo.tree import ROOT
from tests.support.access.worlds import World
from tools.catalogue.rest import api_routes
from tools.catalogue.system import load_system

_SERVICES = tuple(service.name for service in load_system(ROOT).services)
_BOUND_ROLES = ("COMPANY_ROLES", "MUNICIPALITY_ROLES")


class _EverybodyIsTheService:
    """In the place of `Acting`, where a request says on whose behalf it works."""

    @staticmethod
    def of(_caller: object) -> object:
        return THE_SERVICE


def without_row_security(patch: pytest.MonkeyPatch) -> None:
    """PostgreSQL shows every caller every row; what is left is the code."""
    patch.setattr(routes, "Acting", _EverybodyIsTheService)
    patch.setattr(exports, "Acting", _EverybodyIsTheService)


def without_guards(patch: pytest.MonkeyPatch, worlds: Mapping[str, World]) -> None:
    """Every role is let in, no query asks whose a row is, no command whose it changes; what is left is PostgreSQL."""
    for world in worlds.values():
        for _, route in api_routes(world.app):
            if not route.access.public:
                patch.setattr(route, "access", Access(frozenset(EVERY_ROLE)))
    for name, module in list(sys.modules.items()):
        if name.split(".")[0] in _SERVICES:
            for roles in _BOUND_ROLES:
                if hasattr(module, roles):
                    patch.setattr(module, roles, frozenset())
    _forget_in_applicant(patch)
    _forget_in_funding(patch)


def _forget_in_applicant(patch: pytest.MonkeyPatch) -> None:
    async def any_application(tx: Any, application_id: Any, _by: object) -> Any:
        return await cases.get_application(tx, application_id, lock=True)

    async def any_worksite(tx: Any, _company_id: object, worksite_id: Any) -> Any:
        return await company_store.get_worksite(tx, worksite_id)

    async def any_seat(tx: Any, application_id: Any, subject: str, *, lock: bool = False) -> Any:
        """The caller's seat at the case, or else anybody's."""
        for name in (subject, "member-JS1", "member-JS2"):
            found = await get_assignment(tx, application_id, name, lock=lock)
            if found is not None:
                return found
        return None

    async def any_offer(tx: Any, offer_id: Any, **_owner: object) -> Any:
        held = select(seat_store.SeatOfferRow.call_id).where(seat_store.SeatOfferRow.id == offer_id)
        return (await tx.execute(held)).scalar_one()

    get_assignment = evaluation_store.get_assignment
    for module in (drafts, screenings, submissions):
        patch.setattr(module, "lock_own", any_application)
    patch.setattr(applications, "_reach", lambda *_: true())
    patch.setattr(companies, "check_own", lambda *_: None)
    patch.setattr(companies, "get_own_worksite", any_worksite)
    patch.setattr(calls, "_sees_drafts", lambda *_: True)
    patch.setattr(evaluations, "Role", type("NoRole", (), {"PANEL_MEMBER": "nobody"}))
    patch.setattr(evaluation_store, "get_assignment", any_seat)
    patch.setattr(projects, "check_own", lambda *_: None)
    patch.setattr(seat_store, "call_of", any_offer)


def _forget_in_funding(patch: pytest.MonkeyPatch) -> None:
    async def propose_any(tx: Any, proposal: Any, *, by: Any, now: Any) -> Any:
        line = budgets.domain.propose_line(
            line_id=new_id(),
            source=proposal.source,
            track=proposal.track,
            fiscal_year=proposal.fiscal_year,
            municipality_code=proposal.municipality_code,
            amount_won=proposal.amount_won,
            legal_regime=proposal.legal_regime,
            funder=proposal.funder,
            by=by.subject,
            at=now,
        )
        await budget_store.add(tx, line)
        return line.id

    patch.setattr(budgets, "propose_line", propose_any)
    patch.setattr(budgets, "_ensure_may_confirm", lambda *_: None)
    patch.setattr(splits, "_prepares", lambda *_: True)
