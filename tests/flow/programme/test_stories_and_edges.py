"""Stories and edges of domain.md section 7 in one small programme year: every process, Kafka, and people over REST."""

from datetime import timedelta

from contracts.payment_archives import verify
from contracts.roles import Role
from tests.flow.programme.conftest import ASKED_AT, JEONJU, PLACE_WON, SIGNED_AT, WINDOW_ENDS, Year, posted
from tests.support.applicant import CLOSES, GUNSAN, IKSAN, SUPPLIER, Person, business_number
from tests.support.live_programme import (
    APPROVER,
    AUDITOR,
    OFFICER,
    OPERATOR,
    SECOND_APPROVER,
    TREASURER,
    Case,
    Json,
    Programme,
    at_once,
    clerk,
    codes,
    head,
    sha256,
)
from tests.support.telling_again import tell_again
from tests.support.waiting import eventually


async def test_story_5_the_owner_sees_before_applying_that_the_cap_makes_the_real_share_34_5_percent(
    programme: Programme,
) -> None:
    rates = {"NATIONAL": 3000, "SAMSUNG": 3000, "PROVINCE": 2000, "SME": 2000}
    shares = [{"source": source, "rate_bp": rate} for source, rate in rates.items()]
    await programme.rule("a-2023", shares=shares, capped_sources=["NATIONAL", "SAMSUNG"])
    path = "/funding/v1/split-rules/a-2023/preview"
    shown = await programme.get(None, path, total_cost_won=132_000_000, cap_won=60_000_000)
    assert {each["source"]: each["amount_won"] for each in shown["shares"]} == {
        "NATIONAL": 30_000_000,
        "SAMSUNG": 30_000_000,
        "PROVINCE": 26_400_000,
        "SME": 45_600_000,
    }
    assert (shown["nominal_burden_bp"], shown["effective_burden_bp"], shown["cap_bites"]) == (2000, 3454, True)
    assert all(each["arithmetic"] for each in shown["shares"])


async def test_edge_2_a_firm_from_seoul_applies_for_two_plants_and_for_neither_of_them_twice(opened: Year) -> None:
    programme, first, second = opened.programme, opened.cases["two-plants"], opened.cases["second-plant"]
    for case, code in ((first, GUNSAN), (second, IKSAN)):
        shown = await programme.get(case.owner, f"/applicant/v1/applications/{case.id}")
        assert (shown["status"], shown["municipality_code"]) == ("SUBMITTED", code)
        assert (await programme.look(clerk(code), f"/applicant/v1/applications/{case.id}")).status_code == 200
    assert (await programme.look(clerk(IKSAN), f"/applicant/v1/applications/{first.id}")).status_code == 404
    again = await programme.draft_for(first.owner, opened.extra, await _worksite(programme, first))
    path = f"/applicant/v1/applications/{again.id}/submissions"
    assert await programme.refused(first.owner, path, version=again.version) == "worksite-has-live-application"


async def test_edge_10_the_last_second_is_in_time_once_and_the_deadline_itself_is_late(opened: Year) -> None:
    programme, punctual, tardy = opened.programme, opened.cases["objector"], opened.cases["tardy"]
    path = f"/applicant/v1/applications/{punctual.id}/submissions"
    programme.move_clock(CLOSES - timedelta(milliseconds=1))
    twice = await at_once(
        *(programme.ask(punctual.owner, path, version=punctual.version, key="the-one-submission") for _ in range(2))
    )
    again = await programme.ask(punctual.owner, path, version=punctual.version, key="the-one-submission")
    taken = [answer.json() for answer in (*twice, again) if answer.status_code == 201]
    assert len(taken) >= 2
    assert all(each == taken[0] for each in taken), "the second and the third are the first one's answer"
    assert {answer.status_code for answer in twice} <= {201, 409}
    punctual.version = taken[0]["version"]
    programme.move_clock(CLOSES)
    path = f"/applicant/v1/applications/{tardy.id}/submissions"
    assert await programme.refused(tardy.owner, path, version=tardy.version) == "window-closed"


