"""화면: 누구나 보는 현황판과 담당자의 화면 (pages that people open, drawn on the server)."""
