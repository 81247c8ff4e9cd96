"""Before the year ends: at its days, those whose money lapses are told, and the season waits until they are."""

from datetime import datetime

from smartfactory.season import people
from smartfactory.season.origin import Json, until
from smartfactory.season.stage import Stage


def note_warnings(stage: Stage) -> None:
    """Have the season stop at each of the days on which lines are looked at, until all of that day have been."""
    part = stage.scenario.closing
    if part is None:
        return
    year, track = str(stage.scenario.call.fiscal_year.value), stage.scenario.call.track.value

    async def wait(at: datetime) -> None:
        lines = await stage.origin.pages(people.AUDITOR, "/funding/v1/lapsing-money", fiscal_year=year)
        due = {line["budget_line_id"] for line in lines if line["track"] == track}

        async def told() -> bool:
            rows = await stage.origin.pages(people.AUDITOR, "/funding/v1/lapse-warnings", fiscal_year=year)
            looked = [row for row in rows if datetime.fromisoformat(row["looked_at"]) >= at]
            if not due <= {row["budget_line_id"] for row in looked}:
                return False
            notices = await stage.origin.pages(people.AUDITOR, "/applicant/v1/office-notices", kind="MONEY_LAPSES")
            queued = {notice["reason"] for notice in notices}
            return {_reason(row) for row in looked if row["lapsing_won"]} <= queued

        await until(told, what="warnings of money that lapses", deadline_seconds=stage.patience_seconds)

    for day in part.lapses_told_at.value:
        stage.note(day, "told of money that lapses", [day], wait)


def _reason(row: Json) -> str:
    return f"lapse/{row['budget_line_id']}/{row['stage_days']}"
