"""The screening rules R-01 to R-13 as version 2024-1 states them: each passes and fails where domain.md says."""

import string
from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from applicant.applications.domain.registers import (
    BusinessStatus,
    Exclusion,
    Register,
    RegisterAnswers,
    SizeCertificate,
    TaxStatus,
)
from applicant.applications.domain.rules import (
    KINDS,
    CaseFacts,
    Finding,
    RuleOutcome,
    TypeConditions,
    failed_rules,
    screen,
)
from applicant.applications.store.rule_data import load_rules
from applicant.calls.store import known_screening_rule_versions
from contracts.types import Won

ON = date(2024, 4, 1)
FIRM, SUPPLIER = "1234567891", "1000000014"
ALIVE = TaxStatus(FIRM, BusinessStatus.ACTIVE, national_tax_arrears=False, local_tax_arrears=False)
SMALL = SizeCertificate(
    FIRM, "SMALL", "0010-1", concurrent_project=False, supported_before=False, valid_from=ON, valid_to=ON
)
FREE = Exclusion(FIRM, excluded=False, registered_supplier=False)
SUPPLIES = Exclusion(SUPPLIER, excluded=False, registered_supplier=True)
JS1 = TypeConditions(first_time_only=True, max_sales_won=Won(5_000_000_000), max_employees=20)
JS2 = TypeConditions(first_time_only=False, max_sales_won=None, max_employees=None)
EVIDENCE = {name: f"{name}/1" for name in ("company", "worksite", "application", "call", "past_supports", *Register)}
RULES = load_rules("2024-1")


def facts(**changes: Any) -> CaseFacts:
    """A first-timer of Gunsan that passes everything, registers included."""
    answers = RegisterAnswers(ALIVE, SMALL, FREE, SUPPLIES)
    told = {name: changes.pop(name) for name in RegisterAnswers.__slots__ if name in changes}
    good = CaseFacts(
        applied_on=ON,
        type_code="JS2",
        conditions=JS2,
        business_number=FIRM,
        municipality_code="52130",
        ksic_code="C25924",
        ksic_revision="10",
        supported_before=False,
        annual_sales_won=Won(4_999_999_999),
        employees=19,
        concurrent_project=False,
        other_live_applications=0,
        supplier_business_number=SUPPLIER,
        self_pay_capacity_won=Won(10_000_000),
        self_pay_won=Won(10_000_000),
        factory_registered=True,
        manufacturing_floor_m2=500,
        in_industrial_complex=False,
        answers=replace(answers, **told),
    )
    return replace(good, **changes)


def finding(rule: str, case: CaseFacts) -> Finding:
    (found,) = (each for each in screen(RULES, case, EVIDENCE) if each.rule == rule)
    return found


