"""Every place is explained: never more projects than seats, and no freed place empty while a reserve could be paid."""

from collections import Counter, defaultdict
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from smartfactory.check.arithmetic import SME, shares_of
from smartfactory.check.claims import Claim
from smartfactory.scenarios.model import Scenario
from smartfactory.snapshots import Databases

Row = Mapping[str, Any]
Place = tuple[str, str]

_CALLS = "SELECT id FROM call WHERE fiscal_year = $1 AND track = $2 AND state = 'PUBLISHED' ORDER BY id"
_PROJECTS = """
    SELECT id, application_id, type_code, municipality_code, state, promoted FROM project WHERE call_id = $1
"""
_RANKED = """
    SELECT r.application_id, r.type_code, r.municipality_code, r.outcome, r.reserve_order, a.total_cost_won, a.status
      FROM ranked_case r JOIN ranking k ON k.id = r.ranking_id JOIN application a ON a.id = r.application_id
     WHERE k.call_id = $1 AND k.state = 'DECIDED'
     ORDER BY r.type_code, r.municipality_code, r.reserve_order
"""
_REINSTATED = """
    SELECT o.application_id, o.type_code, o.municipality_code FROM objection o
     WHERE o.call_id = $1 AND o.state = 'UPHELD' AND o.consequence IN ('REINSTATED', 'FIRST_RESERVE')
"""
_LEFT = """
    SELECT source, municipality_code, amount_won - committed_won AS left_won FROM budget_line
     WHERE fiscal_year = $1 AND track = $2 AND state = 'CONFIRMED'
"""


async def filled(databases: Databases, scenario: Scenario) -> list[Claim]:
    """All claims about places, for every call of the scenario's year and track."""
    year, track = scenario.call.fiscal_year.value, scenario.call.track.value
    left = {
        (row["source"], row["municipality_code"]): row["left_won"]
        for row in await databases["funding"].fetch(_LEFT, year, track)
    }
    seats, promotions, decided = Claim("within-seats"), Claim("reserve-passed-over"), Claim("decided-as-ranked")
    of_all_calls: list[Row] = []
    for call in await databases["applicant"].fetch(_CALLS, year, track):
        projects = await databases["applicant"].fetch(_PROJECTS, call["id"])
        ranked = await databases["applicant"].fetch(_RANKED, call["id"])
        back = {row["application_id"] for row in await databases["applicant"].fetch(_REINSTATED, call["id"])}
        of_all_calls += projects
        _as_ranked(decided, projects, ranked, back)
        _promoted(promotions, scenario, projects, ranked, left, back)
    # An extra call offers again what the first left without a plan: together they have the scenario's seats.
    _within_seats(seats, scenario, of_all_calls)
    return [seats, decided, promotions]


def _within_seats(claim: Claim, scenario: Scenario, projects: Sequence[Row]) -> None:
    standing: dict[Place, int] = defaultdict(int)
    for project in projects:
        standing[_place(project)] += project["state"] in {"SELECTED", "CONFIRMED"}
    for place, count in standing.items():
        seats = scenario.types[place[0]].seats.value.get(place[1], 0)
        claim.expect(f"applicant.project {place}: above its {seats} seats", expected=0, found=max(0, count - seats))


def _as_ranked(claim: Claim, projects: Sequence[Row], ranked: Sequence[Row], back: Collection[Any]) -> None:
    chosen = {row["application_id"] for row in ranked if row["outcome"] == "SELECTED"}
    first = {project["application_id"] for project in projects if not project["promoted"]}
    for application_id in chosen | first:
        claim.expect(
            f"applicant.project of application {application_id}",
            expected="selected" if application_id in chosen else "not selected",
            found="selected" if application_id in first else "not selected",
        )
    reserves = {row["application_id"] for row in ranked if row["outcome"] == "RESERVE"}
    for project in projects:
        if project["promoted"]:
            found = "a reserve" if project["application_id"] in reserves | set(back) else "no reserve"
            claim.expect(f"applicant.project {project['id']}, promoted", expected="a reserve", found=found)


def _promoted(
    claim: Claim,
    scenario: Scenario,
    projects: Sequence[Row],
    ranked: Sequence[Row],
    left: Mapping[tuple[str, str | None], int],
    back: Collection[Any],
) -> None:
    gone: dict[Place, int] = defaultdict(int)
    promoted: dict[Place, int] = defaultdict(int)
    for project in projects:
        gone[_place(project)] += project["state"] in {"NOT_FUNDED", "WITHDRAWN"}
        promoted[_place(project)] += project["promoted"]
    # Who came back by an objection takes a seat that nobody had before one that was given back.
    for place, untaken in _never_taken(scenario, ranked).items():
        came_back = [each for each in projects if _place(each) == place and each["application_id"] in back]
        promoted[place] -= min(untaken, len(came_back))
    used = {project["application_id"] for project in projects}
    for place in dict.fromkeys(_place(row) for row in ranked):
        free = gone[place] - promoted[place]
        claim.expect(f"applicant.project {place}: promoted beyond what was freed", expected=0, found=max(0, -free))
        payable = [
            str(row["application_id"])
            for row in ranked
            if _place(row) == place
            and row["outcome"] == "RESERVE"
            and row["status"] == "ELIGIBLE"
            and row["application_id"] not in used
            and _can_be_paid(scenario, row, left)
        ]
        if free > 0:
            claim.expect(f"applicant.project {place}: {free} free, payable reserves", expected=[], found=payable)


def _never_taken(scenario: Scenario, ranked: Sequence[Row]) -> dict[Place, int]:
    """The seats of each place that the decision left empty."""
    seats = {(code, town): count for code, part in scenario.types.items() for town, count in part.seats.value.items()}
    chosen = Counter(_place(row) for row in ranked if row["outcome"] == "SELECTED")
    return {place: max(0, count - chosen[place]) for place, count in seats.items()}


def _can_be_paid(scenario: Scenario, row: Row, left: Mapping[tuple[str, str | None], int]) -> bool:
    needed = shares_of(
        row["total_cost_won"],
        cap_won=scenario.types[row["type_code"]].cap_won.value,
        rates_bp=scenario.split.rates_bp.value,
        capped=scenario.split.capped_sources.value,
    )
    return all(
        amount_won <= left.get((source, row["municipality_code"] if source == "MUNICIPALITY" else None), 0)
        for source, amount_won in needed.items()
        if source != SME
    )


def _place(row: Row) -> Place:
    return row["type_code"], row["municipality_code"]
