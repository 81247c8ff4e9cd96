"""The end of the fiscal year: what is committed and unpaid goes into the next one, by the body whose it is."""

from smartfactory.season import people
from smartfactory.season.origin import Json
from smartfactory.season.stage import Stage

_FIRST = 1
"""A proposal that nobody decided: played again, the requests are the same."""


async def carry_over(stage: Stage) -> None:
    """Propose and confirm, for each line with money that would lapse though it is promised to a build."""
    part, year = stage.scenario.closing, stage.scenario.call.fiscal_year.value
    if part is None:
        return
    lines = await stage.origin.pages(people.AUDITOR, "/funding/v1/lapsing-money", fiscal_year=str(year))
    own = [line for line in lines if line["track"] == stage.scenario.call.track.value]

    async def carry(line: Json) -> None:
        proposer, confirmer = people.PROVINCE_OFFICER, people.PROVINCE_TREASURER
        if line["source"] == "MUNICIPALITY":
            proposer = people.municipality_officer(line["municipality_code"])
            confirmer = people.municipality_approver(line["municipality_code"])
        entity = str(line["budget_line_id"])
        body = {"cause": "BUILD_CROSSES_YEAR", "reference": f"{year}-12 의결 (가상)"}
        proposed = await stage.origin.post(
            proposer, f"/funding/v1/budget-lines/{entity}/carry-overs", body, step="propose-carry-over", entity=entity
        )
        path = f"/funding/v1/carry-overs/{proposed['id']}/confirmations"
        await stage.origin.post(confirmer, path, None, step="confirm-carry-over", entity=entity, version=_FIRST)

    due = [line for line in own if line["unpaid_won"] > line["carried_won"]]
    await stage.play(part.carried_over_at, "committed money carried over", due, carry)