CASES: list[tuple[str, dict[str, Any], str]] = [
    ("R-01", {}, "PASS"),
    ("R-01", {"municipality_code": "52800"}, "PASS"),
    ("R-01", {"municipality_code": "52760"}, "FAIL"),
    ("R-01", {"municipality_code": "45130"}, "FAIL"),
    ("R-02", {}, "PASS"),
    ("R-02", {"certificate": replace(SMALL, size_class="MID_SIZED")}, "PASS"),
    ("R-02", {"certificate": replace(SMALL, size_class="LARGE")}, "FAIL"),
    ("R-02", {"certificate": replace(SMALL, size_class=None)}, "FAIL"),
    ("R-02", {"certificate": replace(SMALL, valid_from=date(2024, 4, 2))}, "FAIL"),
    ("R-02", {"certificate": replace(SMALL, valid_to=date(2024, 3, 31))}, "FAIL"),
    ("R-02", {"certificate": replace(SMALL, valid_to=None)}, "PASS"),
    ("R-02", {"certificate": replace(SMALL, valid_from=None)}, "FAIL"),
    ("R-03", {"ksic_code": "C10111"}, "PASS"),
    ("R-03", {"ksic_code": "34019", "ksic_revision": "11"}, "PASS"),
    ("R-03", {"ksic_code": "35111"}, "FAIL"),
    ("R-03", {"ksic_code": "09"}, "FAIL"),
    ("R-03", {"ksic_code": "G25924"}, "FAIL"),
    ("R-03", {"ksic_revision": "9"}, "FAIL"),
    ("R-04", {}, "PASS"),
    ("R-04", {"business_number": "1234567890"}, "FAIL"),
    ("R-04", {"business_number": "0000000000"}, "FAIL"),
    ("R-05", {}, "PASS"),
    ("R-05", {"tax": replace(ALIVE, status=BusinessStatus.SUSPENDED)}, "FAIL"),
    ("R-05", {"tax": replace(ALIVE, status=BusinessStatus.CLOSED)}, "FAIL"),
    ("R-06", {}, "PASS"),
    ("R-06", {"tax": replace(ALIVE, national_tax_arrears=True)}, "FAIL"),
    ("R-06", {"tax": replace(ALIVE, local_tax_arrears=True)}, "FAIL"),
    ("R-06", {"tax": replace(ALIVE, national_tax_arrears=True, local_tax_arrears=True)}, "FAIL"),
    ("R-07", {}, "PASS"),
    ("R-07", {"concurrent_project": True}, "FAIL"),
    ("R-07", {"certificate": replace(SMALL, concurrent_project=True)}, "FAIL"),
    ("R-08", {}, "NOT_APPLICABLE"),
    ("R-08", {"supported_before": True}, "NOT_APPLICABLE"),
    ("R-08", {"conditions": JS1}, "PASS"),
    ("R-08", {"conditions": JS1, "supported_before": True}, "FAIL"),
    ("R-08", {"conditions": JS1, "certificate": replace(SMALL, supported_before=True)}, "FAIL"),
    ("R-08", {"conditions": JS1, "annual_sales_won": Won(5_000_000_000)}, "FAIL"),
    ("R-08", {"conditions": JS1, "employees": 20}, "FAIL"),
    ("R-09", {}, "PASS"),
    ("R-09", {"other_live_applications": 1}, "FAIL"),
    ("R-10", {}, "PASS"),
    ("R-10", {"exclusion": replace(FREE, excluded=True)}, "FAIL"),
    ("R-10", {"exclusion": replace(FREE, excluded=True, until=ON)}, "FAIL"),
    ("R-10", {"exclusion": replace(FREE, excluded=True, until=date(2024, 3, 31))}, "PASS"),
    ("R-11", {}, "PASS"),
    ("R-11", {"supplier_business_number": "1000000015"}, "FAIL"),
    ("R-11", {"supplier_business_number": FIRM}, "FAIL"),
    ("R-11", {"supplier_exclusion": replace(SUPPLIES, excluded=True)}, "FAIL"),
    ("R-11", {"supplier_exclusion": replace(SUPPLIES, registered_supplier=False)}, "FAIL"),
    ("R-12", {}, "PASS"),
    ("R-12", {"self_pay_capacity_won": Won(9_999_999)}, "FAIL"),
    ("R-13", {}, "PASS"),
    ("R-13", {"factory_registered": False}, "FAIL"),
    ("R-13", {"factory_registered": False, "manufacturing_floor_m2": 499}, "NOT_APPLICABLE"),
    ("R-13", {"factory_registered": False, "manufacturing_floor_m2": 1, "in_industrial_complex": True}, "FAIL"),
    ("R-13", {"factory_registered": False, "type_code": "JS1"}, "NOT_APPLICABLE"),
]


@pytest.mark.parametrize(("rule", "changes", "outcome"), CASES)
def test_each_rule_holds_where_it_should(rule: str, changes: dict[str, Any], outcome: str) -> None:
    found = finding(rule, facts(**changes))
    assert found.outcome == outcome
    assert "{" not in found.reason.ko + found.reason.en
    assert found.reason.ko
    assert found.evidence


def test_every_rule_passes_fails_and_is_tried_both_ways() -> None:
    tried = {(rule, outcome) for rule, _, outcome in CASES}
    for number in range(1, 14):
        assert (f"R-{number:02}", "PASS") in tried
        assert (f"R-{number:02}", "FAIL") in tried


def test_one_bad_fact_fails_no_other_rule() -> None:
    for rule, changes, outcome in CASES:
        failed = failed_rules(screen(RULES, facts(**changes), EVIDENCE))
        assert failed == ((rule,) if outcome == "FAIL" else ()), (rule, changes)


@pytest.mark.parametrize("version", sorted(known_screening_rule_versions()))
def test_the_data_has_a_sentence_for_every_reason_and_a_source_for_every_rule(version: str) -> None:
    rules = load_rules(version)
    assert rules.version == version
    assert [rule.id for rule in rules.rules] == [f"R-{number:02}" for number in range(1, 14)]
    for rule in rules.rules:
        assert rule.texts.keys() == KINDS[rule.kind].reason_keys, rule.id
        assert rule.source.startswith(f"domain.md {rule.id}")
        for text in rule.texts.values():
            assert _placeholders(text.ko) == _placeholders(text.en), rule.id


def test_a_finding_rests_on_the_records_it_looked_at() -> None:
    assert finding("R-05", facts()).evidence == ("TAX_OFFICE/1",)
    assert finding("R-12", facts()).evidence == ("application/1", "call/1")
    assert finding("R-12", facts()).outcome is RuleOutcome.PASS


def _placeholders(text: str) -> set[str | None]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}
