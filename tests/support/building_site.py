"""A project whose agreement is in force, and the people who inspect, complete or end its build."""

import hashlib
from datetime import datetime
from typing import Any
from uuid import UUID

from common import event as events
from common.clock import KST
from contracts.funding import CoverageCompleted
from contracts.roles import Role
from tests.support.judging import APPROVER, JEONJU, OPERATOR, Judging, Person, Standing, owner_of
from tests.support.standings import tax_office_answers

INSPECTOR = Person(Role.TECHNOPARK_OPERATOR, "inspector")
SECOND = Person(Role.TECHNOPARK_OPERATOR, "second-operator")
MENTOR = Person(Role.MENTOR, "mentor-jung")
TERMS = {"plan_sha256": "c" * 64, "supplier_contract_won": 36_000_000}
IN_FORCE = datetime(2024, 6, 5, 11, tzinfo=KST)
INSPECTED = datetime(2024, 9, 11, 15, tzinfo=KST)


def sha256(what: str) -> str:
    return hashlib.sha256(what.encode()).hexdigest()


def photo(what: str = "photo", **changes: object) -> dict[str, object]:
    taken = {
        "taken_at": "2024-06-10T05:00:00Z",
        "latitude_microdegrees": 35_846_000,
        "longitude_microdegrees": 127_052_000,
    }
    return {"kind": "PHOTO", "sha256": sha256(what), **taken, **changes}


def papers(*kinds: str) -> dict[str, object]:
    """A body's evidence: a photo and one paper of each kind."""
    return {"evidence": [photo(), *({"kind": kind, "sha256": sha256(kind)} for kind in kinds)]}


REPORT = papers("LOGIN_STATISTICS", "INVOICE", "DELIVERY_NOTE")
AUDIT = papers("DEMONSTRATION_RECORD") | {
    "installed_as_planned": True,
    "functions_work": True,
    "demonstrated_by_own_staff": True,
    "demonstrated_on": "2024-09-11",
    "mentor_subject": MENTOR.subject,
}
CHECK = {"evidence": [{"kind": "KPI_MEASUREMENT", "sha256": sha256("kpi")}], "targets_reached": True}


class Site:
    """One build under way, as the people around it see it."""

    def __init__(self, judging: Judging, case: Standing, project_id: str) -> None:
        self.judging, self.case, self.project_id = judging, case, project_id
        self.owner = owner_of(case)

    async def build(self, by: Person = OPERATOR) -> dict[str, Any]:
        return await self._got(f"/v1/builds/{self.project_id}", by)

    async def post(self, path: str, body: object = None, *, by: Person, version: int | None = None) -> Any:
        """Post on what was read just now, or on an older version."""
        if version is None:
            read = path.rsplit("/", 1)[0]
            version = (await self._got(read, MENTOR if by.role == Role.MENTOR else OPERATOR))["version"]
        return await self.judging.post(path, body, by=by, version=version)

    async def done(self, path: str, body: object = None, *, by: Person) -> dict[str, Any]:
        answer = await self.post(path, body, by=by)
        assert answer.status_code == 201, answer.text
        return dict(answer.json())

    async def propose(self, kind: str, cause: str, *, by: Person = OPERATOR, **changes: object) -> Any:
        body = {"kind": kind, "cause": cause, "evidence": [sha256(cause)]} | changes
        return await self.post(f"/v1/builds/{self.project_id}/changes", body, by=by)

    async def decide(self, decision: str = "APPROVE", *, by: Person = APPROVER, **changes: object) -> Any:
        path = f"/v1/builds/{self.project_id}/decisions"
        return await self.post(path, {"decision": decision} | changes, by=by)

    async def planned(self) -> str:
        self.judging.clock.move_to(INSPECTED)
        made = await self.done(f"/v1/builds/{self.project_id}/inspections", {"planned_on": "2024-09-11"}, by=OPERATOR)
        return f"/v1/inspections/{made['id']}"

    async def visited(self) -> str:
        path = await self.planned()
        await self.done(f"{path}/visits", papers(), by=INSPECTOR)
        return path

    async def inspected(self) -> None:
        path = await self.visited()
        await self.done(f"{path}/results", {"result": "PASSED"}, by=INSPECTOR)

    async def reported(self) -> str:
        """After a passed interim inspection; the address of the report."""
        made = await self.done(f"/v1/builds/{self.project_id}/completions", REPORT, by=self.owner)
        return f"/v1/completions/{made['id']}"

    async def checked(self) -> str:
        await self.inspected()
        path = await self.reported()
        await self.done(f"{path}/audits", AUDIT, by=OPERATOR)
        await self.done(f"{path}/mentor-checks", CHECK, by=MENTOR)
        return path

    async def completed(self) -> None:
        await self.done(f"{await self.checked()}/results", {"result": "PASSED"}, by=SECOND)

    async def _got(self, path: str, by: Person) -> dict[str, Any]:
        found = await self.judging.get(path, by)
        assert found.status_code == 200, found.text
        return dict(found.json())


async def site_under_way(judging: Judging) -> Site:
    """One selected case through to the agreement in force."""
    await judging.open_call({("JS1", JEONJU): 1}, size_min=1)
    (case,) = await judging.eligible_many([("JS1", JEONJU, 40_000_000, True)])
    await judging.panel(1)
    await judging.lock_sheets([(case, 1, 9000)])
    await judging.decided()
    project = await judging.project(case)
    await judging.deliver(judging.committed(project, judging.balance(JEONJU, 20_000_000)))
    judging.clock.move_to(IN_FORCE)
    path = f"/v1/agreements/{project['id']}"
    found = (await judging.post(f"{path}/issues", by=OPERATOR, version=1)).json()
    supplier = Person(Role.SUPPLIER, "supplier", found["supplier_business_number"])
    for by in (owner_of(case), supplier, OPERATOR):
        await tax_office_answers(judging.database, judging.clock.now())
        signed = await judging.post(f"{path}/signatures", TERMS, by=by, version=found["version"])
        assert signed.status_code == 201, signed.text
        found = signed.json()
    await judging.deliver(covered(found))
    return Site(judging, case, project["id"])


def covered(agreement: dict[str, Any]) -> CoverageCompleted:
    """Funding's word that every source covers its share."""
    return CoverageCompleted(
        project_id=UUID(agreement["project_id"]),
        commitment_id=events.new_id(),
        call_id=UUID(agreement["call_id"]),
        municipality_code=agreement["municipality_code"],
        covered_won=agreement["total_cost_won"],
    )
