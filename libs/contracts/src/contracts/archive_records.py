"""What a payment's archive holds of its project beside the payment, held against the decisions.

Each check yields what does not hold. Standard library only: it is a part of `verify.py`.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from contracts.archive_case import Case, Finding, differs, missing, moment_of, subject_of


class Record(NamedTuple):
    """A list in money.json: the fact that names one of its rows, and what of a row the decisions about it say.

    `fields` are by the fact that says the same last. `moments` are by the decisions that set them, the last one counts:
    one with a state after a stroke only if it led there, one after a minus takes the moment back.
    """

    name: str
    fact: str
    fields: Mapping[str, str]
    moments: Mapping[str, Sequence[str]]


def _same(*names: str) -> Mapping[str, str]:
    return {name: name for name in names}


_RECORDS = (
    Record(
        "self_payments",
        "self_payment_id",
        _same("state", "hold_reason", "amount_won", "paid_on"),
        {
            "recorded_at": ("self-payment-recorded",),
            "verified_at": ("self-payment-verified",),
            "reviewed_at": ("self-payment-reviewed",),
        },
    ),
    Record(
        "releases",
        "release_id",
        _same("state", "amount_won", "source"),
        {
            "requested_at": ("release-reserved",),
            "approved_at": ("release-approved",),
            "ordered_at": ("release-ordered",),
            "confirmed_at": ("release-confirmed",),
            "posted_at": ("release-posted",),
            "voided_at": ("release-voided",),
        },
    ),
    Record(
        "holds",
        "hold_id",
        {"source": "source", "reason": "hold_reason"},
        {
            "placed_at": ("release-hold-placed",),
            "lift_proposed_at": ("release-hold-lift-proposed",),
            "lifted_at": ("release-hold-lifted",),
        },
    ),
    Record(
        "repayments",
        "repayment_id",
        _same("origin", "source", "state", "principal_won", "interest_won", "surcharge_won", "late_won", "paid_on"),
        {
            "ordered_at": ("repayment-ordered",),
            "paid_at": ("repayment-paid", "-repayment-denied"),
            "ended_at": ("repayment-confirmed", "repayment-relieved"),
        },
    ),
    Record(
        "recoveries",
        "recovery_id",
        _same("ground", "state", "recover_bp", "interest_won", "surcharge_bp", "debar_months", "opinion_until"),
        {
            "opened_at": ("recovery-opened",),
            "noticed_at": ("recovery-noticed",),
            "opinion_at": ("recovery-opinion-given",),
            "proposed_at": ("recovery-proposed", "-recovery-sent-back"),
            "decided_at": ("recovery-decided", "recovery-dropped"),
            "objected_at": ("recovery-objected",),
            "heard_at": ("recovery-heard",),
            "closed_at": ("recovery-closed", "recovery-dropped", "recovery-heard/UPHELD"),
        },
    ),
    Record(
        "settlement",
        "settlement_id",
        _same("state", "spent_won", "interest_won", "due_on", "lines", "late_months", "late_cut_max_bp"),
        {
            "opened_at": ("settlement-opened",),
            "submitted_at": ("settlement-submitted",),
            "attested_at": ("settlement-attested",),
            "fixed_at": ("settlement-fixed",),
            "closed_at": ("settlement-closed",),
        },
    ),
)
_EVIDENCE = {
    "self_payments": (("evidence_sha256", "bank/sha256:"),),
    "releases": (("gate", "gate/"), ("invoice_sha256", "invoice/sha256:")),
    "settlement": (("report_sha256", "report/sha256:"),),
    "recoveries": (("finding_sha256", "finding/sha256:"),),
}
_TAKEN_BACK = {
    "recovery-sent-back": ("recover_bp", "interest_won", "surcharge_bp", "debar_months"),
    "repayment-denied": ("paid_on",),
}
_FOUND = ("release-finding-proposed", "release-finding-confirmed", "release-finding-rejected", "release-finding-moot")
_FOUND_STATES = dict(zip(_FOUND, ("PROPOSED", "CONFIRMED", "REJECTED", "MOOT"), strict=True))


def check_records(case: Case) -> Iterator[Finding]:
    """Coverage, payments, holds, settlement, repayments and clawbacks are what was last decided of each."""
    money = case.said["money.json"]
    for record in _RECORDS:
        rows = money[record.name]
        rows = rows if isinstance(rows, list) else [rows] if rows else []
        yield from _check_rows(case, record, rows)
    yield from _check_owner(money)
    yield from _check_commitment(case)
    yield from _check_coverage(case)
    yield from _check_self_pay(case)
    yield from _check_lines(case)
    paid = [row for row in money["releases"] if row["id"] == case.release["id"]]
    if paid != [case.release]:
        yield Finding("release", "money.json", "이 지급 건이 목록과 다릅니다", "the payment is not that of the list")


def _check_rows(case: Case, record: Record, rows: Sequence[Any]) -> Iterator[Finding]:
    where = f"money.json {record.name}"
    decided = {one["facts"][record.fact] for one in case.decisions if record.fact in one["facts"]}
    if sorted(row["id"] for row in rows) != sorted(decided):
        yield missing(f"{where} {sorted({row['id'] for row in rows} ^ decided)}")
    for row in rows:
        decisions = case.about(record.fact, row["id"])
        last = _last_said(decisions)
        for field, fact in record.fields.items():
            if row[field] != last.get(fact) and (fact in last or row[field]):
                yield differs(field, f"{where} {row['id']}", last.get(fact))
        for field, set_by in record.moments.items():
            at = _last_moment(decisions, set_by)
            if moment_of(row[field]) != at:
                yield differs(field, f"{where} {row['id']}", at)
        yield from _check_grounds(row, decisions, record.name)


def _check_grounds(row: Any, decisions: Sequence[Any], name: str) -> Iterator[Finding]:  # noqa: ANN401  JSON
    """By which rule, on which evidence, and by whose yes it was decided."""
    where = f"money.json {name} {row['id']}"
    rule = row.get("rule_version", row.get("terms_version"))
    if rule is not None and any(one["rule_version"] != rule for one in decisions):
        yield differs("rule_version", where, decisions[-1]["rule_version"])
    evidence = {each for one in decisions for each in one["evidence"]}
    for field, kind in _EVIDENCE.get(name, ()):
        if row[field] is not None and kind + row[field] not in evidence:
            yield Finding("evidence", where, "기록에 없는 증빙입니다", "decided on other evidence")
    if "approvals" in row and _approvals(decisions) != Counter(
        (each["body"], moment_of(each["approved_at"])) for each in row["approvals"]
    ):
        yield differs("approvals", where, sorted(_approvals(decisions)))


def _approvals(decisions: Sequence[Any]) -> "Counter[tuple[str, str]]":
    given = [one for one in decisions if one["decision"] in {"release-approval-given", "release-approved"}]
    return Counter((one["facts"]["body"], moment_of(one["decided_at"])) for one in given)


def _last_said(decisions: Sequence[Any]) -> dict[str, Any]:
    """What the decisions about one thing said last of each fact; some take back what was said before."""
    last: dict[str, Any] = {}
    for one in decisions:
        last.update(one["facts"])
        last.update(dict.fromkeys(_TAKEN_BACK.get(one["decision"], ())))
    return last


def _last_moment(decisions: Sequence[Any], set_by: Sequence[str]) -> str:
    at = ""
    for one in decisions:
        name = one["decision"]
        if name in set_by or f"{name}/{one['facts'].get('state')}" in set_by:
            at = moment_of(one["decided_at"])
        elif f"-{name}" in set_by:
            at = ""
    return at


def _check_owner(money: Any) -> Iterator[Finding]:  # noqa: ANN401  JSON
    """All of it is of one project of one firm in one place, and each source's of its own budget line."""
    commitment = money["commitment"]
    line_of = {each["source"]: each["budget_line_id"] for each in commitment["shares"]}
    single = [("coverage", money["coverage"]), ("settlement", money["settlement"]), ("lines", money["lines"])]
    listed = ("self_payments", "releases", "holds", "repayments", "recoveries", "standings")
    rows = [each for each in single if each[1]] + [(name, row) for name in listed for row in money[name]]
    for name in (*listed, "findings"):
        if len({row["id"] for row in money[name]}) != len(money[name]):
            yield missing(f"money.json {name}")
    for where, row in rows:
        for name in ("project_id", "company_id", "municipality_code", "call_id"):
            if name in row and row[name] != commitment[name]:
                yield differs(name, f"money.json {where}", commitment[name])
    with_source = [*money["releases"], *money["repayments"], *(money["lines"] or {"lines": []})["lines"]]
    for row in with_source:
        if row["budget_line_id"] != line_of[row["source"]]:
            yield differs("budget_line_id", "money.json", line_of[row["source"]])


