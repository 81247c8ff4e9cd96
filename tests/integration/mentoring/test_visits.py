"""What a team does at a firm, on a real PostgreSQL: mentors record, the firm says so too, hours are know-how in kind."""

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text

from common import journal
from common.clock import FixedClock
from common.event import new_id
from contracts.applicant import AgreementSigned
from contracts.roles import Role
from mentoring.main import SERVICE
from mentoring.plans.jobs import match_plans
from mentoring.settings import Settings
from smartfactory.stack.provision import DatabaseUrls
from tests.support.listening import NOW, Listener, listener
from tests.support.mentoring import (
    EVIDENCE,
    answer,
    confirm_plan,
    made,
    matching_rule,
    needs,
    open_cohort,
    project_confirmed,
    request_plan,
    residency_of,
    send,
    state_needs,
    trained_team,
)

FIRST_DAY = datetime(2024, 6, 3, 1, tzinfo=UTC)


@dataclass
class Visited:
    """A firm at which a team is, in its first week."""

    service: Listener
    company: str
    project: UUID
    residency: Any
    team: Any

    async def by_mentor(self, path: str, body: object = None, **more: Any) -> Any:
        return await send(self.service, "POST", path, body, role=Role.MENTOR, subject="one-0", **more)

    async def by_firm(self, path: str, body: object = None, **more: Any) -> Any:
        tenant = more.pop("tenant", self.company)
        return await send(self.service, "POST", path, body, role=Role.COMPANY_OWNER, tenant=tenant, **more)

    def path(self, what: str) -> str:
        return f"/v1/residencies/{self.residency['id']}/{what}"


@pytest.fixture
async def visited(fresh_databases: Callable[..., dict[str, DatabaseUrls]]) -> AsyncIterator[Visited]:
    async with listener(SERVICE, fresh_databases("mentoring", migrated=True)) as running:
        await made(running, "POST", "/v1/matching-rules", matching_rule(), role=Role.MENTOR_LEAD)
        cohort = await open_cohort(running)
        team = await trained_team(running, cohort, "one", ("2024-06-03", 6))
        event, company = project_confirmed(), str(uuid4())
        await running.tell(event)
        await state_needs(running, event.project_id, needs(6))
        plan = await request_plan(running)
        settings = Settings.model_construct(matching_timeout_seconds=60.0)
        assert await match_plans(settings, running.database, FixedClock(NOW))
        assert (await confirm_plan(running, plan)).status_code == 201
        assert (await answer(running, await residency_of(running, event.project_id), "acceptances")).status_code == 201
        said = {name: getattr(event, name) for name in type(event).__struct_fields__}
        signed = {
            "company_id": UUID(company),
            "commitment_id": new_id(),
            "total_cost_won": 1,
            "supplier_contract_won": 1,
        }
        await running.tell(AgreementSigned(**said, **signed))
        running.http._transport.app.state.runtime.clock.move_to(FIRST_DAY)
        residency = await residency_of(running, event.project_id)
        started = await made(
            running, "POST", f"/v1/residencies/{residency['id']}/starts", role=Role.MENTOR_LEAD, version=2
        )
        yield Visited(running, company, event.project_id, started, team)


async def test_both_sides_say_that_the_mentors_were_there_and_the_hours_are_know_how_in_kind(visited: Visited):
    service = visited.service
    body = {"held_on": "2024-06-03", "minutes": 180, "place": "AT_FIRM", "mentor_ids": visited.team["mentor_ids"]}
    recorded = await visited.by_mentor(visited.path("sessions"), body)
    assert recorded.status_code == 201, recorded.text
    session = recorded.json()
    confirmations = f"/v1/mentor-sessions/{session['id']}/confirmations"
    for stranger in (await visited.by_firm(confirmations, version=1, tenant=str(uuid4())),):
        assert stranger.status_code == 404
    assert (await visited.by_firm(confirmations, version=1)).status_code == 201
    again = await visited.by_firm(confirmations, version=2)
    assert (again.status_code, again.json()["code"]) == (409, "mentor-session-confirmed")
    await visited.by_mentor(visited.path("sessions"), body | {"minutes": 30})
    seen = (await service.get(visited.path("visits"), role=Role.COMPANY_STAFF, tenant=visited.company)).json()
    assert (seen["know_how_minutes"], seen["unconfirmed_minutes"]) == (360, 60)
    assert (await service.get(visited.path("visits"), role=Role.COMPANY_STAFF, tenant=str(uuid4()))).status_code == 404
    future = await visited.by_mentor(visited.path("sessions"), body | {"held_on": "2024-06-04"})
    assert (future.status_code, future.json()["code"]) == (409, "mentor-not-at-the-firm")
    async with service.database.transaction(read_only=True) as tx:
        kept = await journal.verify(tx, f"project/{visited.project}")
    assert kept.faults == ()


async def test_a_mentor_of_another_team_sees_and_records_nothing(visited: Visited):
    body = {"kpi": "DEFECTS", "before_sha256": EVIDENCE}
    path = visited.path("improvement-items")
    stranger = await send(visited.service, "POST", path, body, role=Role.MENTOR, subject="somebody-else")
    assert stranger.status_code == 404
    assert (await visited.by_mentor(path, body)).status_code == 201


async def test_an_item_is_found_agreed_worked_on_and_closed_on_evidence_and_told_without_a_person(visited: Visited):
    found = await visited.by_mentor(visited.path("improvement-items"), {"kpi": "DEFECTS", "before_sha256": EVIDENCE})
    path = f"/v1/improvement-items/{found.json()['id']}"
    early = await visited.by_mentor(f"{path}/beginnings", version=1)
    assert (early.status_code, early.json()["code"]) == (409, "improvement-item-not-in-state")
    assert (await visited.by_firm(f"{path}/agreements", version=1)).json()["state"] == "AGREED"
    assert (await visited.by_mentor(f"{path}/beginnings", version=2)).json()["state"] == "IN_PROGRESS"
    stale = await visited.by_mentor(f"{path}/closings", {"after_sha256": EVIDENCE}, version=2)
    assert stale.status_code == 412
    assert (await visited.by_mentor(f"{path}/closings", {"after_sha256": EVIDENCE}, version=3)).json()[
        "state"
    ] == "CLOSED"
    late = await visited.by_firm(f"{path}/rejections", {"reason": "TOO_COSTLY"}, version=4)
    assert (late.status_code, late.json()["code"]) == (409, "improvement-item-not-in-state")
    query = "SELECT convert_from(payload, 'UTF8')::jsonb FROM outbox WHERE type LIKE '%improvement-item-closed%'"
    async with visited.service.database.transaction(read_only=True) as tx:
        (told,) = (await tx.execute(text(query))).scalars()
    assert told["project_id"] == str(visited.project)
    assert "one-0" not in str(told)
    ends = f"/v1/residencies/{visited.residency['id']}/ends"
    ended = await made(visited.service, "POST", ends, role=Role.MENTOR_LEAD, version=visited.residency["version"])
    assert ended["ended_on"] == "2024-06-03"
