"""The auditor's archive of one payment: how it is packed, and whether what is in it holds. Standard library only.

It is also `verify.py` inside each archive: `python3 verify.py archive.zip [--head HASH] [--evidence FOLDER]`, offline.
"""

import argparse
import hashlib
import io
import json
import re
import sys
import zipfile
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

FORMAT = "smartfactory-payment-archive/1"
MANIFEST, JOURNAL, ORDER, VERIFIER = "manifest.json", "journal.jsonl", "payment-order.xml", "verify.py"
PARTS = ("bank.json", "evidence.json", "ledger.json", "money.json", "payment.json", "rules.json")
REQUIRED = frozenset({MANIFEST, JOURNAL, VERIFIER, "README.txt", *PARTS})
LARGEST_BYTES = 64 * 1024 * 1024
_EPOCH = (1980, 1, 1, 0, 0, 0)
_WHOLE_BP = 10_000
_MALFORMED = (KeyError, TypeError, ValueError, AttributeError, IndexError, RuntimeError)
_STEPS = {
    "RESERVED": {"APPROVED", "VOIDED"},
    "APPROVED": {"ORDERED", "VOIDED"},
    "ORDERED": {"CONFIRMED", "VOIDED"},
    "CONFIRMED": {"POSTED"},
}


class Finding(NamedTuple):
    """One thing that does not hold: a code for machines, where it is, and what it means in both languages."""

    code: str
    where: str
    ko: str
    en: str


class Verdict(NamedTuple):
    """What was examined: nothing found means that the archive holds."""

    held: Sequence[tuple[str, str]]
    findings: Sequence[Finding]


class Case(NamedTuple):
    """What is examined."""

    raw: bytes
    files: Mapping[str, bytes]
    said: Mapping[str, Any]
    lines: Sequence[Any]
    decisions: Sequence[Any]
    head: str | None
    at_hand: Mapping[str, bytes]

    @property
    def release(self) -> Any:  # noqa: ANN401  JSON
        """The payment."""
        return self.said["payment.json"]["release"]

    @property
    def own(self) -> Sequence[Any]:
        """The decisions about this payment."""
        return [one for one in self.decisions if one["facts"].get("release_id") == self.release["id"]]


class Unreadable(Exception):
    """The archive cannot be opened safely; the finding says why, and nothing in it was looked at."""

    def __init__(self, finding: Finding) -> None:
        super().__init__(finding.en)
        self.finding = finding


