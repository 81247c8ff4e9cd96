"""A good practice: NOMINATED -> VERIFIED -> PUBLISHED, or RETURNED by its verifier, or WITHDRAWN from publication.

Its figures are never typed: they are what the firm's verified reports carry. A case keeps which reports those were, so
that a later correction, or a termination, puts it in doubt until somebody verifies it anew.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from metrics.practices.domain.criteria import CodeList, Criteria
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

_VALID = "VALID"


class PracticeState(StrEnum):
    """How far a case has come; what is RETURNED or WITHDRAWN has ended, and its project may be nominated again."""

    NOMINATED = "NOMINATED"
    VERIFIED = "VERIFIED"
    PUBLISHED = "PUBLISHED"
    RETURNED = "RETURNED"
    WITHDRAWN = "WITHDRAWN"


ENDED = frozenset({PracticeState.RETURNED, PracticeState.WITHDRAWN})


class PracticeDecision(StrEnum):
    """What the verifier says."""

    VERIFY = "VERIFY"
    RETURN = "RETURN"


class PracticeFinding(StrEnum):
    """Why a case is returned."""

    NOT_TRANSFERABLE = "NOT_TRANSFERABLE"
    NOT_IN_USE = "NOT_IN_USE"
    HOLDS_SECRETS = "HOLDS_SECRETS"
    FIGURES_DO_NOT_HOLD = "FIGURES_DO_NOT_HOLD"


class WithdrawalReason(StrEnum):
    """Why a case is withdrawn."""

    FIRM_ASKED = "FIRM_ASKED"
    FIGURES_DO_NOT_HOLD = "FIGURES_DO_NOT_HOLD"
    FIRM_CLOSED = "FIRM_CLOSED"
    OUTDATED = "OUTDATED"
    MISTAKEN = "MISTAKEN"


@dataclass(frozen=True, slots=True, kw_only=True)
class NamedKpi:
    """A KPI that a case is about, and in which kind its change is told."""

    kpi: str
    change_kind: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ProvenFigure:
    """What the counting reports say of one KPI in one kind; without an improvement, `standing` says why."""

    kpi: str
    change_kind: str
    standing: str
    improvement_bp: int | None
    grade: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """What is known of a project in one wave: which reports count, by their numbers, and what they carry."""

    municipality_code: str
    completed: bool
    terminated: bool
    baseline_number: int | None
    report_number: int | None
    evidence: tuple[str, ...]
    figures: tuple[ProvenFigure, ...]

    def figure(self, named: NamedKpi) -> ProvenFigure | None:
        same = (each for each in self.figures if (each.kpi, each.change_kind) == (named.kpi, named.change_kind))
        return next(same, None)


@dataclass(frozen=True, slots=True, kw_only=True)
class PracticeContent:
    """What a nomination says, without who and when."""

    wave: str
    title_ko: str
    title_en: str
    summary_ko: str
    summary_en: str
    sector: str
    size_band: str
    processes: tuple[str, ...]
    technologies: tuple[str, ...]
    kpis: tuple[NamedKpi, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class GoodPractice:
    """One case. The firm's name stands here while the firm agrees to it, and is shown once a publisher has read it."""

    id: UUID
    project_id: UUID
    company_id: UUID
    municipality_code: str
    criteria_version: str
    wave: str
    title_ko: str
    title_en: str
    summary_ko: str
    summary_en: str
    sector: str
    size_band: str
    processes: tuple[str, ...]
    technologies: tuple[str, ...]
    kpis: tuple[NamedKpi, ...]
    nominated_by: str
    nominated_at: datetime
    state: PracticeState = PracticeState.NOMINATED
    figures: tuple[ProvenFigure, ...] = ()
    baseline_number: int | None = None
    report_number: int | None = None
    finding: PracticeFinding | None = None
    verified_by: str | None = None
    verified_at: datetime | None = None
    firm_name: str | None = None
    consented_by: str | None = None
    consented_at: datetime | None = None
    named: bool = False
    published_by: str | None = None
    published_at: datetime | None = None
    withdrawal_reason: WithdrawalReason | None = None
    withdrawn_by: str | None = None
    withdrawn_at: datetime | None = None
    version: int = 1


def nominate(
    id_: UUID,
    project_id: UUID,
    content: PracticeContent,
    proof: Proof,
    company_id: UUID,
    criteria: Criteria,
    *,
    by: str,
    now: datetime,
) -> GoodPractice:
    """A new case of a completed project; whether its figures are proven is the verifier's to find out."""
    if not proof.completed or proof.terminated:
        raise PracticeProjectNotCompleted
    _check_codes([content.sector], criteria.sectors, "/sector")
    _check_codes([content.size_band], criteria.size_bands, "/size_band")
    _check_codes(content.processes, criteria.processes, "/processes")
    _check_codes(content.technologies, criteria.technologies, "/technologies")
    _check_kpis(content.kpis, proof, criteria)
    return GoodPractice(
        id=id_,
        project_id=project_id,
        company_id=company_id,
        municipality_code=proof.municipality_code,
        criteria_version=criteria.version,
        wave=content.wave,
        title_ko=content.title_ko,
        title_en=content.title_en,
        summary_ko=content.summary_ko,
        summary_en=content.summary_en,
        sector=content.sector,
        size_band=content.size_band,
        processes=content.processes,
        technologies=content.technologies,
        kpis=content.kpis,
        nominated_by=by,
        nominated_at=now,
    )


