"""What of a payment's archive must hold: files, chains, the payment, its people, money, bank and evidence.

Each check yields what does not hold. Standard library only: it is a part of `verify.py`.
"""

import hashlib
import html
import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

from contracts.archive_case import (
    CHAINS,
    FIRST_FORMAT,
    FORMAT,
    JOURNAL,
    MANIFEST,
    NEW_IN_MONEY,
    ORDER,
    REQUIRED,
    Case,
    Finding,
    differs,
    moment_of,
    pack,
    pairs,
    subject_of,
)

_WHOLE_BP = 10_000
_MOST_MISSING = 1_000
"""So many are named: a forged end may claim any number of decisions."""
_STEPS = {
    "RESERVED": {"APPROVED", "VOIDED"},
    "APPROVED": {"ORDERED", "VOIDED"},
    "ORDERED": {"CONFIRMED", "VOIDED"},
    "CONFIRMED": {"POSTED"},
}
_YES = ("release-approval-given", "release-approved")
_ASKED_OR_ORDERED = ("release-reserved", "release-ordered")
_WHEN = {
    "release-reserved": "requested_at",
    "release-approved": "approved_at",
    "release-ordered": "ordered_at",
    "release-confirmed": "confirmed_at",
    "release-posted": "posted_at",
    "release-voided": "voided_at",
}


def check_files(case: Case) -> Iterator[Finding]:
    """Every file is the one that the list names, and nothing was packed in another way."""
    manifest, files = case.said[MANIFEST], case.files
    if manifest["format"] not in {FIRST_FORMAT, FORMAT}:
        yield Finding("format", MANIFEST, "모르는 형식입니다", f"an unknown format: {manifest['format']}")
        return
    if manifest["format"] == FIRST_FORMAT and (new := sorted(NEW_IN_MONEY & case.said["money.json"].keys())):
        yield Finding("format", "money.json", "첫 형식에는 없던 내용입니다", f"the first format had no {new}")
    for name in sorted(REQUIRED[manifest["format"]] - files.keys()):
        yield Finding("file-missing", name, "있어야 할 파일이 없습니다", "a file that belongs to it is missing")
    for name in sorted(files.keys() - REQUIRED[manifest["format"]] - {ORDER}):
        yield Finding("unknown-file", name, "여기에 속하지 않는 파일입니다", "this file does not belong here")
    listed = manifest["files"]
    for name in sorted((files.keys() - {MANIFEST}) ^ listed.keys()):
        yield Finding("not-listed", name, "목록과 파일이 다릅니다", "it is in the list or in the archive, not in both")
    for name in sorted(files.keys() & listed.keys()):
        if {"bytes": len(files[name]), "sha256": hashlib.sha256(files[name]).hexdigest()} != listed[name]:
            yield Finding("file-changed", name, "파일이 바뀌었습니다", "this file was changed")
    if pack(files) != case.raw:
        yield Finding("packed-otherwise", "", "다른 방법으로 다시 묶였습니다", "it was packed again in another way")
    if case.told is not None and case.told.lower() != hashlib.sha256(case.raw).hexdigest():
        yield Finding("archive-differs", "", "따로 받은 해시와 다릅니다", "it is not the archive told elsewhere")


def check_chains(case: Case) -> Iterator[Finding]:
    """The decisions follow one another by hash, of the project and of whatever else the payment rests on."""
    manifest = case.said[MANIFEST]
    if manifest["chain"]["chain"] != f"project/{manifest['project_id']}":
        yield Finding("other-slice", MANIFEST, "다른 과제의 기록입니다", "the chain is of another project")
    yield from _check_chain(JOURNAL, manifest["chain"], case.lines)
    if case.head is not None and case.head.lower() != manifest["chain"]["hash"]:
        yield Finding("head-differs", JOURNAL, "따로 받은 해시와 다릅니다", "its end is not the hash told elsewhere")
    held: dict[str, list[Any]] = {}
    for line in case.beside_lines:
        held.setdefault(json.loads(line["body"])["chain"], []).append(line)
    heads = manifest.get("chains", [])
    for head in heads:
        yield from _check_chain(f"{CHAINS} {head['chain']}", head, held.get(head["chain"], []))
    due = _rests_on(case) if manifest["format"] == FORMAT else set()
    for chain in sorted(due ^ ({head["chain"] for head in heads} | held.keys())):
        yield Finding("other-slice", f"{CHAINS} {chain}", "근거가 되는 기록이 아닙니다", "not what it rests on")


