"""Values for the examples of what may be done with a thing next, and why the rest is closed."""

from collections.abc import Mapping

ACTION_EXAMPLES: Mapping[str, object] = {
    "ApplicationForCaller.status": "SUBMITTED",
    "ApplicationForCaller.actions": [
        {
            "operation_id": "withdrawApplication",
            "ko": "신청 철회",
            "en": "Take an application back",
            "method": "POST",
            "path": "/applicant/v1/applications/0199f1b0-1d20-7c31-9b52-3c1e8f40a301/withdrawals",
        }
    ],
    "ApplicationForCaller.closed_actions": [
        {
            "operation_id": "submitApplication",
            "ko": "신청서 제출",
            "en": "Submit a draft inside the call's window",
            "because": [
                {
                    "code": "application-not-in-this-state",
                    "ko": "지금 상태에서는 할 수 없습니다",
                    "en": "Not possible in the present state",
                }
            ],
        }
    ],
    "AgreementForCaller.state": "SIGNED_BY_ADOPTER",
    "AgreementForCaller.actions": [
        {
            "operation_id": "askStandingCheck",
            "ko": "협약 전 체납 재확인 요청",
            "en": "Ask the tax office anew before signing",
            "method": "POST",
            "path": "/applicant/v1/agreements/0199f1b0-1d20-7c31-9b52-3c1e8f40a501/standing-checks",
        }
    ],
    "AgreementForCaller.closed_actions": [
        {
            "operation_id": "signAgreement",
            "ko": "협약 서명",
            "en": "Sign an agreement",
            "because": [
                {
                    "code": "not-your-turn-to-sign",
                    "ko": "지금 서명할 차례가 아닙니다",
                    "en": "It is not your turn to sign",
                }
            ],
        }
    ],
    "ReleaseForCaller.actions": [
        {
            "operation_id": "rejectRelease",
            "ko": "지급 반려",
            "en": "Reject a release",
            "method": "POST",
            "path": "/funding/v1/releases/0199f1b0-1d20-7c31-9b52-3c1e8f40a701/rejections",
        }
    ],
    "ReleaseForCaller.closed_actions": [
        {
            "operation_id": "approveRelease",
            "ko": "지급 결재",
            "en": "Approve a release",
            "because": [
                {
                    "code": "release-own-decision",
                    "ko": "본인이 이미 관여한 지급입니다",
                    "en": "You have had a part in this release",
                }
            ],
        }
    ],
}
