"""The call: drafted by the Technopark, published by the province after the committee."""

from smartfactory.scenarios.model import Scenario
from smartfactory.scenarios.parts import TypePart
from smartfactory.season import people
from smartfactory.season.origin import Json
from smartfactory.season.stage import Stage


async def publish_call(stage: Stage) -> str:
    """Draft and publish the scenario's call; returns its id."""
    drafted: list[Json] = []
    calendar, call = stage.scenario.calendar, stage.scenario.call

    async def draft(title: str) -> None:
        drafted.append(
            await stage.origin.post(
                people.OPERATOR, "/applicant/v1/calls", _terms(stage.scenario), step="draft-call", entity="call"
            )
        )

    async def publish(title: str) -> None:
        body = {
            "committee_date": call.committee_date.value.isoformat(),
            "committee_resolution_number": call.committee_resolution_number.value,
        }
        path = f"/applicant/v1/calls/{drafted[0]['id']}/publications"
        version = drafted[0]["version"]
        await stage.origin.post(
            people.PROVINCE_APPROVER, path, body, step="publish-call", entity="call", version=version
        )

    await stage.play(calendar.call_drafted_at, "call drafted", [call.title_ko.value], draft)
    await stage.play(calendar.call_published_at, "call published", [call.title_ko.value], publish)
    call_id: str = drafted[0]["id"]
    return call_id


def _terms(scenario: Scenario) -> dict[str, object]:
    call, split, panel = scenario.call, scenario.split, scenario.panel
    return {
        "track": call.track.value,
        "title_ko": call.title_ko.value,
        "title_en": call.title_en.value,
        "fiscal_year": call.fiscal_year.value,
        "opens_at": scenario.calendar.opens_at.value.isoformat(),
        "closes_at": scenario.calendar.closes_at.value.isoformat(),
        "split_rule_version": split.version.value,
        "types": [_type(type_code, part) for type_code, part in scenario.types.items()],
        "rates": [
            {"source": source, "rate_bp": rate, "capped": source in split.capped_sources.value}
            for source, rate in split.rates_bp.value.items()
        ],
        "seat_lines": [
            {"type_code": type_code, "municipality_code": code, "seats": seats}
            for type_code, part in scenario.types.items()
            for code, seats in part.seats.value.items()
        ],
        "planned_budget_lines": _planned(scenario),
        "panel_rule": {
            "size_min": panel.size_min.value,
            "trim_from": panel.trim_from.value,
            "pass_mark": panel.pass_mark_x100.value,
            "bonus_cap": panel.bonus_cap_x100.value,
            "tie_break": panel.tie_break.value,
        },
        "screening_rule_version": scenario.screening.rule_version.value,
        "supplement_days": scenario.screening.supplement_days.value,
    }


def _type(type_code: str, part: TypePart) -> dict[str, object]:
    return {
        "type_code": type_code,
        "cap_won": part.cap_won.value,
        "max_sales_won": part.max_sales_won.value,
        "max_employees": part.max_employees.value,
        "first_time_only": part.first_time_only.value,
    }


def _planned(scenario: Scenario) -> list[dict[str, object]]:
    budgets = scenario.budgets
    shared: list[dict[str, object]] = [
        {"source": source, "municipality_code": None, "amount_won": part.planned_won.value}
        for source, part in budgets.shared.items()
    ]
    municipal: list[dict[str, object]] = [
        {"source": "MUNICIPALITY", "municipality_code": code, "amount_won": amount_won}
        for code, amount_won in budgets.municipality_planned_won.value.items()
    ]
    return [*shared, *municipal]
