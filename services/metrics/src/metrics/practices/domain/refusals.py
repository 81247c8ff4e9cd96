"""What the rules of good practices refuse, and what to do about it."""

from common.errors import InvalidInput, NotFound, RuleRefused, StaleVersion, Text


class GoodPracticeUnknown(NotFound):
    """No such case, another's, or one that is not published."""

    code = "good-practice-unknown"
    title = Text("우수사례를 찾을 수 없습니다", "No such good practice")
    detail = Text("우수사례 번호를 확인해 주세요.", "Check the good practice's id.")


class GoodPracticeHasChanged(StaleVersion):
    """Somebody decided about it, or the firm about its name, after the caller had read it."""

    code = "good-practice-has-changed"
    title = Text("우수사례가 그 사이에 바뀌었습니다", "The good practice has changed meanwhile")
    detail = Text(
        "현재 판은 {current_version}입니다. 바뀐 것은 없습니다. 다시 읽고 처리해 주세요.",
        "The current version is {current_version}. Nothing was changed. Read it again.",
    )


class NoPracticeCriteria(NotFound):
    """Nothing can be nominated before the first criteria."""

    code = "good-practice-criteria-not-in-force"
    title = Text("그날의 우수사례 기준이 없습니다", "No criteria on that day")
    detail = Text(
        "{on}에 적용되는 우수사례 기준이 없습니다. 저장된 것은 없습니다.",
        "No criteria are in force on {on}. Nothing was stored.",
    )


class PracticeNominatedAlready(RuleRefused):
    """A project has one case at a time."""

    code = "good-practice-nominated-already"
    title = Text("이미 추천된 과제입니다", "The project is nominated already")
    detail = Text(
        "이 과제의 우수사례가 진행 중이거나 공개되어 있습니다. 그것은 그대로이며, 새로 저장된 것은 없습니다.",
        "A good practice of this project is under way or published, and stays as it is. Nothing new was stored.",
    )


class PracticeProjectNotCompleted(RuleRefused):
    """There is nothing to show before the factory stands, or after it was given up."""

    code = "good-practice-project-not-completed"
    title = Text("완료된 과제가 아닙니다", "The project is not a completed one")
    detail = Text(
        "완료점검을 통과했고 중도에 해지되지 않은 과제만 추천하고 공개합니다. 바뀐 것은 없습니다.",
        "Only a project that was completed and not terminated is nominated or published. Nothing was changed.",
    )


class PracticeCodeUnknown(InvalidInput):
    """A sector, size band, process or technology that the criteria do not list, or a KPI that is not defined."""

    code = "good-practice-code-unknown"
    title = Text("기준에 없는 코드입니다", "A code that the criteria do not list")
    detail = Text(
        "쓸 수 있는 값: {known}. 같은 값은 한 번만 적어 주세요. 저장된 것은 없습니다.",
        "The values are {known}, each at most once. Nothing was stored.",
    )


class PracticeKpisTooFew(InvalidInput):
    """The criteria ask for more figures."""

    code = "good-practice-kpis-too-few"
    title = Text("성과지표가 부족합니다", "Too few KPIs")
    detail = Text(
        "지표를 {count}개 이상 적어 주세요. 저장된 것은 없습니다.", "Name {count} or more. Nothing was stored."
    )


class PracticeDecided(RuleRefused):
    """The step is not open in the case's present state."""

    code = "good-practice-decided"
    title = Text("지금 상태에서는 할 수 없습니다", "Not in the present state")
    detail = Text(
        "우수사례의 상태가 {state}입니다. 바뀐 것은 없습니다.", "The good practice is {state}. Nothing was changed."
    )


class PracticeOwnCase(RuleRefused):
    """Nominator, verifier and publisher are three people."""

    code = "good-practice-own-case"
    title = Text("본인이 추천하거나 확인한 건입니다", "You nominated or verified this yourself")
    detail = Text(
        "추천, 확인, 공개는 서로 다른 사람이 합니다. 바뀐 것은 없습니다.",
        "Three different people nominate, verify and publish. Nothing was changed.",
    )


class PracticeFigureUnproven(RuleRefused):
    """No verified report carries this figure, or what it carries does not count."""

    code = "good-practice-figure-unproven"
    title = Text("확인된 성과 보고가 뒷받침하지 않는 수치입니다", "No verified report carries this figure")
    detail = Text(
        "{kpi} 지표의 상태는 {standing}입니다. 기준값과 성과 보고가 확인된 뒤 다시 시도해 주세요. 바뀐 것은 없습니다.",
        "{kpi} is {standing}. Have baseline and report verified, then try again. Nothing was changed.",
    )


class PracticeFigureBelow(RuleRefused):
    """The figure is proven and less than the criteria ask for."""

    code = "good-practice-figure-below"
    title = Text("기준에 못 미치는 수치입니다", "The figure is below the criteria")
    detail = Text(
        "{kpi}의 개선은 {improvement_bp}bp이고 기준은 {at_least_bp}bp 이상입니다. 바뀐 것은 없습니다.",
        "{kpi} improved by {improvement_bp} basis points and the criteria ask for {at_least_bp}. Nothing was changed.",
    )


class PracticeEvidenceWeak(RuleRefused):
    """The figure rests on evidence of a grade that the criteria do not take."""

    code = "good-practice-evidence-weak"
    title = Text("증빙 등급이 기준에 못 미칩니다", "The evidence is of too low a grade")
    detail = Text(
        "{kpi}의 증빙 등급은 {grade}이고 기준은 {allowed}입니다. 바뀐 것은 없습니다.",
        "{kpi} rests on grade {grade}, and the criteria take {allowed}. Nothing was changed.",
    )


class PracticeFindingMisplaced(InvalidInput):
    """A return says why; a verification says that all that people judge was found."""

    code = "good-practice-finding-misplaced"
    title = Text("판단 내용을 확인해 주세요", "The finding does not fit the decision")
    detail = Text(
        "반려에는 사유(finding)만, 확인에는 판단 항목({judged}) 모두(met)가 있어야 합니다. 바뀐 것은 없습니다.",
        "A return has a finding only; a verification has all of {judged} in met. Nothing was changed.",
    )


class PracticeNeedsVerification(RuleRefused):
    """A figure was corrected since, or the project was terminated: what was verified no longer stands."""

    code = "good-practice-needs-verification"
    title = Text("수치를 다시 확인해야 합니다", "The figures must be verified anew")
    detail = Text(
        "확인한 뒤에 성과 보고가 정정되었거나 과제가 해지되었습니다. 다시 확인한 뒤 공개해 주세요. 바뀐 것은 없습니다.",
        "A report was corrected or the project terminated after the verification. Verify again, then publish. "
        "Nothing was changed.",
    )