async def test_edge_5_a_debarred_firm_is_found_by_its_corporate_number_under_a_new_name(screened: Year) -> None:
    failed = {each["rule"]: each for each in screened.screening["renamed"]["findings"] if each["outcome"] == "FAIL"}
    assert set(failed) == {"R-10"}
    assert failed["R-10"]["source"]
    application = await screened.programme.get(OPERATOR, f"/applicant/v1/applications/{screened.cases['renamed'].id}")
    assert application["status"] == "INELIGIBLE"


async def test_edge_10_the_last_won_of_a_county_goes_to_one_of_two_calls_decided_at_once(selected: Year) -> None:
    programme = selected.programme
    for call in (selected.main, selected.extra):
        statuses = [status for status, _ in codes(selected.decisions[call])]
        assert (statuses.count(201), len(statuses)) == (1, 2), codes(selected.decisions[call])
    rivals = [await selected.project(name) for name in ("second-plant", "rival")]
    assert sorted(each["state"] for each in rivals) == ["CONFIRMED", "NOT_FUNDED"]
    (lost,) = [each for each in rivals if each["state"] == "NOT_FUNDED"]
    refusal = (await programme.get(OFFICER, f"/funding/v1/commitments/{lost['id']}"))["refusal"]
    assert (refusal["short_source"], refusal["needed_won"], refusal["left_won"]) == (
        "MUNICIPALITY",
        PLACE_WON,
        20_000_000 - PLACE_WON,
    )
    (line,) = await programme.items(clerk(IKSAN), "/funding/v1/budget-lines", municipality_code=IKSAN)
    assert line["committed_won"] == PLACE_WON


async def test_edge_3_an_old_and_a_new_code_of_one_city_compete_for_its_seat_and_its_money(selected: Year) -> None:
    programme = selected.programme
    winner, reserve = [await selected.outcome(name) for name in ("old-code", "new-code")]
    assert [each["municipality_code"] for each in (winner, reserve)] == [JEONJU, JEONJU]
    assert [each["outcome"] for each in (winner, reserve)] == ["SELECTED", "RESERVE"]
    (line,) = await programme.items(clerk(JEONJU), "/funding/v1/budget-lines", municipality_code=JEONJU)
    assert line["committed_won"] == PLACE_WON


async def test_story_2_the_county_commits_its_share_and_the_last_of_three_brings_the_agreement_into_force(
    selected: Year,
) -> None:
    programme, owner = selected.programme, selected.cases["old-code"].owner
    programme.move_clock(SIGNED_AT)
    project = await selected.confirmed("old-code")
    await programme.agreed(project, owner)
    coverage, agreement = f"/funding/v1/coverages/{project['id']}", f"/applicant/v1/agreements/{project['id']}"
    await programme.once(OPERATOR, coverage, lambda found: found["lines"])
    own = await programme.items(head(JEONJU), "/funding/v1/coverages")
    assert {each["municipality_code"] for each in own} == {JEONJU}
    assert (await programme.look(head(GUNSAN), coverage)).status_code == 404
    stranger = await programme.ask(
        head(GUNSAN),
        f"{coverage}/lines/MUNICIPALITY/confirmations",
        {"reference": "x", "evidence_sha256": sha256("x")},
        version=1,
    )
    assert stranger.status_code == 404
    for source, by in (("MUNICIPALITY", head(JEONJU)), ("SME", owner)):
        await programme.cover(project, source, by)
        assert (await programme.get(OPERATOR, coverage))["state"] != "GRANTED"
        assert (await programme.get(OPERATOR, agreement))["state"] == "SIGNED_BY_OPERATOR"
    baseline = await _baseline(programme, owner, project["id"])
    await programme.cover(project, "PROVINCE", TREASURER)
    await programme.once(OPERATOR, agreement, lambda found: found["state"] == "EFFECTIVE")
    outcomes = f"/metrics/v1/projects/{project['id']}/outcomes"
    found = await programme.once(owner, outcomes, lambda found: found["agreed_at"])
    assert (found["baseline"]["report_id"], found["baseline"]["given"]) == (baseline["id"], "FROZEN")
    assert found["waves"] == [], "its factory does not stand yet"
    assert (await programme.look(head(GUNSAN), outcomes)).status_code == 404


