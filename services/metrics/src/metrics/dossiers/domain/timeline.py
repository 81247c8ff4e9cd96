"""A project's timeline: what happened when, by which rules, on what evidence and by whom, the newest first.

Examiners (the province, auditors) are told the decisions of the journals; for whom the journals are closed, the same
moments are those that the resources show them.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from common.errors import Text
from contracts.types import MUNICIPALITIES
from metrics.dossiers.domain import names
from metrics.dossiers.domain.decisions import DECISIONS, Phase
from metrics.dossiers.domain.money import Commitment, Coverage, Recovery, Release, Repayment, Settlement
from metrics.dossiers.domain.names import named
from metrics.dossiers.domain.told import (
    Agreement,
    Amendment,
    Application,
    Build,
    Completion,
    Decision,
    Document,
    Inspection,
    Project,
    Residency,
)

_PLACES = {str(each.code): Text(each.ko, each.en) for each in MUNICIPALITIES}
_BODIES = {"52": Text("전북특별자치도", "Jeonbuk State"), **_PLACES}


@dataclass(frozen=True, slots=True)
class Proof:
    """What an entry rests on: a paper's kind and hash, or the name of what was decided before."""

    kind: Text | None
    reference: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One moment of a project: what happened, by whom, under which rules, and on what it rests, as far as is told."""

    at: datetime
    phase: Phase
    what: Text
    detail: Text | None = None
    who: Text | None = None
    rule_version: str | None = None
    proofs: tuple[Proof, ...] = ()


def newest_first(entries: Iterable[Entry]) -> list[Entry]:
    """In order; of one moment, what was told later stands first."""
    ordered = sorted(entries, key=lambda entry: entry.at)
    ordered.reverse()
    return ordered


def of_decisions(decisions: Iterable[Decision], *, otherwise: Phase) -> Iterator[Entry]:
    """The journal's decisions; one whose name this page does not know is shown by its name."""
    for each in decisions:
        phase, what = DECISIONS.get(each.decision, (otherwise, Text(each.decision, each.decision)))
        yield Entry(
            at=each.decided_at,
            phase=phase,
            what=what,
            who=who_is(each.actor),
            rule_version=each.rule_version,
            proofs=tuple(Proof(None, reference) for reference in each.evidence),
        )


def who_is(actor: str) -> Text:
    """Role and body of who decided, without the person's own name: `role:tenant:subject` as the journal has it."""
    role, _, rest = actor.partition(":")
    tenant = rest.partition(":")[0]
    said = named(names.ROLES, role)
    body = _BODIES.get(tenant)
    return said if body is None else Text(f"{body.ko} {said.ko}", f"{body.en}, {said.en}")


def of_application(told: Application) -> Iterator[Entry]:
    """From its submission to its outcome, as far as its own record tells."""
    phase, plan = Phase.APPLICATION, (Proof(names.DOCUMENT_KIND["PLAN"], told.plan_sha256),)
    if told.submitted_at:
        yield Entry(at=told.submitted_at, phase=phase, what=Text("신청서 제출", "Application submitted"), proofs=plan)
    if told.supplement:
        yield Entry(at=told.supplement.requested_at, phase=phase, what=Text("보완 요청", "Supplement asked for"))
        if told.supplement.answered_at:
            yield Entry(at=told.supplement.answered_at, phase=phase, what=Text("보완 제출", "Supplement handed in"))
    if told.eligibility:
        failed = ", ".join(told.eligibility.failed_rules)
        yield Entry(
            at=told.eligibility.decided_at,
            phase=phase,
            what=Text("요건 부적격", "Found not eligible") if failed else Text("요건 적격", "Found eligible"),
            detail=Text(f"어긋난 규칙: {failed}", f"Rules not met: {failed}") if failed else None,
            rule_version=told.eligibility.rule_version,
        )
    if told.withdrawn_at:
        yield Entry(at=told.withdrawn_at, phase=phase, what=Text("신청 철회", "Application withdrawn"))


def of_project(told: Project) -> Iterator[Entry]:
    """Its selection; what became of it is told by the money and the agreement."""
    detail = Text("예비에서 올라옴", "moved up from the reserves") if told.promoted else None
    what = Text("과제로 선정", "Selected as a project")
    yield Entry(at=told.selected_at, phase=Phase.APPLICATION, what=what, detail=detail)


