"""What the rules of outcome reports refuse, and what to do about it."""

from common.errors import InvalidInput, NotFound, NotPermitted, RuleRefused, StaleVersion, Text


class OutcomeProjectUnknown(NotFound):
    """No such project, another firm's, or one whose selection has not been heard of yet."""

    code = "outcome-project-unknown"
    title = Text("과제를 찾을 수 없습니다", "No such project")
    detail = Text(
        "과제 번호를 확인해 주세요. 방금 선정되었다면 잠시 뒤에 다시 시도해 주세요. 저장된 것은 없습니다.",
        "Check the project's id; if it was selected just now, try again in a moment. Nothing was stored.",
    )


class OutcomeReportUnknown(NotFound):
    """No such report, or another tenant's."""

    code = "outcome-report-unknown"
    title = Text("성과 보고를 찾을 수 없습니다", "No such outcome report")
    detail = Text("성과 보고 번호를 확인해 주세요.", "Check the report's id.")


class OutcomeRowsNotYours(NotPermitted):
    """Raw rows leave to those who answer for the figures, and each time it is recorded who took them."""

    code = "outcome-rows-not-yours"
    title = Text("성과 원자료를 내려받을 수 없습니다", "The raw rows of outcomes are not for this role")
    detail = Text(
        "성과 원자료는 도와 감사 담당자만 내려받습니다. 집계는 볼 수 있습니다.",
        "The province and auditors take the raw rows. The sums are open to read.",
    )


class OutcomeReportHasChanged(StaleVersion):
    """Somebody decided about it after the caller had read it."""

    code = "outcome-report-has-changed"
    title = Text("성과 보고가 그 사이에 바뀌었습니다", "The outcome report has changed meanwhile")
    detail = Text(
        "현재 판은 {current_version}입니다. 바뀐 것은 없습니다. 다시 읽고 결정해 주세요.",
        "The current version is {current_version}. Nothing was changed. Read it again and decide.",
    )


class WaveNotOpen(RuleRefused):
    """Figures of a wave exist when its period is over, and that counts from the completion."""

    code = "outcome-wave-not-open"
    title = Text("아직 보고할 수 없는 차수입니다", "The wave is not open yet")
    detail = Text(
        "이 차수는 {opens_on}부터 보고할 수 있습니다. 저장된 것은 없습니다.",
        "It may be reported from {opens_on} on. Nothing was stored.",
    )


class ProjectNotCompleted(RuleRefused):
    """There is nothing to measure before the factory stands."""

    code = "outcome-project-not-completed"
    title = Text("완료되지 않은 과제입니다", "The project is not completed")
    detail = Text(
        "완료점검을 통과한 뒤의 성과만 보고할 수 있습니다. 저장된 것은 없습니다.",
        "Outcomes are reported after the completion inspection has passed. Nothing was stored.",
    )


class ReportRepeated(RuleRefused):
    """The newest report of this wave says exactly the same: one is enough."""

    code = "outcome-report-repeated"
    title = Text("이미 같은 내용으로 보고했습니다", "The same was reported already")
    detail = Text(
        "{number}번 보고와 내용이 같습니다. 먼저 보고한 내용이 그대로 남아 있으며, 새로 저장된 것은 없습니다.",
        "It says the same as report {number}, which stands as it is. Nothing new was stored.",
    )


class ReportMeanwhile(RuleRefused):
    """Another report of the same wave came in the same moment."""

    code = "outcome-report-meanwhile"
    title = Text("같은 차수의 다른 보고가 방금 등록되었습니다", "Another report of this wave came in just now")
    detail = Text(
        "저장된 것은 없습니다. 먼저 등록된 보고를 읽고 다시 보고해 주세요.",
        "Nothing was stored. Read the one that came first and report again.",
    )


class CorrectionReasonMissing(InvalidInput):
    """What replaces a reported figure says why."""

    code = "outcome-correction-reason-missing"
    title = Text("정정 사유가 없습니다", "The reason of the correction is missing")
    detail = Text(
        "이 차수는 이미 보고되었습니다. 정정 사유(reason)를 적어 주세요. 저장된 것은 없습니다.",
        "This wave has been reported: say why it is reported again (reason). Nothing was stored.",
    )


class PeriodWrong(InvalidInput):
    """The figures are not of the period that the wave is about."""

    code = "outcome-period-wrong"
    title = Text("측정 기간이 맞지 않습니다", "The period does not fit")
    detail = Text(
        "측정 기간은 {period_from}부터 {period_to} 사이, {months}개월 이상이어야 합니다. 저장된 것은 없습니다.",
        "It must lie between {period_from} and {period_to} and be {months} months or longer. Nothing was stored.",
    )


class BaselinePeriodWrong(InvalidInput):
    """The figures are not of a time before the agreement, or of too short a one."""

    code = "outcome-baseline-period-wrong"
    title = Text("기준값의 측정 기간이 맞지 않습니다", "The period of the baseline does not fit")
    detail = Text(
        "기준값은 {period_to}까지의 {months}개월 이상을 측정한 값이어야 합니다. 저장된 것은 없습니다.",
        "A baseline is of {months} months or longer that end by {period_to}. Nothing was stored.",
    )


class KpiUnknown(InvalidInput):
    """No KPI of this code is defined, or it is named twice."""

    code = "outcome-kpi-unknown"
    title = Text("정의되지 않았거나 두 번 적은 지표입니다", "The KPI is not defined, or named twice")
    detail = Text(
        "쓸 수 있는 지표: {known}. 지표마다 한 번만 적어 주세요. 저장된 것은 없습니다.",
        "The KPIs are {known}, each at most once. Nothing was stored.",
    )


class RateAboveWhole(InvalidInput):
    """A rate lies between 0 and 100 %."""

    code = "outcome-rate-above-whole"
    title = Text("비율이 100%를 넘습니다", "The rate is above 100 %")
    detail = Text(
        "{kpi}의 분자는 분모보다 클 수 없습니다. 저장된 것은 없습니다.",
        "The numerator of {kpi} cannot exceed its denominator. Nothing was stored.",
    )


class ReportDecided(RuleRefused):
    """Each report is decided once; what changes afterwards is a correction."""

    code = "outcome-report-decided"
    title = Text("이미 판단한 성과 보고입니다", "The report was decided already")
    detail = Text(
        "성과 보고의 상태가 {state}입니다. 바뀐 것은 없습니다.", "The report is {state}. Nothing was changed."
    )


class OwnReport(RuleRefused):
    """Who reported cannot verify."""

    code = "outcome-own-report"
    title = Text("본인이 보고한 건은 확인할 수 없습니다", "You reported this yourself")
    detail = Text(
        "다른 담당자가 확인해야 합니다. 바뀐 것은 없습니다.", "Another person must decide. Nothing was changed."
    )


class FindingMissing(InvalidInput):
    """A return says why, and a verification has nothing to say."""

    code = "outcome-finding-misplaced"
    title = Text("반려 사유를 확인해 주세요", "The finding does not fit the decision")
    detail = Text(
        "반려에는 사유(finding)가 있어야 하고, 확인에는 없어야 합니다. 바뀐 것은 없습니다.",
        "A return has a finding, and a verification has none. Nothing was changed.",
    )


class NoOutcomeRules(NotFound):
    """Nothing is asked on a day before the first definitions."""

    code = "outcome-rules-not-in-force"
    title = Text("그날의 지표 정의가 없습니다", "No KPI definitions on that day")
    detail = Text(
        "{on}에 적용되는 지표 정의가 없습니다. 저장된 것은 없습니다.",
        "No KPI definitions are in force on {on}. Nothing was stored.",
    )
