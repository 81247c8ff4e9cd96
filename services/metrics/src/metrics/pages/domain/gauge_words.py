"""What the page of the target says: who counts, by municipality and track."""

from common.errors import Text


class GaugeWords:
    """The page behind the number."""

    title = Text("{total}개 목표의 집계", "How the target of {total} is counted")
    lead = Text(
        "어느 단계의 공장이 몇 개이고, 무엇이 목표에 드는지, 어느 판의 기준으로 세었는지 보여 줍니다.",
        "How many factories stand at which stage, which of them count, and by which version of the rule.",
    )
    stages = Text("단계별 공장", "Factories by stage")
    planned = Text("선정", "Planned")
    agreed = Text("협약", "Agreed")
    completed = Text("완료", "Completed")
    in_use = Text("사용 중", "In use")
    withdrawn = Text("포기", "Withdrawn")
    terminated = Text("해지", "Terminated")
    counted = Text("목표 산입", "Counted")
    planned_means = Text("선정되고 아직 협약하지 않은 곳", "selected, and not agreed yet")
    agreed_means = Text("협약하고 구축 중인 곳", "agreed, and being built")
    completed_means = Text("완료점검을 통과한 곳", "passed the inspection of completion")
    in_use_means = Text("완료 후 성과가 확인된 곳", "with verified figures after completion")
    withdrawn_means = Text("협약 전이나 뒤에 그만둔 곳", "left before the agreement, or after")
    terminated_means = Text("해지되어 집계에서 빠진 곳", "terminated, and out of the count")
    rule = Text("무엇이 세어지나", "What counts")
    rule_unit_worksite = Text(
        "사업장을 셉니다. 한 사업장에 과제가 둘이어도 한 번만 셉니다.",
        "Worksites are counted, each once, also with two projects.",
    )
    rule_unit_project = Text("과제를 셉니다.", "Projects are counted.")
    rule_counts = Text("목표에 드는 단계: {stages}.", "Stages that count: {stages}.")
    rule_left = Text("해지된 곳은 그날 집계에서 빠집니다.", "Whoever is terminated leaves the count on that day.")
    rule_use = Text(
        "사용 중인지는 완료 뒤의 성과 보고를 다른 사람이 확인한 때에 압니다.",
        "Whether one is in use is known when a second person has verified its figures of after the completion.",
    )
    version = Text("집계 기준", "Rule")
    version_is = Text("{version}판", "version {version}")
    target = Text("목표", "Target")
    target_is = Text("{year}년까지 {total}개", "{total} by {year}")
    also_published = Text("다른 발표", "Published elsewhere")
    plan = Text("이날의 계획선", "Plan for this day")
    by_track = Text("트랙별", "By track")
    by_place = Text("시·군별", "By municipality")