def of_agreement(told: Agreement) -> Iterator[Entry]:
    """Its issue, each signature, and its coming into force."""
    phase = Phase.AGREEMENT
    plan = (Proof(names.DOCUMENT_KIND["PLAN"], told.plan_sha256),) if told.plan_sha256 else ()
    rule = told.deadlines[0].rule_version if told.deadlines else None
    issued = Text("협약 준비", "Agreement drafted")
    yield Entry(at=told.drafted_at, phase=phase, what=issued, rule_version=rule, proofs=plan)
    for each in told.signatures:
        signed = Text("협약 서명", "Agreement signed")
        yield Entry(at=each.signed_at, phase=phase, what=signed, who=named(names.PARTY, each.party))
    if told.effective_at:
        yield Entry(at=told.effective_at, phase=phase, what=names.AGREEMENT["EFFECTIVE"])


def of_amendments(told: Iterable[Amendment]) -> Iterator[Entry]:
    """Each request for another agreement, and its decision."""
    for each in told:
        papers = tuple(Proof(None, reference) for reference in each.evidence_sha256)
        yield Entry(
            at=each.requested_at,
            phase=Phase.AGREEMENT,
            what=Text("협약변경 요청", "Amendment requested"),
            detail=named(names.AMENDMENT_CAUSE, each.cause),
            who=named(names.PARTY, each.requested_party),
            rule_version=each.rule_version,
            proofs=papers,
        )
        if each.decided_at:
            yield Entry(
                at=each.decided_at,
                phase=Phase.AGREEMENT,
                what=Text("협약변경 결정", "Amendment decided"),
                detail=named(names.DECIDED, each.state),
                rule_version=each.rule_version,
            )


def of_build(told: Build) -> Iterator[Entry]:
    """Its beginning, its interruptions, its end."""
    yield Entry(at=told.began_at, phase=Phase.BUILD, what=Text("구축 시작", "Building begun"))
    for each in told.changes:
        kind, state = named(names.BUILD_CHANGE, each.kind), named(names.DECIDED, each.state)
        proposed = Text(f"{kind.ko} 제안", f"{kind.en} proposed".capitalize())
        papers = tuple(Proof(None, reference) for reference in each.evidence)
        yield Entry(at=each.proposed_at, phase=Phase.BUILD, what=proposed, proofs=papers)
        if each.decided_at:
            decided = Text(f"{kind.ko} {state.ko}", f"{kind.en} {state.en}".capitalize())
            yield Entry(at=each.decided_at, phase=Phase.BUILD, what=decided)
    if told.completed_at:
        yield Entry(at=told.completed_at, phase=Phase.BUILD, what=names.BUILD["COMPLETED"])
    if told.terminated_at:
        yield Entry(at=told.terminated_at, phase=Phase.BUILD, what=names.BUILD["TERMINATED"])


def of_documents(told: Iterable[Document]) -> Iterator[Entry]:
    """Each document that is kept, by its kind and hash."""
    for each in told:
        if each.sealed_at and each.state == "SEALED":
            kind = named(names.DOCUMENT_KIND, each.kind)
            what = Text(f"문서 보관: {kind.ko}", f"Document kept: {kind.en}")
            proofs = (Proof(kind, each.sha256),)
            yield Entry(at=each.sealed_at, phase=Phase.BUILD, what=what, proofs=proofs)


def of_inspections(interim: Iterable[Inspection], completions: Iterable[Completion]) -> Iterator[Entry]:
    """Visits, reports and results."""
    for visit in interim:
        shown = tuple(Proof(named(names.DOCUMENT_KIND, each.kind), each.sha256) for each in visit.evidence)
        if visit.visited_at:
            what = Text("중간점검 현장 확인", "Interim inspection: visited")
            rule = visit.rule_version
            yield Entry(at=visit.visited_at, phase=Phase.BUILD, what=what, rule_version=rule, proofs=shown)
        if visit.concluded_at:
            what = named(names.INTERIM, visit.state)
            yield Entry(at=visit.concluded_at, phase=Phase.BUILD, what=what, rule_version=visit.rule_version)
    for end in completions:
        shown = tuple(Proof(named(names.DOCUMENT_KIND, each.kind), each.sha256) for each in end.evidence)
        steps = (
            (end.reported_at, Text("완료 보고", "Completion reported"), shown),
            (end.audited_at, Text("완료 감리", "Completion audited"), ()),
            (end.checked_at, Text("완료 확인", "Completion checked"), ()),
            (end.concluded_at, named(names.COMPLETION, end.state), ()),
        )
        for at, what, proofs in steps:
            if at:
                yield Entry(at=at, phase=Phase.BUILD, what=what, rule_version=end.rule_version, proofs=proofs)


