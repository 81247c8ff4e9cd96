"""The codes that the services write, in words that people read; a code without words is shown as it is."""

from collections.abc import Mapping

from common.errors import Text


def named(names: Mapping[str, Text], code: str) -> Text:
    """The words for a code. A service may grow a code before this page knows it: then the code itself is shown."""
    return names.get(code) or Text(code, code)


SOURCES = {
    "NATIONAL": Text("국비", "State"),
    "PROVINCE": Text("도비", "Province"),
    "MUNICIPALITY": Text("시·군비", "Municipality"),
    "SAMSUNG": Text("삼성전자", "Samsung Electronics"),
    "SME": Text("기업 부담", "The firm"),
}

APPLICATION = {
    "DRAFT": Text("작성 중", "Draft"),
    "SUBMITTED": Text("접수 완료", "Submitted"),
    "UNDER_SCREENING": Text("요건검토 중", "Being screened"),
    "SUPPLEMENT_REQUESTED": Text("보완 요청됨", "Supplement wanted"),
    "RESUBMITTED": Text("보완 제출됨", "Supplement handed in"),
    "ELIGIBLE": Text("요건 적격, 평가 중", "Eligible, being evaluated"),
    "INELIGIBLE": Text("요건 부적격", "Not eligible"),
    "WITHDRAWN": Text("신청 철회", "Withdrawn"),
}
OUTCOME = {
    "SELECTED": Text("선정", "Selected"),
    "RESERVE": Text("예비", "Reserve"),
    "NOT_SELECTED": Text("미선정", "Not selected"),
}
PROJECT = {
    "SELECTED": Text("선정, 예산 확정 대기", "Selected, waiting for the money"),
    "CONFIRMED": Text("예산 확정", "Money committed"),
    "NOT_FUNDED": Text("예산 부족으로 선정 취소", "Not funded"),
    "WITHDRAWN": Text("포기", "Withdrawn"),
}
AGREEMENT = {
    "DRAFT": Text("협약 준비 중", "Agreement being prepared"),
    "ISSUED": Text("협약 서명 대기", "Waiting for signatures"),
    "SIGNED_BY_ADOPTER": Text("도입기업 서명 완료", "Signed by the firm"),
    "SIGNED_BY_SUPPLIER": Text("공급기업 서명 완료", "Signed by the supplier"),
    "SIGNED_BY_OPERATOR": Text("서명 완료, 재원 확보 중", "Signed, waiting for all the money"),
    "EFFECTIVE": Text("협약 체결", "Agreement in force"),
    "LAPSED": Text("협약 실효", "Agreement lapsed"),
    "WITHDRAWN": Text("협약 철회", "Agreement withdrawn"),
}
PARTY = {
    "ADOPTER": Text("도입기업", "The firm"),
    "SUPPLIER": Text("공급기업", "The supplier"),
    "OPERATOR": Text("전북테크노파크", "Jeonbuk Technopark"),
}
BUILD = {
    "UNDER_WAY": Text("구축 중", "Being built"),
    "SUSPENDED": Text("구축 중단", "Suspended"),
    "COMPLETED": Text("구축 완료", "Completed"),
    "TERMINATED": Text("협약 해지", "Terminated"),
}
BUILD_CHANGE = {
    "SUSPENSION": Text("중단", "suspension"),
    "RESUMPTION": Text("재개", "resumption"),
    "TERMINATION": Text("해지", "termination"),
}
DECIDED = {
    "PROPOSED": Text("제안", "proposed"),
    "APPROVED": Text("승인", "approved"),
    "REFUSED": Text("거절", "refused"),
    "REQUESTED": Text("요청", "requested"),
    "AGREED": Text("동의", "agreed"),
    "WITHDRAWN": Text("철회", "withdrawn"),
}
AMENDMENT_CAUSE = {
    "DESIGN_CHANGE": Text("설계 변경", "change of the design"),
    "PRICE_CHANGE": Text("가격 변동", "change of prices"),
    "SUPPLIER_FAILURE": Text("공급기업 사정", "failure of the supplier"),
    "DELAY": Text("일정 지연", "delay"),
}
DOCUMENT_KIND = {
    "PHOTO": Text("사진", "Photograph"),
    "LOGIN_STATISTICS": Text("시스템 접속 기록", "Login statistics"),
    "INVOICE": Text("세금계산서", "Tax invoice"),
    "DELIVERY_NOTE": Text("납품 확인서", "Delivery note"),
    "DEMONSTRATION_RECORD": Text("시연 기록", "Record of the demonstration"),
    "KPI_MEASUREMENT": Text("성과지표 측정", "Measurement of figures"),
    "DECISION": Text("결정서", "Decision"),
    "OTHER": Text("기타", "Other"),
    "PLAN": Text("사업계획서", "Plan"),
    "REPORT": Text("실적보고서", "Report"),
    "FINDING": Text("조사 결과", "Finding"),
    "COVERAGE": Text("재원 확보 증빙", "Proof of the money"),
}
DOCUMENT_STATE = {
    "UPLOADING": Text("올리는 중", "Being uploaded"),
    "SEALED": Text("보관됨", "Kept"),
    "REFUSED": Text("거부됨", "Refused"),
    "EXPIRED": Text("기한 만료", "Expired"),
}
DOCUMENT_REFUSED = {
    "SIZE_DIFFERS": Text("크기가 다름", "its size differs"),
    "HASH_DIFFERS": Text("해시가 다름", "its hash differs"),
    "TYPE_DIFFERS": Text("형식이 다름", "its type differs"),
    "SCANNER_FOUND": Text("악성코드 의심", "the scanner found something"),
}
INTERIM = {
    "PLANNED": Text("중간점검 예정", "Interim inspection planned"),
    "VISITED": Text("현장 확인, 결과 대기", "Visited, result to come"),
    "PASSED": Text("중간점검 통과", "Interim inspection passed"),
    "CONDITIONAL": Text("보완 조건부", "To be fixed"),
    "FAILED": Text("중간점검 불합격", "Interim inspection failed"),
}
COMPLETION = {
    "COMPLETION_REPORTED": Text("완료 보고", "Completion reported"),
    "AUDITED": Text("현장 감리 완료", "Audited"),
    "MENTOR_CHECKED": Text("멘토 확인 완료", "Checked by the mentor"),
    "PASSED": Text("완료점검 통과", "Passed"),
    "REWORK": Text("재작업 요청", "To be reworked"),
    "FAILED": Text("완료점검 불합격", "Failed"),
}
COVERAGE = {
    "OPEN": Text("재원 확보 중", "Being covered"),
    "COMPLETED": Text("재원 확보 완료", "Covered"),
    "GRANTED": Text("교부 결정", "Granted"),
    "CLOSED": Text("종결", "Closed"),
}
RELEASE = {
    "RESERVED": Text("지급 요청, 승인 대기", "Asked for, waiting for approval"),
    "APPROVED": Text("지급 승인", "Approved"),
    "ORDERED": Text("은행에 지급 지시", "Ordered from the bank"),
    "CONFIRMED": Text("지급 완료", "Paid"),
    "POSTED": Text("지급 완료, 장부 기록", "Paid and booked"),
    "VOIDED": Text("지급 취소", "Voided"),
}
GATE = {
    "AGREEMENT_EFFECTIVE": Text("협약 후", "after the agreement"),
    "INTERIM_PASSED": Text("중간점검 후", "after the interim inspection"),
    "COMPLETED": Text("완료 후", "after completion"),
}
HOLD = {
    "SUPPLIER_INSOLVENT": Text("공급기업 부도", "supplier insolvent"),
    "FRAUD_SUSPECTED": Text("부정 의심", "fraud suspected"),
    "INSPECTION_FINDING": Text("점검 지적", "inspection finding"),
    "PAYEE_DOUBTED": Text("수취인 확인 필요", "payee doubted"),
    "PROJECT_SUSPENDED": Text("구축 중단", "project suspended"),
    "PROJECT_ENDED": Text("과제 종료", "project ended"),
    "PROJECT_RECOVERY": Text("환수 절차", "recovery"),
    "PROJECT_FIRM_STANDING": Text("기업 상태 재확인", "standing of the firm"),
}
SETTLEMENT = {
    "DUE": Text("실적보고 대기", "Report due"),
    "SUBMITTED": Text("실적보고 제출", "Reported"),
    "QUERIED": Text("정산 보완 요청", "Queried"),
    "ATTESTED": Text("회계 확인 완료", "Attested"),
    "FIXED": Text("정산 확정", "Fixed"),
    "CLOSED": Text("정산 종결", "Closed"),
}
SETTLEMENT_QUERY = {
    "EVIDENCE_MISSING": Text("증빙 부족", "evidence is missing"),
    "AMOUNT_DIFFERS": Text("금액 불일치", "an amount differs"),
    "COST_NOT_ELIGIBLE": Text("인정되지 않는 비용", "a cost is not eligible"),
    "INTEREST_NOT_SHOWN": Text("이자 미기재", "interest is not shown"),
}
REPAYMENT = {
    "ORDERED": Text("반납 고지", "Ordered"),
    "PAID": Text("반납, 확인 대기", "Paid back, to be confirmed"),
    "CONFIRMED": Text("반납 확인", "Confirmed"),
    "RELIEVED": Text("면제", "Relieved"),
}
RECOVERY = {
    "OPEN": Text("조사 시작", "Opened"),
    "NOTICED": Text("사전 통지", "Notice given"),
    "PROPOSED": Text("환수안 제출", "Proposed"),
    "DECIDED": Text("환수 결정", "Decided"),
    "OBJECTED": Text("이의신청 접수", "Objected to"),
    "UPHELD": Text("이의 인용, 환수 없음", "Objection upheld, nothing is owed"),
    "DISMISSED": Text("이의 기각", "Objection dismissed"),
    "CLOSED": Text("환수 종결", "Closed"),
    "DROPPED": Text("환수 없음", "Dropped"),
}
RESIDENCY = {
    "ASSIGNED": Text("멘토단 배정, 수락 대기", "Team assigned, to be accepted"),
    "ACCEPTED": Text("멘토단 수락", "Accepted"),
    "STARTED": Text("멘토단 상주 중", "Team at the firm"),
    "ENDED": Text("멘토단 상주 종료", "Residency ended"),
    "DECLINED": Text("배정 거절", "Declined"),
    "LAPSED": Text("응답 기한 경과", "Not answered in time"),
    "MOVED": Text("일정 변경", "Moved"),
    "RELEASED": Text("배정 해제", "Released"),
}
OBJECTION = {
    "FILED": Text("이의신청 접수", "Filed"),
    "PREPARED": Text("이의신청 검토 중", "Being considered"),
    "UPHELD": Text("이의신청 인용", "Upheld"),
    "DISMISSED": Text("이의신청 기각", "Dismissed"),
}
CONSEQUENCE = {
    "TO_EVALUATION": Text("적격, 평가를 받음", "eligible, to be evaluated"),
    "REINSTATED": Text("자리를 받음", "given a place"),
    "FIRST_RESERVE": Text("첫 번째 예비", "first reserve"),
    "OTHER_APPLICATION_STANDS": Text("같은 사업장의 다른 신청이 진행 중", "another application of the worksite stands"),
    "APPLICATION_WITHDRAWN": Text("신청이 철회됨", "the application was withdrawn"),
    "ALREADY_SELECTED": Text("예비에서 이미 선정됨", "had moved up from the reserves already"),
    "NOT_FUNDED": Text("선정되었으나 예산 부족", "had moved up, and was not funded"),
}
"""What an upheld objection does to its case."""
DEADLINE = {
    "SUPPLEMENT": Text("보완 서류 제출", "Hand in the supplement"),
    "SCREENING_DECISION": Text("요건검토 결과", "Decide the screening"),
    "OBJECTION_WINDOW": Text("이의신청", "Object"),
    "OBJECTION_DECISION": Text("이의신청 결정", "Decide the objection"),
    "AGREEMENT_ISSUE": Text("협약서 발급", "Issue the agreement"),
    "AGREEMENT_SIGNATURES": Text("협약 서명", "Sign the agreement"),
    "AGREEMENT_OPERATOR_SIGNATURE": Text("테크노파크 협약 서명", "Signature of the Technopark"),
    "AGREEMENT_COVERAGE": Text("재원 확보", "Cover the agreement's money"),
    "AMENDMENT_CONSENT": Text("협약변경 동의", "Consent to the amendment"),
    "AMENDMENT_DECISION": Text("협약변경 결정", "Decide the amendment"),
    "SUPPORT_TICKET": Text("행정지원 처리", "Answer the request for support"),
}
DEADLINE_STATE = {
    "OPEN": Text("진행 중", "running"),
    "OVERDUE": Text("기한 지남", "overdue"),
    "MET": Text("지킴", "kept"),
    "MISSED": Text("놓침", "missed"),
    "LAPSED": Text("사용하지 않음", "not used"),
    "DROPPED": Text("해당 없음", "dropped"),
}
ROLES = {
    "company.owner": Text("도입기업 대표", "owner of the firm"),
    "company.staff": Text("도입기업 담당자", "staff of the firm"),
    "technopark.operator": Text("전북테크노파크 담당자", "Technopark operator"),
    "panel.member": Text("평가위원", "panel member"),
    "province.officer": Text("도 담당관", "province, officer"),
    "province.approver": Text("도 결재자", "province, approver"),
    "province.treasurer": Text("도 회계책임자", "province, treasurer"),
    "municipality.officer": Text("시·군 담당관", "municipality, officer"),
    "municipality.approver": Text("시·군 결재자", "municipality, approver"),
    "municipality.client": Text("시·군 시스템", "municipality, machine"),
    "mentor.lead": Text("멘토단장", "mentor lead"),
    "mentor": Text("멘토", "mentor"),
    "supplier": Text("공급기업", "supplier"),
    "accountant": Text("정산 회계법인", "accountant"),
    "samsung.client": Text("삼성 시스템", "Samsung, machine"),
    "service": Text("시스템 자동 처리", "the system"),
}
