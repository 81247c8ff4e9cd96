"""The verifier of payment archives: one file of its parts, and what was taken before it grew is verified as it was.

`first_archive.json` holds the files of an archive of the first format, to the byte, as it was taken.
"""

import ast
import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from contracts.archive_verifier import verifier
from contracts.payment_archives import FIRST_FORMAT, MANIFEST, pack, told, unpack, verify
from tests.support.archives import Files, edited, relisted, set_at

_ADDED_LATER = ("standings", "standing_rules", "standing_id")


@pytest.fixture(scope="module")
def first() -> Files:
    said: dict[str, str] = json.loads(Path(__file__).with_name("first_archive.json").read_text("utf-8"))
    return {name: content.encode() for name, content in said.items()}


def without(said: Any) -> Any:
    """What an archive said before a payment rested on its firm's standing."""
    if isinstance(said, dict):
        return {name: without(value) for name, value in said.items() if name not in _ADDED_LATER}
    return [without(each) for each in said] if isinstance(said, list) else said


def test_an_archive_of_the_first_format_still_holds_and_it_is_said_what_it_has_nothing_of(first: Files) -> None:
    verdict = verify(pack(first))
    assert json.loads(first[MANIFEST])["format"] == FIRST_FORMAT
    assert unpack(pack(first)) == first
    assert (verdict.findings, len(verdict.held), len(verdict.untold)) == ([], 7, 3)
    assert "확인하지 않았습니다" in told(verdict)
    assert "모두 맞습니다" in told(verdict)


def test_one_that_was_taken_before_a_payment_rested_on_a_standing_holds_too(first: Files) -> None:
    older = {
        name: content if name == MANIFEST or not name.endswith(".json") else json.dumps(without(json.loads(content)))
        for name, content in first.items()
    }
    files = {name: content.encode() if isinstance(content, str) else content for name, content in older.items()}
    assert verify(pack(relisted(files))).findings == []


@pytest.mark.parametrize(
    ("part", "path", "value", "code"),
    [
        ("payment.json", "release.amount_won", 1, "amount_won"),
        ("payment.json", "release.payee_account", "다른 계좌", "order-differs"),
        ("money.json", "commitment.shares.0.amount_won", 1, "shares"),
        ("bank.json", "transaction", "T-0", "bank-answer"),
        ("ledger.json", "0.entries.0.amount_won", 5, "ledger"),
        ("rules.json", "release_terms.0.version", "2022-1", "rule-version"),
    ],
)
def test_a_fault_in_it_is_still_found(first: Files, part: str, path: str, value: object, code: str) -> None:
    planted = edited(part, lambda said: set_at(said, path, value))(first)
    assert code in {each.code for each in verify(pack(relisted(planted))).findings}


def test_no_part_of_the_verifier_takes_anothers_name_where_they_are_one_file() -> None:
    names: Counter[str] = Counter()
    for node in ast.parse(verifier()).body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            names[node.name] += 1
        elif isinstance(node, ast.Assign):
            names.update(name.id for target in node.targets for name in ast.walk(target) if isinstance(name, ast.Name))
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            names[node.target.id] += 1
    assert len(names) > 50
    assert [name for name, times in names.items() if times > 1] == []
