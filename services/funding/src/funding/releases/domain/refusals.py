"""Why a release, a hold or a decision about them is refused."""

from common.errors import InvalidInput, NotFound, NotPermitted, RuleRefused, StaleVersion, Text

_NOTHING = Text("바뀐 것은 없습니다.", "Nothing was changed.")


class ReleaseLineUnknown(NotFound):
    """The agreement is not in force, the source pays nothing here, or the project is another tenant's."""

    code = "release-line-unknown"
    title = Text("지급할 재원을 찾을 수 없습니다", "No such line to release from")
    detail = Text(
        "효력이 발생한 협약의 공공 재원인지 확인해 주세요. 저장된 것은 없습니다.",
        "Check that it is a public source of an agreement in force. Nothing was stored.",
    )


class ReleaseUnknown(NotFound):
    """No such release, or another tenant's."""

    code = "release-unknown"
    title = Text("지급 건을 찾을 수 없습니다", "No such release")
    detail = Text("지급 번호를 확인해 주세요.", "Check the release's id.")


class ReleaseHasChanged(StaleVersion):
    """Somebody decided about it after the caller had read it."""

    code = "release-has-changed"
    title = Text("지급 건이 그 사이에 바뀌었습니다", "The release has changed meanwhile")
    detail = Text(
        "현재 판은 {current_version}입니다. 바뀐 것은 없습니다. 다시 읽고 결정해 주세요.",
        "The current version is {current_version}. Nothing was changed. Read it again and decide.",
    )


class SelfPayNotProven(RuleRefused):
    """Rule F-04: no public won before the firm's own."""

    code = "self-pay-not-proven"
    title = Text("자부담 납부가 확인되지 않았습니다", "The self-pay is not proven")
    detail = Text(
        "자부담 {due_won}원 가운데 {proven_won}원만 확인되었습니다 (F-04). 저장된 것은 없습니다.",
        "Of {due_won} won of self-pay only {proven_won} are verified (F-04). Nothing was stored.",
    )


class GateNotReached(RuleRefused):
    """The project has not come so far, as far as funding has heard."""

    code = "gate-not-reached"
    title = Text("지급 조건이 아직 충족되지 않았습니다", "The gate is not reached yet")
    detail = Text(
        "{gate} 단계를 거치지 않은 과제입니다. 저장된 것은 없습니다.",
        "The project has not passed {gate}. Nothing was stored.",
    )


class PayeeAccountMissing(RuleRefused):
    """Money goes to the account that the firm registered for the project, and to no other."""

    code = "payee-account-missing"
    title = Text("등록된 과제 계좌가 없습니다", "No project account is registered")
    detail = Text(
        "자부담 재원을 확정하며 등록한 계좌로만 지급합니다. 저장된 것은 없습니다.",
        "Money goes to the account registered with the self-pay share. Nothing was stored.",
    )


class ReleaseModeDiffers(InvalidInput):
    """A tranche names its gate, a draw its invoice."""

    code = "release-mode-differs"
    title = Text("이 재원의 지급 방식이 아닙니다", "This source pays in another way")
    detail = Text(
        "{source} 재원의 지급 방식은 {mode}입니다: 교부는 단계, 인출은 세금계산서를 적어 주세요. 저장된 것은 없습니다.",
        "{source} pays by {mode}: name a gate for a tranche, an invoice for a draw. Nothing was stored.",
    )


class TrancheAmountDiffers(InvalidInput):
    """What a gate frees is worked out, and only asked back."""

    code = "tranche-amount-differs"
    title = Text("지급액이 지급 조건과 다릅니다", "The amount is not what the gate frees")
    detail = Text(
        "이 단계의 지급액은 {due_won}원입니다. 저장된 것은 없습니다.",
        "This gate frees {due_won} won. Nothing was stored.",
    )


class ReleaseExceedsLine(RuleRefused):
    """Rule F-05: no more than what was committed, less what was released or is under way."""

    code = "release-exceeds-line"
    title = Text("지급 가능액을 넘습니다", "More than the line has left")
    detail = Text(
        "남은 금액은 {left_won}원이고 요청액은 {amount_won}원입니다 (F-05). 저장된 것은 없습니다.",
        "{left_won} won are left and {amount_won} were asked for (F-05). Nothing was stored.",
    )


