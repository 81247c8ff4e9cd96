"""What a payment rests on beside its project: carry-overs of its lines, split rule, memorandum, versions of rules.

Each check yields what does not hold. Standard library only: it is a part of `verify.py`.
"""

from collections.abc import Iterator, Sequence
from typing import Any

from contracts.archive_case import CHAINS, Case, Finding, differs, missing, moment_of


def check_beside(case: Case) -> Iterator[Finding]:
    """Carry-overs, split rule, memorandum and versions of rules are what decisions say."""
    yield from _check_ends(case)
    yield from _check_carry_overs(case)
    yield from _check_rules(case)
    yield from _check_versions(case)


def _check_ends(case: Case) -> Iterator[Finding]:
    """Nothing was paid from a line, by a rule or under a memorandum that was only proposed.

    What was decided about a line after that, of carrying it over or that it would lapse, takes nothing of it back.
    """
    for chain in sorted({each["chain"] for each in case.said["manifest.json"]["chains"]}):
        kind = chain.partition("/")[0]
        told = [one["decision"] for one in case.beside(chain) if one["decision"].startswith(f"{kind}-")]
        if told[-1:] != [f"{kind}-confirmed"]:
            yield Finding("not-confirmed", f"{CHAINS} {chain}", "확정되지 않은 근거입니다", "it was not confirmed")


def _check_carry_overs(case: Case) -> Iterator[Finding]:
    money = case.said["money.json"]
    decided: dict[str, dict[str, Any]] = {}
    for line in sorted({each["budget_line_id"] for each in money["commitment"]["shares"]} - {None}):
        for one in case.beside(f"budget-line/{line}"):
            if "carry_over_id" in one["facts"]:
                told = decided.setdefault(one["facts"]["carry_over_id"], {"budget_line_id": line, "confirmed_at": ""})
                at = {f"{one['decision'].rpartition('-')[2]}_at": moment_of(one["decided_at"])}
                told |= {**one["facts"], **at}
    if sorted(row["id"] for row in money["carry_overs"]) != sorted(decided):
        yield missing("money.json carry_overs")
    for row in money["carry_overs"]:
        found = {**row, **{name: moment_of(row[name]) for name in ("proposed_at", "confirmed_at")}}
        for name, value in decided.get(row["id"], {}).items():
            if name in found and found[name] != value:
                yield differs(name, f"money.json carry_overs {row['id']}", value)


def _check_rules(case: Case) -> Iterator[Finding]:
    money, rules = case.said["money.json"], case.said["rules.json"]
    rule = rules["split_rule"]
    facts = case.beside(f"split-rule/{rule['version']}")[-1]["facts"]
    said = {"rates": rule["shares"], "nominal_burden_bp": rule["nominal_burden_bp"], "valid_from": rule["valid_from"]}
    yield from _check_confirmed(case, f"split-rule/{rule['version']}", rule)
    if said != {name: facts[name] for name in said}:
        yield Finding("split-rule", "rules.json", "분담 규칙이 기록과 다릅니다", "the split rule is not as confirmed")
    memorandum, agreed = rules["memorandum"], money["commitment"]["memorandum_id"]
    if (memorandum or {"id": None})["id"] != agreed:
        yield Finding("memorandum", "rules.json", "다른 업무협약입니다", "it is another memorandum")
    elif memorandum is not None:
        yield from _check_confirmed(case, f"memorandum/{agreed}", memorandum)
        facts = case.beside(f"memorandum/{agreed}")[-1]["facts"]
        parties = [
            {
                "kind": party["kind"],
                "municipality_code": party["municipality_code"],
                "owes": [
                    f"{owed['kind']}/{owed['source']}" if owed["source"] else owed["kind"]
                    for owed in party["obligations"]
                ],
            }
            for party in memorandum["parties"]
        ]
        if {"signed_on": memorandum["signed_on"], "parties": parties} != {
            name: facts[name] for name in ("signed_on", "parties")
        }:
            yield Finding("memorandum", "rules.json", "협약이 기록과 다릅니다", "the memorandum is not as confirmed")


def _check_confirmed(case: Case, chain: str, said: Any) -> Iterator[Finding]:  # noqa: ANN401  JSON
    """Two people made it binding, when its chain says so."""
    at = {one["decision"].rpartition("-")[2]: moment_of(one["decided_at"]) for one in case.beside(chain)}
    found = (said["state"], moment_of(said["proposed_at"]), moment_of(said["confirmed_at"]))
    if found != ("CONFIRMED", at.get("proposed"), at.get("confirmed")):
        yield differs("confirmed_at", f"rules.json {chain}", at.get("confirmed"))


def _check_versions(case: Case) -> Iterator[Finding]:
    """Each version of rules under which something was decided is here, once."""
    money, rules = case.said["money.json"], case.said["rules.json"]
    closing = [*([money["settlement"]] if money["settlement"] else []), *money["repayments"], *money["recoveries"]]
    used: dict[str, Sequence[Any]] = {
        "release_terms": [line["terms_version"] for line in (money["lines"] or {"lines": []})["lines"]],
        "closing_rules": [each["rule_version"] for each in closing],
        "standing_rules": [each["rule_version"] for each in money["standings"]],
    }
    for name, versions in used.items():
        if [each["version"] for each in rules[name]] != sorted(set(versions)):
            yield differs(name, "rules.json", sorted(set(versions)))
