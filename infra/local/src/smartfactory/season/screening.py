"""The Technopark screens: registers are asked, some companies supplement, and each case is found eligible or not."""

from collections.abc import Sequence

from smartfactory.season import people
from smartfactory.season.applying import Case, plan_hash
from smartfactory.season.origin import Json, until
from smartfactory.season.stage import Stage

_ELIGIBLE, _INELIGIBLE = "ELIGIBLE", "INELIGIBLE"


async def screen_all(stage: Stage, cases: Sequence[Case]) -> tuple[list[Case], list[Case]]:
    """Screen every case; registers answer meanwhile, and only a decision waits for them.

    Returns the eligible ones and the refused ones.
    """
    eligible: list[Case] = []
    refused: list[Case] = []

    async def screen(case: Case) -> None:
        path = f"/applicant/v1/applications/{case.application_id}/screenings"
        await stage.origin.post(
            people.OPERATOR, path, None, step="screen", entity=case.planned.entity, version=case.version
        )

    async def supplement(case: Case) -> None:
        await _supplement(stage, case)

    async def decide(case: Case) -> None:
        found_eligible = await _decide(stage, case) == _ELIGIBLE
        (eligible if found_eligible else refused).append(case)

    calendar = stage.scenario.calendar
    incomplete = [case for case in cases if case.planned.needs_supplement]
    await stage.play(calendar.screening_at, "registers asked about each case", cases, screen)
    await stage.play(calendar.supplementing_at, "supplements asked for and given", incomplete, supplement)
    await stage.play(calendar.eligibility_at, "eligibility decided", cases, decide)
    return _in_order(eligible), _in_order(refused)


def _in_order(cases: Sequence[Case]) -> list[Case]:
    return sorted(cases, key=lambda case: case.planned.number)


async def _supplement(stage: Stage, case: Case) -> None:
    path = f"/applicant/v1/applications/{case.application_id}"
    entity = case.planned.entity
    screening = await _checked(stage, case, rounds=1)
    asked = await stage.origin.post(
        people.OPERATOR,
        f"{path}/supplement-requests",
        {"items": [{"rule": None, "request": "재무제표 3개년 중 1개년 누락 (가상)"}]},
        step="ask-supplement",
        entity=entity,
        version=screening["version"],
    )
    changed = {"plan_summary": f"{case.planned.plan_summary} 보완 완료.", "plan_sha256": plan_hash(case.planned, 2)}
    await stage.origin.post(
        case.owner, f"{path}/supplements", changed, step="supplement", entity=entity, version=asked["version"]
    )


async def _decide(stage: Stage, case: Case) -> str:
    screening = await _checked(stage, case, rounds=2 if case.planned.needs_supplement else 1)
    failed = any(finding["outcome"] == "FAIL" for finding in screening["findings"])
    decided = await stage.origin.post(
        people.OPERATOR,
        f"/applicant/v1/applications/{case.application_id}/eligibility-decisions",
        {"confirmed": _INELIGIBLE if failed else _ELIGIBLE},
        step="decide-eligibility",
        entity=case.planned.entity,
        version=screening["version"],
    )
    status: str = decided["status"]
    return status


async def _checked(stage: Stage, case: Case, *, rounds: int) -> Json:
    """Wait until every register has answered in this round, or, in a season played again, in a later one."""
    found: Json = {}

    async def answered() -> bool:
        nonlocal found
        found = await stage.origin.get(people.OPERATOR, f"/applicant/v1/applications/{case.application_id}/screening")
        return int(found["round"]) >= rounds and str(found["state"]) != "CHECKING"

    await until(
        answered,
        what=f"the registers' answers about {case.planned.entity}",
        deadline_seconds=stage.patience_seconds,
    )
    return found