def _rests_on(case: Case) -> set[str]:
    commitment = case.said["money.json"]["commitment"]
    lines = {f"budget-line/{each['budget_line_id']}" for each in commitment["shares"] if each["budget_line_id"]}
    agreed = commitment["memorandum_id"]
    return lines | {f"split-rule/{commitment['split_rule_version']}"} | ({f"memorandum/{agreed}"} if agreed else set())


def _check_chain(where: str, chain: Mapping[str, Any], lines: Sequence[Any]) -> Iterator[Finding]:
    positions = [line["position"] for line in lines]
    held = set(positions)
    missing = (number for number in range(1, chain["position"] + 1) if number not in held)
    for number in islice(missing, _MOST_MISSING):
        yield Finding("line-missing", f"{where}#{number}", "결정 한 줄이 빠졌습니다", "a decision was left out")
    if positions != sorted(held):
        wrong = next(after for before, after in pairs(positions) if after <= before)
        yield Finding("line-reordered", f"{where}#{wrong}", "순서가 바뀌었습니다", "the lines are not in their order")
    hashes = {line["position"]: bytes.fromhex(line["hash"]) for line in lines}
    hashes[0] = hashlib.sha256(chain["chain"].encode()).digest()
    for line in lines:
        number, body = line["position"], line["body"]
        if json.loads(body)["chain"] != chain["chain"]:
            yield Finding("other-slice", f"{where}#{number}", "다른 과제의 결정입니다", "a decision of another project")
        follows = hashlib.sha256(hashes.get(number - 1, b"") + body.encode()).digest()
        if number - 1 in hashes and follows != hashes[number]:
            yield Finding("line-changed", f"{where}#{number}", "결정이 바뀌었습니다", "this decision was changed")
    last = max(positions, default=0)
    if last != chain["position"] or hashes[last].hex() != chain["hash"]:
        yield Finding("end-differs", where, "기록의 끝이 목록과 다릅니다", "the chain does not end where the list says")


def check_payment(case: Case) -> Iterator[Finding]:
    """The payment is what its decisions say, step by step."""
    release, manifest, where = case.release, case.said[MANIFEST], "payment.json"
    if (release["id"], release["project_id"]) != (manifest["release_id"], manifest["project_id"]):
        yield Finding("other-payment", where, "다른 지급 건입니다", "it is another payment")
    if not case.own:
        yield Finding("other-slice", JOURNAL, "이 지급 건의 결정이 없습니다", "no decision is of this payment")
        return
    states = [one["facts"]["state"] for one in case.own]
    steps = [after for before, after in pairs(["", *states]) if after != before]
    if steps[0] != "RESERVED" or any(after not in _STEPS.get(before, ()) for before, after in pairs(steps)):
        yield Finding("steps", JOURNAL, f"없는 순서입니다: {steps}", f"no payment goes this way: {steps}")
    if steps[-1] != release["state"]:
        yield Finding("state", where, "상태가 기록과 다릅니다", f"its state is not {steps[-1]}")
    for one in case.own:
        facts = one["facts"]
        for name in ("amount_won", "source"):
            if facts[name] != release[name]:
                yield Finding(name, where, f"{name}이(가) 기록과 다릅니다", f"{name} is not {facts[name]}")
        if one["rule_version"] != release["terms_version"]:
            yield Finding("rule-version", where, "적용 규칙이 다릅니다", f"decided by {one['rule_version']}")
        stamp = _WHEN.get(one["decision"])
        if stamp is not None and moment_of(release[stamp]) != moment_of(one["decided_at"]):
            yield Finding("moment", where, f"{stamp}이(가) 기록과 다릅니다", f"{stamp} is not {one['decided_at']}")


def check_people(case: Case) -> Iterator[Finding]:
    """Asked, approved and ordered by different people, as many as were due, as recorded."""
    release, approvals, where = case.release, case.said["payment.json"]["approvals"], "payment.json"
    yes = [one for one in case.own if one["decision"] in _YES]
    recorded = Counter((one["facts"]["body"], subject_of(one), moment_of(one["decided_at"])) for one in yes)
    given = Counter((a["body"], a["approver"].partition(" ")[2], moment_of(a["approved_at"])) for a in approvals)
    for body, who, _at in sorted((recorded - given) + (given - recorded)):
        said = f"{body} {who}"
        yield Finding("approval-swapped", where, f"결재가 기록과 다릅니다: {said}", f"not as recorded: {said}")
    if len({each["approver"] for each in approvals}) != len(approvals):
        yield Finding("same-person", where, "한 사람이 두 번 결재했습니다", "one person approved twice")
    acted = [subject_of(one) for one in case.own if one["decision"] in _ASKED_OR_ORDERED]
    if len(set(acted)) != len(acted) or {subject_of(one) for one in yes} & set(acted):
        yield Finding("same-person", JOURNAL, "요청·결재·명령한 사람이 겹칩니다", "one person did two of the steps")
    bodies = Counter(each["body"] for each in approvals)
    due = {"PROVINCE": release["province_approvals_due"], "MUNICIPALITY": release["municipality_approvals_due"]}
    if len(acted) > 1 and any(bodies[body] < number for body, number in due.items()):
        yield Finding("approvals-missing", where, "결재가 모자랍니다", "it was ordered with too few approvals")


