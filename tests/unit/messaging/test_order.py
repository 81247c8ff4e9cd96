"""The guard of the order: every event once, in sequence, whatever order and however often it comes (promise R5)."""

from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from common.consumer.handling import _Projection
from common.inbox import Key, Standing, Verdict
from common.relay import safe_to_mark

LENGTH = 8


@given(st.permutations(range(1, LENGTH + 1)), st.lists(st.integers(1, LENGTH), max_size=20))
@settings(max_examples=200)
@pytest.mark.promise("R5")
def test_any_order_with_any_duplicates_is_applied_once_and_in_sequence(order: Sequence[int], again: list[int]) -> None:
    standing, applied = Standing(), list[int]()
    for sequence in [*order, *again]:
        verdict = standing.judge(sequence)
        if verdict is Verdict.NEXT:
            standing.last = sequence
            applied.append(sequence)
            # What waited goes on as soon as it is next, as the runtime's redrive does.
            while standing.last + 1 in standing.waiting:
                standing.last += 1
                standing.waiting.discard(standing.last)
                applied.append(standing.last)
        elif verdict in {Verdict.GAP, Verdict.BEHIND}:
            standing.waiting.add(sequence)
    assert applied == list(range(1, LENGTH + 1))


@pytest.mark.promise("R5")
def test_an_event_too_early_is_a_gap_and_those_after_it_are_behind() -> None:
    standing = Standing(last=3)
    assert standing.judge(5) is Verdict.GAP
    standing.waiting.add(5)
    assert [standing.judge(n) for n in (3, 4, 5, 6)] == [Verdict.OLD, Verdict.NEXT, Verdict.OLD, Verdict.BEHIND]


@given(st.lists(st.tuples(st.sampled_from("abc"), st.booleans()), max_size=30))
def test_a_row_is_marked_only_when_all_earlier_rows_of_its_key_are_acknowledged(sent: list[tuple[str, bool]]) -> None:
    rows: list[dict[str, Any]] = [{"id": n, "topic": "t", "key": key} for n, (key, _) in enumerate(sent)]
    marked = set(safe_to_mark(rows, [acknowledged for _, acknowledged in sent]))
    for number, (key, _) in enumerate(sent):
        earlier = [acknowledged for other, acknowledged in sent[: number + 1] if other == key]
        assert (number in marked) == all(earlier)


@given(st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from("xyz")), max_size=30))
def test_grouped_statements_keep_the_order_of_each_key(given_statements: list[tuple[str, str]]) -> None:
    projection = _Projection()
    for number, (key, statement) in enumerate(given_statements):
        projection.add(Key("t", key), [(statement, {"key": key, "number": number})])  # type: ignore[list-item]
    written = [parameters for _, group in projection._groups for parameters in group]
    assert len(written) == len(given_statements)
    for key in "abc":
        numbers = [one["number"] for one in written if one["key"] == key]
        assert numbers == sorted(numbers)


def test_equal_statements_of_many_keys_run_as_one() -> None:
    projection = _Projection()
    for number in range(50):
        projection.add(Key("t", str(number)), [("insert", {"n": number}), ("update", {"n": number})])  # type: ignore[list-item]
    assert [len(group) for _, group in projection._groups] == [50, 50]
