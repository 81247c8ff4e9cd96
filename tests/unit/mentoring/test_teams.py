"""The rules of teams: who may form one, and what a calendar may hold."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import pytest

from contracts.types import UnknownMunicipality
from mentoring.teams import domain
from mentoring.teams.domain import Candidate, Composition, Rotation, Team

AT = datetime(2024, 4, 1, 1, tzinfo=UTC)
COHORT = UUID(int=1)
TERMS = Composition(size_min=2, size_max=3, weeks_min=6, weeks_max=10)
MONDAY = date(2024, 6, 3)
MENTORS = {UUID(int=number): Candidate(COHORT, trained=True) for number in range(1, 5)}


def team(size: int = 2, lead: int = 1, place: str = "52110", mentors: Mapping[UUID, Candidate] = MENTORS) -> Team:
    return domain.form_team(
        team_id=UUID(int=7),
        cohort_id=COHORT,
        composition=TERMS,
        title="1팀",
        base_municipality_code=place,
        candidates=mentors,
        member_ids=[UUID(int=number) for number in range(1, size + 1)],
        lead_id=UUID(int=lead),
        by="lead",
        at=AT,
    )


@pytest.mark.parametrize("size", [2, 3])
def test_two_or_three_form_a_team(size: int):
    assert len(team(size).member_ids) == size


@pytest.mark.parametrize(("refused", "wrong"), [
    (domain.TeamSizeRefused, {"size": 1}),
    (domain.TeamSizeRefused, {"size": 4}),
    (domain.LeadNotInTeam, {"lead": 3}),
    (UnknownMunicipality, {"place": "11110"}),
    (domain.MentorNotTrained, {"mentors": MENTORS | {UUID(int=2): Candidate(COHORT, trained=False)}}),
    (domain.MentorNotOfTeamCohort, {"mentors": MENTORS | {UUID(int=2): Candidate(UUID(int=9), trained=True)}}),
    (domain.MentorNotOfTeamCohort, {"mentors": {UUID(int=1): MENTORS[UUID(int=1)]}}),
])  # fmt: skip
def test_any_other_team_is_refused_by_the_rule_it_breaks(refused: type[Exception], wrong: dict[str, object]):
    with pytest.raises(refused):
        team(**wrong)  # type: ignore[arg-type]


def test_a_mentor_named_twice_is_one():
    with pytest.raises(domain.TeamSizeRefused):
        domain.form_team(
            team_id=UUID(int=7), cohort_id=COHORT, composition=TERMS, title="1팀", base_municipality_code="52110",
            candidates=MENTORS, member_ids=[UUID(int=1), UUID(int=1)], lead_id=UUID(int=1), by="lead", at=AT,
        )  # fmt: skip


@pytest.mark.parametrize(("first", "weeks", "second_after", "taken"), [
    (MONDAY, 6, 6, True),
    (MONDAY, 10, 10, True),
    (MONDAY, 5, 6, False),
    (MONDAY, 11, 12, False),
    (MONDAY + timedelta(days=1), 6, 8, False),
    (MONDAY, 8, 7, False),
    (MONDAY, 8, 0, False),
])  # fmt: skip
def test_rotations_begin_on_mondays_last_as_the_terms_say_and_do_not_overlap(first, weeks, second_after, taken):
    second = Rotation(MONDAY + timedelta(weeks=second_after), 6)
    asked = [second, Rotation(first, weeks)]
    if taken:
        assert domain.set_calendar(team(), asked, TERMS, taken=(), version=1).version == 2
    else:
        with pytest.raises(domain.RotationMalformed):
            domain.set_calendar(team(), asked, TERMS, taken=(), version=1)


def test_a_team_is_disbanded_once_by_who_has_read_it_and_takes_on_nothing_after():
    with pytest.raises(domain.TeamStale):
        domain.disband_team(team(), taken=(), version=2, today=MONDAY)
    gone = domain.disband_team(team(), taken=(), version=1, today=MONDAY)
    with pytest.raises(domain.TeamDisbanded):
        domain.disband_team(gone, taken=(), version=2, today=MONDAY)
    with pytest.raises(domain.TeamDisbanded):
        domain.set_calendar(gone, [], TERMS, taken=(), version=2)


def test_weeks_that_a_firm_has_are_kept_by_every_calendar_and_end_before_the_team_does():
    taken = Rotation(MONDAY, 6)
    kept = [taken, Rotation(MONDAY + timedelta(weeks=6), 6)]
    assert domain.set_calendar(team(), kept, TERMS, taken=[taken], version=1).version == 2
    for other in ([], [Rotation(MONDAY, 7)]):
        with pytest.raises(domain.RotationTaken):
            domain.set_calendar(team(), other, TERMS, taken=[taken], version=1)
    with pytest.raises(domain.RotationTaken):
        domain.disband_team(team(), taken=[taken], version=1, today=taken.ends_before - timedelta(days=1))
    assert domain.disband_team(team(), taken=[taken], version=1, today=taken.ends_before).version == 2


@pytest.mark.parametrize(("day", "rest"), [
    (MONDAY, Rotation(MONDAY + timedelta(weeks=1), 9)),
    (MONDAY + timedelta(weeks=3, days=6), Rotation(MONDAY + timedelta(weeks=4), 6)),
    (MONDAY + timedelta(weeks=4), None),
    (MONDAY + timedelta(weeks=20), None),
])  # fmt: skip
def test_of_weeks_that_have_begun_the_rest_is_free_if_a_firm_can_have_so_few(day: date, rest: Rotation | None):
    assert domain.rest_of(Rotation(MONDAY, 10), day, TERMS) == rest
