"""The records of other schemes: the Technopark imports which of the season's firms were supported before."""

from datetime import date

from smartfactory.scenarios.firms import PlannedFirm
from smartfactory.season import people
from smartfactory.season.stage import Stage

_AT_A_TIME = 50
_YEARS_BEFORE = 2


async def import_supports(stage: Stage) -> None:
    """Upload them in files of fifty rows, each file once."""
    year = stage.scenario.call.fiscal_year.value - _YEARS_BEFORE
    firms = {each.firm.business_number: each.firm for each in stage.cast.applications if each.firm.supported_before}
    rows = [_row(firm, year) for _, firm in sorted(firms.items())]
    files = [rows[start : start + _AT_A_TIME] for start in range(0, len(rows), _AT_A_TIME)]

    async def upload(numbered: tuple[int, list[dict[str, object]]]) -> None:
        number, content = numbered
        path = "/applicant/v1/past-supports:batch"
        entity = f"file-{number}"
        await stage.origin.post(people.OPERATOR, path, {"rows": content}, step="import-supports", entity=entity)

    at = stage.scenario.calendar.budgets_confirmed_at
    await stage.play(at, "firms supported before imported", list(enumerate(files)), upload)


def _row(firm: PlannedFirm, year: int) -> dict[str, object]:
    return {
        "business_number": firm.business_number,
        "company_name": firm.name,
        "worksite_name": f"{firm.name} 공장",
        "municipality_code": firm.municipality_code,
        "scheme": "가상 지원사업",
        "fiscal_year": year,
        "supported_on": date(year, 7, 5).isoformat(),
        "supported_won": 60_000_000,
    }