async def test_edge_7_a_deposit_that_the_supplier_made_is_held_and_frees_no_public_money(
    selected: Year, builder: Json
) -> None:
    programme, owner = selected.programme, selected.cases["builder"].owner
    path = f"/funding/v1/coverages/{builder['id']}"
    held = await programme.prove(builder, owner, payer="SUPPLIER", number=1)
    assert (held["state"], held["hold_reason"]) == ("HELD", "PAID_BY_SUPPLIER")
    shown = await programme.get(OFFICER, f"{path}/self-pay")
    assert (shown["proven"], shown["held_won"]) == (False, held["amount_won"])
    lines = {line["source"]: line for line in (await programme.get(OPERATOR, f"{path}/release-lines"))["lines"]}
    tranche = {each: lines["PROVINCE"]["tranches"][0][each] for each in ("gate", "amount_won")}
    asked = f"{path}/lines/PROVINCE/releases"
    assert await programme.refused(owner, asked, tranche) == "self-pay-not-proven"
    review = f"/funding/v1/self-payments/{held['id']}/reviews"
    await programme.do(APPROVER, review, {"decision": "REJECT"}, version=held["version"])
    assert await programme.refused(owner, asked, tranche) == "self-pay-not-proven"


async def test_story_10_the_auditor_sees_a_payment_as_it_stood_at_any_second(selected: Year, advance: Json) -> None:
    programme, path = selected.programme, f"/funding/v1/releases/{advance['id']}"
    stood = {}
    for hours in (0.5, 1.5, 2.5):
        at = (ASKED_AT + timedelta(hours=hours)).isoformat()
        then = await programme.get(AUDITOR, f"{path}/as-of", at=at, clock="programme")
        stood[hours] = then["release"]["state"], [each["approver"].rpartition("|")[2] for each in then["approvals"]]
        assert then["money"]["self_pay"]["proven"], "its evidence was there before it was asked for"
        assert then["money"]["commitment"]["split_rule_version"] == "b-2024"
    assert [state for state, _ in stood.values()] == ["RESERVED", "RESERVED", "APPROVED"]
    assert [len(approvers) for _, approvers in stood.values()] == [0, 1, 2]
    assert len(set(stood[2.5][1])) == 2
    archive = await programme.look(AUDITOR, f"{path}/archive")
    assert archive.status_code == 200
    assert verify(archive.content, head=None).findings == []


async def test_edge_10_one_payment_however_often_it_is_approved_ordered_or_told(selected: Year, advance: Json) -> None:
    programme, owner = selected.programme, selected.cases["builder"].owner
    path = f"/funding/v1/coverages/{advance['project_id']}"
    invoice = {
        "invoice_number": "20240610-41000001-00000001", "invoice_sha256": sha256("invoice"),
        "supplier_business_number": SUPPLIER, "supplier_account": "가상 공급기업 계좌",
    }  # fmt: skip
    body = {"amount_won": 1_000_000, "invoice": invoice}
    release = await programme.do(owner, f"{path}/lines/MUNICIPALITY/releases", body)
    at = f"/funding/v1/releases/{release['id']}"
    both = await at_once(
        *(programme.ask(by, f"{at}/approvals", version=release["version"]) for by in (APPROVER, SECOND_APPROVER))
    )
    assert [status for status, _ in codes(both)] == [201, 412]
    release = next(answer.json() for answer in both if answer.status_code == 201)
    release = await programme.do(head(GUNSAN), f"{at}/approvals", version=release["version"])
    ordered = await at_once(
        *(
            programme.ask(TREASURER, f"{at}/orders", version=release["version"], key="the-one-and-only-order")
            for _ in range(3)
        )
    )
    assert {answer.status_code for answer in ordered} <= {201, 409}
    assert [answer.status_code for answer in ordered].count(201) >= 1
    await posted(programme, release)
    addresses = ("commitments", "coverages", "releases", "self-payments", "repayments")
    before = {each: await programme.items(AUDITOR, f"/funding/v1/{each}") for each in addresses}
    await tell_again(programme.bootstrap_servers, "applicant.project.v1")
    assert {each: await programme.items(AUDITOR, f"/funding/v1/{each}") for each in addresses} == before
    lines = {line["source"]: line for line in (await programme.get(OPERATOR, f"{path}/release-lines"))["lines"]}
    assert lines["MUNICIPALITY"]["paid_won"] == 1_000_000


