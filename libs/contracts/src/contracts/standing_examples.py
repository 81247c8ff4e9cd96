"""Realistic values for the examples of a firm's standing at the tax office, by the name of a field, all invented."""

from collections.abc import Mapping

STANDING_EXAMPLES: Mapping[str, object] = {
    "standing_id": "0199f1b0-1d20-7c31-9b52-3c1e8f40a711",
    "StandingView.state": "BAD",
    "StandingView.rule_version": "2022-1",
    "StandingView.status": "ACTIVE",
    "StandingAsked.rule_version": "2022-1",
    "StandingFound.status": "ACTIVE",
    "StandingCheckView.status": "ACTIVE",
    "national_tax_arrears": True,
    "local_tax_arrears": False,
    "StandingFound.national_tax_arrears": False,
    "StandingCheckView.national_tax_arrears": False,
    "StandingCheckView.state": "PENDING",
    "StandingCheckView.rule_version": "2022-1",
    "StandingCheckView.purpose": "PAYMENT",
    "about": "2024-06-03",
    "StandingView.asked_at": "2024-06-03T10:00:00+09:00",
    "StandingCheckView.asked_at": "2024-06-03T10:00:00+09:00",
    "StandingView.answered_at": "2024-06-03T10:00:02+09:00",
    "StandingFound.answered_at": "2024-06-03T10:00:02+09:00",
    "answer_sha256": "3b7e1f5c0d2a49688796a5b4c3d2e1f00112233445566778899aabbccddeeff0",
    "holds_until": "2024-07-04T00:00:00+09:00",
    "BrokenRuleView.rule": "R-06",
    "BrokenRuleView.why": {
        "ko": "2024-06-03 기준 국세 체납이 있습니다.",
        "en": "National tax was in arrears on 2024-06-03.",
    },
    "detail.rule": "R-06",
    "detail.why_ko": "2024-06-03 기준 국세 체납이 있습니다.",
    "detail.why_en": "National tax was in arrears on 2024-06-03.",
}