def _check_commitment(case: Case) -> Iterator[Finding]:
    """What was committed of which line, by which rule and memorandum."""
    commitment = case.said["money.json"]["commitment"]
    (made,) = [one for one in case.decisions if one["decision"] == "project-committed"]
    said = {**made["facts"], "split_rule_version": made["rule_version"], "decided_at": moment_of(made["decided_at"])}
    found = {**commitment, "decided_at": moment_of(commitment["decided_at"])}
    for name in (
        *("commitment_id", "total_cost_won", "cap_won", "nominal_burden_bp", "effective_burden_bp"),
        *("transfer_id", "memorandum_id", "split_rule_version", "decided_at"),
    ):
        if found[name] != said[name]:
            yield differs(name, "money.json commitment", said[name])
    if found.get("turn") != said.get("turn"):
        yield differs("turn", "money.json commitment", said.get("turn"))
    released = any(one["decision"] == "commitment-released" for one in case.decisions)
    if commitment["state"] != ("RELEASED" if released else "COMMITTED"):
        yield differs("state", "money.json commitment", "RELEASED" if released else "COMMITTED")
    settlement = case.said["money.json"]["settlement"]
    if settlement is not None and settlement["total_cost_won"] != said["total_cost_won"]:
        yield differs("total_cost_won", "money.json settlement", said["total_cost_won"])
    kept = ("source", "amount_won", "budget_line_id")
    if [[each[name] for name in kept] for each in commitment["shares"]] != [
        [each[name] for name in kept] for each in said["shares"]
    ]:
        yield Finding("shares", "money.json commitment", "재원이 기록과 다릅니다", "the shares are not as decided")