def check_money(case: Case) -> Iterator[Finding]:
    """The amounts agree with the shares, the rules and the ledger."""
    release, rules, commitment = case.release, case.said["rules.json"], case.said["money.json"]["commitment"]
    shares = [each["amount_won"] for each in commitment["shares"]]
    if sum(shares) != commitment["total_cost_won"]:
        yield Finding("shares", "money.json", "재원의 합이 총사업비와 다릅니다", "the shares are not the whole cost")
    terms = [each for each in rules["release_terms"] if each["version"] == release["terms_version"]]
    if not terms or rules["split_rule"]["version"] != commitment["split_rule_version"]:
        yield Finding("rule-version", "rules.json", "적용한 규칙이 아닙니다", "not the rules that were applied")
        return
    share_won = sum(each["amount_won"] for each in commitment["shares"] if each["source"] == release["source"])
    most_won, reached = share_won, 0
    for each in next(line for line in terms[0]["lines"] if line["source"] == release["source"])["tranches"]:
        before, reached = reached, reached + each["rate_bp"]
        if each["gate"] == release["gate"]:
            most_won = share_won * reached // _WHOLE_BP - share_won * before // _WHOLE_BP
    if release["amount_won"] > most_won:
        yield Finding("above-share", "payment.json", f"{most_won}원이 한도입니다", f"at most {most_won} won was free")
    lines = [each["budget_line_id"] for each in commitment["shares"] if each["source"] == release["source"]]
    owner = ("company_id", "municipality_code")
    if lines != [release["budget_line_id"]] or any(release[name] != commitment[name] for name in owner):
        yield Finding("other-line", "payment.json", "확정된 재원이나 기업이 아닙니다", "not the committed line or firm")
    for transfer in case.said["ledger.json"]:
        amounts = [each["amount_won"] for each in transfer["entries"]]
        if sum(amounts) or max(amounts) != release["amount_won"]:
            yield Finding(
                "ledger", f"ledger.json {transfer['id']}", "원장이 맞지 않습니다", "not this amount, or not zero"
            )
    yield from _check_ledger(case)
    decided = {one["facts"][name] for one in case.own for name in ("reservation_id", "resolution_id")} - {None}
    if sorted(transfer["id"] for transfer in case.said["ledger.json"]) != sorted(decided):
        yield Finding("ledger", "ledger.json", "기록에 없는 원장 거래입니다", "its transfers are not those decided")


def _check_ledger(case: Case) -> Iterator[Finding]:
    """Reserved when it was asked for, on its line, and resolved when it was paid or ended."""
    release = case.release
    for transfer in case.said["ledger.json"]:
        reserves = transfer["id"] == case.own[0]["facts"]["reservation_id"]
        named = [one for one in case.own if one["facts"]["resolution_id"] == transfer["id"]]
        told = case.own[0] if reserves else named[0]
        due = {
            "programme_at": moment_of(told["decided_at"]),
            "project_id": release["project_id"],
            "resolves_transfer_id": None if reserves else case.own[0]["facts"]["reservation_id"],
            "kind": "RESERVATION" if reserves else "DISBURSEMENT" if release["state"] == "POSTED" else "VOID",
            "lines": {release["budget_line_id"]},
        }
        said = {
            **transfer,
            "programme_at": moment_of(transfer["programme_at"]),
            "lines": {each["budget_line_id"] for each in transfer["entries"]},
        }
        for name, value in due.items():
            if said[name] != value:
                yield differs(name, f"ledger.json {transfer['id']}", value)


