"""Realistic values for the examples of agreements and of what covers them, by the name of a field. All are invented."""

from collections.abc import Mapping

AGREEMENT_EXAMPLES: Mapping[str, object] = {
    "supplier_contract_won": 180_000_000,
    "drafted_at": "2024-05-14T05:00:05Z",
    "effective_at": "2024-06-05T02:00:00Z",
    "party": "ADOPTER",
    "signed_at": "2024-05-27T01:30:00Z",
    "kind": "AGREEMENT_SIGNATURES",
    "settled_at": "2024-05-29T04:00:00Z",
    "AgreementView.state": "SIGNED_BY_ADOPTER",
    "DeadlineView.rule": "domain.md 2.2 F: LAPSED (not signed in time)",
    "DeadlineView.due_at": "2024-06-17T15:00:00Z",
    "DeadlineView.state": "OPEN",
    "DeadlineView.settled_at": None,
    "AgreementLapsed.due_at": "2024-06-17T15:00:00Z",
    "AgreedShareView.amount_won": 36_000_000,
    "reference": "전주시 기업지원과-2024-1187",
    "covered_at": "2024-06-03T02:00:00Z",
    "covered_won": 200_000_000,
    "CoverageView.opened_at": "2024-05-30T00:00:01Z",
    "completed_at": "2024-06-05T01:59:58Z",
    "granted_at": "2024-06-05T02:00:01Z",
    "CoverageLineView.amount_won": 36_000_000,
    "CoverageView.state": "OPEN",
    "detail.party": "SUPPLIER",
}
