"""A draft tried on a past cohort says who would gain, who would lose and what would be left, and changes nothing."""

from dataclasses import replace
from typing import Any
from uuid import UUID, uuid4

import pytest

from applicant.calls import domain as calls
from applicant.calls import store as call_store
from applicant.selections.domain import what_if
from common.event import new_id
from contracts.types import Won
from tests.support.closed_call import closed_call
from tests.support.judging import AUDITOR, JEONJU, OPERATOR, WANJU, Judging

_PROVINCE_WON, _JEONJU_WON = 22_032_000, 12_852_000
"""5,508 and 3,213 basis points of the cost, where no cap bites."""


async def _draft(judging: Judging, seats: dict[tuple[str, str], int], *, cap_won: int = 40_000_000) -> UUID:
    """A call that is still being drafted, with these seats and this cap of JS1."""
    drawn = closed_call(new_id(), seats, province_won=100_000_000, municipality_won={JEONJU: 50_000_000}, size_min=3)
    types = tuple(
        replace(each, cap_won=Won(cap_won)) for each in drawn.terms.types if any(each.type_code == t for t, _ in seats)
    )
    terms = replace(drawn.terms, types=types)
    draft = calls.Call(drawn.id, terms, calls.CallState.DRAFT, ("drafter",), None, version=1)
    async with judging.database.transaction() as tx:
        await call_store.add_call(tx, draft)
    return draft.id


async def _tried(judging: Judging, call_id: UUID) -> dict[str, Any]:
    answer = await judging.get(f"/v1/calls/{call_id}/what-if", OPERATOR, past_call_id=str(judging.call_id))
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


async def test_another_seat_and_a_lower_cap_say_who_gains_and_what_is_left(judging: Judging):
    await judging.open_call({("JS1", JEONJU): 1}, province_won=100_000_000, municipality_won={JEONJU: 50_000_000})
    best, second = await judging.eligible(), await judging.eligible()
    await judging.scored([(best, 9000), (second, 8000)])
    await judging.decided()
    before = await judging.outcomes(AUDITOR)

    found = await _tried(judging, await _draft(judging, {("JS1", JEONJU): 2}, cap_won=20_000_000))

    assert [found[count] for count in ("gains", "loses", "keeps", "stays_out")] == [1, 0, 1, 0]
    (gains,) = found["cases"]
    assert (gains["application_id"], gains["change"]) == (str(second.id), "GAINS")
    assert (gains["outcome_before"], gains["outcome_after"], gains["reason_code"]) == (
        "RESERVE",
        "SELECTED",
        "SELECTED",
    )
    capped_province, capped_jeonju = 20_000_000 * 5508 // 8721, 20_000_000 * 3213 // 8721
    assert gains["public_before_won"] == _PROVINCE_WON + _JEONJU_WON
    assert gains["public_after_won"] == capped_province + capped_jeonju
    assert found["left_before_won"] == {
        "PROVINCE": 100_000_000 - _PROVINCE_WON,
        f"MUNICIPALITY/{JEONJU}": 50_000_000 - _JEONJU_WON,
    }
    assert found["left_after_won"] == {
        "PROVINCE": 100_000_000 - 2 * capped_province,
        f"MUNICIPALITY/{JEONJU}": 50_000_000 - 2 * capped_jeonju,
    }
    assert await judging.outcomes(AUDITOR) == before, "trying changes nothing"


async def test_a_seat_less_and_a_type_less_say_who_loses_and_why(judging: Judging):
    await judging.open_call({("JS1", JEONJU): 2, ("JS2", WANJU): 1})
    best, second = await judging.eligible(), await judging.eligible()
    other = await judging.eligible("JS2", WANJU)
    await judging.scored([(best, 9000), (second, 8000), (other, 7000)])
    await judging.decided()

    found = await _tried(judging, await _draft(judging, {("JS1", JEONJU): 1}))

    loses = {case["application_id"]: (case["outcome_after"], case["reason_code"]) for case in found["cases"]}
    assert loses == {str(second.id): ("RESERVE", "SEATS_TAKEN"), str(other.id): (None, "TYPE_NOT_IN_CALL")}
    assert (found["keeps"], found["loses"]) == (1, 2)


async def test_more_changes_than_one_answer_holds_are_counted_without_their_cases(
    judging: Judging, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(what_if, "IN_ONE_ANSWER_MOST", 1)
    await judging.open_call({("JS1", JEONJU): 2})
    best, second = await judging.eligible(), await judging.eligible()
    await judging.scored([(best, 9000), (second, 8000)])
    await judging.decided()
    draft = await _draft(judging, {("JS2", WANJU): 1})
    path, past = f"/v1/calls/{draft}/what-if", str(judging.call_id)

    refused = await judging.get(path, OPERATOR, past_call_id=past)
    assert (refused.status_code, refused.json()["code"]) == (409, "what-if-too-large")
    assert "with_cases=false" in refused.json()["detail"]
    counted = (await judging.get(path, OPERATOR, past_call_id=past, with_cases=False)).json()
    assert (counted["loses"], counted["cases"]) == (2, [])


async def test_an_undecided_cohort_and_an_unknown_call_are_refused(judging: Judging):
    await judging.open_call({("JS1", JEONJU): 1})
    draft = await _draft(judging, {("JS1", JEONJU): 1})

    undecided = await judging.get(f"/v1/calls/{draft}/what-if", OPERATOR, past_call_id=str(judging.call_id))
    unknown = await judging.get(f"/v1/calls/{uuid4()}/what-if", OPERATOR, past_call_id=str(judging.call_id))

    assert (undecided.status_code, undecided.json()["code"]) == (409, "past-call-undecided")
    assert (unknown.status_code, unknown.json()["code"]) == (404, "call-not-found")
