"""Realistic values for the examples of memoranda, by the name of a field. All but the parties' names are invented."""

from collections.abc import Mapping

_PARTIES = [
    {
        "name": "전북특별자치도",
        "kind": "PROVINCE",
        "municipality_code": None,
        "obligations": [{"kind": "FUNDING", "source": "PROVINCE", "text": "도비를 부담한다"}],
    },
    {
        "name": "전주시",
        "kind": "MUNICIPALITY",
        "municipality_code": "52110",
        "obligations": [{"kind": "ADMINISTRATION", "source": None, "text": "관내 기업에 행정을 지원한다"}],
    },
]
_OWN = {
    "reference": "jeonbuk-samsung-2023",
    "title": "전북형 스마트 제조혁신 프로젝트 추진 업무협약",
    "signed_on": "2023-11-24",
    "source_note": "서명된 업무협약서",
    "parties": _PARTIES,
}

MEMORANDUM_EXAMPLES: Mapping[str, object] = {
    "memorandum_id": "0199f1b0-1d20-7c31-9b52-3c1e8f40a606",
    **{f"{body}.{field}": value for body in ("ProposeMemorandum", "MemorandumView") for field, value in _OWN.items()},
    "MemorandumView.proposed_at": "2023-12-01T01:00:00Z",
    "MemorandumView.confirmed_at": "2023-12-04T05:00:00Z",
    "MemorandumView.state": "CONFIRMED",
}
