"""What the page for developers says."""

from common.errors import Text


class DeveloperWords:
    """Where the APIs are described: in one document, and by each service."""

    title = Text("개발자용 API 문서", "API documentation for developers")
    lead = Text(
        "네 서비스는 저마다 OpenAPI 문서와 탐색기를 제공합니다. 오류는 RFC 9457 형식이며 오류마다 설명이 있습니다.",
        "Each of the four services serves its OpenAPI document and an explorer. Errors are problems by RFC 9457, each "
        "with a page of its own.",
    )
    whole = Text("전체 API", "The whole API")
    whole_lead = Text(
        "네 서비스를 합친 OpenAPI 문서입니다. 이것으로 클라이언트를 만들며, 주소는 서비스 이름으로 시작합니다.",
        "All four services in one OpenAPI document: make your front end's client of it. Addresses begin with the name "
        "of the service.",
    )
    whole_document = Text("합친 OpenAPI 문서", "The merged OpenAPI document")
    services = Text("서비스", "Services")
    applicant = Text("신청: 기업, 공고, 신청, 평가, 선정, 협약", "Applicant: companies, calls, applications, selection")
    funding = Text("예산: 재원, 확정, 지급, 정산, 환수", "Funding: budgets, commitments, payments, settlement")
    mentoring = Text("멘토링: 멘토, 상주, 방문, 개선과제", "Mentoring: mentors, residencies, visits, items")
    metrics = Text("성과: 현황, 성과지표, 우수사례", "Metrics: the gauge, outcomes, good practices")
    explorer = Text("탐색기", "Explorer")
    document = Text("OpenAPI 문서", "OpenAPI document")
    problems = Text("오류 목록", "List of problems")
