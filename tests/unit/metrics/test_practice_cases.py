"""The rules of a good practice: what a nomination may name, what proves a figure, and which step follows which."""

from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

import pytest

from common.errors import DomainError
from metrics.practices.domain import cases as rules
from metrics.practices.domain.cases import (
    GoodPractice,
    NamedKpi,
    PracticeContent,
    PracticeDecision,
    PracticeFinding,
    PracticeState,
    Proof,
    ProvenFigure,
    WithdrawalReason,
)
from metrics.practices.domain.refusals import (
    GoodPracticeHasChanged,
    PracticeCodeUnknown,
    PracticeDecided,
    PracticeEvidenceWeak,
    PracticeFigureBelow,
    PracticeFigureUnproven,
    PracticeFindingMisplaced,
    PracticeKpisTooFew,
    PracticeNeedsVerification,
    PracticeOwnCase,
    PracticeProjectNotCompleted,
)
from metrics.practices.store import cases as store

NOW = datetime(2024, 5, 20, tzinfo=UTC)
_CRITERIA = store.criteria_in_force(date(2024, 5, 20))
assert _CRITERIA is not None
CRITERIA = _CRITERIA
JUDGED = tuple(each.code for each in CRITERIA.judged)
P1 = NamedKpi(kpi="P1", change_kind="PERCENT")
FIGURE = ProvenFigure(kpi="P1", change_kind="PERCENT", standing="VALID", improvement_bp=3000, grade="B")
PROOF = Proof(
    municipality_code="52110",
    completed=True,
    terminated=False,
    baseline_number=1,
    report_number=1,
    evidence=(),
    figures=(FIGURE, replace(FIGURE, kpi="D1", change_kind="POINTS")),
)
CONTENT = PracticeContent(
    wave="COMPLETION",
    title_ko="가",
    title_en="a",
    summary_ko="가",
    summary_en="a",
    sector="10",
    size_band="10-49",
    processes=("PACKING",),
    technologies=("MES",),
    kpis=(P1,),
)


def nominated(content: PracticeContent = CONTENT, proof: Proof = PROOF) -> GoodPractice:
    return rules.nominate(UUID(int=1), UUID(int=2), content, proof, UUID(int=3), CRITERIA, by="one", now=NOW)


def decided(
    practice: GoodPractice,
    *,
    proof: Proof = PROOF,
    by: str = "two",
    decision: PracticeDecision = PracticeDecision.VERIFY,
    finding: PracticeFinding | None = None,
    met: tuple[str, ...] = JUDGED,
) -> GoodPractice:
    return rules.decide(practice, decision, finding, met, proof, CRITERIA, by=by, now=NOW)


def published(**changes: Any) -> GoodPractice:
    return rules.publish(replace(decided(nominated()), **changes), PROOF, by="three", now=NOW)


def with_figure(**changes: Any) -> Proof:
    return replace(PROOF, figures=(replace(FIGURE, **changes),))


@pytest.mark.parametrize(
    ("changes", "error", "field"),
    [
        ({"sector": "99"}, PracticeCodeUnknown, "/sector"),
        ({"size_band": "10"}, PracticeCodeUnknown, "/size_band"),
        ({"processes": ("PACKING", "KNITTING")}, PracticeCodeUnknown, "/processes"),
        ({"technologies": ("MES", "MES")}, PracticeCodeUnknown, "/technologies"),
        ({"kpis": (P1, P1)}, PracticeCodeUnknown, "/kpis/1"),
        ({"kpis": (P1, NamedKpi(kpi="P1", change_kind="POINTS"))}, PracticeCodeUnknown, "/kpis/1"),
        ({"kpis": ()}, PracticeKpisTooFew, "/kpis"),
    ],
)
def test_a_nomination_names_what_the_criteria_list(
    changes: dict[str, Any], error: type[DomainError], field: str
) -> None:
    with pytest.raises(error) as refusal:
        nominated(replace(CONTENT, **changes))
    assert refusal.value.facts["field"] == field


@pytest.mark.parametrize("changes", [{"completed": False}, {"terminated": True}])
def test_only_a_completed_project_that_was_not_ended_is_nominated(changes: dict[str, Any]) -> None:
    with pytest.raises(PracticeProjectNotCompleted):
        nominated(proof=replace(PROOF, **changes))


def test_figures_are_those_of_the_reports() -> None:
    found = decided(nominated())
    assert (found.state, found.figures) == (PracticeState.VERIFIED, (FIGURE,))
    assert (found.baseline_number, found.report_number) == (1, 1)


@pytest.mark.parametrize(
    ("proof", "error"),
    [
        (with_figure(standing="UNVERIFIED", improvement_bp=None, grade=None), PracticeFigureUnproven),
        (with_figure(kpi="Q1"), PracticeFigureUnproven),
        (with_figure(improvement_bp=999), PracticeFigureBelow),
        (with_figure(grade="D"), PracticeEvidenceWeak),
        (replace(PROOF, terminated=True), PracticeProjectNotCompleted),
    ],
)
def test_a_figure_that_is_not_proven_is_not_verified(proof: Proof, error: type[DomainError]) -> None:
    with pytest.raises(error):
        decided(nominated(), proof=proof)


