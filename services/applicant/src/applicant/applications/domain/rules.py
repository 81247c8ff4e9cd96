"""The screening rules R-01 to R-13 (domain.md 2.2 C): versioned data says which apply, with what numbers and texts.

Each rule's `kind` names one function below. It looks at the facts and the rule's parameters and gives a verdict with
the key of the sentence to show; it never raises and knows no number of its own.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum

from applicant.applications.domain.registers import Register, RegisterAnswers
from common.errors import DomainError, Text
from contracts.standings import BusinessStatus
from contracts.types import MUNICIPALITIES, Won, parse_business_number

_MUNICIPALITY_CODES = frozenset(each.code for each in MUNICIPALITIES)


class RuleOutcome(StrEnum):
    PASS = "PASS"  # noqa: S105  no password: the rule holds
    FAIL = "FAIL"
    NOT_APPLICABLE = "NOT_APPLICABLE"


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule as data. `texts` are sentences by reason key; `limits` says what the rule does not look at."""

    id: str
    kind: str
    source: str
    title: Text
    texts: Mapping[str, Text]
    numbers: Mapping[str, int] = field(default_factory=dict)
    lists: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    limits: Text | None = None


@dataclass(frozen=True, slots=True)
class RuleSet:
    """A version of all rules; a published call names one and is screened by it for ever."""

    version: str
    valid_from: date
    note: str
    appeal_days: int
    appeal_source: str
    rules: tuple[Rule, ...]


@dataclass(frozen=True, slots=True)
class TypeConditions:
    """What the call asks of firms in this type (rule R-08); limits are exclusive."""

    first_time_only: bool
    max_sales_won: Won | None
    max_employees: int | None


@dataclass(frozen=True, slots=True)
class CaseFacts:
    """All that the rules may look at, as of the day of application."""

    applied_on: date
    type_code: str
    conditions: TypeConditions
    business_number: str
    municipality_code: str
    ksic_code: str
    ksic_revision: str
    supported_before: bool
    """As the firm says, or as the imported records of other schemes know."""
    annual_sales_won: Won
    employees: int
    concurrent_project: bool
    other_live_applications: int
    supplier_business_number: str
    self_pay_capacity_won: Won
    self_pay_won: Won
    factory_registered: bool
    manufacturing_floor_m2: int
    in_industrial_complex: bool
    answers: RegisterAnswers


@dataclass(frozen=True, slots=True)
class Finding:
    """One rule's verdict on one case, with the reason to show and the evidence it rests on."""

    rule: str
    outcome: RuleOutcome
    reason: Text
    source: str
    evidence: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Verdict:
    outcome: RuleOutcome
    reason_key: str
    values: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Kind:
    """How a kind of rule is judged, from which evidence, and the reason keys its data must have sentences for."""

    judge: Callable[[CaseFacts, Rule], Verdict]
    evidence: tuple[str, ...]
    reason_keys: frozenset[str]


def screen(rules: RuleSet, facts: CaseFacts, evidence: Mapping[str, str]) -> tuple[Finding, ...]:
    """Judge the case by every rule. `evidence` names, by kind of evidence, the record that was looked at."""
    return tuple(_finding(rule, facts, evidence) for rule in rules.rules)


def failed_rules(findings: tuple[Finding, ...]) -> tuple[str, ...]:
    """The ids of the rules that failed, in the rules' order."""
    return tuple(finding.rule for finding in findings if finding.outcome is RuleOutcome.FAIL)


def _finding(rule: Rule, facts: CaseFacts, evidence: Mapping[str, str]) -> Finding:
    kind = KINDS[rule.kind]
    verdict = kind.judge(facts, rule)
    text = rule.texts[verdict.reason_key]
    reason = Text(text.ko.format_map(verdict.values), text.en.format_map(verdict.values))
    return Finding(rule.id, verdict.outcome, reason, rule.source, tuple(evidence[name] for name in kind.evidence))


def _passed(**values: object) -> Verdict:
    return Verdict(RuleOutcome.PASS, "pass", values)


def _failed(reason_key: str = "fail", **values: object) -> Verdict:
    return Verdict(RuleOutcome.FAIL, reason_key, values)


def _not_applicable() -> Verdict:
    return Verdict(RuleOutcome.NOT_APPLICABLE, "not_applicable")


def _worksite_in_province(facts: CaseFacts, rule: Rule) -> Verdict:
    if facts.municipality_code in _MUNICIPALITY_CODES:
        return _passed(municipality_code=facts.municipality_code)
    return _failed(municipality_code=facts.municipality_code)


def _size_certificate(facts: CaseFacts, rule: Rule) -> Verdict:
    certificate = facts.answers.certificate
    if certificate.size_class is None or certificate.certificate_number is None:
        return _failed("missing")
    values = {"size_class": certificate.size_class}
    if not certificate.covers(facts.applied_on):
        return _failed("expired", **values)
    return _passed(**values) if certificate.size_class in rule.lists["size_classes"] else _failed("fail", **values)


def _manufacturing(facts: CaseFacts, rule: Rule) -> Verdict:
    code = facts.ksic_code
    section, digits = (code[0], code[1:]) if code[:1].isalpha() else ("", code)
    values = {"ksic_code": code, "ksic_revision": facts.ksic_revision}
    if facts.ksic_revision not in rule.lists["revisions"]:
        return _failed("unknown_revision", **values)
    in_section = section in {"", *rule.lists["sections"]}
    in_divisions = rule.numbers["first_division"] <= int(digits[:2]) <= rule.numbers["last_division"]
    return _passed(**values) if in_section and in_divisions else _failed("fail", **values)


