"""The decisions of a project's two journals in plain words, with the part of its life that each belongs to."""

from enum import StrEnum

from common.errors import Text


class Phase(StrEnum):
    """A part of a project's life, in the order in which it comes."""

    APPLICATION = "APPLICATION"
    MONEY = "MONEY"
    AGREEMENT = "AGREEMENT"
    BUILD = "BUILD"
    MENTORING = "MENTORING"
    SETTLEMENT = "SETTLEMENT"


PHASES = {
    Phase.APPLICATION: Text("신청과 선정", "Application and selection"),
    Phase.MONEY: Text("예산과 지급", "Money"),
    Phase.AGREEMENT: Text("협약", "Agreement"),
    Phase.BUILD: Text("구축과 점검", "Building and inspection"),
    Phase.MENTORING: Text("멘토링", "Mentoring"),
    Phase.SETTLEMENT: Text("정산과 환수", "Settlement and recovery"),
}

_SAID: dict[Phase, dict[str, tuple[str, str]]] = {
    Phase.APPLICATION: {
        "project-selected": ("과제로 선정", "Selected as a project"),
        "project-confirmed": ("예산이 확정되어 선정 확정", "Selection confirmed by funding"),
        "project-not-funded": ("예산이 모자라 선정 취소", "Not funded"),
        "project-withdrawn": ("기업이 포기", "Withdrawn by the firm"),
        "place-freed": ("자리를 비움", "Place freed"),
        "commitment-requested-again": ("예산을 다시 요청", "Money asked for again"),
    },
    Phase.MONEY: {
        "project-committed": ("재원별 금액 확정", "Each source's part committed"),
        "commitment-refused": ("예산 부족으로 거절", "Refused: a source is short"),
        "commitment-released": ("확정한 예산을 되돌림", "Commitment released"),
        "withdrawn-before-its-turn": ("차례 전에 포기", "Withdrawn before its turn"),
        "coverage-opened": ("재원 확보 시작", "Coverage opened"),
        "coverage-line-covered": ("재원 하나 확보", "A source's money covered"),
        "coverage-granted": ("교부 결정", "Granted"),
        "coverage-closed": ("재원 확보 종결", "Coverage closed"),
        "self-payment-recorded": ("자부담 입금 기록", "Own payment recorded"),
        "self-payment-verified": ("자부담 입금 확인", "Own payment verified"),
        "self-payment-reviewed": ("보류된 자부담 심사", "Held payment reviewed"),
        "standing-asked": ("지급 전 기업 상태 조회", "Standing of the firm asked"),
        "standing-asked-again": ("기업 상태 다시 조회", "Standing asked again"),
        "standing-answered": ("기업 상태 회신", "Standing answered"),
        "standing-found": ("기업 상태 확인", "Standing found"),
        "release-gate-opened": ("지급 단계 열림", "Gate of payment opened"),
        "release-reserved": ("지급 요청", "Payment asked for"),
        "release-approval-given": ("지급 승인 한 건", "An approval of the payment"),
        "release-approved": ("지급 승인 완료", "Payment approved"),
        "release-ordered": ("은행에 지급 지시", "Payment ordered"),
        "release-confirmed": ("은행이 지급 확인", "Payment confirmed by the bank"),
        "release-posted": ("지급을 장부에 기록", "Payment booked"),
        "release-voided": ("지급 취소", "Payment voided"),
        "release-unclear": ("은행 회신 불명", "The bank's answer is unclear"),
        "release-hold-placed": ("지급 보류", "Payments held"),
        "release-hold-lift-proposed": ("보류 해제 제안", "Lifting of the hold proposed"),
        "release-hold-lifted": ("보류 해제", "Hold lifted"),
        "release-finding-proposed": ("은행 조사 결과 제안", "Finding about the payment proposed"),
        "release-finding-confirmed": ("은행 조사 결과 확정", "Finding about the payment confirmed"),
        "release-finding-rejected": ("은행 조사 결과 기각", "Finding about the payment rejected"),
        "release-finding-moot": ("은행 조사 결과 불필요", "Finding about the payment moot"),
    },
    Phase.AGREEMENT: {
        "agreement-issued": ("협약서 발급", "Agreement issued"),
        "agreement-signed": ("협약 서명", "Agreement signed"),
        "agreement-effective": ("협약 체결", "Agreement in force"),
        "agreement-lapsed": ("협약 실효", "Agreement lapsed"),
        "agreement-withdrawn": ("협약 철회", "Agreement withdrawn"),
        "amendment-requested": ("협약변경 요청", "Amendment requested"),
        "amendment-consented": ("협약변경 동의", "Amendment consented to"),
        "amendment-decided": ("협약변경 결정", "Amendment decided"),
        "amendment-withdrawn": ("협약변경 철회", "Amendment withdrawn"),
        "deadline-overdue": ("기한이 지남", "A deadline is overdue"),
    },
    Phase.BUILD: {
        "suspension-proposed": ("중단 제안", "Suspension proposed"),
        "suspension-approved": ("중단 승인", "Suspension approved"),
        "suspension-refused": ("중단 거절", "Suspension refused"),
        "resumption-proposed": ("재개 제안", "Resumption proposed"),
        "resumption-approved": ("재개 승인", "Resumption approved"),
        "resumption-refused": ("재개 거절", "Resumption refused"),
        "termination-proposed": ("해지 제안", "Termination proposed"),
        "termination-approved": ("해지 승인", "Termination approved"),
        "termination-refused": ("해지 거절", "Termination refused"),
        "project-completed": ("구축 완료", "Completed"),
        "document-uploading": ("문서 올리기 시작", "Upload of a document begun"),
        "document-sealed": ("문서 보관", "Document kept"),
        "document-refused": ("문서 거부", "Document refused"),
        "document-expired": ("문서 올리기 기한 만료", "Upload of a document expired"),
        "interim-inspection-planned": ("중간점검 일정 결정", "Interim inspection planned"),
        "interim-inspection-visited": ("중간점검 현장 확인", "Interim inspection: visited"),
        "interim-inspection-passed": ("중간점검 통과", "Interim inspection passed"),
        "interim-inspection-conditional": ("중간점검 조건부", "Interim inspection: to be fixed"),
        "interim-inspection-fixed": ("중간점검 보완 확인", "Interim inspection: fixed"),
        "interim-inspection-failed": ("중간점검 불합격", "Interim inspection failed"),
        "interim-fix-overdue": ("중간점검 보완 기한 지남", "Fix after the interim inspection overdue"),
        "completion-reported": ("완료 보고", "Completion reported"),
        "completion-audited": ("완료 감리", "Completion audited"),
        "completion-checked": ("완료 확인", "Completion checked"),
        "completion-passed": ("완료점검 통과", "Completion passed"),
        "completion-rework": ("재작업 요청", "Rework wanted"),
        "completion-failed": ("완료점검 불합격", "Completion failed"),
        "completion-rework-overdue": ("재작업 기한 지남", "Rework overdue"),
        "site-visit-planned": ("현장 방문 예정", "Visit planned"),
        "site-visit-moved": ("현장 방문 변경", "Visit moved"),
        "site-visit-cancelled": ("현장 방문 취소", "Visit cancelled"),
        "support-ticket-opened": ("행정지원 요청", "Support asked for"),
        "support-ticket-owned": ("행정지원 담당 지정", "Support taken up"),
        "support-ticket-closed": ("행정지원 처리", "Support request closed"),
    },
    Phase.SETTLEMENT: {
        "settlement-opened": ("정산 시작", "Settlement opened"),
        "settlement-assigned": ("회계법인 배정", "Accountant assigned"),
        "settlement-submitted": ("실적보고 제출", "Report handed in"),
        "settlement-queried": ("정산 보완 요청", "Report queried"),
        "settlement-attested": ("회계 확인", "Report attested"),
        "settlement-fixed": ("정산 확정", "Settlement fixed"),
        "settlement-closed": ("정산 종결", "Settlement closed"),
        "repayment-ordered": ("반납 고지", "Repayment ordered"),
        "repayment-paid": ("반납 입금", "Repaid"),
        "repayment-confirmed": ("반납 확인", "Repayment confirmed"),
        "repayment-denied": ("반납 미확인", "Repayment denied"),
        "repayment-relieved": ("반납 면제", "Repayment relieved"),
        "recovery-opened": ("환수 조사 시작", "Recovery opened"),
        "recovery-noticed": ("환수 사전 통지", "Recovery: notice given"),
        "recovery-opinion-given": ("의견 제출", "Opinion given"),
        "recovery-proposed": ("환수안 제출", "Recovery proposed"),
        "recovery-sent-back": ("환수안 반려", "Recovery sent back"),
        "recovery-decided": ("환수 결정", "Recovery decided"),
        "recovery-dropped": ("환수 없음", "Recovery dropped"),
        "recovery-objected": ("환수 이의신청", "Recovery objected to"),
        "recovery-heard": ("환수 이의 심의", "Objection heard"),
        "recovery-upheld": ("환수 이의 인용, 환수 없음", "Objection upheld, nothing is owed"),
        "recovery-dismissed": ("환수 이의 기각", "Objection dismissed"),
        "recovery-closed": ("환수 종결", "Recovery closed"),
    },
}

DECISIONS = {code: (phase, Text(*said)) for phase, told in _SAID.items() for code, said in told.items()}
"""By the name that the journal has for it."""
