"""What the extra call's pages say: its prepared draft with the form, what was drafted, and that it is gone."""

from common.errors import Text


class ExtraCallWords:
    """The prepared draft of an extra call for seats that nobody holds."""

    title = Text("추가모집 공고 초안", "Draft of an extra call")
    lead = Text(
        "{place} {type_code} {seats}곳만 다시 모집하는 공고입니다. 정원과 예산은 남은 만큼 미리 채웠습니다.",
        "An extra call for {seats} {type_code} seats of {place} only; seats and money are filled in with what is left.",
    )
    prepared = Text("미리 채운 내용", "Filled in")
    track = Text("트랙", "Track")
    fiscal_year = Text("회계연도", "Fiscal year")
    place = Text("시·군", "Municipality")
    type_of_seat = Text("사업 유형", "Type")
    budget = Text("재원별 계획 예산", "Planned budget by source")
    budget_table = Text("이 정원에 드는 재원별 예산 상한", "What these seats cost each source at most")
    source = Text("재원", "Source")
    of_one_seat = Text("한 자리", "One seat")
    of_all_seats = Text("{seats}자리", "{seats} seats")
    follows_seats = Text(
        "정원을 줄이면 계획 예산도 자리 수만큼 줄어듭니다.", "Fewer seats take as much less of the planned budget."
    )
    copied = Text("앞선 공고에서 그대로 옮기는 내용", "Taken from the earlier call as it is")
    earlier = Text("앞선 공고", "Earlier call")
    cap = Text("지원 한도", "Cap")
    split_rule = Text("분담 규칙", "Split rule")
    screening_rules = Text("요건 규칙", "Screening rules")
    supplement = Text("보완 기간", "Time to supplement")
    supplement_days = Text("{days}일", "{days} days")
    copied_besides = Text(
        "유형별 조건, 분담률, 평가 기준도 그대로입니다.",
        "Conditions of the types, rates and the panel's rule are as they were, too.",
    )
    begun = Text("이 자리의 초안이 이미 있습니다", "A draft for these seats has been begun already")
    begun_says = Text(
        "누군가 먼저 쓴 초안입니다. 그 초안으로 충분한지 보고, 꼭 필요할 때에만 하나 더 쓰세요.",
        "Somebody has written one before. See whether it serves, and write another only if it has to be.",
    )
    begun_until = Text("접수 마감", "closes at")
    write = Text("초안 쓰기", "Write the draft")
    kept = Text("보관한 내용", "Kept")
    kept_says = Text(
        "로그인이 끝나기 전에 적으신 내용을 다시 채웠습니다. 아직 보내지 않았습니다.",
        "What you typed before your session ended is filled in again. It has not been sent.",
    )
    away = Text("아직 저장하지 못했습니다", "Not saved yet")
    away_says = Text(
        "신청 서비스가 응답하지 않았습니다. 적은 내용은 아래에 그대로 있습니다. 잠시 뒤 그대로 다시 보내세요. "
        "다시 보내도 초안은 하나만 만들어집니다.",
        "The applicant service did not answer. What you typed stands below. Send it again as it is in a moment: it "
        "makes one draft only.",
    )
    refused = Text("저장하지 않았습니다", "Not saved")
    refused_says = Text(
        "적은 내용은 아래에 그대로 있습니다. 고친 뒤 다시 보내세요.",
        "What you typed stands below. Correct it and send it again.",
    )
    sent_before = Text(
        "이 양식은 앞서 다른 내용으로 한 번 보냈고, 그 초안은 저장되었습니다. 아래에 있는 그 초안을 먼저 보고, "
        "꼭 필요할 때에만 하나 더 보내세요.",
        "This form was sent before with other content, and that draft is saved. Look at it below first, and send "
        "another only if it has to be.",
    )
    in_progress = Text(
        "같은 양식을 이미 처리하고 있습니다. 잠시 뒤 그대로 다시 보내세요. 다시 보내도 초안은 하나만 만들어집니다.",
        "The same form is being taken already. Send it again as it is in a moment: it makes one draft only.",
    )
    seats_beyond = Text(
        "1에서 {most} 사이의 수를 적어 주세요. 남은 예산으로는 {most}곳까지 모집할 수 있습니다.",
        "Enter a number from 1 to {most}: the money that is left is for {most} at most.",
    )
    earlier_hidden = Text(
        "앞선 공고를 읽을 수 없어 조건을 옮기지 못했습니다. 오늘 할 일에서 다시 시작해 주세요.",
        "The earlier call is not shown, so its terms could not be copied. Begin again from today.",
    )
    title_ko = Text("공고 제목 (한국어)", "Title in Korean")
    title_en = Text("공고 제목 (영어)", "Title in English")
    proposed_title = Text("{year}년 {place} {type_code} 추가모집", "Extra call {year}: {type_code} in {place}")
    opens_at = Text("접수 시작 (한국 시각)", "Opens at (Korean time)")
    closes_at = Text(
        "접수 마감 (한국 시각, 이 시각부터 늦음)", "Closes at (Korean time; from this moment on it is late)"
    )
    seats = Text("모집 정원", "Seats")
    seats_hint = Text("1에서 {most}까지", "From 1 to {most}")
    send = Text("초안 저장", "Save the draft")
    then = Text(
        "저장하면 초안이 됩니다. 도 결재자가 위원회 의결을 적어 게시하기 전에는 아무도 신청할 수 없습니다.",
        "It becomes a draft. Nobody can apply before a province approver publishes it with the committee's resolution.",
    )
    who_may = Text("이 초안은 {roles}만 쓸 수 있습니다.", "This draft is for {roles} to write.")
    back = Text("오늘 할 일로", "Back to today")