def check_version(practice: GoodPractice, read_version: int) -> None:
    """Refuse what rests on a version that is no longer the current one."""
    if practice.version != read_version:
        raise GoodPracticeHasChanged(current_version=practice.version)


def in_doubt(practice: GoodPractice, proof: Proof) -> bool:
    """Whether what was verified no longer is what the reports carry; never before the first verification."""
    if practice.verified_at is None:
        return False
    before = (practice.baseline_number, practice.report_number)
    return proof.terminated or before != (proof.baseline_number, proof.report_number)


def decide(
    practice: GoodPractice,
    decision: PracticeDecision,
    finding: PracticeFinding | None,
    met: Collection[str],
    proof: Proof,
    criteria: Criteria,
    *,
    by: str,
    now: datetime,
) -> GoodPractice:
    """What a second person finds: of a new case, or anew of one whose figures are in doubt, published or not."""
    anew = practice.state in {PracticeState.VERIFIED, PracticeState.PUBLISHED} and in_doubt(practice, proof)
    if practice.state is not PracticeState.NOMINATED and not anew:
        raise PracticeDecided(state=practice.state)
    if by in {practice.nominated_by, practice.published_by}:
        raise PracticeOwnCase
    judged = {each.code for each in criteria.judged}
    if decision is PracticeDecision.RETURN:
        if finding is None or met:
            raise PracticeFindingMisplaced(judged=_listed(judged), field="/finding")
        # Nobody's name is kept of a case that has ended.
        return replace(
            practice,
            state=PracticeState.RETURNED,
            finding=finding,
            firm_name=None,
            named=False,
            verified_by=by,
            verified_at=now,
        )
    if finding is not None or set(met) != judged:
        raise PracticeFindingMisplaced(judged=_listed(judged), field="/met")
    if proof.terminated:
        raise PracticeProjectNotCompleted
    return replace(
        practice,
        state=PracticeState.PUBLISHED if practice.state is PracticeState.PUBLISHED else PracticeState.VERIFIED,
        figures=tuple(_proven(each, proof, criteria) for each in practice.kpis),
        baseline_number=proof.baseline_number,
        report_number=proof.report_number,
        verified_by=by,
        verified_at=now,
    )


def consent(practice: GoodPractice, firm_name: str | None, *, by: str, now: datetime) -> GoodPractice:
    """The firm agrees to be named so, or takes that back; a name that nobody has read yet is not shown."""
    if practice.state in ENDED:
        raise PracticeDecided(state=practice.state)
    named = practice.named and firm_name == practice.firm_name
    return replace(practice, firm_name=firm_name, named=named, consented_by=by, consented_at=now)


def publish(practice: GoodPractice, proof: Proof, *, by: str, now: datetime) -> GoodPractice:
    """A third person shows it to everybody, or shows the name that the firm gave since."""
    renamed = practice.state is PracticeState.PUBLISHED and practice.firm_name is not None and not practice.named
    if practice.state is not PracticeState.VERIFIED and not renamed:
        raise PracticeDecided(state=practice.state)
    if by in {practice.nominated_by, practice.verified_by}:
        raise PracticeOwnCase
    if in_doubt(practice, proof):
        raise PracticeNeedsVerification
    return replace(
        practice,
        state=PracticeState.PUBLISHED,
        named=practice.firm_name is not None,
        published_by=by,
        published_at=practice.published_at or now,
    )


def withdraw(practice: GoodPractice, reason: WithdrawalReason, *, by: str, now: datetime) -> GoodPractice:
    """It is shown no longer, and not shown again; the firm's name is not kept."""
    if practice.state in ENDED:
        raise PracticeDecided(state=practice.state)
    return replace(
        practice,
        state=PracticeState.WITHDRAWN,
        firm_name=None,
        named=False,
        withdrawal_reason=reason,
        withdrawn_by=by,
        withdrawn_at=now,
    )


def _proven(named: NamedKpi, proof: Proof, criteria: Criteria) -> ProvenFigure:
    figure = proof.figure(named)
    if figure is None or figure.standing != _VALID or figure.improvement_bp is None:
        raise PracticeFigureUnproven(kpi=named.kpi, standing=figure.standing if figure else "NOT_REPORTED")
    at_least_bp = criteria.at_least_bp(named.change_kind)
    if figure.improvement_bp < at_least_bp:
        raise PracticeFigureBelow(kpi=named.kpi, improvement_bp=figure.improvement_bp, at_least_bp=at_least_bp)
    if figure.grade not in criteria.grades.allowed:
        raise PracticeEvidenceWeak(kpi=named.kpi, grade=figure.grade, allowed=", ".join(criteria.grades.allowed))
    return figure


def _check_codes(asked: Sequence[str], known: CodeList, field: str) -> None:
    if known.lacks(asked) or len(set(asked)) != len(asked):
        raise PracticeCodeUnknown(known=", ".join(each.code for each in known.codes), field=field)


def _check_kpis(kpis: Sequence[NamedKpi], proof: Proof, criteria: Criteria) -> None:
    if len({each.kpi for each in kpis}) < criteria.kpis_min.count:
        raise PracticeKpisTooFew(count=criteria.kpis_min.count, field="/kpis")
    for at, named in enumerate(kpis):
        if proof.figure(named) is None or named in kpis[:at]:
            known = ", ".join(f"{each.kpi}/{each.change_kind}" for each in proof.figures)
            raise PracticeCodeUnknown(known=known, field=f"/kpis/{at}")


def _listed(codes: Collection[str]) -> str:
    return ", ".join(sorted(codes))
