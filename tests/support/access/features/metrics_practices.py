"""A nominated case of each owner, a published one for everybody, and one request for each operation of good practices."""

from collections.abc import Callable, Mapping
from dataclasses import replace

from sqlalchemy import text

from tests.support.access.worlds import STALE, Ask, Asks, Things, World

SERVICE = "metrics"

_PLANT: Mapping[str, str] = {
    "project": """
        INSERT INTO outcome_project (project_id, company_id, municipality_code, track, type_code, agreed_at,
            completed_at, terminated_at)
        VALUES (gen_random_uuid(), coalesce(cast(:company AS uuid), gen_random_uuid()), :place, 'B', 'JS2',
            '2023-03-02T01:00:00Z', '2023-08-01T01:00:00Z', NULL) RETURNING project_id
    """,
    "practice": """
        INSERT INTO good_practice (id, project_id, company_id, municipality_code, criteria_version, wave, title_ko,
            title_en, summary_ko, summary_en, sector, size_band, processes, technologies, kpis, nominated_by,
            nominated_at, state, figures, named, version)
        SELECT gen_random_uuid(), project_id, company_id, municipality_code, '2024-1', 'COMPLETION', '심음', 'planted',
            '심음', 'planted', '10', '10-49', '{PACKING}', '{MES}', '[{"kpi": "P1", "change_kind": "PERCENT"}]',
            'planted one', '2024-01-02T01:00:00Z', 'NOMINATED', '[]', false, 1
        FROM outcome_project WHERE project_id = cast(:project AS uuid) RETURNING id
    """,
    "published": """
        UPDATE good_practice SET state = 'PUBLISHED', baseline_number = 1, report_number = 1, version = version + 1,
            figures = '[{"kpi": "P1", "change_kind": "PERCENT", "standing": "VALID", "improvement_bp": 1500,
                         "grade": "B"}]',
            verified_by = 'planted two', verified_at = '2024-01-03T01:00:00Z',
            published_by = 'planted three', published_at = '2024-01-04T01:00:00Z'
        WHERE id = cast(:practice AS uuid) RETURNING id
    """,
    "study": """
        INSERT INTO practice_study (id, good_practice_id, practice_company_id, practice_municipality_code,
            visitor_company_id, kind, wanted_on, requested_by, requested_at, requested_on, state, version)
        SELECT gen_random_uuid(), id, company_id, municipality_code,
            coalesce(cast(:company AS uuid), gen_random_uuid()), 'VISIT', '2024-01-10', 'planted one',
            '2024-01-05T01:00:00Z', '2024-01-05', 'REQUESTED', 1
        FROM good_practice WHERE id = cast(:practice AS uuid) RETURNING id
    """,
    "adoption": """
        INSERT INTO practice_adoption (id, study_id, good_practice_id, project_id, company_id, municipality_code,
            processes, technologies, adopted_on, recorded_by, recorded_at)
        SELECT gen_random_uuid(), id, good_practice_id, gen_random_uuid(), visitor_company_id, :place, '{PACKING}',
            '{}', '2024-02-01', 'planted one', '2024-02-02T01:00:00Z'
        FROM practice_study WHERE id = cast(:study AS uuid) RETURNING id
    """,
}
_NOMINATION = {
    "wave": "COMPLETION",
    "title_ko": "포장 자료로 찾은 불량",
    "title_en": "Defects found in packing data",
    "summary_ko": "포장 라인의 자료를 모읍니다.",
    "summary_en": "Data of the packing lines are collected.",
    "sector": "10",
    "size_band": "10-49",
    "processes": ["PACKING"],
    "technologies": ["MES"],
    "kpis": [{"kpi": "P1", "change_kind": "PERCENT"}],
}


def _step(name: str, body: Mapping[str, object] | None = None) -> Callable[[Things], Ask]:
    return lambda things: Ask("POST", f"/v1/good-practices/{things['practice']}/{name}", body, version=STALE)


_ASKS: Asks = {
    "nominateGoodPractice": lambda things: Ask("POST", f"/v1/projects/{things['nominee']}/good-practices", _NOMINATION),
    "listGoodPractices": lambda things: Ask(
        "GET", "/v1/good-practices", query={"page_size": 100}, shows=things["practice"]
    ),
    "getGoodPractice": lambda things: Ask("GET", f"/v1/good-practices/{things['practice']}"),
    "decideGoodPractice": _step("decisions", {"decision": "RETURN", "finding": "NOT_IN_USE"}),
    "consentToName": _step("consents", {"firm_name": "가상기업"}),
    "publishGoodPractice": _step("publications"),
    "withdrawGoodPractice": _step("withdrawals", {"reason": "MISTAKEN"}),
    "readPracticeCriteria": lambda _things: Ask("GET", "/v1/public/practice-criteria"),
    "listPublicGoodPractices": lambda things: Ask(
        "GET", "/v1/public/good-practices", query={"page_size": 100}, shows=things["published"]
    ),
    "requestPracticeStudy": lambda things: Ask(
        "POST", f"/v1/good-practices/{things['published']}/studies", {"kind": "VISIT", "wanted_on": "2024-06-03"}
    ),
    "listPracticeStudies": lambda things: Ask(
        "GET", "/v1/practice-studies", query={"page_size": 100}, shows=things["study"]
    ),
    "getPracticeStudy": lambda things: Ask("GET", f"/v1/practice-studies/{things['study']}"),
    "settlePracticeStudy": lambda things: Ask(
        "POST",
        f"/v1/practice-studies/{things['study']}/outcomes",
        {"outcome": "DECLINED", "reason": "NO_DATE"},
        version=STALE,
    ),
    "recordPracticeAdoption": lambda things: Ask(
        "POST",
        f"/v1/practice-studies/{things['study']}/adoptions",
        {"project_id": things["nominee"], "processes": ["PACKING"], "technologies": [], "adopted_on": "2024-03-04"},
    ),
    "readPublicGoodPractice": lambda things: Ask("GET", f"/v1/public/good-practices/{things['published']}"),
}


async def add_to(world: World) -> World:
    """The same service with cases of two companies in two municipalities, and a published one of a third."""
    before = world.own

    async def planted(place: str, company: str | None, *kinds: str) -> dict[str, str | None]:
        known: dict[str, str | None] = {"place": place, "company": company}
        async with world.owner.transaction() as tx:
            for kind in kinds:
                known[kind] = str((await tx.execute(text(_PLANT[kind]), known)).scalar_one())
        return known

    async def things(place: str, company: str | None) -> dict[str, str]:
        nominee = await planted(place, company, "project")
        case = await planted(place, company, "project", "practice", "study", "adoption")
        return {
            "nominee": str(nominee["project"]),
            "practice": str(case["practice"]),
            "study": str(case["study"]),
        }

    shown = {"published": str((await planted("52140", None, "project", "practice", "published"))["published"])}
    mine = await things(world.municipality, world.company)
    others = await things("52130", None)
    return replace(
        world,
        asks={**world.asks, **_ASKS},
        own=lambda role: {**before(role), **mine, **shown},
        other={**world.other, **others, **shown},
    )
