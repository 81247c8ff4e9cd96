"""Before a year ends those whose money lapses are told: the season stops on these days, and waits until they are."""

from collections.abc import Sequence
from datetime import datetime

from common.clock import KST
from smartfactory.season import people
from smartfactory.season.origin import Json, Origin


def last_look(days: Sequence[datetime], at: datetime) -> datetime | None:
    """The last of these days of the year, in whichever year, on which lines are looked at by then; None before it."""
    now = at.astimezone(KST)
    return max((day for each in days if (day := each.replace(year=now.year)) <= now), default=None)


async def all_told(origin: Origin, since: datetime) -> bool:
    """Whether every line of that year was looked at since, and whoever loses money by one has a notice queued."""
    year = str(since.astimezone(KST).year)
    lines = await origin.pages(people.AUDITOR, "/funding/v1/lapsing-money", fiscal_year=year)
    rows = await origin.pages(people.AUDITOR, "/funding/v1/lapse-warnings", fiscal_year=year)
    looked = [row for row in rows if datetime.fromisoformat(row["looked_at"]) >= since]
    if not {line["budget_line_id"] for line in lines} <= {row["budget_line_id"] for row in looked}:
        return False
    notices = await origin.pages(people.AUDITOR, "/applicant/v1/office-notices", kind="MONEY_LAPSES")
    queued = {notice["reason"] for notice in notices}
    return {_reason(row) for row in looked if row["lapsing_won"]} <= queued


def _reason(row: Json) -> str:
    """What a look's notices are queued for; of what was carried over, the year it lapses in is named too."""
    year = [] if row["lapses_in"] == row["fiscal_year"] else [row["lapses_in"]]
    return "/".join(map(str, ["lapse", row["budget_line_id"], *year, row["stage_days"]]))
