"""Refused firms object, the Technopark prepares, the province decides; at the end everybody has been told."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from smartfactory.season import people
from smartfactory.season.applying import Case, plan_hash
from smartfactory.season.origin import Json, until
from smartfactory.season.rechecking import outside_of
from smartfactory.season.selecting import settled
from smartfactory.season.stage import Stage

_WAITING = ("QUEUED", "FAILED")


@dataclass(frozen=True, slots=True)
class Filed:
    """An objection, and what will become of it."""

    case: Case
    objection: Json
    verdict: str


async def object_all(stage: Stage, refused: Sequence[Case]) -> list[Filed]:
    """As many refused firms object as the scenario says, the first of them with success."""
    upheld = stage.scenario.objections.upheld.value
    objecting = list(enumerate(refused[: upheld + stage.scenario.objections.dismissed.value]))
    filed: dict[int, Filed] = {}

    async def file(numbered: tuple[int, Case]) -> None:
        number, case = numbered
        body = {
            "statement": "제출한 자료로 다시 판단해 주시기 바랍니다 (가상).",
            "evidence_sha256": [plan_hash(case.planned, 9)],
        }
        path = f"/applicant/v1/applications/{case.application_id}/objections"
        objection = await stage.origin.post(case.owner, path, body, step="object", entity=case.planned.entity)
        filed[number] = Filed(case, objection, "UPHELD" if number < upheld else "DISMISSED")

    await stage.play(stage.scenario.calendar.objections_filed_at, "refused firms object", objecting, file)
    return [filed[number] for number, _ in objecting]


async def decide_all(stage: Stage, call_id: str, filed: Sequence[Filed], projects: list[Json]) -> list[Json]:
    """Prepare and decide every objection, and wait for what follows; returns the projects there are then."""
    at = stage.scenario.calendar.objections_decided_at
    prepared: dict[str, Json] = {}

    async def prepare(one: Filed) -> None:
        recommended = "UPHOLD" if one.verdict == "UPHELD" else "DISMISS"
        prepared[one.objection["id"]] = await stage.origin.post(
            people.OPERATOR,
            f"/applicant/v1/objections/{one.objection['id']}/preparations",
            {"recommendation": recommended, "findings": "관계자의 의견을 들었습니다 (가상)."},
            step="prepare-objection",
            entity=one.case.planned.entity,
            version=one.objection["version"],
        )

    async def decide(one: Filed) -> None:
        if one.verdict == "UPHELD":  # What it showed is what the tax office says from now on, whenever it is asked.
            await stage.options.tell_registers([outside_of(stage, str(one.case.planned.firm.company_id))])
        await stage.origin.post(
            people.PROVINCE_APPROVER,
            f"/applicant/v1/objections/{one.objection['id']}/decisions",
            {"verdict": one.verdict, "reason": "제출된 자료로 판단했습니다 (가상)."},
            step="decide-objection",
            entity=one.case.planned.entity,
            version=prepared[one.objection["id"]]["version"],
        )

    await stage.play(at, "objections prepared", filed, prepare)
    await stage.play(at, "objections decided", filed, decide)
    return await settled(stage, call_id, at) if any(one.verdict == "UPHELD" for one in filed) else projects


async def tell_all(stage: Stage) -> None:
    """Wait until the worker has looked at every deadline as of the last step, and every notice has left."""
    at = stage.ends_at

    async def told() -> bool:
        for state in _WAITING:
            for path in ("/applicant/v1/notices", "/applicant/v1/office-notices"):
                if (await stage.origin.get(people.AUDITOR, path, state=state))["items"]:
                    return False
        async for running in stage.origin.each(people.AUDITOR, "/applicant/v1/deadlines"):
            if datetime.fromisoformat(running["next_step_at"]) <= at.value:
                return False
        return True

    async def wait(_what: str) -> None:
        await until(told, what="every notice", deadline_seconds=stage.patience_seconds)

    await stage.play(at, "deadlines worked, notices delivered", ["all"], wait)