async def test_edge_6_when_the_supplier_is_bankrupt_after_the_advance_one_firm_replaces_it_and_one_is_ended(
    selected: Year, advance: Json
) -> None:
    programme, owner = selected.programme, selected.cases["builder"].owner
    today = (ASKED_AT + timedelta(days=1)).date().isoformat()
    programme.move_clock(ASKED_AT + timedelta(days=1))
    # The supplier's other firm finds a new one, which the new one agrees to and the province approves.
    other = await selected.into_force("old-code")
    wish = {
        "cause": "SUPPLIER_FAILURE", "cause_on": today, "reason": "공급기업 파산", "evidence_sha256": [sha256("court")],
        "supplier_business_number": business_number(),
    }  # fmt: skip
    path = f"/applicant/v1/agreements/{other['id']}/amendments"
    amendment = await programme.do(selected.cases["old-code"].owner, path, wish)
    path = f"/applicant/v1/amendments/{amendment['id']}"
    for by in (Person(Role.SUPPLIER, wish["supplier_business_number"], "new-supplier"), OPERATOR):
        amendment = await programme.do(by, f"{path}/consents", version=amendment["version"])
    verdict = {"verdict": "APPROVED", "reason": "가상 사유"}
    amendment = await programme.do(APPROVER, f"{path}/decisions", verdict, version=amendment["version"])
    assert amendment["terms_after"]["supplier_business_number"] == wish["supplier_business_number"]
    # The firm that had its advance is held, then ended; what is asked back is a decision, not the whole.
    coverage, build = f"/funding/v1/coverages/{advance['project_id']}", f"/applicant/v1/builds/{advance['project_id']}"
    await _change(programme, build, "SUSPENSION", None)
    await programme.once(
        OPERATOR, "/funding/v1/release-holds", lambda found: len(found["items"]) >= 2, project_id=advance["project_id"]
    )
    body = {"amount_won": 1, "invoice": {
        "invoice_number": "20240610-41000001-00000002", "invoice_sha256": sha256("second invoice"),
        "supplier_business_number": SUPPLIER, "supplier_account": "가상 공급기업 계좌",
    }}  # fmt: skip
    assert await programme.refused(owner, f"{coverage}/lines/MUNICIPALITY/releases", body) == "line-held"
    await _change(programme, build, "TERMINATION", "SUPPLIER")
    found = await programme.once(
        OFFICER, "/funding/v1/recoveries", lambda page: page["items"], project_id=advance["project_id"]
    )
    (recovery,) = found["items"]
    assert (recovery["fault_party"], recovery["ground"]) == ("SUPPLIER", "NOT_AT_FAULT")
    path = f"/funding/v1/recoveries/{recovery['id']}"
    finding = {
        "recover_bp": 4_000, "interest_won": 0, "surcharge_bp": 0, "debar_months": 0, "finding_sha256": sha256("found"),
    }  # fmt: skip
    for step, by, said in (
        ("notices", OFFICER, None),
        ("opinions", owner, {"document_sha256": sha256("opinion")}),
        ("proposals", OFFICER, finding),
        ("decisions", APPROVER, None),
    ):
        recovery = await programme.do(by, f"{path}/{step}", said, version=recovery["version"])
    back = await programme.items(AUDITOR, "/funding/v1/repayments", project_id=advance["project_id"])
    paid = {
        line["source"]: line["paid_won"]
        for line in (await programme.get(OPERATOR, f"{coverage}/release-lines"))["lines"]
    }
    assert sum(each["principal_won"] for each in back) == sum(paid.values()) * 4_000 // 10_000 > 0
    assert {each["source"] for each in back} <= set(paid)