class ReleaseExists(RuleRefused):
    """A gate frees its tranche once, and an invoice is paid by a source once and for one project (R-09)."""

    code = "release-exists"
    title = Text("이미 요청된 지급입니다", "This was asked for already")
    detail = Text(
        "같은 단계 또는 같은 세금계산서의 지급 건이 있습니다. 저장된 것은 없습니다.",
        "There is a release for this gate or this invoice already. Nothing was stored.",
    )


class LineHeld(RuleRefused):
    """A held line releases nothing."""

    code = "line-held"
    title = Text("지급이 보류된 재원입니다", "The line is held")
    detail = Text(
        "보류 사유: {reason}. 보류가 풀린 뒤 다시 진행해 주세요. 바뀐 것은 없습니다.",
        "It is held for {reason}. Go on when the hold is lifted. Nothing was changed.",
    )


class PaymentUnderWay(RuleRefused):
    """What the bank may still pay is neither settled nor asked back: one of the two comes first (R21)."""

    code = "payment-under-way"
    title = Text("진행 중인 지급이 있습니다", "A payment is under way")
    detail = Text(
        "{open_won}원의 지급이 아직 끝나지 않았습니다. 지급이 끝나거나 반려된 뒤에 다시 해 주세요. 바뀐 것은 없습니다.",
        "{open_won} won are still on their way. Wait until they are paid or given back. Nothing was changed.",
    )


class ReleaseDecided(RuleRefused):
    """Each step is taken once, in its turn."""

    code = "release-decided"
    title = Text("지금 할 수 없는 결정입니다", "It is not at this step")
    detail = Text("지급 건의 상태가 {state}입니다. 바뀐 것은 없습니다.", "The release is {state}. Nothing was changed.")


class ReleaseOwnDecision(RuleRefused):
    """Who asks does not approve, who approved does not approve again, and neither orders the payment (R19)."""

    code = "release-own-decision"
    title = Text("본인이 이미 관여한 지급입니다", "You have had a part in this release")
    detail = Text(
        "요청, 결재, 지급 명령은 서로 다른 사람이 해야 합니다. 바뀐 것은 없습니다.",
        "Asking, approving and ordering are done by different people. Nothing was changed.",
    )


class ApprovalNotYours(NotPermitted):
    """A municipality approves what its own line pays; enough approvals of one body are enough."""

    code = "approval-not-yours"
    title = Text("귀 기관의 결재가 필요한 건이 아닙니다", "Your body's approval is not due")
    detail = Text(
        "이 지급에 {body}의 결재는 더 필요하지 않습니다. 바뀐 것은 없습니다.",
        "No further approval of {body} is due. Nothing was changed.",
    )


class PaymentOrderNotWritable(RuleRefused):
    """The standard limits what an order may say, and half of an account's number is another account."""

    code = "payment-order-not-writable"
    title = Text("지급 명령 파일로 쓸 수 없습니다", "It does not fit into a payment order")
    detail = Text(
        "ISO 20022에서 {what}은(는) {longest}자까지입니다. 잘라 쓰지 않습니다.",
        "ISO 20022 has room for {longest} characters of {what}, and nothing is cut off.",
    )


class ReleaseNotUnclear(RuleRefused):
    """The bank has said what became of it, or still has time to."""

    code = "release-not-unclear"
    title = Text("결과가 불명확한 지급이 아닙니다", "The release is not unclear")
    detail = Text(
        "상태 {state}: 은행이 기한 안에 결과를 알리지 않은 지급만 사람이 확인합니다. 저장된 것은 없습니다.",
        "It is {state}: people find out only what the bank has not said in time. Nothing was stored.",
    )


class FindingUnknown(NotFound):
    """No such finding."""

    code = "release-finding-unknown"
    title = Text("확인 건을 찾을 수 없습니다", "No such finding")
    detail = Text("확인 건의 번호를 확인해 주세요.", "Check the finding's id.")


class FindingHasChanged(StaleVersion):
    """Somebody decided about it after the caller had read it."""

    code = "release-finding-has-changed"
    title = Text("확인 건이 그 사이에 바뀌었습니다", "The finding has changed meanwhile")
    detail = ReleaseHasChanged.detail


