"""A payment's archive: the same bytes for the same content, verified offline, and every planted fault found by name."""

import hashlib
import io
import json
import subprocess
import sys
import zipfile
from collections.abc import AsyncIterator, Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from contracts import payment_archives as archives
from contracts.payment_archives import JOURNAL, MANIFEST, ORDER, pack, unpack, verify
from smartfactory.simulators.bank import BankMode
from tests.support.archives import Files, archive_of, edited, relisted, set_at
from tests.support.banking import BankBook, bank_in
from tests.support.funding import APPROVER, AUDITOR, JEONJU, Funding, head
from tests.support.releases import Working, approve, ask_draw, ask_tranche, budgets, in_force, ordered, read

pytestmark = pytest.mark.anyio


@pytest.fixture(scope="module")
def bank(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BankBook]:
    with bank_in(Path(tmp_path_factory.mktemp("bank"))) as book:
        yield book


@pytest.fixture(scope="module")
async def paid(shared: Funding, bank: BankBook) -> AsyncIterator[tuple[Any, Any]]:
    """A paid draw of one project and a paid tranche of another, whose archives the tests take apart."""
    await budgets(shared)
    bank.switch(BankMode.PAY)
    working = Working(shared, bank.url)
    drawn = await ordered(shared, (await ask_draw(shared, await in_force(shared), 10_000_000, 7)).json())
    tranche = await ordered(shared, (await ask_tranche(shared, await in_force(shared))).json())
    await working.round()
    yield await read(shared, drawn), await read(shared, tranche)
    await working.bank.aclose()


async def test_it_holds_is_the_same_when_taken_again_and_says_so_offline(shared: Funding, paid: Any, tmp_path: Path):
    """The verifier inside it runs alone: an empty folder, no site packages, Korean first."""
    for release in paid:
        raw = await archive_of(shared, release)
        shared.clock.move_to(shared.clock.now() + timedelta(days=1))
        assert await archive_of(shared, release) == raw
        assert release["state"] == "POSTED"
        assert (verify(raw).findings, len(verify(raw).held)) == ([], 10)
    (tmp_path / "payment.zip").write_bytes(raw)
    (tmp_path / "verify.py").write_bytes(unpack(raw)["verify.py"])
    past = f"/v1/releases/{release['id']}/as-of"
    chain = (await shared.get(past, AUDITOR, at=shared.clock.now().isoformat())).json()["money"]["chain"]
    alone = [sys.executable, "-I", "-S", "verify.py", "payment.zip"]
    for told, expected, words in (
        ([], 0, "모두 맞습니다"),
        (["--head", chain["hash"]], 0, "모두"),
        (["--head", "00"], 1, "head-differs"),
    ):
        run = subprocess.run([*alone, *told], cwd=tmp_path, capture_output=True, text=True, encoding="utf-8", env={"PYTHONUTF8": "1"}, check=False)  # fmt: skip
        assert (run.returncode, words in run.stdout) == (expected, True), run.stdout + run.stderr
    missing = subprocess.run([*alone[:-1], "none.zip"], cwd=tmp_path, capture_output=True, check=False)
    assert missing.returncode == 2


async def test_it_says_who_approved_by_which_rule_and_what_the_bank_answered(shared: Funding, paid: Any):
    release = paid[0]
    files = unpack(await archive_of(shared, release))
    said = {name: json.loads(content) for name, content in files.items() if name.endswith(".json")}
    assert said["payment.json"]["release"]["amount_won"] == 10_000_000
    assert [each["body"] for each in said["payment.json"]["approvals"]] == ["PROVINCE", "MUNICIPALITY"]
    assert said["rules.json"]["split_rule"]["version"] == "b-2024"
    assert [each["version"] for each in said["rules.json"]["release_terms"]] == ["2024-1"]
    assert said["bank.json"]["transaction"]
    assert f"invoice/sha256:{'c' * 64}" in said["evidence.json"]
    assert len(said["ledger.json"]) == 2
    assert release["id"].replace("-", "") in files[ORDER].decode().replace("-", "")
    other = paid[1]
    assert not any(other["project_id"] in content.decode() for content in files.values())


async def test_papers_at_hand_are_held_against_it(shared: Funding, paid: Any):
    raw = await archive_of(shared, paid[0])
    assert [each.code for each in verify(raw, evidence={"invoice.xml": b"not it"}).findings] == ["not-the-evidence"]
    files = unpack(raw)
    paper = b"an invoice"
    digest = hashlib.sha256(paper).hexdigest()
    told = {name: content.replace(b"c" * 64, digest.encode()) for name, content in files.items()}
    assert not [each for each in verify(pack(told), evidence={"i": paper}).findings if each.code == "not-the-evidence"]


