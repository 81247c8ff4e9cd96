"""Realistic values for the examples of amendments, by the name of a field. All are invented."""

from collections.abc import Mapping

_BEFORE = {
    "plan_sha256": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    "supplier_business_number": "1048134567",
    "supplier_contract_won": 180_000_000,
    "ends_on": "2025-06-05",
}
_EVIDENCE = ["60303ae22b998861bce3b28f33eec1be758a213c86c93c076dbe9f558c11c752"]

AMENDMENT_EXAMPLES: Mapping[str, object] = {
    "amendment_id": "0199f1b0-1d20-7c31-9b52-3c1e8f40ae01",
    "AmendmentView.id": "0199f1b0-1d20-7c31-9b52-3c1e8f40ae01",
    "AmendmentView.terms_before": _BEFORE,
    "AmendmentView.terms_after": _BEFORE | {"ends_on": "2025-08-29"},
    "RequestAmendment.cause": "DELAY",
    "AmendmentView.cause": "DELAY",
    "cause_on": "2024-11-04",
    "RequestAmendment.reason": "설비 통관이 늦어져 시운전을 12주 미룹니다.",
    "AmendmentView.reason": "설비 통관이 늦어져 시운전을 12주 미룹니다.",
    "RequestAmendment.evidence_sha256": _EVIDENCE,
    "AmendmentView.evidence_sha256": _EVIDENCE,
    "RequestAmendment.plan_sha256": None,
    "RequestAmendment.supplier_business_number": None,
    "RequestAmendment.supplier_contract_won": None,
    "RequestAmendment.total_cost_won": None,
    "RequestAmendment.type_code": None,
    "RequestAmendment.municipality_code": None,
    "ends_on": "2025-08-29",
    "requested_party": "ADOPTER",
    "AmendmentView.requested_at": "2024-11-12T01:00:00Z",
    "AmendmentView.consents": [{"party": "ADOPTER", "consented_at": "2024-11-12T01:00:00Z"}],
    "AmendmentView.state": "REQUESTED",
    "edition": None,
    "AmendmentView.decided_at": None,
    "AmendmentView.decision_reason": None,
    "DecideAmendment.verdict": "APPROVED",
    "DecideAmendment.reason": "통관 지연은 기업의 책임이 아닙니다.",
    "WithdrawAmendment.reason": "설비가 예정대로 도착했습니다.",
}