class FindingMalformed(InvalidInput):
    """What was paid has the bank's number, and what was not has none."""

    code = "release-finding-malformed"
    title = Text("은행 거래번호가 결과와 맞지 않습니다", "Outcome and transaction do not fit together")
    detail = Text(
        "지급된 경우에만 은행 거래번호를 적어 주세요. 저장된 것은 없습니다.",
        "Name the bank's transaction if it was paid, and only then. Nothing was stored.",
    )


class FindingExists(RuleRefused):
    """One finding of a release waits at a time, and a transaction pays one release."""

    code = "release-finding-exists"
    title = Text("이미 제안되었거나 사용된 거래번호입니다", "It is proposed, or the transaction is taken, already")
    detail = Text("저장된 것은 없습니다.", "Nothing was stored.")


class FindingDecided(RuleRefused):
    """A finding is decided once."""

    code = "release-finding-decided"
    title = Text("이미 결정된 확인 건입니다", "The finding is decided already")
    detail = Text("상태는 {state}입니다. 바뀐 것은 없습니다.", "It is {state}. Nothing was changed.")


class FindingOwnDecision(RuleRefused):
    """Who proposed it or ordered the payment does not decide on it."""

    code = "release-finding-own-decision"
    title = Text("다른 사람이 결정해야 합니다", "Another person must decide")
    detail = Text(
        "제안한 사람과 지급을 명령한 사람은 결정할 수 없습니다. 바뀐 것은 없습니다.",
        "Neither who proposed it nor who ordered the payment decides. Nothing was changed.",
    )


class OrderStillAsked(RuleRefused):
    """The last question to the bank may still be under way."""

    code = "order-still-asked"
    title = Text("은행에 대한 조회가 끝나지 않았습니다", "The bank is still being asked")
    detail = Text(
        "마지막 조회가 끝난 뒤 몇 분 안에 다시 확정해 주세요. 바뀐 것은 없습니다.",
        "Confirm it again in a few minutes, when the last question is over. Nothing was changed.",
    )


class HoldUnknown(NotFound):
    """No such hold, or another tenant's."""

    code = "release-hold-unknown"
    title = Text("지급 보류 건을 찾을 수 없습니다", "No such hold")
    detail = Text("보류 번호를 확인해 주세요.", "Check the hold's id.")


class HoldHasChanged(StaleVersion):
    """Somebody decided about it after the caller had read it."""

    code = "release-hold-has-changed"
    title = Text("보류 건이 그 사이에 바뀌었습니다", "The hold has changed meanwhile")
    detail = ReleaseHasChanged.detail


class HoldNotYours(NotPermitted):
    """A municipality holds its own line only."""

    code = "release-hold-not-yours"
    title = Text("다른 기관의 재원입니다", "Another body's line")
    detail = Text(
        "{source} 재원은 그 재원을 맡은 기관만 보류하거나 풀 수 있습니다. 바뀐 것은 없습니다.",
        "Only who answers for {source} holds or frees it. Nothing was changed.",
    )


class HoldLifted(RuleRefused):
    """A hold is lifted once."""

    code = "release-hold-lifted"
    title = Text("이미 풀린 보류입니다", "The hold is lifted already")
    detail = _NOTHING


class HoldNeedsSecondPerson(RuleRefused):
    """Two people lift a hold."""

    code = "release-hold-needs-second-person"
    title = Text("다른 사람이 풀어야 합니다", "A second person must lift it")
    detail = Text(
        "보류 해제를 제안한 사람과 다른 사람이 확인해야 합니다. 바뀐 것은 없습니다.",
        "Another person than who proposed it confirms. Nothing was changed.",
    )


class HoldBoundToProject(RuleRefused):
    """A hold that the project's own suspension or end has placed ends with that, not by hand."""

    code = "release-hold-bound-to-project"
    title = Text("과제 상태에 따른 보류입니다", "The hold follows the project")
    detail = Text(
        "사유 {reason}: 그 사유가 끝나야 함께 풀립니다. 바뀐 것은 없습니다.",
        "It stands for {reason}, and ends with that. Nothing was changed.",
    )