def check_bank(case: Case) -> Iterator[Finding]:
    """What the bank was asked and answered is of this payment."""
    release, bank = case.release, case.said["bank.json"]
    told = [one["facts"].get("bank_transaction") for one in case.own if one["decision"] == "release-confirmed"]
    if told != [each for each in [bank["transaction"]] if each is not None] or bank["reference"] != release["id"]:
        yield Finding("bank-answer", "bank.json", "은행 답변이 기록과 다릅니다", "the bank's answer is not as recorded")
    if any(bank[name] != release[name] for name in ("ordered_at", "confirmed_at", "unclear_since", "void_reason")):
        yield Finding("bank-answer", "bank.json", "지급 내용과 다릅니다", "it does not agree with the payment")
    if sorted(bank["transfers"]) != sorted(transfer["id"] for transfer in case.said["ledger.json"]):
        yield Finding("bank-answer", "bank.json", "원장 거래가 다릅니다", "its transfers are not those of the ledger")
    if (release["ordered_at"] is not None and release["state"] != "VOIDED") != (ORDER in case.files):
        yield Finding("order-differs", ORDER, "지급 명령이 있어야 하거나 없어야 합니다", "an order is due, or none is")
    if ORDER in case.files:
        order = case.files[ORDER].decode()
        references = re.findall(r"<EndToEndId>([^<]*)</EndToEndId>", order)
        amounts = re.findall(r"<InstdAmt[^>]*>([^<]*)</InstdAmt>", order)
        payee = re.findall(r"<Cdtr><Nm>([^<]*)</Nm></Cdtr><CdtrAcct><Id><Othr><Id>([^<]*)</Id>", order)
        drawn = release["invoice_number"] is not None
        creditor = f"supplier/{release['supplier_business_number']}" if drawn else f"company/{release['company_id']}"
        about = f"project/{release['project_id']} {release['source']} {release['invoice_number'] or release['gate']}"
        debtor = re.findall(r"<DbtrAcct><Id><Othr><Id>([^<]*)</Id>", order)
        if (
            [tuple(map(html.unescape, each)) for each in payee] != [(creditor, release["payee_account"])]
            or [html.unescape(each) for each in re.findall(r"<Ustrd>([^<]*)</Ustrd>", order)] != [about]
            or debtor != [release["budget_line_id"].replace("-", "")]
        ):
            yield Finding("order-differs", ORDER, "받는 사람이나 계좌가 다릅니다", "another payee, account or purpose")
        same = [reference.replace("-", "") for reference in references] == [release["id"].replace("-", "")]
        if not same or amounts != [str(release["amount_won"])]:
            yield Finding("order-differs", ORDER, "지급 명령이 다릅니다", "the order is of another payment or amount")


def check_evidence(case: Case) -> Iterator[Finding]:
    """The hashes of the evidence are those that the decisions rest on, and papers at hand have one of them."""
    listed, money, release = set(case.said["evidence.json"]), case.said["money.json"], case.release
    recorded = {each for one in case.decisions for each in one["evidence"]}
    covered = [line["evidence_sha256"] for line in (money["coverage"] or {"lines": []})["lines"]]
    paid = [payment["evidence_sha256"] for payment in money["self_payments"]]
    shown = {f"coverage/sha256:{each}" for each in covered if each} | {f"bank/sha256:{each}" for each in paid}
    asked = money.get("standings", [])
    shown |= {f"register/TAX_OFFICE/sha256:{each['answer_sha256']}" for each in asked if each["answer_sha256"]}
    used = [one for one in asked if one["id"] == release.get("standing_id") and one["state"] == "GOOD"]
    if release.get("standing_id") and not any(release["ordered_at"][:19] < one["holds_until"][:19] for one in used):
        yield Finding("standing", "money.json", "휴·폐업, 체납 확인 없이 명령되었습니다", "ordered on no good standing")
    for each in sorted((listed ^ recorded) | (shown - recorded)):
        yield Finding("evidence", each, "기록과 다른 증빙입니다", "this evidence is not as recorded")
    if len(case.said["evidence.json"]) != len(listed):
        yield Finding("evidence", "evidence.json", "같은 증빙이 두 번 있습니다", "the same evidence twice")
    invoice = f"invoice/sha256:{release['invoice_sha256']}"
    if release["invoice_sha256"] is not None and any(invoice not in one["evidence"] for one in case.own):
        yield Finding("evidence", "payment.json", "세금계산서가 기록과 다릅니다", "decided on another invoice")
    if any(f"gate/{release['gate']}" not in one["evidence"] for one in case.own):
        yield Finding("evidence", "payment.json", "지급 단계가 기록과 다릅니다", "decided for another gate")
    hashes = {each.rpartition("sha256:")[2] for each in listed}
    for name, content in sorted(case.at_hand.items()):
        if hashlib.sha256(content).hexdigest() not in hashes:
            yield Finding("not-the-evidence", name, "증빙이 아니거나 바뀐 파일입니다", "not the evidence, or changed")