async def test_before_the_order_it_holds_too_and_before_the_request_there_is_none(shared: Funding, paid: Any):
    release = (await ask_draw(shared, await in_force(shared), 1_000_000, 8)).json()
    for officer in (None, APPROVER, head(JEONJU)):
        if officer is not None:
            release = (await approve(shared, release, officer)).json()
        raw = await archive_of(shared, release)
        assert verify(raw).findings == []
        assert ORDER not in unpack(raw)
    none = await shared.get(f"/v1/releases/{paid[0]['project_id']}/archive", AUDITOR)
    assert (none.status_code, none.json()["code"]) == (404, "release-unknown")


def lines(change: Callable[[list[bytes]], list[bytes]]) -> Callable[[Files], Files]:
    return lambda files: {**files, JOURNAL: b"".join(change(files[JOURNAL].splitlines(keepends=True)))}


def swap_approvers(said: Any) -> None:
    first, second = said["approvals"]
    first["approver"], second["approver"] = second["approver"], first["approver"]


def all_anew(change: Callable[[Any], Any], decision: str) -> Callable[[Files], Files]:
    """Change one decision and compute every hash from there on, as somebody does who knows how they are made."""

    def plant(files: Files) -> Files:
        chain = json.loads(files[MANIFEST])["chain"]["chain"]
        before, made = hashlib.sha256(chain.encode()).digest(), []
        for line in files[JOURNAL].splitlines():
            entry = json.loads(line)
            body = json.loads(entry["body"])
            if body["decision"] == decision:
                change(body)
                entry["body"] = json.dumps(body, ensure_ascii=False, separators=(",", ":"))
            before = hashlib.sha256(before + entry["body"].encode()).digest()
            made.append(archives.line_of(entry["position"], before.hex(), entry["body"]))
        return {**files, JOURNAL: b"".join(made)}

    return plant


_PLANTS: dict[str, tuple[Callable[[Files], Files], str, str]] = {
    "a removed line": (lines(lambda all_: all_[:4] + all_[5:]), "line-missing", f"{JOURNAL}#5"),
    "a removed last line": (lines(lambda all_: all_[:-1]), "state", "payment.json"),
    "a reordered line": (lines(lambda all_: [all_[1], all_[0], *all_[2:]]), "line-reordered", f"{JOURNAL}#1"),
    "a changed line": (
        lines(lambda all_: [*all_[:6], all_[6].replace(b"2024", b"2023"), *all_[7:]]),
        "line-changed",
        f"{JOURNAL}#7",
    ),
    "a swapped approval": (edited("payment.json", swap_approvers), "approval-swapped", "payment.json"),
    "an approval that was not given": (
        edited("payment.json", lambda said: said["approvals"].append({**said["approvals"][0], "approver": "i nobody"})),
        "approval-swapped",
        "payment.json",
    ),
    "another amount": (
        edited("payment.json", lambda said: set_at(said, "release.amount_won", 10_000_001)),
        "amount_won",
        "payment.json",
    ),
    "another day": (
        edited("payment.json", lambda said: set_at(said, "release.requested_at", "2024-01-01T00:00:00Z")),
        "moment",
        "payment.json",
    ),
    "another rule's version": (
        edited("rules.json", lambda said: set_at(said, "release_terms.0.version", "2022-1")),
        "rule-version",
        "rules.json",
    ),
    "another share": (
        edited("money.json", lambda said: set_at(said, "commitment.shares.0.amount_won", 1)),
        "shares",
        "money.json",
    ),
    "another ledger entry": (
        edited("ledger.json", lambda said: set_at(said, "0.entries.0.amount_won", 5)),
        "ledger",
        "ledger.json",
    ),
    "a firm that was in arrears": (
        edited("money.json", lambda said: set_at(said, "standings.0.state", "BAD")),
        "standing",
        "money.json",
    ),
    "an answer that held no longer": (
        edited("money.json", lambda said: set_at(said, "standings.0.holds_until", "2024-05-01T15:00:00Z")),
        "standing",
        "money.json",
    ),
    "another answer of the tax office": (
        edited("money.json", lambda said: set_at(said, "standings.0.answer_sha256", "0" * 64)),
        "evidence",
        "register/TAX_OFFICE",
    ),
    "another bank number": (
        edited("bank.json", lambda said: set_at(said, "transaction", "T-0")),
        "bank-answer",
        "bank.json",
    ),
    "another order": (
        lambda files: {**files, ORDER: files[ORDER].replace(b"10000000", b"90000000")},
        "order-differs",
        ORDER,
    ),
    "evidence left out": (edited("evidence.json", lambda said: said.pop()), "evidence", ""),
    "a forged approver, all hashes anew": (
        all_anew(lambda body: set_at(body, "actor", "province.approver:52:somebody"), "release-approval-given"),
        "approval-swapped",
        "payment.json",
    ),
    "who asked orders, all hashes anew": (
        all_anew(lambda body: set_at(body, "actor", "province.treasurer:52:owner"), "release-ordered"),
        "same-person",
        JOURNAL,
    ),
}