def test_the_threshold_itself_is_enough() -> None:
    assert decided(nominated(), proof=with_figure(improvement_bp=1000)).figures[0].improvement_bp == 1000


@pytest.mark.parametrize(
    "said",
    [
        {"met": JUDGED[:1]},
        {"met": (*JUDGED, "PRETTY")},
        {"finding": PracticeFinding.NOT_IN_USE},
        {"decision": PracticeDecision.RETURN, "met": ()},
        {"decision": PracticeDecision.RETURN, "finding": PracticeFinding.NOT_IN_USE},
    ],
)
def test_a_verification_says_all_that_people_judge_and_a_return_says_why(said: dict[str, Any]) -> None:
    with pytest.raises(PracticeFindingMisplaced):
        decided(nominated(), **said)


def test_three_people_nominate_verify_and_publish() -> None:
    with pytest.raises(PracticeOwnCase):
        decided(nominated(), by="one")
    for person in ("one", "two"):
        with pytest.raises(PracticeOwnCase):
            rules.publish(decided(nominated()), PROOF, by=person, now=NOW)
    corrected = replace(PROOF, report_number=2)
    with pytest.raises(PracticeOwnCase):
        decided(published(), proof=corrected, by="three")


def test_what_was_corrected_is_in_doubt_and_is_verified_anew() -> None:
    corrected = replace(with_figure(improvement_bp=2000), report_number=2)
    for practice in (decided(nominated()), published()):
        assert not rules.in_doubt(practice, PROOF)
        assert rules.in_doubt(practice, corrected)
        assert rules.in_doubt(practice, replace(PROOF, baseline_number=2))
        with pytest.raises(PracticeDecided):
            decided(practice)
        again = decided(practice, proof=corrected)
        assert (again.state, again.figures[0].improvement_bp) == (practice.state, 2000)
        assert not rules.in_doubt(again, corrected)
    with pytest.raises(PracticeNeedsVerification):
        rules.publish(decided(nominated()), corrected, by="three", now=NOW)
    assert not rules.in_doubt(nominated(), corrected), "nothing was verified yet"


def test_an_ended_project_is_not_verified_anew_but_returned() -> None:
    ended = replace(PROOF, terminated=True)
    case = published(firm_name="가상기업")
    assert rules.in_doubt(case, ended)
    with pytest.raises(PracticeProjectNotCompleted):
        decided(case, proof=ended)
    found = decided(
        case, proof=ended, decision=PracticeDecision.RETURN, finding=PracticeFinding.FIGURES_DO_NOT_HOLD, met=()
    )
    assert (found.state, found.firm_name, found.named) == (PracticeState.RETURNED, None, False)


def test_a_name_is_shown_once_somebody_has_read_it() -> None:
    case = published()
    assert not case.named
    with pytest.raises(PracticeDecided):
        rules.publish(case, PROOF, by="three", now=NOW)
    given = rules.consent(case, "가상기업", by="owner", now=NOW)
    assert (given.named, given.firm_name) == (False, "가상기업")
    named = rules.publish(given, PROOF, by="four", now=NOW)
    assert (named.named, named.published_at) == (True, case.published_at)
    renamed = rules.consent(named, "다른기업", by="owner", now=NOW)
    assert not renamed.named, "another name is read again"
    assert rules.consent(named, "가상기업", by="owner", now=NOW).named, "the same name was read"
    assert rules.consent(named, None, by="owner", now=NOW).firm_name is None


@pytest.mark.parametrize("state", [PracticeState.RETURNED, PracticeState.WITHDRAWN])
def test_what_has_ended_stays(state: PracticeState) -> None:
    ended = replace(published(), state=state)
    with pytest.raises(PracticeDecided):
        decided(ended, proof=replace(PROOF, report_number=2))
    with pytest.raises(PracticeDecided):
        rules.consent(ended, "가상기업", by="owner", now=NOW)
    with pytest.raises(PracticeDecided):
        rules.publish(ended, PROOF, by="four", now=NOW)
    with pytest.raises(PracticeDecided):
        rules.withdraw(ended, WithdrawalReason.OUTDATED, by="four", now=NOW)


@pytest.mark.parametrize("practice", [nominated(), decided(nominated()), published(firm_name="가상기업")])
def test_a_case_is_withdrawn_from_every_living_state_and_no_name_is_kept(practice: GoodPractice) -> None:
    found = rules.withdraw(practice, WithdrawalReason.FIRM_ASKED, by="four", now=NOW)
    assert (found.state, found.firm_name, found.named) == (PracticeState.WITHDRAWN, None, False)


def test_a_step_rests_on_the_version_that_was_read() -> None:
    with pytest.raises(GoodPracticeHasChanged):
        rules.check_version(nominated(), 2)


def test_every_part_of_the_criteria_has_a_source() -> None:
    assert store.criteria_in_force(date(2021, 12, 31)) is None
    lists = (CRITERIA.sectors, CRITERIA.size_bands, CRITERIA.processes, CRITERIA.technologies)
    assert all(each.source for each in (CRITERIA.kpis_min, CRITERIA.grades, *CRITERIA.thresholds, *CRITERIA.judged))
    assert all(each.source and len({code.code for code in each.codes}) == len(each.codes) for each in lists)
    assert {each.change_kind for each in CRITERIA.thresholds} == {"PERCENT", "POINTS"}
