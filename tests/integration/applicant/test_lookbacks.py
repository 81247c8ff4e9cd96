"""The time machine of cases: as of an instant is what was answered then, however a project went, to who examines it."""

import random
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from applicant.deadlines.jobs import work_deadlines
from applicant.main import ACTS
from tests.support.building_site import SECOND, Site, site_under_way
from tests.support.judging import AUDITOR, JEONJU, OPERATOR, Judging, owner_of
from tests.support.offers import without_offers

pytestmark = pytest.mark.anyio


class Witness:
    """Writes down, after everything that is done, what the routes of the present answer of every project."""

    def __init__(self, judging: Judging, seed: int) -> None:
        self.judging, self.chance = judging, random.Random(seed)
        self.answers: list[tuple[datetime, datetime, str, dict[str, Any]]] = []
        self._post, self._deliver = judging.post, judging.deliver
        judging.post, judging.deliver = self._posted, self._delivered  # type: ignore[method-assign]

    async def look(self) -> None:
        programme, real = self.judging.clock.now(), datetime.now(UTC)
        for project in (await self.judging.get("/v1/projects", AUDITOR, page_size=100)).json()["items"]:
            self.answers.append((programme, real, project["id"], await self.present(project)))
        self.judging.clock.move_to(programme + timedelta(seconds=self.chance.choice([0, 1, 1, 60, 3_600])))

    async def present(self, project: dict[str, Any]) -> dict[str, Any]:
        id_ = project["id"]
        one = {
            "project": f"/v1/projects/{id_}",
            "application": f"/v1/applications/{project['application_id']}",
            "agreement": f"/v1/agreements/{id_}",
            "build": f"/v1/builds/{id_}",
        }
        many = {"inspections": f"/v1/builds/{id_}/inspections", "completions": f"/v1/builds/{id_}/completions"}
        said = {name: (await self._got(path)) for name, path in one.items()}
        return said | {name: ((await self._got(path)) or {"items": []})["items"] for name, path in many.items()}

    async def past(self, id_: str, at: datetime, clock: str, what: str = "projects") -> Any:
        return await self.judging.get(f"/v1/{what}/{id_}/as-of", AUDITOR, at=at.isoformat(), clock=clock)

    async def compare(self) -> None:
        """Of one programme instant the last answer counts: what happened at exactly the instant has happened."""
        last = {(id_, programme): said for programme, _, id_, said in self.answers}
        for programme, real, id_, said in self.answers:
            for at, clock, expected in ((real, "recorded", said), (programme, "programme", last[id_, programme])):
                found = (await self.past(id_, at, clock)).json()
                assert {name: found[name] for name in expected} == expected, (clock, at)

    async def _posted(self, *asked: Any, **options: Any) -> Any:
        answer = await self._post(*asked, **options)
        await self.look()
        return answer

    async def _delivered(self, *told: Any) -> None:
        await self._deliver(*told)
        await self.look()

    async def _got(self, path: str) -> Any:
        answer = await self.judging.get(path, AUDITOR)
        return None if answer.status_code == 404 else without_offers(answer.json())


async def completes(site: Site) -> None:
    await site.completed()


async def is_stopped_and_ended(site: Site) -> None:
    await site.propose("SUSPEND", "SUPPLIER_INSOLVENT")
    await site.decide()
    await site.propose("TERMINATE", "SUPPLIER_INSOLVENT", fault_party="SUPPLIER", by=SECOND)
    await site.decide()


@pytest.mark.parametrize(("seed", "goes"), [(1, completes), (2, is_stopped_and_ended)])
async def test_story_10_a_project_as_of_an_instant_is_what_was_answered_then(
    judging: Judging, seed: int, goes: Callable[[Site], Any]
):
    witness = Witness(judging, seed)
    await goes(await site_under_way(judging))
    states = {(said["build"] or {"state": None})["state"] for *_, said in witness.answers}
    assert len(states) >= 2, states
    await witness.compare()


async def test_as_of_before_a_withdrawal_and_a_lapse_the_project_still_had_its_place(judging: Judging):
    witness = Witness(judging, 3)
    await judging.open_call({("JS1", JEONJU): 1}, size_min=1)
    cases = await judging.eligible_many([("JS1", JEONJU, 40_000_000, True)] * 2)
    await judging.panel(1)
    await judging.lock_sheets([(case, 1, 9000 - place) for place, case in enumerate(cases)])
    await judging.decided()
    first = await judging.project(cases[0])
    path = f"/v1/projects/{first['id']}/withdrawals"
    gone = await judging.post(path, {"reason": "사정"}, by=owner_of(cases[0]), version=first["version"])
    assert gone.status_code == 201, gone.text
    await judging.deliver(judging.released(first, judging.balance(JEONJU, 30_000_000)))
    second = await judging.project(cases[1])
    await judging.deliver(judging.committed(second, judging.balance(JEONJU, 20_000_000)))
    judging.clock.move_to(judging.clock.now() + timedelta(days=60))
    while await work_deadlines(ACTS, judging.database, judging.clock):
        pass
    await witness.look()
    await witness.compare()
    said = {id_: answered["project"]["state"] for *_, id_, answered in witness.answers}
    assert said[first["id"]] == "WITHDRAWN"
    then = next(programme for programme, _, id_, _ in witness.answers if id_ == first["id"])
    before = (await witness.past(first["id"], then, "programme")).json()
    assert (before["project"]["state"], before["project"]["state_reason"]) == ("SELECTED", None)
    assert [each["decision"] for each in before["decisions"]] == ["project-selected"]
    assert before["rule_versions"]
    unborn = await witness.past(second["id"], then, "programme")
    assert (unborn.status_code, unborn.json()["code"]) == (404, "project-not-found")


async def test_the_decision_on_an_application_shows_from_its_instant_on_and_is_disclosed(judging: Judging):
    site = await site_under_way(judging)
    outcome = await judging.value("SELECT max(programme_at) FROM row_version WHERE relation = 'application'")
    path = f"/v1/applications/{site.case.id}/as-of"
    after = await judging.get(path, AUDITOR, at=outcome.isoformat(), clock="programme")
    before = await judging.get(path, AUDITOR, at=(outcome - timedelta(microseconds=1)).isoformat(), clock="programme")
    assert after.json()["application"]["outcome"] == "SELECTED"
    assert before.status_code == 404 or before.json()["application"]["outcome"] is None
    shown = (await judging.get("/v1/disclosures", AUDITOR, data_subject=f"company/{site.case.company_id}")).json()
    assert [each["action"] for each in shown["items"]].count("getApplicationAsOf") == 1 + before.is_success
    refused = await judging.get(path, OPERATOR, at=outcome.isoformat())
    assert refused.status_code == 403
