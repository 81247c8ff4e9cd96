"""A mailbox of each office and what it was told, for the matrix of permissions, and one request for each operation."""

from dataclasses import replace
from datetime import date

from sqlalchemy import text

from applicant.notices.commands import warn_of_lapse
from common.event import new_id
from contracts.funding import BudgetLapseWarned
from contracts.roles import PROVINCE_ROLES, PROVINCE_TENANT, Role
from tests.support.access.worlds import STALE, Ask, Asks, Caller, World
from tests.support.closed_call import NOW

SERVICE = "applicant"
_MAILBOX = {"address": "matrix@office.example"}
_ASKS: Asks = {
    "proposeOfficeMailbox": lambda _things: Ask("POST", "/v1/office-mailboxes", _MAILBOX),
    "listOfficeMailboxes": lambda things: Ask(
        "GET", "/v1/office-mailboxes", query={"page_size": 100}, shows=things["mailbox"]
    ),
    "getOfficeMailbox": lambda things: Ask("GET", f"/v1/office-mailboxes/{things['mailbox']}"),
    "confirmOfficeMailbox": lambda things: Ask(
        "POST", f"/v1/office-mailboxes/{things['mailbox']}/confirmations", None, STALE
    ),
    "listOffices": lambda _things: Ask("GET", "/v1/offices"),
    "listOfficeNotices": lambda things: Ask(
        "GET", "/v1/office-notices", query={"page_size": 100}, shows=things["office_notice"]
    ),
    "retryOfficeNotice": lambda things: Ask("POST", f"/v1/office-notices/{things['office_notice']}/retries"),
}


async def add_to(world: World) -> World:
    """The same service with a mailbox of both municipalities, the province and the Technopark, and money that lapses."""
    before, added = world.own, []
    for things in (before(Role.TECHNOPARK_OPERATOR), world.other):
        place = things["place"]
        clerk = Caller(Role.MUNICIPALITY_OFFICER, place, "clerk")
        added.append({"mailbox": await _mailbox(world, clerk), "office_notice": await _warned(world, place)})
    own, other = added
    province = await _mailbox(world, Caller(Role.PROVINCE_OFFICER, PROVINCE_TENANT, "clerk"))
    technopark = await _mailbox(world, Caller(Role.TECHNOPARK_OPERATOR, PROVINCE_TENANT, "clerk"))

    def mailbox_of(role: str) -> str:
        if role in PROVINCE_ROLES:
            return province
        return technopark if role == Role.TECHNOPARK_OPERATOR else own["mailbox"]

    return replace(
        world,
        asks={**world.asks, **_ASKS},
        own=lambda role: {**before(role), **own, "mailbox": mailbox_of(role)},
        other={**world.other, **other},
    )


async def _mailbox(world: World, caller: Caller) -> str:
    answer = await world.send(Ask("POST", "/v1/office-mailboxes", _MAILBOX), caller)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


async def _warned(world: World, place: str) -> str:
    """What funding tells of a municipality's line, as the worker takes it; the notice that it becomes."""
    told = BudgetLapseWarned(
        budget_line_id=new_id(), source="MUNICIPALITY", municipality_code=place, fiscal_year=2024, track="B",
        stage_days=30, days_left=30, last_day=date(2024, 12, 31), uncommitted_won=1, unpaid_won=0, carried_won=0,
        lapsing_won=1, rule_version="2022-1",
    )  # fmt: skip
    async with world.owner.transaction() as tx:
        await warn_of_lapse(tx, told, now=NOW)
        found = await tx.execute(
            text("SELECT id FROM notice WHERE budget_line_id = :line AND recipient = 'MUNICIPALITY'"),
            {"line": told.budget_line_id},
        )
        return str(found.scalar_one())
