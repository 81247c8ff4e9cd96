"""How a filled form becomes a call's draft: moments are Korean, seats are those offered, money follows the seats."""

from dataclasses import replace
from datetime import UTC, datetime
from uuid import uuid4

import pytest

from metrics.extra_calls.domain import (
    EDITED,
    TERMS,
    CallMoney,
    CallSeats,
    CallShown,
    Offered,
    draft_body,
    edited_body,
    is_as_typed,
    moment_of,
    seats_of,
    typed_of,
)
from metrics.extra_calls.domain import drafts_for as begun
from metrics.kept_forms.domain import id_of
from metrics.neighbours.domain import Fault, Refusal
from tests.support.days import CLOSES

OFFERED = Offered(
    track="B",
    fiscal_year=2024,
    type_code="JS1",
    municipality_code="52710",
    seats=4,
    of_one_seat=(CallMoney("MUNICIPALITY", 14_736_842, "52710"), CallMoney("PROVINCE", 25_263_157)),
)


@pytest.mark.parametrize(
    ("typed", "seats"),
    [
        ("1", 1),
        (" 4 ", 4),
        ("0", None),
        ("5", None),
        ("-1", None),
        ("1.0", None),
        ("４", None),
        ("", None),
        ("1e1", None),
    ],
)
def test_seats_are_a_number_from_one_to_what_is_offered(typed: str, seats: int | None) -> None:
    assert seats_of(typed, most=4) == seats


@pytest.mark.parametrize(
    ("typed", "moment"),
    [
        ("2024-12-03T09:00", "2024-12-03T09:00:00+09:00"),
        ("2024-12-03T09:00:30", "2024-12-03T09:00:30+09:00"),
        ("2024-12-03T09:00Z", "2024-12-03T09:00Z"),
        ("2024-02-30T09:00", "2024-02-30T09:00"),
        ("tomorrow", "tomorrow"),
        ("", ""),
    ],
)
def test_a_moment_is_korean_and_what_is_none_is_for_the_applicant_service_to_refuse(typed: str, moment: str) -> None:
    assert moment_of(typed) == moment


def test_money_follows_the_seats_and_nothing_that_was_copied_overrides_the_form() -> None:
    typed = {"title_ko": " 제목 ", "opens_at": "2024-12-03T09:00", "key": "k", "track": "A"}
    body = draft_body(OFFERED, {"rates": [1], "track": "A", "title_ko": "앞선 공고"}, typed, seats=3)
    assert body == {
        "rates": [1],
        "track": "B",
        "fiscal_year": 2024,
        "title_ko": "제목",
        "title_en": "",
        "opens_at": "2024-12-03T09:00:00+09:00",
        "closes_at": "",
        "seat_lines": [{"type_code": "JS1", "municipality_code": "52710", "seats": 3}],
        "planned_budget_lines": [
            {"source": "MUNICIPALITY", "municipality_code": "52710", "amount_won": 44_210_526},
            {"source": "PROVINCE", "municipality_code": None, "amount_won": 75_789_471},
        ],
    }


def call(state: str, *lines: CallSeats) -> CallShown:
    return CallShown(
        id=uuid4(),
        state=state,
        track="B",
        title_ko="공고",
        title_en="A call",
        fiscal_year=2024,
        opens_at=CLOSES,
        closes_at=CLOSES,
        split_rule_version="b-2024",
        screening_rule_version="2024-1",
        supplement_days=7,
        types=(),
        seat_lines=lines,
        planned_budget_lines=(),
        version=1,
    )


def test_a_draft_for_the_same_seats_is_shown_and_no_other() -> None:
    own = call("DRAFT", CallSeats("JS2", "52710", 1), CallSeats("JS1", "52710", 2))
    others = [
        call("PUBLISHED", CallSeats("JS1", "52710", 2)),
        call("DRAFT", CallSeats("JS1", "52710", 0)),
        call("DRAFT", CallSeats("JS1", "52140", 2)),
        call("DRAFT", CallSeats("JS2", "52710", 2)),
        call("DRAFT"),
    ]
    assert begun([*others, own], "JS1", "52710") == [own]


def test_a_call_says_what_was_typed_if_titles_and_moments_are_the_same() -> None:
    present = replace(call("DRAFT"), opens_at=datetime(2024, 12, 3, 0, 0, 30, tzinfo=UTC))
    typed = typed_of(present)
    assert (typed["opens_at"], typed["closes_at"]) == ("2024-12-03T09:00:30", "2024-04-03T17:00")
    assert is_as_typed(present, typed | {"title_ko": f" {present.title_ko} ", "version": "9"})
    for name in typed:
        assert not is_as_typed(present, typed | {name: "2024-12-03T09:01"}), name
        assert not is_as_typed(present, {other: value for other, value in typed.items() if other != name}), name


def test_a_changed_draft_keeps_every_term_that_is_not_typed() -> None:
    present: dict[str, object] = {name: f"as it was: {name}" for name in TERMS} | {"id": "x", "version": 3}
    body = edited_body(present, {"title_en": "New", "opens_at": "2024-12-03T09:00", "track": "A"})
    assert set(body) == set(TERMS)
    assert {name for name in TERMS if body[name] != present[name]} == set(EDITED)
    assert (body["title_en"], body["opens_at"]) == ("New", "2024-12-03T09:00:00+09:00")


@pytest.mark.parametrize(
    ("status", "code", "final"),
    [(422, "input-invalid", True), (409, "a-rule", True), (409, "request-in-progress", False), (503, "busy", False)],
)
def test_a_refusal_is_final_unless_it_may_have_been_done_or_may_be_yet(status: int, code: str, final: bool) -> None:
    assert Refusal(status, code, "", "").is_final is final


def test_a_fault_is_of_the_field_that_its_pointer_begins_with() -> None:
    assert Fault("x", pointer="/seat_lines/0/seats").field == "seat_lines"
    assert Fault("x", pointer="/opens_at").field == "opens_at"
    assert Fault("x").field == Fault("x", pointer="").field == ""


def test_what_is_kept_is_found_by_its_person_and_its_page() -> None:
    assert id_of("a", "/x") == id_of("a", "/x")
    assert len({id_of("a", "/x"), id_of("b", "/x"), id_of("a", "/y")}) == 3