def _business_number(facts: CaseFacts, rule: Rule) -> Verdict:
    return _passed() if _is_business_number(facts.business_number) else _failed()


def _alive(facts: CaseFacts, rule: Rule) -> Verdict:
    on = facts.applied_on.isoformat()
    match facts.answers.tax.status:
        case BusinessStatus.ACTIVE:
            return _passed(on=on)
        case BusinessStatus.SUSPENDED:
            return _failed("suspended", on=on)
        case BusinessStatus.CLOSED:
            return _failed("closed", on=on)


def _no_tax_arrears(facts: CaseFacts, rule: Rule) -> Verdict:
    on, tax = facts.applied_on.isoformat(), facts.answers.tax
    if tax.national_tax_arrears and tax.local_tax_arrears:
        return _failed("both", on=on)
    if tax.national_tax_arrears:
        return _failed("national", on=on)
    return _failed("local", on=on) if tax.local_tax_arrears else _passed(on=on)


def _no_concurrent_project(facts: CaseFacts, rule: Rule) -> Verdict:
    if facts.concurrent_project:
        return _failed("stated")
    return _failed("on_record") if facts.answers.certificate.concurrent_project else _passed()


def _type_conditions(facts: CaseFacts, rule: Rule) -> Verdict:
    asked = facts.conditions
    if not asked.first_time_only and asked.max_sales_won is None and asked.max_employees is None:
        return _not_applicable()
    if asked.first_time_only and (facts.supported_before or facts.answers.certificate.supported_before):
        return _failed("supported_before", type_code=facts.type_code)
    if asked.max_sales_won is not None and facts.annual_sales_won >= asked.max_sales_won:
        return _failed("sales", annual_sales_won=facts.annual_sales_won, max_sales_won=asked.max_sales_won)
    if asked.max_employees is not None and facts.employees >= asked.max_employees:
        return _failed("employees", employees=facts.employees, max_employees=asked.max_employees)
    return _passed(type_code=facts.type_code)


def _one_live_application(facts: CaseFacts, rule: Rule) -> Verdict:
    others = facts.other_live_applications
    return _passed() if others == 0 else _failed("fail", others=others)


def _not_debarred(facts: CaseFacts, rule: Rule) -> Verdict:
    exclusion = facts.answers.exclusion
    if not exclusion.holds_on(facts.applied_on):
        return _passed()
    return _failed("fail", until=exclusion.until.isoformat() if exclusion.until else "-")


def _supplier(facts: CaseFacts, rule: Rule) -> Verdict:
    if not _is_business_number(facts.supplier_business_number):
        return _failed("invalid_number")
    if facts.supplier_business_number == facts.business_number:
        return _failed("related")
    if facts.answers.supplier_exclusion.holds_on(facts.applied_on):
        return _failed("debarred")
    return _passed() if facts.answers.supplier_exclusion.registered_supplier else _failed("not_in_pool")


def _self_pay_capacity(facts: CaseFacts, rule: Rule) -> Verdict:
    values = {"self_pay_capacity_won": facts.self_pay_capacity_won, "self_pay_won": facts.self_pay_won}
    enough = facts.self_pay_capacity_won >= facts.self_pay_won
    return _passed(**values) if enough else _failed("fail", **values)


def _factory_registration(facts: CaseFacts, rule: Rule) -> Verdict:
    large = facts.manufacturing_floor_m2 >= rule.numbers["floor_m2"]
    required = large or facts.in_industrial_complex
    if not required or facts.type_code in rule.lists["exempt_types"]:
        return _not_applicable()
    floor_m2 = facts.manufacturing_floor_m2
    return _passed(floor_m2=floor_m2) if facts.factory_registered else _failed("fail", floor_m2=floor_m2)


def _is_business_number(text: str) -> bool:
    try:
        parse_business_number(text)
    except DomainError:
        return False
    return True


def _kind(judge: Callable[[CaseFacts, Rule], Verdict], evidence: tuple[str, ...], *reason_keys: str) -> Kind:
    return Kind(judge, evidence, frozenset({"pass", *reason_keys}))


KINDS: Mapping[str, Kind] = {
    "worksite_in_province": _kind(_worksite_in_province, ("worksite",), "fail"),
    "size_certificate": _kind(_size_certificate, (Register.SME_STATUS,), "fail", "missing", "expired"),
    "manufacturing": _kind(_manufacturing, ("company",), "fail", "unknown_revision"),
    "business_number": _kind(_business_number, ("company",), "fail"),
    "alive": _kind(_alive, (Register.TAX_OFFICE,), "suspended", "closed"),
    "no_tax_arrears": _kind(_no_tax_arrears, (Register.TAX_OFFICE,), "national", "local", "both"),
    "no_concurrent_project": _kind(_no_concurrent_project, ("application", Register.SME_STATUS), "stated", "on_record"),
    "type_conditions": _kind(
        _type_conditions,
        ("company", "call", "past_supports", Register.SME_STATUS),
        *("supported_before", "sales", "employees", "not_applicable"),
    ),
    "one_live_application": _kind(_one_live_application, ("worksite",), "fail"),
    "not_debarred": _kind(_not_debarred, (Register.DEBARMENT,), "fail"),
    "supplier": _kind(
        _supplier,
        ("application", Register.SUPPLIER_DEBARMENT),
        *("invalid_number", "related", "debarred", "not_in_pool"),
    ),
    "self_pay_capacity": _kind(_self_pay_capacity, ("application", "call"), "fail"),
    "factory_registration": _kind(_factory_registration, ("worksite",), "fail", "not_applicable"),
}
"""Every kind of rule the data may name."""