class DraftedCallWords:
    """A call that was drafted from a day's offer, and what comes next."""

    title = Text("추가모집 공고", "Extra call")
    draft = Text("초안", "Draft")
    published = Text("게시됨", "Published")
    saved = Text("초안을 저장했습니다. 아직 게시되지 않았습니다.", "The draft is saved. It is not published yet.")
    opened = Text("게시된 공고입니다. 더는 바꿀 수 없습니다.", "The call is published, and cannot change any more.")
    facts = Text("공고 내용", "The call")
    title_ko = Text("공고 제목 (한국어)", "Title in Korean")
    title_en = Text("공고 제목 (영어)", "Title in English")
    opens_at = Text("접수 시작 (한국 시각)", "Opens at (Korean time)")
    closes_at = Text("접수 마감 (한국 시각)", "Closes at (Korean time)")
    published_at = Text("게시한 때", "Published at")
    number = Text("공고 번호", "Id of the call")
    track = Text("트랙", "Track")
    fiscal_year = Text("회계연도", "Fiscal year")
    seats = Text("모집 정원", "Seats")
    seats_table = Text("시·군과 유형별 정원", "Seats by municipality and type")
    type_of_seat = Text("사업 유형", "Type")
    budget = Text("재원별 계획 예산", "Planned budget by source")
    budget_table = Text("재원별 예산 상한", "What each source pays at most")
    source = Text("재원", "Source")
    amount = Text("금액", "Amount")
    version = Text("몇 판", "Version")
    typed = Text("적으신 내용 (저장하지 않았습니다)", "What you typed (it was not saved)")
    write = Text("초안 고치기", "Change the draft")
    send = Text("고친 초안 저장", "Save the change")
    edit_says = Text(
        "고친 사람도 이 공고를 게시할 수 없게 됩니다. 정원과 예산을 바꾸려면 오늘 할 일에서 초안을 새로 쓰세요.",
        "Whoever changes it may not publish it either. For other seats or money write a new draft from today.",
    )
    kept = ExtraCallWords.kept
    kept_says = ExtraCallWords.kept_says
    away = ExtraCallWords.away
    away_says = Text(
        "신청 서비스가 응답하지 않았습니다. 적은 내용은 아래에 그대로 있습니다. 잠시 뒤 그대로 다시 보내세요.",
        "The applicant service did not answer. What you typed stands below. Send it again as it is in a moment.",
    )
    refused_says = Text(
        "지금 저장되어 있는 내용과 적으신 내용이 아래에 함께 있습니다. 확인한 뒤 다시 보내세요.",
        "What is saved now and what you typed stand below. Look at both, and send it again.",
    )
    next_steps = Text("다음 순서", "What comes next")
    committee = Text(
        "지방보조금관리위원회가 심의합니다. 의결일과 의결번호가 있어야 게시할 수 있습니다.",
        "The local-subsidy committee deliberates; publishing needs the day and number of its resolution.",
    )
    second_person = Text(
        "도 결재자가 게시합니다. 초안을 쓰거나 고친 사람은 게시할 수 없습니다.",
        "A province approver publishes it. Whoever wrote or edited the draft may not.",
    )
    confirmed_seats = Text(
        "시·군이 정원을 확정했다면 그보다 많은 자리는 게시할 수 없습니다.",
        "Where a municipality has confirmed seats, no more than those can be published.",
    )
    frozen = Text(
        "게시하기 전에는 고칠 수 있고, 게시한 뒤에는 아무도 바꿀 수 없습니다.",
        "It can change until it is published, and then nobody can change it.",
    )
    applications = Text(
        "게시되면 접수 기간에 기업이 신청하고, 오늘 할 일은 이 자리를 더는 권하지 않습니다.",
        "Once it is published firms apply while its window is open, and today no longer offers these seats.",
    )
    back = Text("오늘 할 일로", "Back to today")


class CallNotShownWords:
    """There is no such call, or not for this reader."""

    title = Text("공고를 찾을 수 없습니다", "There is no such call")
    says = Text(
        "주소를 확인해 주세요. 초안은 도와 테크노파크, 감사에게만 보입니다.",
        "Check the address. Drafts are shown to the province, the Technopark and auditors only.",
    )
    action = Text("오늘 할 일로", "Back to today")


class ExtraCallGoneWords:
    """The offer does not stand any more."""

    title = Text("지금은 이 추가모집을 제안하지 않습니다", "This extra call is not offered now")
    says = Text(
        "그 사이 자리가 찼거나, 다른 공고가 시작되었거나, 남은 예산이 모자랍니다. "
        "오늘 할 일에서 까닭을 볼 수 있습니다.",
        "The seats were taken meanwhile, another call began, or too little money is left. The page of the day "
        "says why.",
    )
    typed = Text("적으신 내용 (저장하지 않았습니다)", "What you typed (it was not saved)")
    title_ko = ExtraCallWords.title_ko
    title_en = ExtraCallWords.title_en
    opens_at = ExtraCallWords.opens_at
    closes_at = ExtraCallWords.closes_at
    seats = ExtraCallWords.seats
    back = Text("오늘 할 일로", "Back to today")