@pytest.mark.parametrize("fault", _PLANTS)
async def test_a_planted_fault_is_found_by_name_even_if_the_list_was_made_to_fit(
    shared: Funding, paid: Any, fault: str
):
    raw = await archive_of(shared, paid[0])
    plant, code, where = _PLANTS[fault]
    planted = plant(unpack(raw))
    assert planted != unpack(raw)
    careless = {each.code for each in verify(pack(planted)).findings}
    assert "file-changed" in careless
    found = verify(pack(relisted(planted))).findings
    assert code in {each.code for each in found}, found
    assert any(each.code == code and where in each.where for each in found), found
    assert all(each.ko and each.en for each in found)
    if "anew" not in fault:
        return
    head_told = json.loads(unpack(raw)[MANIFEST])["chain"]["hash"]
    assert "head-differs" in {each.code for each in verify(pack(relisted(planted)), head=head_told).findings}


async def test_every_changed_byte_of_every_file_is_found(shared: Funding, paid: Any):
    raw = await archive_of(shared, paid[0])
    for place in range(40, len(raw), len(raw) // 150):
        changed = raw[:place] + bytes([raw[place] ^ 1]) + raw[place + 1 :]
        assert verify(changed).findings, place


async def test_a_truncated_file_is_said_to_be_cut_off(shared: Funding, paid: Any):
    raw = await archive_of(shared, paid[0])
    for end in (0, 10, len(raw) // 2, len(raw) - 1):
        assert [each.code for each in verify(raw[:end]).findings] == ["broken"], end
    assert verify(raw + b"more").findings


async def test_another_payments_slice_is_found(shared: Funding, paid: Any):
    mine, other = [unpack(await archive_of(shared, each)) for each in paid]
    found = {each.code for each in verify(pack(relisted({**mine, JOURNAL: other[JOURNAL]}))).findings}
    assert "other-slice" in found
    found = {each.code for each in verify(pack(relisted({**mine, "payment.json": other["payment.json"]}))).findings}
    assert "other-payment" in found


def zipped(files: Files, method: int = zipfile.ZIP_STORED, **names: bytes) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", method) as archive:
        for name, content in {**files, **names}.items():
            archive.writestr(name, content)
    return packed.getvalue()


async def test_bombs_and_names_that_point_elsewhere_are_not_unpacked(shared: Funding, paid: Any):
    raw = await archive_of(shared, paid[0])
    files = unpack(raw)
    hostile = {
        "zip-bomb": zipped({**files, ORDER: b"0" * 50_000_000}, zipfile.ZIP_DEFLATED),
        "path-traversal": zipped({**files, "../../etc/passwd": b"x"}),
        "unknown-file": zipped({**files, "more.txt": b"x"}),
        "file-missing": zipped({name: content for name, content in files.items() if name != "bank.json"}),
        "too-large": b"PK" + b"0" * (archives.LARGEST_BYTES + 1),
    }
    for code, planted in hostile.items():
        assert [each.code for each in verify(planted).findings] == [code], code
    for name in ("/etc/passwd", "a/../../b", "C:\\x", "..\\x"):
        assert [each.code for each in verify(zipped({**files, name: b"x"})).findings] == ["path-traversal"], name
    deep = {**files, "money.json": b"[" * 200_000}
    assert [each.code for each in verify(pack(deep)).findings] == ["broken"]
    for nonsense in (b"{}", b"[]", b"null", b'{"release": 3}'):
        assert "malformed" in {each.code for each in verify(pack({**files, "payment.json": nonsense})).findings}
    assert verify(pack({**files, JOURNAL: b"3\n"})).findings[0].code == "malformed"