def pack(files: Mapping[str, bytes]) -> bytes:
    """The archive of these files: the same bytes for the same content, whenever and wherever it is packed."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_STORED) as archive:
        for name in sorted(files):
            entry = zipfile.ZipInfo(name, _EPOCH)
            entry.create_system, entry.external_attr = 3, 0o100644 << 16
            archive.writestr(entry, files[name])
    return packed.getvalue()


def manifest_of(files: Mapping[str, bytes], *, release_id: str, project_id: str, position: int, head: str) -> bytes:
    """What the other files are, by size and hash, and where the journal's chain of the project stood."""
    said = {
        "format": FORMAT,
        "release_id": release_id,
        "project_id": project_id,
        "chain": {"chain": f"project/{project_id}", "position": position, "hash": head},
        "files": {
            name: {"bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}
            for name, content in sorted(files.items())
        },
    }
    return written(said)


def written(said: object) -> bytes:
    """JSON as an archive holds it: for people to read, and the same for the same content."""
    return (json.dumps(said, ensure_ascii=False, sort_keys=True, indent=1) + "\n").encode()


def line_of(position: int, head: str, body: str) -> bytes:
    """One decision as the journal's part holds it; `body` is what the hash is of, to the byte."""
    return (json.dumps({"position": position, "hash": head, "body": body}, ensure_ascii=False) + "\n").encode()


def verify(raw: bytes, *, head: str | None = None, evidence: Mapping[str, bytes] | None = None) -> Verdict:
    """Examine an archive; `head` is the chain's hash as told elsewhere, `evidence` are papers at hand by file name."""
    try:
        files = unpack(raw)
        said = {name: _json(files[name], name) for name in (MANIFEST, *PARTS)}
        lines = [_json(line, f"{JOURNAL}:{n}") for n, line in enumerate(files[JOURNAL].split(b"\n")[:-1], 1)]
        decisions = [json.loads(line["body"]) for line in lines]
    except Unreadable as refused:
        return Verdict([], [refused.finding])
    except _MALFORMED as error:
        return Verdict(
            [], [Finding("malformed", JOURNAL, f"결정 기록이 아닙니다: {error!r}", f"no decisions: {error!r}")]
        )
    case = Case(raw, files, said, lines, decisions, head, evidence or {})
    held, findings = [], []
    for ko, en, check in _EXAMINED:
        try:
            found = list(check(case))
        except _MALFORMED as error:
            found = [Finding("malformed", en, f"형식이 다릅니다: {error!r}", f"not in the expected form: {error!r}")]
        findings += found
        held += [] if found else [(ko, en)]
    return Verdict(held, findings)


def unpack(raw: bytes) -> dict[str, bytes]:
    """The files, read in memory and only if nothing about the archive is odd; raises Unreadable."""
    if len(raw) > LARGEST_BYTES:
        raise _refused("too-large", "", "64 MiB보다 큽니다", "it is larger than 64 MiB")
    try:
        with zipfile.ZipFile(io.BytesIO(raw)) as archive:
            entries = archive.infolist()
            for entry in entries:
                _check_entry(entry)
            if sum(entry.file_size for entry in entries) > len(raw):
                raise _refused("zip-bomb", "", "압축을 풀면 더 커집니다", "it would grow when unpacked")
            twice = [name for name, times in Counter(entry.filename for entry in entries).items() if times > 1]
            if twice:
                raise _refused("name-twice", twice[0], "같은 이름의 파일이 둘입니다", "two files have this name")
            files = {entry.filename: archive.read(entry) for entry in entries}
    except (zipfile.BadZipFile, EOFError, OSError, NotImplementedError, RuntimeError, ValueError) as error:
        raise _refused("broken", "", f"잘렸거나 깨졌습니다({error})", f"cut off or broken ({error})") from error
    if missing := sorted(REQUIRED - files.keys()):
        raise _refused("file-missing", missing[0], "있어야 할 파일이 없습니다", "a file that belongs to it is missing")
    return files


def _check_entry(entry: zipfile.ZipInfo) -> None:
    name = entry.filename
    if name.startswith(("/", "\\")) or ".." in re.split(r"[/\\]", name) or ":" in name:
        raise _refused(
            "path-traversal", name, "보관 파일 밖을 가리키는 이름입니다", "its name points out of the archive"
        )
    if name not in REQUIRED | {ORDER}:
        raise _refused("unknown-file", name, "여기에 속하지 않는 파일입니다", "this file does not belong here")
    if entry.compress_type != zipfile.ZIP_STORED or entry.flag_bits & 1 or entry.file_size != entry.compress_size:
        raise _refused("zip-bomb", name, "압축·암호화된 파일은 풀지 않습니다", "it is compressed or encrypted")


def _check_files(case: Case) -> Iterator[Finding]:
    manifest, files = case.said[MANIFEST], case.files
    if manifest["format"] != FORMAT:
        yield Finding("format", MANIFEST, "모르는 형식입니다", f"an unknown format: {manifest['format']}")
    listed = manifest["files"]
    for name in sorted((files.keys() - {MANIFEST}) ^ listed.keys()):
        yield Finding("not-listed", name, "목록과 파일이 다릅니다", "it is in the list or in the archive, not in both")
    for name in sorted(files.keys() & listed.keys()):
        if {"bytes": len(files[name]), "sha256": hashlib.sha256(files[name]).hexdigest()} != listed[name]:
            yield Finding("file-changed", name, "파일이 바뀌었습니다", "this file was changed")
    if pack(files) != case.raw:
        yield Finding("packed-otherwise", "", "다른 방법으로 다시 묶였습니다", "it was packed again in another way")


def _check_chain(case: Case) -> Iterator[Finding]:
    chain, project = case.said[MANIFEST]["chain"], case.said[MANIFEST]["project_id"]
    if chain["chain"] != f"project/{project}":
        yield Finding("other-slice", MANIFEST, "다른 과제의 기록입니다", "the chain is of another project")
    positions = [line["position"] for line in case.lines]
    for number in sorted(set(range(1, chain["position"] + 1)) - set(positions)):
        yield Finding("line-missing", f"{JOURNAL}#{number}", "결정 한 줄이 빠졌습니다", "a decision was left out")
    if positions != sorted(set(positions)):
        wrong = next(after for before, after in _pairs(positions) if after <= before)
        yield Finding("line-reordered", f"{JOURNAL}#{wrong}", "순서가 바뀌었습니다", "the lines are not in their order")
    hashes = {line["position"]: bytes.fromhex(line["hash"]) for line in case.lines}
    hashes[0] = hashlib.sha256(chain["chain"].encode()).digest()
    for line in case.lines:
        number, body = line["position"], line["body"]
        if json.loads(body)["chain"] != chain["chain"]:
            yield Finding("other-slice", f"{JOURNAL}#{number}", "다른 과제의 결정입니다", "of another project")
        follows = hashlib.sha256(hashes.get(number - 1, b"") + body.encode()).digest()
        if number - 1 in hashes and follows != hashes[number]:
            yield Finding("line-changed", f"{JOURNAL}#{number}", "결정이 바뀌었습니다", "this decision was changed")
    last = max(positions, default=0)
    if last != chain["position"] or hashes[last].hex() != chain["hash"]:
        yield Finding("end-differs", JOURNAL, "기록의 끝이 목록과 다릅니다", "it ends elsewhere than the list says")
    if case.head is not None and case.head.lower() != chain["hash"]:
        yield Finding("head-differs", JOURNAL, "따로 받은 해시와 다릅니다", "its end is not the hash told elsewhere")


def _check_payment(case: Case) -> Iterator[Finding]:
    release, manifest, where = case.release, case.said[MANIFEST], "payment.json"
    if (release["id"], release["project_id"]) != (manifest["release_id"], manifest["project_id"]):
        yield Finding("other-payment", where, "다른 지급 건입니다", "it is another payment")
    if not case.own:
        yield Finding("other-slice", JOURNAL, "이 지급 건의 결정이 없습니다", "no decision is of this payment")
        return
    states = [one["facts"]["state"] for one in case.own]
    steps = [after for before, after in _pairs(["", *states]) if after != before]
    if steps[0] != "RESERVED" or any(after not in _STEPS.get(before, ()) for before, after in _pairs(steps)):
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
        if stamp is not None and _moment(release[stamp]) != _moment(one["decided_at"]):
            yield Finding("moment", where, f"{stamp}이(가) 기록과 다릅니다", f"{stamp} is not {one['decided_at']}")


def _check_people(case: Case) -> Iterator[Finding]:
    release, approvals, where = case.release, case.said["payment.json"]["approvals"], "payment.json"
    yes = [one for one in case.own if one["decision"] in _YES]
    recorded = Counter((one["facts"]["body"], _subject(one), _moment(one["decided_at"])) for one in yes)
    given = Counter((a["body"], a["approver"].partition(" ")[2], _moment(a["approved_at"])) for a in approvals)
    for body, who, _at in sorted((recorded - given) + (given - recorded)):
        said = f"{body} {who}"
        yield Finding("approval-swapped", where, f"결재가 기록과 다릅니다: {said}", f"not as recorded: {said}")
    if len({each["approver"] for each in approvals}) != len(approvals):
        yield Finding("same-person", where, "한 사람이 두 번 결재했습니다", "one person approved twice")
    acted = [_subject(one) for one in case.own if one["decision"] in _ASKED_OR_ORDERED]
    if len(set(acted)) != len(acted) or {_subject(one) for one in yes} & set(acted):
        yield Finding("same-person", JOURNAL, "요청·결재·명령한 사람이 겹칩니다", "one person did two of the steps")
    bodies = Counter(each["body"] for each in approvals)
    due = {"PROVINCE": release["province_approvals_due"], "MUNICIPALITY": release["municipality_approvals_due"]}
    if len(acted) > 1 and any(bodies[body] < number for body, number in due.items()):
        yield Finding("approvals-missing", where, "결재가 모자랍니다", "it was ordered with too few approvals")


def _check_money(case: Case) -> Iterator[Finding]:
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
    for transfer in case.said["ledger.json"]:
        amounts = [each["amount_won"] for each in transfer["entries"]]
        if sum(amounts) or max(amounts) != release["amount_won"]:
            where = f"ledger.json {transfer['id']}"
            yield Finding("ledger", where, "원장이 맞지 않습니다", "not this amount, or not zero")
    decided = {one["facts"][name] for one in case.own for name in ("reservation_id", "resolution_id")} - {None}
    if {transfer["id"] for transfer in case.said["ledger.json"]} != decided:
        yield Finding("ledger", "ledger.json", "기록에 없는 원장 거래입니다", "its transfers are not those decided")


def _check_bank(case: Case) -> Iterator[Finding]:
    release, bank = case.release, case.said["bank.json"]
    told = [one["facts"].get("bank_transaction") for one in case.own if one["decision"] == "release-confirmed"]
    if told != [each for each in [bank["transaction"]] if each is not None] or bank["reference"] != release["id"]:
        yield Finding("bank-answer", "bank.json", "은행 답변이 기록과 다릅니다", "the bank's answer is not as recorded")
    if ORDER in case.files:
        order = case.files[ORDER].decode()
        references = re.findall(r"<EndToEndId>([^<]*)</EndToEndId>", order)
        amounts = re.findall(r"<InstdAmt[^>]*>([^<]*)</InstdAmt>", order)
        same = [reference.replace("-", "") for reference in references] == [release["id"].replace("-", "")]
        if not same or amounts != [str(release["amount_won"])]:
            yield Finding("order-differs", ORDER, "지급 명령이 다릅니다", "the order is of another payment or amount")


def _check_evidence(case: Case) -> Iterator[Finding]:
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
    invoice = f"invoice/sha256:{release['invoice_sha256']}"
    if release["invoice_sha256"] is not None and any(invoice not in one["evidence"] for one in case.own):
        yield Finding("evidence", "payment.json", "세금계산서가 기록과 다릅니다", "decided on another invoice")
    hashes = {each.rpartition("sha256:")[2] for each in listed}
    for name, content in sorted(case.at_hand.items()):
        if hashlib.sha256(content).hexdigest() not in hashes:
            yield Finding("not-the-evidence", name, "증빙이 아니거나 바뀐 파일입니다", "not the evidence, or changed")


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
_EXAMINED: Sequence[tuple[str, str, Callable[[Case], Iterator[Finding]]]] = (
    ("파일이 목록의 크기·해시와 같습니다", "every file has the size and hash of the list", _check_files),
    ("결정이 빠짐없이 순서대로 이어집니다", "the decisions follow one another by hash, none missing", _check_chain),
    ("지급 내용이 결정과 같습니다", "the payment is what the decisions say", _check_payment),
    ("요청·결재·명령이 기록대로 다른 사람들입니다", "asked, approved and ordered by different people", _check_people),
    ("금액이 재원·규칙·원장과 맞습니다", "the amounts agree with sources, rules and ledger", _check_money),
    ("은행 답변과 지급 명령이 맞습니다", "the bank's answer and the order are of this payment", _check_bank),
    ("증빙 해시가 기록과 맞습니다", "the hashes of the evidence are as recorded", _check_evidence),
)


def _pairs(values: Sequence[Any]) -> Iterator[tuple[Any, Any]]:
    return ((values[number], values[number + 1]) for number in range(len(values) - 1))


def _subject(decision: Any) -> str:  # noqa: ANN401  JSON
    who: str = decision["actor"].split(":", 2)[2]
    return who


def _moment(said: str | None) -> str:
    return (said or "").replace("+00:00", "Z")


def _json(content: bytes, where: str) -> Any:  # noqa: ANN401  whatever it holds
    try:
        return json.loads(content)
    except (ValueError, RecursionError) as error:
        raise _refused("broken", where, "잘렸거나 깨진 파일입니다", "it is cut off or broken") from error


def _refused(code: str, where: str, ko: str, en: str) -> Unreadable:
    return Unreadable(Finding(code, where, ko, en))


def told(verdict: Verdict) -> str:
    """The verdict for people, Korean first."""
    lines = [f"  ✓ {ko}\n    {en}" for ko, en in verdict.held]
    lines += [f"  ✗ [{each.code}] {each.where}\n    {each.ko}\n    {each.en}" for each in verdict.findings]
    lines.append(
        "이 보관 파일은 맞지 않습니다. This archive does not hold."
        if verdict.findings
        else "모두 맞습니다. Everything holds."
    )
    return "\n".join(lines)


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line: 0 if everything holds, 1 if not, 2 if a file cannot be opened."""
    asked = argparse.ArgumentParser(description="지급 보관 파일 검증 · verify the archive of a payment")
    asked.add_argument("archive", type=Path)
    asked.add_argument("--head", help="the chain's last hash, as told by another way")
    asked.add_argument("--evidence", type=Path, help="a folder of papers to hold against the archive")
    given = asked.parse_args(arguments)
    try:
        raw = given.archive.read_bytes()
        papers = [each for each in given.evidence.iterdir() if each.is_file()] if given.evidence else []
        verdict = verify(raw, head=given.head, evidence={each.name: each.read_bytes() for each in papers})
    except OSError as error:
        sys.stdout.write(f"열 수 없습니다 · cannot be opened: {error}\n")
        return 2
    sys.stdout.write(told(verdict) + "\n")
    return 1 if verdict.findings else 0


if __name__ == "__main__":
    sys.exit(main())
