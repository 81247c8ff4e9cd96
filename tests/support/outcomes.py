"""Firms with completed factories, as metrics hears of them, and what they report of before and after."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from common.event import new_id
from contracts.applicant import AgreementEffective, ProjectCompleted, ProjectSelected
from contracts.roles import Role
from tests.support.builders import project_selected
from tests.support.listening import Listener

SELECTED = datetime(2023, 2, 1, 1, tzinfo=UTC)
AGREED = datetime(2023, 3, 2, 1, tzinfo=UTC)
COMPLETED = datetime(2023, 8, 1, 1, tzinfo=UTC)
REPORTING = datetime(2023, 11, 15, 1, tzinfo=UTC)
"""The first wave is open: three months of running are over, and it is due on 1 December."""
SHA256 = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"

Figures = Mapping[str, tuple[int, int]]
Json = Any


def facts(selected: ProjectSelected) -> dict[str, Any]:
    names = ("project_id", "application_id", "call_id", "type_code", "municipality_code")
    return {name: getattr(selected, name) for name in names}


async def built(metrics: Listener, *firms: ProjectSelected) -> None:
    """Selected, agreed and completed on the days above."""
    await metrics.tell(*firms, at=SELECTED)
    await metrics.tell(*(AgreementEffective(**facts(each)) for each in firms), at=AGREED)
    await metrics.tell(*(ProjectCompleted(**facts(each), completion_id=new_id()) for each in firms), at=COMPLETED)


async def one_built(metrics: Listener, **changes: object) -> ProjectSelected:
    firm = project_selected(**changes)
    await built(metrics, firm)
    return firm


def said(wave: str, figures: Figures, **changes: object) -> dict[str, Any]:
    """A report of these figures, of a period that fits its wave."""
    first, last = {
        "BASELINE": ("2022-03-01", "2023-02-28"),
        "COMPLETION": ("2023-08-01", "2023-10-31"),
        "YEAR_1": ("2024-01-01", "2024-12-31"),
    }[wave]
    return {
        "wave": wave,
        "period_from": first,
        "period_to": last,
        "product_changed": False,
        "figures": _listed(figures),
        "evidence_sha256": SHA256,
        **changes,
    }


async def report(metrics: Listener, firm: ProjectSelected, body: Mapping[str, Any], **by: Any) -> Any:
    """The firm's own report, whatever is answered."""
    path = f"/v1/projects/{firm.project_id}/outcome-reports"
    who = {"role": Role.COMPANY_STAFF, "tenant": str(firm.company_id)}
    return await metrics.post(path, body, **(who | by))


async def decide(metrics: Listener, told: Json, **body: object) -> Any:
    """What the Technopark says of it, whatever is answered."""
    path = f"/v1/outcome-reports/{told['id']}/decisions"
    said_of_it = {"decision": "VERIFY", **body}
    return await metrics.post(path, said_of_it, role=Role.TECHNOPARK_OPERATOR, version=told["version"])


async def verified(metrics: Listener, firm: ProjectSelected, body: Mapping[str, Any], **decision: object) -> Json:
    """Reported, and found to be so."""
    told = await report(metrics, firm, body)
    assert told.status_code == 201, told.text
    decided = await decide(metrics, told.json(), **decision)
    assert decided.status_code == 201, decided.text
    return decided.json()


async def outcomes_of(metrics: Listener, firm: ProjectSelected) -> Json:
    answer = await metrics.get(f"/v1/projects/{firm.project_id}/outcomes", role=Role.AUDITOR)
    assert answer.status_code == 200, answer.text
    return answer.json()


def _listed(figures: Figures) -> Sequence[Mapping[str, object]]:
    return [
        {"kpi": kpi, "numerator": numerator, "denominator": denominator, "grade": "B"}
        for kpi, (numerator, denominator) in figures.items()
    ]
