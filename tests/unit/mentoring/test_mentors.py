"""The rules of the mentorship programme: years of experience, and training before any assignment."""

from dataclasses import replace
from datetime import UTC, date, datetime
from uuid import UUID

import pytest

from mentoring.mentors import domain
from mentoring.mentors.domain import CohortTerms, Mastery

AT = datetime(2024, 1, 15, 1, tzinfo=UTC)
TODAY = date(2024, 4, 1)
TERMS = CohortTerms(
    experience_years_min=11,
    team_size_min=2,
    team_size_max=3,
    residency_weeks_min=6,
    residency_weeks_max=10,
    source_note="assumed",
)
COHORT = domain.open_cohort(
    cohort_id=UUID(int=1), title="1기", recruited_on=date(2024, 1, 15), terms=TERMS, by="officer", at=AT
)


def recruited(years: int = 11, number: int = 2) -> domain.Mentor:
    return domain.recruit_mentor(
        COHORT,
        mentor_id=UUID(int=number),
        subject=f"mentor-{number}",
        experience_years=years,
        mastery=Mastery(processes=frozenset(), technologies=frozenset(), ksic_divisions=frozenset()),
        by="officer",
        at=AT,
    )


def trained(mentor: domain.Mentor, on: date = date(2024, 3, 29), by: str = "approver") -> domain.Mentor:
    return domain.complete_training(mentor, COHORT, completed_on=on, evidence_sha256="0" * 64, by=by, today=TODAY)


@pytest.mark.parametrize(("years", "taken"), [(10, False), (11, True), (40, True)])
def test_a_mentor_has_the_years_that_the_cohort_asks_for(years: int, taken: bool):
    if taken:
        assert recruited(years).state is domain.MentorState.RECRUITED
    else:
        with pytest.raises(domain.ExperienceTooShort):
            recruited(years)


@pytest.mark.parametrize("terms", [replace(TERMS, team_size_min=4), replace(TERMS, residency_weeks_min=11)])
def test_terms_whose_ranges_are_empty_are_no_terms(terms: CohortTerms):
    with pytest.raises(domain.CohortTermsMalformed):
        domain.open_cohort(cohort_id=UUID(int=1), title="1기", recruited_on=TODAY, terms=terms, by="officer", at=AT)


@pytest.mark.parametrize(("on", "taken"), [
    (date(2024, 1, 14), False), (date(2024, 1, 15), True), (TODAY, True), (date(2024, 4, 2), False),
])  # fmt: skip
def test_training_is_completed_between_recruiting_and_today(on: date, taken: bool):
    if taken:
        assert trained(recruited(), on).trained_on == on
    else:
        with pytest.raises(domain.TrainingNotYetOver):
            trained(recruited(), on)


def test_who_recruited_does_not_say_who_was_trained():
    with pytest.raises(domain.TrainingOwnRecruit):
        trained(recruited(), by="officer")


def test_training_is_completed_once():
    with pytest.raises(domain.AlreadyTrained):
        trained(trained(recruited()))


def test_all_on_the_list_are_of_the_cohort_or_nobody_is_recorded():
    stranger = replace(recruited(number=3), cohort_id=UUID(int=9))
    domain.check_all_found([UUID(int=2)], [recruited()], COHORT)
    for wanted, found in (([UUID(int=2), UUID(int=3)], [recruited(), stranger]), ([UUID(int=7)], [])):
        with pytest.raises(domain.NotOfCohort):
            domain.check_all_found(wanted, found, COHORT)
