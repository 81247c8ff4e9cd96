"""Good practices of firms that have reported: nominated, verified and published over HTTP."""

from collections.abc import Mapping
from typing import Any

from contracts.applicant import ProjectSelected
from contracts.roles import Role
from tests.support.listening import Listener
from tests.support.outcomes import one_built, said, verified

Json = Any

JUDGED = ["IN_USE", "NO_SECRETS", "TRANSFERABLE"]
BEFORE = {"P1": (1000, 10), "Q1": (40, 1000)}
AFTER = {"P1": (1300, 10), "Q1": (20, 1000)}


def nomination(**changes: object) -> dict[str, Any]:
    """A case of a food maker that rests on hourly output."""
    return {
        "wave": "COMPLETION",
        "title_ko": "포장 자료로 찾은 불량",
        "title_en": "Defects found in packing data",
        "summary_ko": "포장 라인의 자료를 모읍니다.",
        "summary_en": "Data of the packing lines are collected.",
        "sector": "10",
        "size_band": "10-49",
        "processes": ["PACKING", "INSPECTION"],
        "technologies": ["MES"],
        "kpis": [{"kpi": "P1", "change_kind": "PERCENT"}],
        **changes,
    }


async def reported(metrics: Listener, **changes: object) -> ProjectSelected:
    """A completed firm whose baseline and first wave are verified: output up by 30 %, defects halved."""
    firm = await one_built(metrics, **changes)
    await verified(metrics, firm, said("BASELINE", BEFORE))
    await verified(metrics, firm, said("COMPLETION", AFTER))
    return firm


async def nominate(metrics: Listener, firm: ProjectSelected, body: Mapping[str, Any] | None = None, **by: Any) -> Any:
    """By the officer of the firm's municipality unless said otherwise, whatever is answered."""
    who = {"role": Role.MUNICIPALITY_OFFICER, "tenant": firm.municipality_code}
    path = f"/v1/projects/{firm.project_id}/good-practices"
    return await metrics.post(path, nomination() if body is None else body, **(who | by))


async def step(metrics: Listener, case: Json, name: str, body: Mapping[str, Any], **by: Any) -> Any:
    """A step on a case as it was read, whatever is answered."""
    path = f"/v1/good-practices/{case['id']}/{name}"
    return await metrics.post(path, body, **({"version": case["version"]} | by))


async def decide(metrics: Listener, case: Json, **body: object) -> Any:
    """What a second person at the Technopark says of it, whatever is answered."""
    found: dict[str, Any] = {"decision": "VERIFY", "met": JUDGED, **body}
    return await step(metrics, case, "decisions", found, role=Role.TECHNOPARK_OPERATOR)


async def consent(metrics: Listener, case: Json, firm_name: str | None, **by: Any) -> Any:
    """What the firm's owner says of its name, whatever is answered."""
    who = {"role": Role.COMPANY_OWNER, "tenant": case["company_id"]}
    return await step(metrics, case, "consents", {"firm_name": firm_name}, **(who | by))


async def publish(metrics: Listener, case: Json, **by: Any) -> Any:
    """By the province's approver, whatever is answered."""
    path = f"/v1/good-practices/{case['id']}/publications"
    who = {"role": Role.PROVINCE_APPROVER, "version": case["version"]}
    return await metrics.post(path, None, **(who | by))


async def withdraw(metrics: Listener, case: Json, reason: str = "FIRM_ASKED", **by: Any) -> Any:
    who = {"role": Role.PROVINCE_APPROVER}
    return await step(metrics, case, "withdrawals", {"reason": reason}, **(who | by))


async def done(answer: Any) -> Json:
    """The answer of a step that had to succeed."""
    assert answer.status_code == 201, answer.text
    return answer.json()


async def published(metrics: Listener, firm: ProjectSelected, firm_name: str | None = None) -> Json:
    """Nominated by its municipality, verified, agreed to by the firm where a name is given, and published."""
    case = await done(await nominate(metrics, firm))
    if firm_name is not None:
        case = await done(await consent(metrics, case, firm_name))
    case = await done(await decide(metrics, case))
    return await done(await publish(metrics, case))


async def shown(metrics: Listener, query: str = "") -> list[Json]:
    """What everybody sees on the public list."""
    answer = await metrics.get(f"/v1/public/good-practices{query}")
    assert answer.status_code == 200, answer.text
    return list(answer.json()["items"])


async def read(metrics: Listener, case: Json) -> Json:
    """The case as the auditor reads it now."""
    answer = await metrics.get(f"/v1/good-practices/{case['id']}", role=Role.AUDITOR)
    assert answer.status_code == 200, answer.text
    return answer.json()