def _check_coverage(case: Case) -> Iterator[Finding]:
    """Who covers which share since when, and how much of its own the firm has proven."""
    money, where = case.said["money.json"], "money.json coverage"
    commitment, coverage = money["commitment"], money["coverage"]
    told = [
        one
        for one in case.about("commitment_id", commitment["commitment_id"])
        if one["decision"].startswith("coverage-")
    ]
    if (coverage is None) != (not told):
        yield missing(where)
    if coverage is None:
        return
    if coverage["state"] != told[-1]["facts"]["state"]:
        yield differs("state", where, told[-1]["facts"]["state"])
    moments = {"opened_at": "opened", "completed_at": "line-covered/COMPLETED", "granted_at": "granted"}
    for field, decision in moments.items():
        if moment_of(coverage[field]) != _last_moment(told, (f"coverage-{decision}",)):
            yield differs(field, where, _last_moment(told, (f"coverage-{decision}",)))
    kept = ("source", "amount_won", "budget_line_id")
    shares = [[each[name] for name in kept] for each in commitment["shares"] if each["amount_won"]]
    if [[each[name] for name in kept] for each in coverage["lines"]] != shares:
        yield Finding("shares", where, "확보 금액이 재원과 다릅니다", "it does not cover the shares")
    for line in coverage["lines"]:
        covered = [one for one in told if one["facts"].get("source") == line["source"]]
        at = _last_moment(covered, ("coverage-line-covered",))
        evidence = {each for one in covered for each in one["evidence"]}
        if moment_of(line["covered_at"]) != at:
            yield differs("covered_at", f"{where} {line['source']}", at)
        if {f"coverage/sha256:{line['evidence_sha256']}"} - {"coverage/sha256:None"} != evidence:
            yield Finding("evidence", f"{where} {line['source']}", "증빙이 다릅니다", "covered by other evidence")


def _check_self_pay(case: Case) -> Iterator[Finding]:
    money = case.said["money.json"]
    due_won = sum(each["amount_won"] for each in money["commitment"]["shares"] if each["source"] == "SME")
    own = {
        state: sum(each["amount_won"] for each in money["self_payments"] if each["state"] == state)
        for state in ("VERIFIED", "HELD", "RECORDED")
    }
    due = {
        "project_id": case.release["project_id"],
        "self_pay_won": due_won,
        "proven_won": own["VERIFIED"],
        "held_won": own["HELD"],
        "unverified_won": own["RECORDED"],
        "proven": own["VERIFIED"] >= due_won,
    }
    if money["self_pay"] != due:
        yield Finding("self-pay", "money.json self_pay", "자부담 합계가 다릅니다", "not the sum of the payments")


