"""The rota: which days a residency has, what does not fit, which weeks nobody uses, and where it all stands in the drawing."""

from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from metrics.pages.domain.weeks import Axis
from metrics.rotas.domain import (
    Pause,
    Residency,
    Rotation,
    Row,
    Team,
    Trouble,
    by_due_day,
    calendar_of,
    monday_of,
)

TODAY = date(2024, 7, 10)
FIRST, ENDS_BEFORE = date(2024, 6, 3), date(2024, 12, 2)
TEAM, OTHER = UUID(int=1), UUID(int=2)
DUE = datetime(2024, 7, 15, 15, 0, tzinfo=UTC)


def residency(number: int = 1, **changes: Any) -> Residency:
    told: dict[str, Any] = {
        "id": UUID(int=number), "project_id": UUID(int=100 + number), "team_id": TEAM, "municipality_code": "52110",
        "first_week": date(2024, 7, 1), "weeks": 6, "state": "STARTED", "answer_due_at": DUE,
        "started_on": date(2024, 7, 1), "ended_on": None, "pauses": (),
    }  # fmt: skip
    return Residency(**(told | changes))


def team(*rotations: Rotation, **changes: Any) -> Team:
    told: dict[str, Any] = {
        "id": TEAM, "title": "1팀", "base_municipality_code": "52110", "state": "ACTIVE",
        "mentor_ids": (UUID(int=7), UUID(int=8)), "rotations": rotations,
    }  # fmt: skip
    return Team(**(told | changes))


def calendar(*residencies: Residency, teams: tuple[Team, ...] = ()) -> list[Row]:
    return calendar_of(residencies, teams, first=FIRST, ends_before=ENDS_BEFORE, today=TODAY)


def troubles(*residencies: Residency) -> list[tuple[Trouble, ...]]:
    (row,) = calendar(*residencies)
    return [stay.troubles for stay in row.stays]


def test_a_residency_has_its_whole_weeks_and_its_last_day_is_a_sunday() -> None:
    (row,) = calendar(residency())
    (stay,) = row.stays
    assert (stay.first, stay.last, stay.ends_before) == (date(2024, 7, 1), date(2024, 8, 11), date(2024, 8, 12))
    assert stay.troubles == ()


@pytest.mark.parametrize("state", ["DECLINED", "LAPSED", "MOVED", "RELEASED"])
def test_what_fell_away_before_anybody_came_has_no_weeks(state: str) -> None:
    assert calendar(residency(state=state, started_on=None)) == []


def test_a_team_that_left_has_the_days_on_which_it_was_there() -> None:
    for state in ("ENDED", "RELEASED"):
        (row,) = calendar(residency(state=state, ended_on=date(2024, 7, 5)))
        assert row.stays[0].last == date(2024, 7, 5)


def test_a_team_that_is_still_there_after_its_weeks_stands_until_today_and_clashes_with_what_follows() -> None:
    late = residency(1, first_week=date(2024, 5, 20))
    following = residency(2, first_week=date(2024, 7, 8), state="ACCEPTED")
    (row,) = calendar(following, late)
    assert [stay.residency.id for stay in row.stays] == [late.id, following.id]
    assert row.stays[0].last == TODAY
    assert [stay.troubles for stay in row.stays] == [
        (Trouble.CLASH, Trouble.OVERRUN),
        (Trouble.CLASH, Trouble.NOT_BEGUN),
    ]


def test_weeks_that_follow_each_other_do_not_clash_and_another_team_s_never_do() -> None:
    first = residency(1, first_week=date(2024, 7, 1))
    second = residency(2, first_week=date(2024, 8, 12), state="ASSIGNED")
    assert troubles(first, second) == [(), ()]
    rows = calendar(first, residency(3, team_id=OTHER))
    assert [stay.troubles for row in rows for stay in row.stays] == [(), ()]


def test_what_is_over_is_judged_no_more() -> None:
    over = residency(1, state="ENDED", ended_on=date(2024, 7, 9), pauses=(Pause(date(2024, 7, 3), None),))
    following = residency(2, first_week=date(2024, 7, 8), weeks=8)
    assert troubles(over, following) == [(), ()]


def test_a_suspension_is_told_until_the_project_is_resumed() -> None:
    assert troubles(residency(pauses=(Pause(date(2024, 7, 3), None),))) == [(Trouble.SUSPENDED,)]
    assert troubles(residency(pauses=(Pause(date(2024, 7, 3), date(2024, 7, 4)),))) == [()]


def test_the_first_monday_of_what_has_not_begun_is_the_day_it_is_told() -> None:
    for state in ("ASSIGNED", "ACCEPTED"):
        assert troubles(residency(state=state, first_week=TODAY)) == [(Trouble.NOT_BEGUN,)]
        assert troubles(residency(state=state, first_week=TODAY + timedelta(days=1))) == [()]


def test_free_weeks_are_those_of_the_calendar_that_no_firm_has_and_that_are_not_over() -> None:
    over = Rotation(first_week=date(2024, 5, 20), weeks=6, project_id=None)
    now = Rotation(first_week=date(2024, 7, 1), weeks=6, project_id=None)
    given = Rotation(first_week=date(2024, 8, 12), weeks=8, project_id=UUID(int=101))
    beyond = Rotation(first_week=ENDS_BEFORE, weeks=6, project_id=None)
    (row,) = calendar(teams=(team(over, now, given, beyond),))
    assert [(each.first, each.last) for each in row.free] == [(date(2024, 7, 1), date(2024, 8, 11))]


def test_teams_that_are_told_of_come_by_title_then_the_others_and_a_disbanded_one_only_for_what_it_did() -> None:
    free = Rotation(first_week=date(2024, 9, 2), weeks=6, project_id=None)
    gone = team(free, id=UUID(int=4), title="가팀", state="DISBANDED")
    idle = team(id=UUID(int=3), title="0팀")
    rows = calendar(residency(1), residency(2, team_id=OTHER), teams=(team(), gone, idle))
    assert [row.team_id for row in rows] == [UUID(int=3), TEAM, OTHER]
    did = residency(5, team_id=gone.id, state="ENDED", ended_on=date(2024, 7, 5))
    (row,) = calendar(did, teams=(gone,))
    assert (row.team, row.free) == (gone, ())


def test_answers_come_by_their_due_day_and_weeks_begin_on_a_monday() -> None:
    later, sooner = residency(1, answer_due_at=DUE + timedelta(days=1)), residency(2)
    assert by_due_day([later, sooner]) == [sooner, later]
    assert {monday_of(date(2024, 7, 8) + timedelta(days=days)) for days in range(7)} == {date(2024, 7, 8)}


def test_days_stand_on_the_axis_and_never_leave_it() -> None:
    axis = Axis(date(2024, 6, 3), date(2024, 9, 11))
    whole = axis.part(date(2024, 1, 1), date(2025, 1, 1))
    assert (whole.x, whole.width) == (0, 1000)
    part = axis.part(date(2024, 6, 13), date(2024, 6, 23))
    assert (part.x, part.width) == (100, 100)
    assert axis.part(date(2024, 1, 1), date(2024, 2, 1)).width == 0
    assert (axis.tick(date(2024, 6, 13)), axis.tick(date(2024, 9, 11)), axis.tick(date(2024, 6, 2))) == (
        100,
        None,
        None,
    )
    assert [(month.first.isoformat(), month.named) for month in axis.months] == [
        ("2024-07-01", True),
        ("2024-08-01", True),
        ("2024-09-01", True),
    ]
    assert [month.named for month in Axis(date(2024, 6, 3), date(2024, 9, 5)).months] == [True, True, False]
