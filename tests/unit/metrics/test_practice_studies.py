"""Who may study a good practice, how a study is settled, and what may be adopted of it."""

from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

import pytest

from common.errors import DomainError
from metrics.practices.domain import studies as rules
from metrics.practices.domain.cases import GoodPractice, NamedKpi, PracticeState
from metrics.practices.domain.refusals import GoodPracticeUnknown
from metrics.practices.domain.studies import (
    Adopter,
    Adoption,
    DeclineReason,
    PracticeAdopterDiffers,
    PracticeDayWrong,
    PracticeOutcomeMisplaced,
    PracticeOwnFactory,
    PracticePartUnknown,
    PracticeStudyHasChanged,
    PracticeStudySettled,
    Study,
    StudyKind,
    StudyOutcome,
    StudyState,
    Visitor,
)

NOW = datetime(2024, 5, 20, tzinfo=UTC)
TODAY = date(2024, 5, 20)
HOST, GUEST = UUID(int=3), UUID(int=4)
CASE = GoodPractice(
    id=UUID(int=1),
    project_id=UUID(int=2),
    company_id=HOST,
    municipality_code="52110",
    criteria_version="2024-1",
    wave="COMPLETION",
    title_ko="가",
    title_en="a",
    summary_ko="가",
    summary_en="a",
    sector="10",
    size_band="10-49",
    processes=("PACKING", "INSPECTION"),
    technologies=("MES",),
    kpis=(NamedKpi(kpi="P1", change_kind="PERCENT"),),
    nominated_by="one",
    nominated_at=NOW,
    state=PracticeState.PUBLISHED,
)
ADOPTER = Adopter(project_id=UUID(int=9), company_id=GUEST, municipality_code="52130")


def asked(visitor: Visitor | None = None, *, practice: GoodPractice = CASE, wanted_on: date = TODAY) -> Study:
    who = visitor or Visitor(company_id=GUEST)
    return rules.request(
        UUID(int=5), practice, who, StudyKind.VISIT, wanted_on=wanted_on, today=TODAY, by="guest", now=NOW
    )


def settled(study: Study, outcome: StudyOutcome = StudyOutcome.HELD, **changes: Any) -> Study:
    given: dict[str, Any] = {"held_on": TODAY, "reason": None, "read_version": 1, "today": TODAY} | changes
    return rules.settle(study, outcome, by="host", now=NOW, **given)


def adopted(study: Study, adopter: Adopter = ADOPTER, **changes: Any) -> Adoption:
    given: dict[str, Any] = {"processes": ["PACKING"], "technologies": [], "adopted_on": TODAY} | changes
    return rules.adopt(UUID(int=6), study, CASE, adopter, today=TODAY, by="guest", now=NOW, **given)


@pytest.mark.parametrize("state", [state for state in PracticeState if state is not PracticeState.PUBLISHED])
def test_only_a_published_case_is_studied(state: PracticeState) -> None:
    with pytest.raises(GoodPracticeUnknown):
        asked(practice=replace(CASE, state=state))


def test_nobody_studies_the_own_case() -> None:
    with pytest.raises(PracticeOwnFactory):
        asked(Visitor(company_id=HOST))


@pytest.mark.parametrize("wanted_on", [date(2024, 5, 19), date(2025, 5, 22)])
def test_a_wish_lies_ahead_within_a_year(wanted_on: date) -> None:
    with pytest.raises(PracticeDayWrong):
        asked(wanted_on=wanted_on)
    assert asked(wanted_on=date(2025, 5, 21)).state is StudyState.REQUESTED


@pytest.mark.parametrize(
    ("outcome", "changes", "error"),
    [
        (StudyOutcome.HELD, {"held_on": None}, PracticeOutcomeMisplaced),
        (StudyOutcome.HELD, {"reason": DeclineReason.NO_DATE}, PracticeOutcomeMisplaced),
        (StudyOutcome.DECLINED, {}, PracticeOutcomeMisplaced),
        (StudyOutcome.DECLINED, {"held_on": None}, PracticeOutcomeMisplaced),
        (StudyOutcome.HELD, {"held_on": date(2024, 5, 21)}, PracticeDayWrong),
        (StudyOutcome.HELD, {"held_on": date(2024, 5, 19)}, PracticeDayWrong),
        (StudyOutcome.HELD, {"read_version": 2}, PracticeStudyHasChanged),
    ],
)
def test_what_was_held_has_a_day_behind_and_what_was_declined_a_reason(
    outcome: StudyOutcome, changes: dict[str, Any], error: type[DomainError]
) -> None:
    with pytest.raises(error):
        settled(asked(), outcome, **changes)


def test_a_study_is_settled_once() -> None:
    for study in (
        settled(asked()),
        settled(asked(), StudyOutcome.DECLINED, held_on=None, reason=DeclineReason.COMPETITOR),
    ):
        with pytest.raises(PracticeStudySettled):
            settled(study)


def test_nothing_is_adopted_of_what_was_not_held() -> None:
    with pytest.raises(PracticeStudySettled):
        adopted(asked())


@pytest.mark.parametrize(
    ("visitor", "adopter", "error"),
    [
        (Visitor(company_id=GUEST), replace(ADOPTER, company_id=UUID(int=8)), PracticeAdopterDiffers),
        (Visitor(office="52140"), ADOPTER, PracticeAdopterDiffers),
        (Visitor(office="52"), replace(ADOPTER, project_id=CASE.project_id), PracticeOwnFactory),
    ],
)
def test_who_adopts_is_who_came(visitor: Visitor, adopter: Adopter, error: type[DomainError]) -> None:
    with pytest.raises(error):
        adopted(settled(asked(visitor)), adopter)


@pytest.mark.parametrize("office", ["52130", "52", "TECHNOPARK"])
def test_an_office_that_came_has_its_firms_adopt(office: str) -> None:
    assert adopted(settled(asked(Visitor(office=office)))).project_id == ADOPTER.project_id


@pytest.mark.parametrize(
    ("changes", "error", "field"),
    [
        ({"processes": ["WELDING"]}, PracticePartUnknown, "/processes"),
        ({"processes": []}, PracticePartUnknown, "/processes"),
        ({"processes": ["PACKING", "PACKING"]}, PracticePartUnknown, "/processes"),
        ({"technologies": ["ERP"]}, PracticePartUnknown, "/technologies"),
        ({"adopted_on": date(2024, 5, 19)}, PracticeDayWrong, "/adopted_on"),
        ({"adopted_on": date(2024, 5, 21)}, PracticeDayWrong, "/adopted_on"),
    ],
)
def test_what_is_adopted_is_of_the_case_and_after_the_study(
    changes: dict[str, Any], error: type[DomainError], field: str
) -> None:
    with pytest.raises(error) as refusal:
        adopted(settled(asked()), **changes)
    assert refusal.value.facts["field"] == field


def test_a_technology_alone_may_be_adopted() -> None:
    assert adopted(settled(asked()), processes=[], technologies=["MES"]).technologies == ("MES",)
