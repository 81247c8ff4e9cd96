"""A completed project of each owner with a report of its wave, and one request for each operation of outcomes."""

from collections.abc import Mapping
from dataclasses import replace

from sqlalchemy import text

from tests.support.access.worlds import STALE, Ask, Asks, World

SERVICE = "metrics"

_SHA256 = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
_FIGURES = [{"kpi": "P1", "numerator": 1200, "denominator": 9600, "grade": "B"}]
# Completed in the summer before: the matrix asks in May 2024, when the first wave is due.
_PLANT: Mapping[str, str] = {
    "project": """
        INSERT INTO outcome_project (project_id, company_id, municipality_code, track, type_code, agreed_at,
            completed_at, terminated_at)
        VALUES (gen_random_uuid(), coalesce(cast(:company AS uuid), gen_random_uuid()), :place, 'B', 'JS2',
            '2023-03-02T01:00:00Z', '2023-08-01T01:00:00Z', NULL) RETURNING project_id
    """,
    "report": """
        INSERT INTO outcome_report (id, project_id, company_id, municipality_code, wave, number, rule_version,
            period_from, period_to, product_changed, figures, evidence_sha256, state, checked_outliers, reported_by,
            reported_at, version)
        SELECT gen_random_uuid(), project_id, company_id, municipality_code, 'COMPLETION', 1, '2024-1',
            date '2023-08-01', date '2023-11-30', false,
            '[{"kpi": "P1", "numerator": 1500, "denominator": 9600, "grade": "B"}]', :sha256, 'REPORTED', '{}',
            'planted one', '2023-12-01T01:00:00Z', 1
        FROM outcome_project WHERE project_id = cast(:project AS uuid) RETURNING id
    """,
    "silence": """
        INSERT INTO outcome_silence (id, project_id, company_id, municipality_code, wave, reason, recorded_by,
            recorded_at)
        SELECT gen_random_uuid(), project_id, company_id, municipality_code, 'COMPLETION', 'UNREACHABLE',
            'planted one', '2024-01-02T01:00:00Z'
        FROM outcome_project WHERE project_id = cast(:project AS uuid) RETURNING id
    """,
}
_REPORT = {
    "wave": "BASELINE",
    "period_from": "2022-03-01",
    "period_to": "2023-02-28",
    "product_changed": False,
    "figures": _FIGURES,
    "reason": "MISTAKE",
    "evidence_sha256": _SHA256,
}
_ASKS: Asks = {
    "readKpiDefinitions": lambda _things: Ask("GET", "/v1/public/kpi-definitions"),
    "reportOutcome": lambda things: Ask("POST", f"/v1/projects/{things['outcome']}/outcome-reports", _REPORT),
    "listOutcomeReports": lambda things: Ask(
        "GET", "/v1/outcome-reports", query={"page_size": 100}, shows=things["report"]
    ),
    "getOutcomeReport": lambda things: Ask("GET", f"/v1/outcome-reports/{things['report']}"),
    "decideOutcomeReport": lambda things: Ask(
        "POST", f"/v1/outcome-reports/{things['report']}/decisions", {"decision": "VERIFY"}, version=STALE
    ),
    "recordOutcomeSilence": lambda things: Ask(
        "POST",
        f"/v1/projects/{things['outcome']}/outcome-silences",
        {"wave": "COMPLETION", "reason": "CLOSED"},
    ),
    "readProjectOutcomes": lambda things: Ask("GET", f"/v1/projects/{things['outcome']}/outcomes"),
    "readOutcomes": lambda things: Ask("GET", "/v1/outcomes", shows=things["place"]),
    "listOutcomeReadings": lambda _things: Ask("GET", "/v1/outcome-readings"),
    "exportOutcomeRows": lambda things: Ask("GET", "/v1/outcomes/rows", shows=things["outcome"]),
    "readPublicOutcomes": lambda _things: Ask("GET", "/v1/public/outcomes"),
    "readOutcomeBenchmarks": lambda _things: Ask("GET", "/v1/public/outcome-benchmarks"),
}


async def add_to(world: World) -> World:
    """The same service with outcomes of two companies in two municipalities."""
    before = world.own

    async def planted(place: str, company: str | None) -> dict[str, str]:
        known: dict[str, str | None] = {"place": place, "company": company, "sha256": _SHA256}
        async with world.owner.transaction() as tx:
            for kind in ("project", "report", "silence"):
                known[kind] = str((await tx.execute(text(_PLANT[kind]), known)).scalar_one())
        return {"outcome": str(known["project"]), "report": str(known["report"])}

    mine = await planted(world.municipality, world.company)
    others = await planted("52130", None)
    return replace(
        world,
        asks={**world.asks, **_ASKS},
        own=lambda role: {**before(role), **mine},
        other={**world.other, **others},
    )
