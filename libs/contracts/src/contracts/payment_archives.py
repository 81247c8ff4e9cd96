"""The auditor's archive of one payment: whether what is in it holds. Standard library only.

It is also the last part of `verify.py` inside each archive (`contracts.archive_verifier` puts the parts into one file):
`python3 verify.py archive.zip [--head HASH] [--sha256 HASH] [--evidence FOLDER]`, offline.
"""

import argparse
import json
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

from contracts.archive_case import (
    CHAINS,
    FIRST_FORMAT,
    FORMAT,
    JOURNAL,
    LARGEST_BYTES,
    MALFORMED,
    MANIFEST,
    ORDER,
    PARTS,
    VERIFIER,
    Case,
    Finding,
    Head,
    Unreadable,
    Verdict,
    json_of,
    line_of,
    lines_of,
    manifest_of,
    pack,
    unpack,
    written,
)
from contracts.archive_checks import (
    check_bank,
    check_chains,
    check_evidence,
    check_files,
    check_money,
    check_payment,
    check_people,
)
from contracts.archive_grounds import check_beside
from contracts.archive_records import check_findings, check_records

__all__ = [
    "CHAINS",
    "FIRST_FORMAT",
    "FORMAT",
    "JOURNAL",
    "LARGEST_BYTES",
    "MANIFEST",
    "ORDER",
    "VERIFIER",
    "Finding",
    "Head",
    "Verdict",
    "line_of",
    "main",
    "manifest_of",
    "pack",
    "told",
    "unpack",
    "verify",
    "written",
]

_Check = tuple[str, str, Callable[[Case], Iterator[Finding]]]
_SINCE_THE_FIRST: Sequence[_Check] = (
    ("파일이 목록의 크기·해시와 같습니다", "every file has the size and hash of the list", check_files),
    ("결정이 빠짐없이 순서대로 이어집니다", "the decisions follow one another by hash, none missing", check_chains),
    ("지급 내용이 결정과 같습니다", "the payment is what the decisions say", check_payment),
    ("요청·결재·명령이 기록대로 다른 사람들입니다", "asked, approved and ordered by different people", check_people),
    ("금액이 재원·규칙·원장과 맞습니다", "the amounts agree with sources, rules and ledger", check_money),
    ("은행 답변과 지급 명령이 맞습니다", "the bank's answer and the order are of this payment", check_bank),
    ("증빙 해시가 기록과 맞습니다", "the hashes of the evidence are as recorded", check_evidence),
)
_SINCE_THE_SECOND: Sequence[_Check] = (
    ("자부담·보류·정산·반환·환수가 기록과 맞습니다", "self-pay, holds and closing are as recorded", check_records),
    ("은행 확인이 기록과 맞습니다", "what was found out at the bank is as recorded", check_findings),
    ("이월·규칙·협약이 기록과 맞습니다", "carry-overs, rule and memorandum are as recorded", check_beside),
)


def verify(
    raw: bytes,
    *,
    head: str | None = None,
    evidence: Mapping[str, bytes] | None = None,
    sha256: str | None = None,
) -> Verdict:
    """Examine an archive; `head` is its chain's hash and `sha256` its own, as told elsewhere; `evidence` are papers."""
    try:
        files = unpack(raw)
        said = {name: json_of(files[name], name) for name in (MANIFEST, *PARTS)}
        lines, beside = lines_of(files[JOURNAL], JOURNAL), lines_of(files.get(CHAINS, b""), CHAINS)
        decisions = [json.loads(line["body"]) for line in lines]
        is_first = said[MANIFEST]["format"] == FIRST_FORMAT
    except Unreadable as refused:
        return Verdict([], [refused.finding])
    except MALFORMED as error:
        return Verdict(
            [], [Finding("malformed", JOURNAL, f"결정 기록이 아닙니다: {error!r}", f"no decisions: {error!r}")]
        )
    case = Case(raw, files, said, lines, decisions, head, evidence or {}, sha256, beside)
    held, findings = [], []
    for ko, en, check in _SINCE_THE_FIRST if is_first else (*_SINCE_THE_FIRST, *_SINCE_THE_SECOND):
        try:
            found = list(check(case))
        except MALFORMED as error:
            found = [Finding("malformed", en, f"형식이 다릅니다: {error!r}", f"not in the expected form: {error!r}")]
        findings += found
        held += [] if found else [(ko, en)]
    return Verdict(held, findings, [(ko, en) for ko, en, _ in _SINCE_THE_SECOND] if is_first else [])


def told(verdict: Verdict) -> str:
    """The verdict for people, Korean first."""
    lines = [f"  ✓ {ko}\n    {en}" for ko, en in verdict.held]
    lines += [f"  ✗ [{each.code}] {each.where}\n    {each.ko}\n    {each.en}" for each in verdict.findings]
    if verdict.untold:
        lines.append("  첫 형식에는 없어 확인하지 않았습니다. Not in the first format, so not examined:")
        lines += [f"  - {ko}\n    {en}" for ko, en in verdict.untold]
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
    asked.add_argument("--sha256", help="the archive's own hash, as told by another way")
    asked.add_argument("--evidence", type=Path, help="a folder of papers to hold against the archive")
    given = asked.parse_args(arguments)
    try:
        raw = given.archive.read_bytes()
        papers = [each for each in given.evidence.iterdir() if each.is_file()] if given.evidence else []
        at_hand = {each.name: each.read_bytes() for each in papers}
        verdict = verify(raw, head=given.head, evidence=at_hand, sha256=given.sha256)
    except OSError as error:
        sys.stdout.write(f"열 수 없습니다 · cannot be opened: {error}\n")
        return 2
    sys.stdout.write(told(verdict) + "\n")
    return 1 if verdict.findings else 0


if __name__ == "__main__":
    sys.exit(main())