async def test_edge_8_a_place_goes_to_the_next_that_its_town_can_fund_and_later_to_who_objected_in_time(
    selected: Year,
) -> None:
    programme = selected.programme
    await _give_back(selected, "two-plants")
    promoted = await selected.confirmed("cheap")
    assert (promoted["promoted"], promoted["municipality_code"]) == (True, GUNSAN)
    for better in ("dear", "new-code"):
        assert (await selected.outcome(better))["outcome"] == "RESERVE", f"{better} has more points"
    assert (await selected.outcome("dear"))["passed_over"], "and is told why"
    objector = selected.cases["objector"]
    programme.move_clock(WINDOW_ENDS - timedelta(seconds=1))
    body = {"statement": "다시 판단해 주시기 바랍니다.", "evidence_sha256": [sha256("objection")]}
    path = f"/applicant/v1/applications/{objector.id}/objections"
    objection = await programme.do(objector.owner, path, body)
    programme.move_clock(WINDOW_ENDS)
    late = selected.cases["late-objector"]
    path = f"/applicant/v1/applications/{late.id}/objections"
    assert await programme.refused(late.owner, path, body) == "objection-late"
    path = f"/applicant/v1/objections/{objection['id']}"
    other_operator = Person(Role.TECHNOPARK_OPERATOR, "jtp", "operator-2")
    other_approver = Person(Role.PROVINCE_APPROVER, "52", "approver-3")
    said = {"recommendation": "UPHOLD", "findings": "확인했다"}
    objection = await programme.do(other_operator, f"{path}/preparations", said, version=objection["version"])
    said = {"verdict": "UPHELD", "reason": "제출된 자료로 판단했다."}
    decided = await programme.do(other_approver, f"{path}/decisions", said, version=objection["version"])
    assert decided["consequence"] == "FIRST_RESERVE", "every seat is taken"
    await _give_back(selected, "cheap")
    assert (await selected.confirmed("objector"))["promoted"]
    (line,) = await programme.items(clerk(GUNSAN), "/funding/v1/budget-lines", municipality_code=GUNSAN)
    assert line["committed_won"] <= line["amount_won"]


async def _worksite(programme: Programme, case: Case) -> str:
    return str((await programme.get(case.owner, f"/applicant/v1/applications/{case.id}"))["worksite_id"])


async def _change(programme: Programme, build: str, kind: str, fault_party: str | None) -> None:
    body = {"kind": kind, "cause": "SUPPLIER_INSOLVENT", "fault_party": fault_party, "evidence": [sha256(kind)]}
    read = await programme.get(OPERATOR, build)
    read = await programme.do(OPERATOR, f"{build}/changes", body, version=read["version"])
    await programme.do(APPROVER, f"{build}/decisions", {"decision": "APPROVE"}, version=read["version"])


async def _give_back(year: Year, name: str) -> None:
    project = await year.project(name)
    path = f"/applicant/v1/projects/{project['id']}/withdrawals"
    await year.programme.do(year.cases[name].owner, path, {"reason": "가상 사정"}, version=project["version"])


async def _baseline(programme: Programme, owner: Person, project_id: str) -> Json:
    """What the firm measured before, verified by the Technopark while the agreement is not in force yet."""
    metrics = f"/metrics/v1/projects/{project_id}"
    await eventually(lambda: _is_known(programme, owner, f"{metrics}/outcomes"), 60, what="metrics knows the project")
    body = {
        "wave": "BASELINE", "period_from": "2023-05-01", "period_to": "2024-04-30", "product_changed": False,
        "figures": [{"kpi": "P1", "numerator": 184_000, "denominator": 92_000, "grade": "B"}],
        "evidence_sha256": sha256("baseline"),
    }  # fmt: skip
    told = await programme.do(owner, f"{metrics}/outcome-reports", body)
    path = f"/metrics/v1/outcome-reports/{told['id']}/decisions"
    return await programme.do(OPERATOR, path, {"decision": "VERIFY"}, version=told["version"])


async def _is_known(programme: Programme, owner: Person, path: str) -> bool:
    return (await programme.look(owner, path)).status_code == 200
