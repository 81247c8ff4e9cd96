"""The province decides: a ranking is proposed, late councils vote, it is decided and told, and funding answers."""

from datetime import datetime

from smartfactory.scenarios.parts import Given
from smartfactory.season import budgets, people
from smartfactory.season.origin import Json, SeasonStopped, until
from smartfactory.season.stage import Stage

_IN_ONE_REQUEST = 500
"""A larger call is ranked and decided by the worker; a request could decide up to a thousand."""
_FIRST = 1
"""The version of a ranking that nobody decided: played again, the requests are the same."""
_PENDING = "SELECTED"
_ANSWERED = frozenset({"CONFIRMED", "NOT_FUNDED"})


async def select_all(stage: Stage, call_id: str) -> list[Json]:
    """Rank, decide and wait until every place is settled; returns the projects."""
    ranked: list[Json] = []
    decided: list[Json] = []

    async def rank(call: str) -> None:
        path = f"/applicant/v1/calls/{call}/rankings?with_cases=false"
        if len(stage.cast.applications) > _IN_ONE_REQUEST:
            ranked.append(await _ranked_by_the_worker(stage, call))
        else:
            ranked.append(await stage.origin.post(people.OPERATOR, path, None, step="rank", entity="call"))

    async def decide(call: str) -> None:
        how = "selection-decisions" if ranked[0]["case_count"] > _IN_ONE_REQUEST else "selections"
        begun = await stage.origin.post(
            people.PROVINCE_APPROVER,
            f"/applicant/v1/calls/{call}/{how}",
            {"ranking": ranked[0]["number"]},
            step="decide-selection",
            entity="call",
            version=_FIRST,
        )
        decided.append(begun)

    async def told() -> bool:
        path = f"/applicant/v1/calls/{call_id}/selection-decisions/{decided[0]['id']}"
        found = await stage.origin.get(people.PROVINCE_APPROVER, path)
        if found["state"] == "REFUSED":
            raise SeasonStopped(f"the selection was refused: {found['refusal']['en']}")
        return bool(found["state"] == "TOLD")

    async def wait(what: str) -> None:
        await until(told, what=f"the decision, told to {what}", deadline_seconds=stage.patience_seconds)

    calendar = stage.scenario.calendar
    await stage.play(calendar.ranking_at, "ranking proposed", [call_id], rank)
    await budgets.vote_late_budgets(stage)
    await stage.play(calendar.selecting_at, "selection decided", [call_id], decide)
    if ranked[0]["case_count"] > _IN_ONE_REQUEST:
        await stage.play(calendar.selecting_at, "every firm told", ["all"], wait)
    return await settled(stage, call_id, stage.scenario.calendar.selecting_at)


async def _ranked_by_the_worker(stage: Stage, call: str) -> Json:
    """Ask for a ranking, wait until it is proposed, and read it without its cases."""
    path = f"/applicant/v1/calls/{call}/ranking-requests"
    asked = await stage.origin.post(people.OPERATOR, path, None, step="request-ranking", entity="call")
    found: list[Json] = []

    async def proposed() -> bool:
        found[:] = [await stage.origin.get(people.OPERATOR, f"{path}/{asked['id']}")]
        if found[0]["state"] == "REFUSED":
            raise SeasonStopped(f"the ranking was refused: {found[0]['refusal']['en']}")
        return bool(found[0]["state"] == "PROPOSED")

    await until(proposed, what="the ranking", deadline_seconds=stage.patience_seconds)
    ranking = f"/applicant/v1/calls/{call}/rankings/{found[0]['ranking']}"
    return await stage.origin.get(people.OPERATOR, ranking, with_cases="false")


async def settled(stage: Stage, call_id: str, at: Given[datetime]) -> list[Json]:
    """Wait for the last answer: it and the promotions that follow are one transaction, so none is overlooked."""
    projects: list[Json] = []

    async def answered() -> bool:
        projects[:] = await stage.origin.pages(people.AUDITOR, "/applicant/v1/projects", call_id=call_id)
        return bool(projects) and all(project["state"] != _PENDING for project in projects)

    async def shown() -> bool:
        progress = await stage.origin.get(people.AUDITOR, f"/metrics/v1/calls/{call_id}/progress")
        answered_cases = sum(row["confirmed"] + row["refused"] for row in progress["cases"])
        budgets = stage.scenario.budgets
        lines = len(budgets.shared) + len(budgets.municipality_confirmed_won.value)
        return (
            answered_cases == sum(project["state"] in _ANSWERED for project in projects)
            and len(progress["money"]) == lines
            and all(row["committed_won"] + row["left_won"] == row["confirmed_won"] for row in progress["money"])
        )

    async def wait(what: str) -> None:
        deadline = stage.patience_seconds
        await until(answered, what="funding's answer to every project", deadline_seconds=deadline)
        await until(shown, what="the metrics service's picture of every project", deadline_seconds=deadline)

    await stage.play(at, "funding answers, reserves move up", ["all"], wait)
    return projects
