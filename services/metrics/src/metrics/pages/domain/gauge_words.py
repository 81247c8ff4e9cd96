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
    by_line_note = Text(
        "시·군과 트랙별로는 완료와 산입만 모두에게 보입니다. 나머지 단계는 날마다 빼 보면 어느 기업인지 알 수 있어 "
        "합계로만 보이고, 지방의회와 감사, 도, 시·군, 전북테크노파크는 로그인하면 모두 봅니다.",
        "By municipality and track everybody sees what is completed and what counts. The other stages are shown in all "
        "only, since of two days they would name a firm; the councils and auditors, the province, municipalities and "
        "the Technopark see them when signed in.",
    )
    whole = Text("모든 단계, 시·군과 트랙별", "Every stage, by municipality and track")
    whole_note = Text(
        "업무용 표입니다. 작은 수도 가리지 않으므로 그대로 공개하지 마세요. ‘미확인’은 확인된 성과 보고가 아직 없다는 "
        "뜻입니다.",
        "For official use: small numbers are not withheld, so do not publish it as it is. ‘Not known’ means that no "
        "report of outcomes was verified yet.",
    )
    corrections = Text("집계에서 빠진 완료 공장", "Completed factories that left the count")
    no_corrections = Text("완료 뒤에 해지된 곳이 없습니다.", "None was terminated after its completion.")
    more = Text("{count}건 가운데 최근 {shown}건을 보입니다.", "The latest {shown} of {count} are shown.")
    counted_from = Text("집계된 날", "Counted from")
    left_at = Text("빠진 날", "Left on")
    project = Text("과제", "Project")
