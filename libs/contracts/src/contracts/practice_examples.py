"""Realistic values for the examples of good practices, by the name of a field. All are invented."""

from collections.abc import Mapping

_CASE: Mapping[str, object] = {
    "title_ko": "포장 라인 자료로 당일에 찾은 불량 원인",
    "title_en": "Causes of defects found on the same day in data of the packing lines",
    "summary_ko": "포장 3개 라인의 금속 검출과 중량 선별 자료를 한 화면에 모아, 불량이 난 교대 안에 원인을 고칩니다.",
    "summary_en": "Metal detection and weight sorting of three packing lines on one screen: causes mended at once.",
    "sector": "10",
    "size_band": "10-49",
    "processes": ["PACKING", "INSPECTION"],
    "technologies": ["MES", "SENSORS"],
}
_KPIS = [{"kpi": "P1", "change_kind": "PERCENT"}, {"kpi": "Q1", "change_kind": "PERCENT"}]
_FIGURES = [
    {"kpi": "P1", "change_kind": "PERCENT", "improvement_bp": 2_450, "grade": "B"},
    {"kpi": "Q1", "change_kind": "PERCENT", "improvement_bp": 5_300, "grade": "A"},
]
_NAME = "전주정밀식품 주식회사"

PRACTICE_EXAMPLES: Mapping[str, object] = {
    **{
        f"{model}.{field}": value
        for model in ("NominateGoodPractice", "GoodPracticeView", "PublicPractice")
        for field, value in _CASE.items()
    },
    "good_practice_id": "0199f1b0-1d20-7c31-9b52-3c1e8f40b301",
    "GoodPracticeView.id": "0199f1b0-1d20-7c31-9b52-3c1e8f40b301",
    "PublicPractice.id": "0199f1b0-1d20-7c31-9b52-3c1e8f40b301",
    "NominateGoodPractice.kpis": _KPIS,
    "GoodPracticeView.kpis": _KPIS,
    "GoodPracticeView.figures": _FIGURES,
    "PublicPractice.figures": _FIGURES,
    "NominateGoodPractice.wave": "COMPLETION",
    "GoodPracticeView.wave": "COMPLETION",
    "PublicPractice.wave": "COMPLETION",
    "criteria_version": "2024-1",
    "PracticeCriteriaView.version": "2024-1",
    "GoodPracticeView.state": "PUBLISHED",
    "GoodPracticeView.finding": None,
    "nominated_at": "2025-06-10T01:00:00Z",
    "GoodPracticeView.verified_at": "2025-06-17T05:00:00Z",
    "consented_at": "2025-06-18T02:00:00Z",
    "GoodPracticeView.published_at": "2025-06-23T01:00:00Z",
    "published_on": "2025-06-23",
    "withdrawal_reason": None,
    "GoodPracticeView.withdrawn_at": None,
    "needs_verification": False,
    "under_review": False,
    "ConsentToName.firm_name": _NAME,
    "GoodPracticeView.firm_name": _NAME,
    "PublicPractice.firm_name": _NAME,
    "named": True,
    "DecideGoodPractice.decision": "VERIFY",
    "DecideGoodPractice.finding": None,
    "DecideGoodPractice.met": ["TRANSFERABLE", "IN_USE", "NO_SECRETS"],
    "WithdrawGoodPractice.reason": "FIRM_ASKED",
    "NominatedKpi.kpi": "P1",
    "PracticeKpiView.kpi": "P1",
    "PracticeFigureView.kpi": "P1",
    "PracticeCriteriaView.note": "공표된 기준을 찾지 못해 수치는 모두 가정한 값입니다.",
    "PracticeCodesView.source": "한국표준산업분류 10차 개정",
    "PracticeCodesView.codes": [{"code": "10", "ko": "식료품", "en": "Food"}],
    "PracticeCodeView.code": "10",
    "PracticeCodeView.ko": "식료품",
    "PracticeCodeView.en": "Food",
    "FewestKpisView.count": 1,
    "FewestKpisView.source": "assumed",
    "ThresholdView.at_least_bp": 1_000,
    "ThresholdView.source": "assumed",
    "GradesView.allowed": ["A", "B", "C"],
    "GradesView.source": "assumed",
    "JudgedView.code": "IN_USE",
    "JudgedView.ko": "확인하는 날에도 시스템을 쓰고 있다",
    "JudgedView.en": "The system is in use on the day of verification",
    "JudgedView.source": "assumed",
    "process": "PACKING",
    "technology": "MES",
}
