"""Realistic values for the example of an officer's day, all invented: story 1 of the programme in one answer."""

from collections.abc import Mapping

_REPORT: dict[str, object] = {
    "code": "REPORT_SETTLEMENT",
    "ko": "기업이 실적보고를 제출",
    "en": "The firm reports what was spent",
    "method": "POST",
    "path": "/funding/v1/settlements/0199f1b0-1d20-7c31-9b52-3c1e8f40a801/reports",
    "roles": ["company.owner"],
    "yours": False,
    "body": None,
    "copies": None,
}
_DRAFT: dict[str, object] = {
    "code": "DRAFT_EXTRA_CALL",
    "ko": "이 시·군만의 추가모집 공고를 작성",
    "en": "Draft an extra call for this municipality only",
    "method": "POST",
    "path": "/applicant/v1/calls",
    "roles": ["technopark.operator"],
    "yours": False,
    "body": {
        "track": "B",
        "fiscal_year": 2024,
        "seat_lines": [{"type_code": "JS1", "municipality_code": "52710", "seats": 2}],
        "planned_budget_lines": [
            {"source": "MUNICIPALITY", "municipality_code": "52710", "amount_won": 29_473_684},
            {"source": "PROVINCE", "municipality_code": None, "amount_won": 50_526_314},
        ],
    },
    "copies": {
        "method": "GET",
        "path": "/applicant/v1/calls/0199f1b0-1d20-7c31-9b52-3c1e8f40a201",
        "fields": ["types", "rates", "split_rule_version", "panel_rule", "screening_rule_version", "supplement_days"],
        "written_anew": ["title_ko", "title_en", "opens_at", "closes_at"],
    },
}
_LAPSES: dict[str, object] = {"lapses_on": "2024-12-31", "days_left": 29}
_WANJU: dict[str, object] = {
    "call_id": "0199f1b0-1d20-7c31-9b52-3c1e8f40a201",
    "track": "B",
    "fiscal_year": 2024,
    "type_code": "JS1",
    "municipality_code": "52710",
    "seats": 5,
    "held": 1,
    "unused": 4,
    "offered_again": 0,
    "reserves": 0,
    "fundable": 2,
    "money": [
        {"source": "MUNICIPALITY", "municipality_code": "52710", "left_won": 31_000_000, "share_won": 14_736_842}
        | _LAPSES,
        {"source": "PROVINCE", "municipality_code": None, "left_won": 406_000_000, "share_won": 25_263_157} | _LAPSES,
    ],
    "actions": [_DRAFT],
    "closed_actions": [],
}
_IKSAN: dict[str, object] = _WANJU | {
    "municipality_code": "52140",
    "seats": 6,
    "held": 5,
    "unused": 1,
    "reserves": 1,
    "fundable": 0,
    "money": [
        {"source": "MUNICIPALITY", "municipality_code": "52140", "left_won": 9_000_000, "share_won": 14_736_842}
        | _LAPSES,
        {"source": "PROVINCE", "municipality_code": None, "left_won": 406_000_000, "share_won": 25_263_157} | _LAPSES,
    ],
    "actions": [],
    "closed_actions": [
        {
            "code": "DRAFT_EXTRA_CALL",
            "ko": "이 시·군만의 추가모집 공고를 작성",
            "en": "Draft an extra call for this municipality only",
            "because": [
                {
                    "code": "RESERVES_WAIT",
                    "ko": "예비 순위 기업이 이 정원의 승계를 기다리고 있습니다.",
                    "en": "Reserves wait for these seats and move up first.",
                },
                {
                    "code": "NO_MONEY",
                    "ko": "남은 예산이 한 과제의 몫보다 적은 재원이 있습니다.",
                    "en": "A source has less left than one project's full share.",
                },
            ],
        }
    ],
}

TODAY_EXAMPLES: Mapping[str, object] = {
    "Today": {
        "on": "2024-12-02",
        "rule_version": "2024-1",
        "reports_due": {
            "due_soon_days": 7,
            "due_soon_source": "assumed",
            "count": 1,
            "overdue": 0,
            "rows": [
                {
                    "project_id": "0199f1b0-1d20-7c31-9b52-3c1e8f40a501",
                    "settlement_id": "0199f1b0-1d20-7c31-9b52-3c1e8f40a801",
                    "municipality_code": "52110",
                    "due_on": "2024-12-05",
                    "days_left": 3,
                    "actions": [_REPORT],
                }
            ],
        },
        "unused_seats": {"count": 2, "unused": 5, "offers": 1, "rows": [_WANJU, _IKSAN]},
    },
}
