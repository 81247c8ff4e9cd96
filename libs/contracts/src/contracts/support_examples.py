"""Realistic values for the examples of what municipalities do for builds, by the name of a field. All are invented."""

from collections.abc import Mapping

SUPPORT_EXAMPLES: Mapping[str, object] = {
    "SiteVisitView.id": "0199f1b0-1d20-7c31-9b52-3c1e8f40af01",
    "purpose": "착공 확인과 애로사항 청취",
    "PlanSiteVisit.place": "전북특별자치도 전주시 덕진구 유상로 67",
    "MoveSiteVisit.place": "전북특별자치도 전주시 덕진구 유상로 67",
    "SiteVisitView.place": "전북특별자치도 전주시 덕진구 유상로 67",
    "PlanSiteVisit.starts_at": "2024-07-09T01:00:00Z",
    "PlanSiteVisit.ends_at": "2024-07-09T03:00:00Z",
    "MoveSiteVisit.starts_at": "2024-07-10T01:00:00Z",
    "MoveSiteVisit.ends_at": "2024-07-10T03:00:00Z",
    "SiteVisitView.starts_at": "2024-07-09T01:00:00Z",
    "SiteVisitView.ends_at": "2024-07-09T03:00:00Z",
    "SiteVisitView.state": "PLANNED",
    "SiteVisitView.changed_at": "2024-07-02T01:00:00Z",
    "ticket_id": "0199f1b0-1d20-7c31-9b52-3c1e8f40af11",
    "TicketView.id": "0199f1b0-1d20-7c31-9b52-3c1e8f40af11",
    "OpenTicket.kind": "PERMIT",
    "TicketView.kind": "PERMIT",
    "request": "증설 라인의 대기배출시설 변경 신고를 도와 주세요.",
    "due_on": "2024-07-19",
    "TicketView.opened_at": "2024-07-01T01:00:00Z",
    "TicketView.state": "OPEN",
    "owner_subject": None,
    "TicketView.owned_at": None,
    "CloseTicket.outcome": "DONE",
    "TicketView.outcome": None,
    "words": "변경 신고가 수리되었습니다.",
    "TicketView.closed_at": None,
}
