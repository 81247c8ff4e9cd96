"""Before a payment the firm's standing is asked anew: a bad one holds the money, silence pays nothing, good frees it."""

import asyncio
from dataclasses import replace
from datetime import date, timedelta
from typing import Any
from uuid import UUID, uuid4

import msgspec
import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from common.clock import KST
from contracts import standing_versions
from contracts.standings import Purpose
from tests.support import standings
from tests.support.funding import APPROVER, AUDITOR, GUNSAN, JEONJU, OFFICER, TREASURER, Funding, Person, clerk, head
from tests.support.releases import (
    approved,
    ask_draw,
    budgets,
    in_force,
    lines,
    order,
    owner_of,
    place_hold,
    read,
)

pytestmark = pytest.mark.anyio


def code(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json().get("code", "")


async def waiting(funding: Funding, **changes: Any) -> tuple[Any, Any]:
    """A project with an approved draw, of whose firm the tax office has said this; None is nothing yet."""
    await budgets(funding)
    selected = await in_force(funding)
    draw = (await ask_draw(funding, selected, 1_000_000)).json()
    return selected, await approved(funding, draw, **changes)


async def listed(funding: Funding, selected: Any, by: Person = OFFICER) -> list[dict[str, Any]]:
    answer = await funding.get(f"/v1/coverages/{selected.project_id}/standings", by)
    assert answer.status_code == 200, answer.text
    return list(answer.json()["items"])


async def ask(funding: Funding, selected: Any, by: Person = TREASURER) -> Any:
    return await funding.post(f"/v1/coverages/{selected.project_id}/standings", by=by)


async def decisions(funding: Funding, selected: Any) -> list[str]:
    rows = await funding.rows(
        "SELECT decision FROM journal_entry WHERE chain = :chain ORDER BY position",
        chain=f"project/{selected.project_id}",
    )
    return [row["decision"] for row in rows]


async def test_with_the_last_approval_the_standing_is_asked_and_a_good_one_lets_the_order_go(funding: Funding):
    selected, release = await waiting(funding, standing=None)
    (asked,) = await listed(funding, selected)
    assert (asked["state"], asked["number"], asked["broken_rules"]) == ("ASKED", 1, [])
    (told,) = await funding.told("standing.asked")
    assert told["standing_id"] == asked["id"]
    assert (told["company_id"], told["rule_version"]) == (str(selected.company_id), asked["rule_version"])
    assert code(await order(funding, release)) == (409, "firm-standing-unknown")

    assert await standings.told(funding, selected.project_id)
    (good,) = await listed(funding, selected)
    assert (good["state"], good["status"], good["rule_version"]) == ("GOOD", "ACTIVE", "2022-1")
    ordered = (await order(funding, release)).json()
    assert (ordered["state"], ordered["standing_id"]) == ("ORDERED", asked["id"])
    made = await decisions(funding, selected)
    assert made.index("standing-asked") < made.index("standing-found") < made.index("release-ordered")


async def test_arrears_hold_every_line_in_the_rules_words_until_somebody_asks_again(funding: Funding):
    selected, release = await waiting(funding, standing=standings.IN_ARREARS)
    opened = await lines(funding, selected)
    assert {tuple(line["holds"]) for line in opened.values()} == {("PROJECT_FIRM_STANDING",)}
    refused = await order(funding, release)
    assert code(refused) == (409, "firm-standing-broken")
    assert "R-06" in refused.text
    assert "국세 체납" in refused.text
    (bad,) = await listed(funding, selected)
    assert [each["rule"] for each in bad["broken_rules"]] == ["R-06"]
    assert (await read(funding, release))["state"] == "APPROVED"
    # No person lifts it: it ends with what it stands for.
    (hold, *_) = (await funding.get("/v1/release-holds", OFFICER, project_id=selected.project_id)).json()["items"]
    lifted = await funding.post(f"/v1/release-holds/{hold['id']}/lifts", by=OFFICER, version=hold["version"])
    assert code(lifted) == (409, "release-hold-bound-to-project")
    by_hand = await funding.post(
        f"/v1/coverages/{selected.project_id}/lines/PROVINCE/holds", {"reason": "PROJECT_FIRM_STANDING"}, by=OFFICER
    )
    assert code(by_hand) == (409, "release-hold-bound-to-project")

    # Still in arrears: the same hold stands, and is not placed twice.
    assert (await ask(funding, selected)).status_code == 201
    assert await standings.told(funding, selected.project_id, **standings.IN_ARREARS)
    holds = "SELECT count(*) FROM release_hold WHERE project_id = :project"
    assert await funding.value(holds, project=selected.project_id) == 2

    assert (await ask(funding, selected)).json()["items"][0]["state"] == "ASKED"
    assert code(await order(funding, release)) == (409, "firm-standing-broken")
    assert await standings.told(funding, selected.project_id)
    assert all(line["holds"] == [] for line in (await lines(funding, selected)).values())
    assert [each["state"] for each in await listed(funding, selected)] == ["GOOD", "BAD", "BAD"]
    assert (await order(funding, release)).status_code == 201


async def test_a_firm_that_asks_for_money_while_it_is_in_arrears_reads_which_rule_and_who_asks_again(funding: Funding):
    selected, _ = await waiting(funding, standing=standings.IN_ARREARS)
    refused = await ask_draw(funding, selected, 1_000_000, 2)
    assert code(refused) == (409, "firm-standing-broken")
    said = refused.json()
    for words in ("R-06", "국세 체납이 있습니다", "지급 전에는 도가", "다시 조회합니다", "National tax was in arrears"):
        assert words in refused.text, said
    # Whatever else holds the line is said first, as it does not end with the arrears.
    await place_hold(funding, selected, OFFICER, "MUNICIPALITY")
    assert code(await ask_draw(funding, selected, 1_000_000, 2)) == (409, "line-held")


@pytest.mark.parametrize("status", ["SUSPENDED", "CLOSED"])
async def test_a_firm_that_is_not_alive_is_not_paid(funding: Funding, status: str):
    _, release = await waiting(funding, standing=standings.GOOD | {"status": status})
    refused = await order(funding, release)
    assert code(refused) == (409, "firm-standing-broken")
    assert "R-05" in refused.text


async def test_which_rules_count_before_a_payment_is_said_by_their_version(
    funding: Funding, monkeypatch: pytest.MonkeyPatch
):
    known = standing_versions.of_version("2022-1")
    asked_before = {**known.asked_before, Purpose.PAYMENT: ("R-05",)}
    lives = replace(known, version="2024-test", valid_from=date(2024, 2, 1), asked_before=asked_before)
    monkeypatch.setattr(standing_versions, "_VERSIONS", {each.version: each for each in (known, lives)})
    selected, release = await waiting(funding, standing=standings.IN_ARREARS)
    (good,) = await listed(funding, selected)
    assert (good["state"], good["rule_version"]) == ("GOOD", "2024-test")
    assert (good["national_tax_arrears"], good["broken_rules"]) == (True, [])
    assert (await order(funding, release)).status_code == 201


async def test_an_answer_counts_a_second_before_its_end_and_not_at_it(funding: Funding):
    selected, release = await waiting(funding)
    (good,) = await listed(funding, selected)
    ends = (await funding.rows("SELECT holds_until FROM standing"))[0]["holds_until"]
    assert ends.astimezone(KST).hour == 0
    funding.clock.move_to(ends)
    assert code(await order(funding, release)) == (409, "firm-standing-unknown")
    funding.clock.move_to(ends - timedelta(seconds=1))
    assert (await order(funding, release)).json()["standing_id"] == good["id"]


async def test_what_holds_is_not_asked_again_by_an_approval_and_what_ended_is(funding: Funding):
    selected, _ = await waiting(funding)
    second = (await ask_draw(funding, selected, 1_000_000, 2)).json()
    await approved(funding, second)
    assert len(await listed(funding, selected)) == 1
    funding.clock.move_to(funding.clock.now() + timedelta(days=31))
    third = await approved(funding, (await ask_draw(funding, selected, 1_000_000, 3)).json(), standing=None)
    assert [each["state"] for each in await listed(funding, selected)] == ["ASKED", "GOOD"]
    assert code(await order(funding, third)) == (409, "firm-standing-unknown")


async def test_two_officers_who_ask_at_once_ask_one_question(funding: Funding):
    selected, _ = await waiting(funding)
    answers = await asyncio.gather(*(ask(funding, selected, by) for by in (OFFICER, TREASURER, APPROVER) * 3))
    assert {answer.status_code for answer in answers} == {201}
    waits, _ = await listed(funding, selected)
    assert (waits["state"], waits["number"]) == ("ASKED", 2)
    first, *again = await funding.told("standing.asked")
    assert {each["standing_id"] for each in again} == {waits["id"]} != {first["standing_id"]}


async def test_a_question_or_an_answer_that_was_discarded_is_told_again_and_the_project_is_paid(funding: Funding):
    selected, release = await waiting(funding, standing=None)
    (asked,) = await listed(funding, selected)
    answer = await standings.found(funding, selected.project_id)
    assert answer is not None
    await funding.deliver(msgspec.structs.replace(answer, status="UNHEARD_OF"))
    await standings.discarded(funding, Person)
    assert code(await order(funding, release)) == (409, "firm-standing-unknown")

    assert (await ask(funding, selected)).json()["items"] == [asked], "no other question is asked while it waits"
    again = await ask_draw(funding, selected, 1_000_000, 2)
    await approved(funding, again.json(), standing=None)
    told = await funding.told("standing.asked")
    assert len(told) == 3
    assert all(each == told[0] for each in told)
    made = await decisions(funding, selected)
    assert (made.count("standing-asked"), made.count("standing-asked-again")) == (1, 2)
    # The applicant service tells the answer again that it has.
    await funding.deliver(answer, answer)
    assert [each["state"] for each in await listed(funding, selected)] == ["GOOD"]
    assert (await order(funding, release)).status_code == 201


async def test_an_answer_is_heard_once_and_one_that_nobody_asked_for_is_parked(funding: Funding):
    selected, release = await waiting(funding, standing=None)
    answer = await standings.found(funding, selected.project_id)
    assert answer is not None
    await funding.deliver(answer)
    # Told again under another sequence, and otherwise: what was kept stays.
    worse = await standings.found(funding, selected.project_id, **standings.IN_ARREARS)
    assert worse is None
    assert [each["state"] for each in await listed(funding, selected)] == ["GOOD"]
    await funding.deliver(msgspec.structs.replace(answer, standing_id=uuid4()))
    assert "standing-unknown" in await funding.value("SELECT detail FROM parked_event")
    assert (await order(funding, release)).status_code == 201


async def test_a_bad_answer_and_an_order_wait_for_each_other(funding: Funding):
    """Whichever comes first: an order after a bad answer never is."""
    await budgets(funding)
    for number in range(1, 7):
        selected = await in_force(funding)
        release = await approved(funding, (await ask_draw(funding, selected, 1_000, number)).json())
        await ask(funding, selected)
        answered, _ = await asyncio.gather(
            order(funding, release), standings.told(funding, selected.project_id, **standings.IN_ARREARS)
        )
        state = (await read(funding, release))["state"]
        assert (answered.status_code, state) in {(201, "ORDERED"), (409, "APPROVED")}
        assert code(await order(funding, await read(funding, release)))[0] == 409


async def test_who_may_read_and_ask(funding: Funding):
    selected, _ = await waiting(funding)
    for reader in (AUDITOR, TREASURER, owner_of(selected), clerk(JEONJU)):
        assert len(await listed(funding, selected, reader)) == 1
    for stranger in (clerk(GUNSAN), Person("company.owner", str(uuid4()), "owner")):
        answer = await funding.get(f"/v1/coverages/{selected.project_id}/standings", stranger)
        assert answer.status_code == 404
    for asker in (owner_of(selected), head(JEONJU), AUDITOR):
        assert (await ask(funding, selected, asker)).status_code == 403
    unknown = await funding.post(f"/v1/coverages/{uuid4()}/standings", by=TREASURER)
    assert code(unknown) == (404, "coverage-unknown")


async def test_postgresql_itself_orders_nothing_without_a_good_standing(funding: Funding):
    _, release = await waiting(funding, standing=standings.IN_ARREARS)
    bad = await funding.value("SELECT id FROM standing")
    order_it = (
        "UPDATE release SET state = 'ORDERED', ordered_by = 'x', ordered_at = :at, next_attempt_at = now(),"
        " version = version + 1, standing_id = :standing WHERE id = :release"
    )
    values = {"at": funding.clock.now(), "release": UUID(release["id"])}
    await _run(funding, "UPDATE release_hold SET lifted_by = 'x', lifted_at = now(), version = version + 1")
    for standing in (None, bad):
        with pytest.raises(DBAPIError, match="not known to be in good standing"):
            await _run(funding, order_it, standing=standing, **values)
    for attack in (
        "UPDATE standing SET state = 'GOOD', national_tax_arrears = false",
        "DELETE FROM standing",
        f"UPDATE release SET standing_id = '{bad}'",
    ):
        with pytest.raises(DBAPIError):
            await _run(funding, attack)


async def _run(funding: Funding, sql: str, **values: object) -> None:
    async with funding.owner.transaction() as tx:
        await tx.execute(text(sql), values)


async def test_the_time_machine_and_the_archive_show_the_standing_that_was_used(funding: Funding):
    _, release = await waiting(funding)
    funding.clock.move_to(funding.clock.now() + timedelta(hours=1))
    assert (await order(funding, release)).status_code == 201
    path = f"/v1/releases/{release['id']}/as-of"
    then = (await funding.get(path, AUDITOR, at=funding.clock.now().isoformat())).json()
    (used,) = then["money"]["standings"]
    assert (used["state"], used["id"]) == ("GOOD", then["release"]["standing_id"])
    assert [each["version"] for each in then["money"]["standing_rules"]] == ["2022-1"]
    packed = await funding.get(f"/v1/releases/{release['id']}/archive", AUDITOR)
    assert packed.status_code == 200
    assert used["answer_sha256"].encode() in packed.content