def of_residencies(told: Iterable[Residency]) -> Iterator[Entry]:
    """When teams were assigned, and what they answered."""
    for each in told:
        weeks = Text(
            f"{each.first_week:%Y-%m-%d} 주부터 {each.weeks}주", f"{each.weeks} weeks from {each.first_week:%Y-%m-%d}"
        )
        what = Text("멘토단 배정", "Mentor team assigned")
        yield Entry(at=each.assigned_at, phase=Phase.MENTORING, what=what, detail=weeks)
        if each.answered_at:
            answered = names.RESIDENCY["DECLINED" if each.state == "DECLINED" else "ACCEPTED"]
            yield Entry(at=each.answered_at, phase=Phase.MENTORING, what=answered)


def of_commitment(told: Commitment) -> Iterator[Entry]:
    """Funding's decision, and its undoing."""
    refused = told.refusal
    yield Entry(
        at=told.decided_at,
        phase=Phase.MONEY,
        what=DECISIONS["commitment-refused" if refused else "project-committed"][1],
        detail=None if refused is None else named(names.SOURCES, refused.short_source),
        rule_version=told.split_rule_version,
    )
    if told.released_at:
        yield Entry(at=told.released_at, phase=Phase.MONEY, what=DECISIONS["commitment-released"][1])


def of_coverage(told: Coverage) -> Iterator[Entry]:
    """When each source's money was there."""
    for line in told.lines:
        if line.covered_at:
            source = named(names.SOURCES, line.source)
            paper = names.DOCUMENT_KIND["COVERAGE"]
            proofs = (Proof(paper, line.evidence_sha256),) if line.evidence_sha256 else ()
            what = Text(f"재원 확보: {source.ko}", f"Money there: {source.en}")
            yield Entry(at=line.covered_at, phase=Phase.MONEY, what=what, proofs=proofs)
    if told.granted_at:
        yield Entry(at=told.granted_at, phase=Phase.MONEY, what=names.COVERAGE["GRANTED"])


def of_releases(told: Iterable[Release]) -> Iterator[Entry]:
    """Each payment's steps."""
    for each in told:
        source = named(names.SOURCES, each.source)
        detail = Text(f"{source.ko} {each.amount_won:,}원", f"{source.en}, ₩{each.amount_won:,}")
        paper = names.DOCUMENT_KIND["INVOICE"]
        invoice = (Proof(paper, each.invoice_sha256),) if each.invoice_sha256 else ()
        steps = (
            (each.requested_at, "release-reserved", invoice),
            (each.approved_at, "release-approved", ()),
            (each.confirmed_at, "release-confirmed", ()),
            (each.voided_at, "release-voided", ()),
        )
        for at, decision, proofs in steps:
            if at:
                what, rule = DECISIONS[decision][1], each.terms_version
                yield Entry(at=at, phase=Phase.MONEY, what=what, detail=detail, rule_version=rule, proofs=proofs)


def of_settlement(
    settlements: Iterable[Settlement], repayments: Iterable[Repayment], recoveries: Iterable[Recovery]
) -> Iterator[Entry]:
    """The report and its checks, what goes back, and what is taken back."""
    for each in settlements:
        report = (Proof(names.DOCUMENT_KIND["REPORT"], each.report_sha256),) if each.report_sha256 else ()
        yield from _steps(
            each.rule_version,
            (each.opened_at, "settlement-opened", ()),
            (each.submitted_at, "settlement-submitted", report),
            (each.attested_at, "settlement-attested", ()),
            (each.fixed_at, "settlement-fixed", ()),
            (each.closed_at, "settlement-closed", ()),
        )
    for back in repayments:
        yield from _steps(
            back.rule_version,
            (back.ordered_at, "repayment-ordered", ()),
            (back.paid_at, "repayment-paid", ()),
            (back.ended_at, "repayment-relieved" if back.state == "RELIEVED" else "repayment-confirmed", ()),
        )
    for taken in recoveries:
        finding = (Proof(names.DOCUMENT_KIND["FINDING"], taken.finding_sha256),) if taken.finding_sha256 else ()
        yield from _steps(
            taken.rule_version,
            (taken.opened_at, "recovery-opened", ()),
            (taken.noticed_at, "recovery-noticed", ()),
            (taken.decided_at, "recovery-decided", finding),
            (taken.closed_at, "recovery-closed", ()),
        )


def _steps(rule_version: str, *steps: tuple[datetime | None, str, tuple[Proof, ...]]) -> Iterator[Entry]:
    for at, decision, proofs in steps:
        if at:
            phase, what = DECISIONS[decision]
            yield Entry(at=at, phase=phase, what=what, rule_version=rule_version, proofs=proofs)
