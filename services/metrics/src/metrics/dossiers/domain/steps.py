"""A firm's cases in plain words: where each stands, what the firm does next and until when, and the papers wanted."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from common.errors import Text
from metrics.dossiers.domain import names
from metrics.dossiers.domain.money import Commitment, Repayment, SelfPay, Settlement
from metrics.dossiers.domain.names import named
from metrics.dossiers.domain.told import Agreement, Application, Build, Deadline, Objection, Project

_FIRM, _OBJECTION, _SIGNATURES = "FIRM", "OBJECTION_WINDOW", "AGREEMENT_SIGNATURES"
_RUNNING = frozenset({"OPEN", "OVERDUE"})


@dataclass(frozen=True, slots=True)
class Step:
    """Something that the firm does next; `last_day` is the last day on which it is in time, if it has one."""

    what: Text
    last_day: date | None = None
    last_moment: datetime | None = None


@dataclass(frozen=True, slots=True)
class Burden:
    """What the firm bears, in basis points and won."""

    nominal_bp: int
    effective_bp: int
    own_won: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One application, and the project that it became."""

    application: Application
    project_id: UUID | None
    standing: Sequence[Text]
    steps: Sequence[Step]
    wanted: Sequence[str]
    burden: Burden | None
    objection_until: date | None
    objection: Objection | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """All that was answered of a firm's cases."""

    applications: Collection[Application]
    projects: Collection[Project] = ()
    agreements: Collection[Agreement] = ()
    builds: Collection[Build] = ()
    deadlines: Collection[Deadline] = ()
    objections: Collection[Objection] = ()
    commitments: Collection[Commitment] = ()
    settlements: Collection[tuple[UUID, Settlement]] = ()
    repayments: Collection[tuple[UUID, Repayment]] = ()
    self_pay: Collection[tuple[UUID, SelfPay]] = ()
    closes_at: Collection[tuple[UUID, datetime]] = ()
    """By call, the first second that is too late for an application."""


def cases_of(known: Known) -> list[Case]:
    """The firm's cases, those with something to do first, and of these the most urgent."""
    cases = [_case(known, application) for application in known.applications]
    return sorted(
        cases, key=lambda case: (not case.steps, _soonest(case.steps), -case.application.created_at.timestamp())
    )


def _case(known: Known, application: Application) -> Case:
    project = next((each for each in known.projects if each.application_id == application.id), None)
    id_ = project.id if project else None
    agreement = next((each for each in known.agreements if each.project_id == id_), None)
    build = next((each for each in known.builds if each.project_id == id_), None)
    settlement = next((each for of, each in known.settlements if of == id_), None)
    commitment = next((each for each in known.commitments if each.project_id == id_), None)
    mine = [each for each in known.deadlines if each.application_id == application.id and each.state in _RUNNING]
    objection = next((each for each in known.objections if each.application_id == application.id), None)
    until = next((each.last_day for each in mine if each.kind == _OBJECTION), None)
    return Case(
        application=application,
        project_id=id_,
        standing=_standing(application, project, agreement, build, settlement, objection),
        steps=[*_due(mine, agreement), *_to_hand_in(known, application, id_, settlement), *_at_the_site(build)],
        wanted=_wanted(application),
        burden=_burden(commitment),
        objection_until=None if objection else until,
        objection=objection,
    )


def _standing(
    application: Application,
    project: Project | None,
    agreement: Agreement | None,
    build: Build | None,
    settlement: Settlement | None,
    objection: Objection | None,
) -> list[Text]:
    """The newest that is true, and what goes on beside it."""
    newest = (
        (names.SETTLEMENT, settlement.state if settlement else None),
        (names.BUILD, build.state if build else None),
        (names.AGREEMENT, agreement.state if agreement else None),
        (names.PROJECT, project.state if project else None),
        (names.OUTCOME, application.outcome),
        (names.APPLICATION, application.status),
    )
    said = next(named(words, state) for words, state in newest if state is not None)
    return [said, *([_heard(objection)] if objection else [])]


def _heard(objection: Objection) -> Text:
    """How far an objection is and, once it is upheld, what became of the case by it."""
    state = named(names.OBJECTION, objection.state)
    if objection.consequence in {None, "NONE"}:
        return state
    follows = named(names.CONSEQUENCE, str(objection.consequence))
    return Text(f"{state.ko}, {follows.ko}", f"{state.en}: {follows.en}")


def _due(deadlines: Iterable[Deadline], agreement: Agreement | None) -> list[Step]:
    """The firm's own duties with a legal deadline; an objection is a right, and is told of by itself.

    The deadline of the signatures runs until the supplier has signed too: who has signed has nothing more to do.
    """
    signed = agreement is not None and any(each.party == "ADOPTER" for each in agreement.signatures)
    done = {_OBJECTION, *([_SIGNATURES] if signed else [])}
    own = [each for each in deadlines if each.duty == _FIRM and each.kind not in done]
    return [
        Step(named(names.DEADLINE, each.kind), each.last_day)
        for each in sorted(own, key=lambda deadline: deadline.due_at)
    ]


def _to_hand_in(
    known: Known, application: Application, project_id: UUID | None, settlement: Settlement | None
) -> Iterable[Step]:
    if application.status == "DRAFT":
        closes_at = next((at for of, at in known.closes_at if of == application.call_id), None)
        yield Step(Text("신청서 제출", "Submit the application"), last_moment=closes_at)
    proven = next((each for of, each in known.self_pay if of == project_id), None)
    if proven and not proven.proven:
        short = max(0, proven.self_pay_won - proven.proven_won)
        yield Step(Text(f"자부담 {short:,}원 입금과 증빙", f"Pay and prove your own part: ₩{short:,}"))
    if settlement and settlement.state == "DUE":
        yield Step(Text("실적보고서 제출", "Hand in the performance report"), settlement.due_on)
    if settlement and settlement.state == "QUERIED":
        query = named(names.SETTLEMENT_QUERY, settlement.query or "")
        yield Step(
            Text(f"정산 보완({query.ko})", f"Answer the question about the report: {query.en}"), settlement.due_on
        )
    for of, back in known.repayments:
        if of == project_id and back.state == "ORDERED":
            yield Step(Text(f"{back.total_won:,}원 반납", f"Pay back ₩{back.total_won:,}"), back.due_on)


def _at_the_site(build: Build | None) -> Iterable[Step]:
    if build and build.state == "UNDER_WAY":
        yield Step(Text("구축을 마치면 완료 보고", "Report completion when the build is done"))


def _wanted(application: Application) -> list[str]:
    """The papers of a supplement that was not answered, in the operator's own words."""
    asked = application.supplement
    return [] if asked is None or asked.answered_at else [each.request for each in asked.items]


def _burden(commitment: Commitment | None) -> Burden | None:
    if commitment is None or commitment.state != "COMMITTED":
        return None
    own = sum(share.amount_won for share in commitment.shares if share.source == "SME")
    return Burden(commitment.nominal_burden_bp, commitment.effective_burden_bp, own)


def _soonest(steps: Iterable[Step]) -> str:
    days = [step.last_day.isoformat() for step in steps if step.last_day]
    days += [step.last_moment.date().isoformat() for step in steps if step.last_moment]
    return min(days, default="9999")
