"""What the three services answer of one project, for tests that look at its page without running them."""

from typing import Any
from uuid import UUID

AT = "2024-05-20T01:00:00Z"
PROJECT = str(UUID(int=7))


def answers(project_id: str = PROJECT) -> dict[str, Any]:
    """By path: a project under way, its money, papers, mentors and the decisions of its journals."""
    project = {
        "id": project_id, "application_id": project_id, "company_id": project_id, "call_id": project_id,
        "type_code": "JS2", "municipality_code": "52110", "fiscal_year": 2024, "track": "B",
        "total_cost_won": 132_000_000, "cap_won": 60_000_000, "split_rule_version": "b-2024", "promoted": False,
        "state": "CONFIRMED", "state_reason": None, "selected_at": AT,
    }  # fmt: skip
    application = project | {
        "project_title": "가공 라인 자동 집계", "plan_sha256": "a" * 64, "status": "ELIGIBLE", "created_at": AT,
        "submitted_at": AT, "supplement": None, "outcome": "SELECTED", "withdrawn_at": None,
        "eligibility": {"rule_version": "2024-1", "failed_rules": [], "decided_at": AT, "appeal_until": None},
    }  # fmt: skip
    document = {
        "id": project_id, "kind": "INVOICE", "media_type": "application/pdf", "sha256": "b" * 64, "size_bytes": 1,
        "edition": 1, "state": "SEALED", "refused_because": None, "announced_at": AT, "sealed_at": AT,
    }  # fmt: skip
    shares = [{"source": "PROVINCE", "amount_won": 86_400_000}, {"source": "SME", "amount_won": 45_600_000}]
    commitment = {
        "project_id": project_id, "total_cost_won": 132_000_000, "cap_won": 60_000_000, "split_rule_version": "b-2024",
        "nominal_burden_bp": 2000, "effective_burden_bp": 3454, "state": "COMMITTED", "shares": shares, "refusal": None,
        "decided_at": AT, "released_at": None,
    }  # fmt: skip
    line = {
        "source": "PROVINCE", "committed_won": 86_400_000, "open_won": 0, "paid_won": 43_200_000, "lapsed_won": 0,
        "returned_won": 0, "left_won": 43_200_000, "holds": ["PAYEE_DOUBTED"],
    }  # fmt: skip
    release = {
        "source": "PROVINCE", "gate": "AGREEMENT_EFFECTIVE", "terms_version": "2024-1", "amount_won": 43_200_000,
        "payee": "ADOPTER", "invoice_sha256": "c" * 64, "state": "CONFIRMED", "void_reason": None, "requested_at": AT,
        "approved_at": AT, "ordered_at": AT, "confirmed_at": AT, "voided_at": None,
    }  # fmt: skip
    residency = {
        "project_id": project_id, "first_week": "2024-06-03", "weeks": 6, "state": "ACCEPTED", "assigned_at": AT,
        "answered_at": AT, "started_on": None, "ended_on": None,
    }  # fmt: skip
    return {
        f"/v1/projects/{project_id}": project,
        f"/v1/applications/{project_id}": application,
        f"/v1/builds/{project_id}/documents": listed(document),
        f"/v1/projects/{project_id}/as-of": journal("agreement-issued", "agreement-signed"),
        f"/v1/commitments/{project_id}/as-of": journal("project-committed", "release-confirmed"),
        f"/v1/commitments/{project_id}": commitment,
        f"/v1/coverages/{project_id}/release-lines": {"lines": [line]},
        "/v1/releases": listed(release),
        "/v1/residencies": listed(residency),
    }


def listed(*rows: object) -> dict[str, Any]:
    """A page of a list."""
    return {"items": list(rows), "next": None, "prev": None}


def journal(*decisions: str) -> dict[str, Any]:
    """Decisions of the Technopark's operator, one after the other."""
    told = [
        {
            "position": place, "decision": decision, "actor": "technopark.operator:jtp:somebody",
            "rule_version": "2024-1", "evidence": ["d" * 64, "event/1"], "decided_at": AT,
        }
        for place, decision in enumerate(decisions, 1)
    ]  # fmt: skip
    return {"decisions": told, "chain": {"position": len(told), "hash": "e" * 64}, "more": []}