def _check_lines(case: Case) -> Iterator[Finding]:
    """What each source has committed, reserved, paid, given up and asked back is the sum of what else is here."""
    money = case.said["money.json"]
    shares = {each["source"]: each["amount_won"] for each in money["commitment"]["shares"]}
    passed = {one["facts"]["gate"] for one in case.decisions if one["decision"] == "release-gate-opened"}
    lines = money["lines"]["lines"] if money["lines"] else []
    public = sorted(source for source, won in shares.items() if won and source != "SME")
    if lines and sorted(line["source"] for line in lines) != public:
        yield differs("lines", "money.json lines", public)
    for line in lines:
        of = [each for each in money["releases"] if each["source"] == line["source"]]
        where = f"money.json lines {line['source']}"
        back = [each for each in money["repayments"] if each["source"] == line["source"]]
        standing = [each for each in money["holds"] if each["source"] == line["source"] and not each["lifted_at"]]
        paid_won = sum(each["amount_won"] for each in of if each["state"] == "POSTED")
        open_won = sum(each["amount_won"] for each in of if each["state"] not in {"POSTED", "VOIDED"})
        due = {
            "committed_won": shares[line["source"]],
            "open_won": open_won,
            "paid_won": paid_won,
            "left_won": line["committed_won"] - open_won - paid_won - line["lapsed_won"],
            "returned_won": sum(each["principal_won"] for each in back if each["state"] != "RELIEVED"),
            "holds": sorted(each["reason"] for each in standing),
        }
        said = {**line, "holds": sorted(line["holds"])}
        for name, value in due.items():
            if said[name] != value:
                yield differs(name, where, value)
        if line["lapsed_won"] not in {0, shares[line["source"]] - paid_won}:
            yield Finding(
                "lapsed_won", f"money.json lines {line['source']}", "불용액이 다릅니다", "all of the rest lapses"
            )
        if [(each["gate"], each["amount_won"]) for each in line["tranches"]] != _tranches(case, line):
            yield Finding("tranches", where, "단계별 금액이 규칙과 다릅니다", "not what the rule frees")
        if any(each["passed"] != (each["gate"] in passed) for each in line["tranches"]):
            yield Finding("gate", where, "통과한 단계가 다릅니다", "its gates are not so")


def _tranches(case: Case, line: Any) -> list[tuple[str, int]]:  # noqa: ANN401  JSON
    """What each gate frees of a line by its version of the terms, to the won."""
    (terms,) = [each for each in case.said["rules.json"]["release_terms"] if each["version"] == line["terms_version"]]
    (rule,) = [each for each in terms["lines"] if each["source"] == line["source"]]
    if line["mode"] != rule["mode"]:
        return [("mode", 0)]
    reached, due = 0, []
    for each in rule["tranches"]:
        before, reached = reached, reached + each["rate_bp"]
        free = [line["committed_won"] * part // 10_000 for part in (before, reached)]
        due.append((each["gate"], free[1] - free[0]))
    return due


def check_findings(case: Case) -> Iterator[Finding]:
    """Each finding was proposed by one person and decided by another who had not ordered, as the journal says."""
    findings = case.said["money.json"]["findings"]
    decided = [one for one in case.decisions if one["decision"] in _FOUND]
    for each in sorted({row["id"] for row in findings} ^ {one["facts"]["finding_id"] for one in decided}):
        yield missing(f"money.json findings {each}")
    for row in findings:
        told = [one for one in decided if one["facts"]["finding_id"] == row["id"]]
        yield from _check_finding(case, row, told)


def _check_finding(case: Case, row: Any, told: Sequence[Any]) -> Iterator[Finding]:  # noqa: ANN401  JSON
    where, first, last = f"money.json findings {row['id']}", told[0], told[-1]
    ended = last if last is not first else None
    said = {
        "release_id": first["facts"]["release_id"],
        "outcome": first["facts"]["outcome"],
        "reason": first["facts"]["finding_reason"],
        "evidence_sha256": first["facts"]["evidence"].removeprefix("sha256:"),
        "state": _FOUND_STATES[last["decision"]],
        "proposed_by": subject_of(first),
        "proposed_at": moment_of(first["decided_at"]),
        "decided_by": None if ended is None else _decider(ended),
        "decided_at": "" if ended is None else moment_of(ended["decided_at"]),
    }
    found = {
        **row,
        **{name: moment_of(row[name]) for name in ("proposed_at", "decided_at")},
        **{name: row[name] and row[name].partition(" ")[2] for name in ("proposed_by", "decided_by")},
    }
    for name, value in said.items():
        if found[name] != value:
            yield differs(name, where, value)
    orders = [one for one in case.about("release_id", row["release_id"]) if one["decision"] == "release-ordered"]
    if said["decided_by"] is not None and said["decided_by"] in {said["proposed_by"], *map(subject_of, orders)}:
        yield Finding("same-person", where, "확인·결정·명령한 사람이 겹칩니다", "one person did two of the steps")
    known = {one["facts"].get("bank_transaction") for one in case.about("finding_id", row["id"])}
    if row["state"] == "CONFIRMED" and row["bank_transaction"] not in known:
        yield Finding("bank-answer", where, "은행 거래번호가 다릅니다", "it is not the bank's number as recorded")


def _decider(decision: Any) -> str | None:  # noqa: ANN401  JSON
    """The service decides for nobody: a finding that became moot names no person."""
    return None if decision["decision"] == "release-finding-moot" else subject_of(decision)
