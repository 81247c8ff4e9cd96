"""What the factories brought: firms report before the agreement and after completion, the Technopark verifies."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from common.clock import KST
from smartfactory.scenarios.parts import MeasuringPart
from smartfactory.season import outcome_table, people
from smartfactory.season.documents import hash_of
from smartfactory.season.options import OutcomeRow
from smartfactory.season.origin import Json, Person
from smartfactory.season.stage import Stage

_WHOLE_BP = 10_000
_FIRST = 1
"""A report that nobody decided is in its first version: played again, the requests are the same."""
_SELECTION_UNHEARD, _COMPLETION_UNHEARD = "outcome-project-unknown", "outcome-project-not-completed"
"""What metrics says of a project until it has heard of it from the applicant service."""


@dataclass(slots=True)
class _Firm:
    """One firm with its project, and how far it is from the middle one."""

    project_id: str
    entity: str
    owner: Person
    spread_bp: int
    report: Json = None


def note_baselines(stage: Stage, projects: Sequence[Json]) -> None:
    """Have every firm with a confirmed place report what it was like before, while the agreements are signed."""
    part = stage.scenario.measuring
    if part is None:
        return
    firms = _firms(stage, part, [project for project in projects if project["state"] == "CONFIRMED"])

    async def report(firm: _Firm) -> None:
        figures = {kpi: (over, under) for kpi, (over, under) in part.baseline.value.items()}
        period = (part.baseline_from.value, part.baseline_to.value)
        await _report(stage, firm, "BASELINE", period, figures, not_yet=_SELECTION_UNHEARD)

    async def verify(firm: _Firm) -> None:
        await _decide(stage, firm, "BASELINE", {"decision": "VERIFY"})

    stage.note(part.baselines_reported_at.value, "baselines reported", firms, report)
    stage.note(part.baselines_verified_at.value, "baselines verified", firms, verify)


def note_outcomes(stage: Stage, builds: Sequence[Json]) -> None:
    """Have the firms that were completed first report; some stay silent, some reports are returned and made again."""
    part, building = stage.scenario.measuring, stage.scenario.building
    if part is None or building is None:
        return
    firms = _firms(stage, part, builds)
    silent = firms[: part.silent.value]
    telling = firms[part.silent.value :]
    returned = telling[: part.returned.value]
    period = (building.completed_early_at.value.astimezone(KST).date(), part.period_to.value)

    async def tell(firm: _Firm, **correction: str) -> None:
        figures = {
            kpi: _after(over, under, part.gain_bp.value[kpi], firm.spread_bp)
            for kpi, (over, under) in part.baseline.value.items()
        }
        await _report(stage, firm, "COMPLETION", period, figures, not_yet=_COMPLETION_UNHEARD, **correction)

    async def look(firm: _Firm) -> None:
        if firm in returned:
            await _decide(stage, firm, "COMPLETION", {"decision": "RETURN", "finding": "EVIDENCE_MISSING"})
        else:
            await _decide(stage, firm, "COMPLETION", {"decision": "VERIFY"})

    async def mend(firm: _Firm) -> None:
        await tell(firm, reason="ASKED_BY_VERIFIER")
        await _decide(stage, firm, "COMPLETION-2", {"decision": "VERIFY"})

    async def give_up(firm: _Firm) -> None:
        path = f"/metrics/v1/projects/{firm.project_id}/outcome-silences"
        body = {"wave": "COMPLETION", "reason": "UNREACHABLE"}
        await stage.origin.post(
            people.OPERATOR, path, body, step="record-silence", entity=firm.entity, not_yet=_COMPLETION_UNHEARD
        )

    stage.note(part.reported_at.value, "outcomes reported", telling, tell)
    stage.note(part.verified_at.value, "outcomes verified or returned", telling, look)
    stage.note(part.corrected_at.value, "returned outcomes reported again", returned, mend)
    stage.note(part.corrected_at.value, "silence of firms recorded", silent, give_up)


async def summed(stage: Stage) -> list[OutcomeRow]:
    """What it all comes to, as the metrics service tells an auditor; nothing where the season does not ask."""
    part = stage.scenario.measuring
    if part is None:
        return []
    told = await stage.origin.get(people.AUDITOR, "/metrics/v1/outcomes", wave="COMPLETION")
    return outcome_table.of(told, list(part.baseline.value))


def _firms(stage: Stage, part: MeasuringPart, projects: Sequence[Json]) -> list[_Firm]:
    """In the cast's order, the same in every run; the first is furthest below the middle, the last above it."""
    place = {str(each.firm.company_id): number for number, each in enumerate(stage.cast.applications)}
    by_company = {str(each.firm.company_id): people.company_owner(each.firm) for each in stage.cast.applications}
    ordered = sorted(projects, key=lambda project: place[project["company_id"]])
    last = max(1, len(ordered) - 1)
    spread = part.spread_bp.value
    return [
        _Firm(
            project_id=str(project.get("project_id") or project["id"]),
            entity=project["application_id"],
            owner=by_company[project["company_id"]],
            spread_bp=2 * spread * number // last - spread,
        )
        for number, project in enumerate(ordered)
    ]


def _after(over: int, under: int, gain_bp: int, spread_bp: int) -> tuple[int, int]:
    """A better firm gains more of what should rise and loses more of what should fall; a rate ends at the whole."""
    change_bp = gain_bp + (spread_bp if gain_bp >= 0 else -spread_bp)
    after = over + over * change_bp // _WHOLE_BP
    return (min(after, under) if over <= under else after, under)


async def _report(
    stage: Stage,
    firm: _Firm,
    wave: str,
    period: tuple[date, date],
    figures: dict[str, tuple[int, int]],
    *,
    not_yet: str,
    **correction: str,
) -> None:
    body = {
        "wave": wave,
        "period_from": period[0].isoformat(),
        "period_to": period[1].isoformat(),
        "product_changed": False,
        "figures": [
            {"kpi": kpi, "numerator": over, "denominator": under, "grade": "B"}
            for kpi, (over, under) in figures.items()
        ],
        "evidence_sha256": hash_of("/".join((wave, firm.entity, *correction.values()))),
        **correction,
    }
    path = f"/metrics/v1/projects/{firm.project_id}/outcome-reports"
    step = "-".join(("report", wave, *correction.values())).lower()
    firm.report = await stage.origin.post(firm.owner, path, body, step=step, entity=firm.entity, not_yet=not_yet)


async def _decide(stage: Stage, firm: _Firm, what: str, body: dict[str, object]) -> None:
    path = f"/metrics/v1/outcome-reports/{firm.report['id']}/decisions"
    step = f"decide-{what}".lower()
    await stage.origin.post(people.OPERATOR, path, body, step=step, entity=firm.entity, version=_FIRST)
