"""Realistic values for the examples of open data: one award by the 360Giving schema, one call by CommonGrants."""

from collections.abc import Mapping

_TITLE = "2024년 대·중소 상생형 스마트공장 지원사업 공고"
_CALL = "0199f1b0-1d20-7c31-9b52-3c1e8f40a201"

OPEN_DATA_EXAMPLES: Mapping[str, object] = {
    "Grants.version": "1.4",
    "Grant": {
        "id": "360G-jbsmartfactory-0c0a4f7e-8f0d-5b1e-9d43-6a52c1b7e402",
        "title": _TITLE,
        "description": "스마트공장 구축 지원, 공공 재원의 몫 (public share of a smart factory), B",
        "currency": "KRW",
        "amountAwarded": 120_000_000,
        "awardDate": "2024-05-20",
        "recipientOrganization": [
            {
                "id": "360G-jbsmartfactory-org-5b1f0a52-6c7e-5d0c-8f5c-1d8e7c0a9b11",
                "name": "공개하지 않은 기업 (Undisclosed firm)",
            }
        ],
        "fundingOrganization": [
            {"id": "360G-jbsmartfactory-org-52", "name": "전북특별자치도 (Jeonbuk State)"},
            {"id": "360G-jbsmartfactory-org-52110", "name": "전주시 (Jeonju-si)"},
        ],
        "beneficiaryLocation": [{"name": "전주시 (Jeonju-si)", "countryCode": "KR"}],
        "grantProgramme": [{"code": "B-2024", "title": _TITLE}],
        "fromOpenCall": "Yes",
        "dateModified": "2024-05-20T00:00:00+09:00",
    },
    "Opportunity": {
        "id": _CALL,
        "title": _TITLE,
        "description": "전북특별자치도 (Jeonbuk State) 2024: 스마트공장 구축 지원, 트랙 B (smart factories)",
        "status": {"value": "open", "description": "접수 중 (open)"},
        "funding": {
            "estimatedAwardCount": 84,
            "details": "시·군과 유형별 정원의 합 (seats of all municipalities and types)",
        },
        "keyDates": {
            "postDate": {
                "name": "접수 시작 (opens)",
                "eventType": "singleDate",
                "date": "2024-03-04",
                "time": "09:00:00",
                "description": "한국 시각 (Korean time, UTC+9)",
            },
            "closeDate": {
                "name": "접수 마감 (closes)",
                "eventType": "singleDate",
                "date": "2024-03-29",
                "time": "17:00:00",
                "description": "한국 시각 (Korean time, UTC+9)",
            },
        },
        "createdAt": "2024-02-29T01:00:00Z",
        "lastModifiedAt": "2024-02-29T01:00:00Z",
    },
    "OpportunityTurns": {"page": 1, "pageSize": 10, "totalItems": 1, "totalPages": 1},
    "Opportunities.status": 200,
    "Opportunities.message": "Success",
    "OneOpportunity.status": 200,
    "OneOpportunity.message": "Success",
}
