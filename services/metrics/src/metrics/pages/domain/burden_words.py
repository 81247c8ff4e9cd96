"""What the page of the burden says."""

from common.errors import Text


class BurdenWords:
    """A firm's share of a cost, before it applies."""

    title = Text("기업 부담 계산", "What a project would cost you")
    lead = Text(
        "공고와 유형을 고르고 총사업비를 적으면 재원별 금액과 기업이 실제로 부담하는 비율을 보여 줍니다. "
        "로그인이 필요 없고, 적은 금액은 저장하지 않습니다.",
        "Choose a call and a type and enter the total cost: this shows what each source pays and what really remains "
        "for your firm. Nobody signs in, and nothing is stored.",
    )
    form = Text("계산할 금액", "What to reckon")
    offer = Text("공고와 유형", "Call and type")
    offer_option = Text("{year} {title}, {type} (지원 한도 {cap})", "{year} {title}, {type} (cap {cap})")
    cost = Text("총사업비(부가가치세 제외)", "Total cost, without VAT")
    cost_hint = Text("예: 132,000,000 또는 1억 3,200만", "For example 132,000,000")
    reckon = Text("계산", "Reckon")
    no_calls = Text("게시된 공고가 아직 없습니다.", "No call has been published yet.")
    unknown_offer = Text(
        "그런 공고나 유형이 없습니다. 목록에서 다시 골라 주세요.",
        "There is no such call or type. Choose one from the list.",
    )
    error = Text("다시 적어 주세요", "Please enter it again")
    no_rule = Text(
        "이 공고의 분담 규칙({version})이 아직 확정되지 않아 계산할 수 없습니다.",
        "The split rule of this call ({version}) is not confirmed yet, so nothing can be reckoned.",
    )
    result = Text("{cost}을 들일 때", "Of {cost}")
    effective = Text("기업이 실제로 부담하는 비율", "is what your firm really bears")
    nominal = Text("규정상 비율", "by the rule")
    own = Text("기업 부담액", "your firm's part")
    bites = Text(
        "지원 한도 {cap} 때문에 규정상 {nominal}가 아니라 {effective}를 부담합니다. 한도를 넘는 몫은 기업이 냅니다.",
        "The cap of {cap} makes it {effective} and not {nominal}: what is above the cap is yours to pay.",
    )
    bites_not = Text(
        "지원 한도 {cap} 안이므로 규정상 비율대로 부담합니다. 원 단위 나머지는 기업이 냅니다.",
        "It stays within the cap of {cap}, so the rule's share holds. Odd won are your firm's.",
    )
    below_minimum = Text(
        "이 유형은 총사업비 {minimum} 이상부터 신청할 수 있습니다.",
        "This type is for a total cost of {minimum} or more.",
    )
    shares = Text("재원별 금액", "What each source pays")
    source = Text("재원", "Source")
    amount = Text("금액", "Amount")
    of_cost = Text("비율", "Share")
    arithmetic = Text("계산식", "Sum")
    total = Text("합계", "Total")
    vat = Text("부가가치세는 지원 대상이 아니며 기업이 따로 냅니다.", "VAT is not eligible: your firm pays it on top.")
    by_rule = Text("분담 규칙", "Split rule")
    frozen = Text(
        "공고할 때 정해져 바뀌지 않는 규칙입니다. 비율은 소수 첫째 자리 아래를 버립니다.",
        "The rule was fixed when the call was published and does not change. Shares are cut after one decimal.",
    )
