"""An archive of a payment of a project that was held, carried over, found out at the bank, settled or clawed back."""

import hashlib
import json
import re
import shutil
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from contracts import payment_archives as archives
from contracts.payment_archives import CHAINS, FIRST_FORMAT, JOURNAL, MANIFEST, pack, unpack, verify
from contracts.roles import Role
from funding.archives import queries
from funding.lapse_warnings.jobs import warn_of_lapses
from smartfactory.simulators.bank import BankMode
from tests.support.archives import Files, archive_of, edited, relisted, set_at
from tests.support.banking import bank_in
from tests.support.closing import attested, close_all, done, paid, proposed, repaid, repayments_of, terminate
from tests.support.funding import APPROVER, AUDITOR, GUNSAN, JEONJU, OFFICER, TREASURER, Funding, Person, clerk, head
from tests.support.releases import Working, approved, ask_draw, ask_tranche, budgets, in_force, order, place_hold, read

pytestmark = pytest.mark.anyio

SECOND_TREASURER = Person(Role.PROVINCE_TREASURER, "52", "treasurer-2")
_LAST_MONTH = datetime(2024, 12, 3, tzinfo=UTC)
_PARTS = ("payment.json", "money.json", "rules.json", "bank.json", "ledger.json", "evidence.json")
_MEMORANDUM = {
    "reference": "jeonbuk-2024",
    "title": "가상 업무협약",
    "signed_on": "2024-01-02",
    "source_note": "assumed: invented for a test",
    "parties": [
        {"name": "전북특별자치도", "kind": "PROVINCE", "obligations": [{"kind": "FUNDING", "source": "PROVINCE", "text": "분담"}]},
        {"name": "전주시", "kind": "MUNICIPALITY", "municipality_code": JEONJU, "obligations": [{"kind": "ADMINISTRATION", "text": "지원"}]},
    ],
}  # fmt: skip
_SAID_NOWHERE = (
    # The versions of rules that come with the service, the same in every archive that names them.
    r"rules\.json:(release_terms|closing_rules|standing_rules)\..*",
    r"rules\.json:(memorandum|split_rule)(\.parties(\.obligations)?)?\.(name|text|reference|source_note|title)",
    r"(money|rules)\.json:.*\.version",
    r"ledger\.json:\d+\.(entries\.(account_id|account_kind|municipality_code|project_id)|recorded_at)",
    r"ledger\.json:\d+\.reverses_transfer_id",
    r"money\.json:carry_overs\.(fiscal_year|municipality_code|reference)",
    r"money\.json:commitment\.(application_id|fiscal_year|refusal|released_at|reversal_id|track|type_code)",
    r"money\.json:(commitment\.shares|coverage\.lines)\.(municipality_code|reference)",
    r"money\.json:coverage\.commitment_id",
    r"money\.json:findings\.bank_transaction",
    r"money\.json:lines\.lines\.source_note",
    r"money\.json:recoveries\.(cause|fault_party|objection_until)",
    # Of the other payments; those of the payment itself are held against the order.
    r"money\.json:releases\.(invoice_number|mode|payee|payee_account|supplier_business_number|standing_id)",
    r"money\.json:releases\.(municipality_approvals_due|province_approvals_due|unclear_since|void_reason)",
    r"money\.json:(repayments|self_payments)\.(bank_reference|receipt_reference|due_on|origin_id)",
    r"money\.json:settlement\.query",
    # Of a standing the decisions name the hash of the answer, which says all of this.
    r"money\.json:standings\.(about|answered_at|asked_at|holds_until|number|status)",
    r"money\.json:standings\.(local|national)_tax_arrears",
)
"""Values that no decision says: whoever forges them is found by the archive's own hash alone (--sha256)."""
_UNTOLD = re.compile("|".join(_SAID_NOWHERE))


async def found_out(funding: Funding, release: Any, folder: Path) -> None:
    """The bank says nothing of the order: a first finding is rejected, a second one confirmed."""
    with bank_in(folder) as book:
        book.switch(BankMode.SILENT_BEFORE)
        working = Working(funding, book.url)
        await working.round()
        await working.bank.aclose()
    for outcome, what in (
        ({"outcome": "NOT_PAID"}, "rejections"),
        ({"outcome": "PAID", "bank_transaction": "JB-77"}, "confirmations"),
    ):
        release = await read(funding, release)
        body = {"reason": "BANK_NEVER_ANSWERED", "evidence_sha256": "d" * 64} | outcome
        path = f"/v1/releases/{release['id']}/findings"
        proposed_ = await funding.post(path, body, by=SECOND_TREASURER, version=release["version"])
        assert proposed_.status_code == 201, proposed_.text
        path = f"/v1/release-findings/{proposed_.json()['id']}/{what}"
        decided = await funding.post(path, by=APPROVER, version=proposed_.json()["version"])
        assert decided.status_code == 201, decided.text


async def carried_over(funding: Funding, line_id: str) -> None:
    body = {"cause": "BUILD_CROSSES_YEAR", "reference": "2024-12 의결 77"}
    proposed_ = await funding.post(f"/v1/budget-lines/{line_id}/carry-overs", body, by=OFFICER)
    assert proposed_.status_code == 201, proposed_.text
    path = f"/v1/carry-overs/{proposed_.json()['id']}/confirmations"
    assert (await funding.post(path, by=TREASURER, version=1)).status_code == 201


async def settled(funding: Funding, folder: Path) -> Any:
    """A tranche that was found out at the bank, of a project that was held, freed, settled and paid back."""
    memorandum = await funding.post("/v1/memoranda", _MEMORANDUM, by=OFFICER)
    assert memorandum.status_code == 201, memorandum.text
    confirmed = await funding.post(f"/v1/memoranda/{memorandum.json()['id']}/confirmations", by=APPROVER, version=1)
    assert confirmed.status_code == 201, confirmed.text
    selected = await in_force(funding)
    release = await order(funding, await approved(funding, (await ask_tranche(funding, selected)).json()))
    await found_out(funding, release.json(), folder / "silent")
    await ask_draw(funding, selected, 7_000, 41)
    draw = (await ask_draw(funding, selected, 9_000, 42)).json()
    assert draw["state"] == "RESERVED"
    hold = (await place_hold(funding, selected, OFFICER)).json()
    for by in (OFFICER, APPROVER):
        lifted = await funding.post(f"/v1/release-holds/{hold['id']}/lifts", by=by, version=hold["version"])
        assert lifted.status_code == 201, lifted.text
        hold = lifted.json()
    with bank_in(folder / "paying") as book:
        working = Working(funding, book.url)
        for _ in range(2):
            await working.round()
        await working.bank.aclose()
    await carried_over(funding, release.json()["budget_line_id"])
    for each in (await funding.get("/v1/releases", AUDITOR, project_id=selected.project_id)).json()["items"]:
        if each["state"] == "RESERVED":
            path = f"/v1/releases/{each['id']}/rejections"
            rejected = await funding.post(path, {"reason": "AMOUNT_WRONG"}, by=APPROVER, version=each["version"])
            assert rejected.status_code == 201, rejected.text
    settlement = await done(
        funding, await attested(funding, selected, selected.total_cost_won // 10, 41_237), "fixings", APPROVER
    )
    for each in await repayments_of(funding, settlement):
        await repaid(funding, selected, each)
    await close_all(funding)
    return await read(funding, release.json())


async def clawed_back(funding: Funding, folder: Path) -> Any:
    """A tranche of a project that ended by its firm's fault, whose finding was sent back once and then decided."""
    selected = await paid(funding, folder)
    recovery = await proposed(funding, selected, await terminate(funding, selected), interest_won=101)
    recovery = await done(funding, recovery, "returns", APPROVER)
    body = {"recover_bp": 9_000, "interest_won": 99, "surcharge_bp": 10, "debar_months": 12, "finding_sha256": "d" * 64}
    await done(funding, await done(funding, recovery, "proposals", OFFICER, body), "decisions", APPROVER)
    releases = (await funding.get("/v1/releases", AUDITOR, project_id=selected.project_id)).json()["items"]
    return releases[0]


@pytest.fixture(scope="module")
async def closed(shared: Funding, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[dict[str, bytes]]:
    """The archives of one payment of a settled project and of one of a project that was clawed back."""
    await budgets(shared)
    folder = tmp_path_factory.mktemp("banks")
    for name in ("silent", "paying", "clawed"):
        (folder / name).mkdir()
    releases = {"settled": await settled(shared, folder), "clawed": await clawed_back(shared, folder / "clawed")}
    shared.clock.move_to(_LAST_MONTH)
    while await warn_of_lapses(shared.database, shared.clock):
        pass
    yield {name: await archive_of(shared, release) for name, release in releases.items()}
    shutil.rmtree(folder)


@pytest.mark.parametrize("which", ["settled", "clawed"])
async def test_it_holds_with_all_that_came_after_the_payment(closed: dict[str, bytes], which: str):
    verdict = verify(closed[which], sha256=hashlib.sha256(closed[which]).hexdigest())
    assert (verdict.findings, len(verdict.held)) == ([], 10)
    said = json.loads(unpack(closed[which])["money.json"])
    if which == "settled":
        assert [each["state"] for each in said["findings"]] == ["REJECTED", "CONFIRMED"]
        assert said["settlement"]["state"] == "CLOSED"
        assert {each["state"] for each in said["repayments"]} == {"CONFIRMED"}
        assert {each["state"] for each in said["releases"]} == {"POSTED", "VOIDED"}
        assert [each["state"] for each in said["carry_overs"]] == ["CONFIRMED"]
    else:
        assert [each["state"] for each in said["recoveries"]] == ["DECIDED"]
    beside = [json.loads(json.loads(line)["body"]) for line in unpack(closed[which])[CHAINS].splitlines()]
    assert {one["chain"].partition("/")[0] for one in beside} >= {"budget-line", "split-rule"}
    assert "lapse-warned" in {one["decision"] for one in beside}, "a warning about its line takes nothing of it back"
    assert (verify(closed[which], sha256="0" * 64).findings[0]).code == "archive-differs"


def leaves(said: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Every value of a part, by its path."""
    if isinstance(said, dict | list):
        items = said.items() if isinstance(said, dict) else enumerate(said)
        for name, value in items:
            yield from leaves(value, f"{path}.{name}" if path else str(name))
    else:
        yield path, said


def lists(said: Any, path: str = "") -> Iterator[str]:
    """Every list of a part that has rows, by its path."""
    if isinstance(said, dict | list):
        if isinstance(said, list) and said:
            yield path
        items = said.items() if isinstance(said, dict) else enumerate(said)
        for name, value in items:
            yield from lists(value, f"{path}.{name}" if path else str(name))


def another(value: Any) -> Any:
    if isinstance(value, bool):
        return not value
    if isinstance(value, int):
        return value + 1
    if value is None:
        return "2023-01-01T00:00:00Z"
    return re.sub(r"\d", lambda found: str((int(found[0]) + 1) % 10), value) if re.search(r"\d", value) else value + "X"


def is_found(files: Files) -> bool:
    return bool(verify(pack(relisted(files))).findings)


@pytest.mark.parametrize("part", _PARTS)
@pytest.mark.parametrize("which", ["settled", "clawed"])
async def test_any_other_value_in_any_part_is_refused_even_if_the_list_was_made_to_fit(
    closed: dict[str, bytes], which: str, part: str
):
    """But for words and moments that no decision says, which the archive's own hash covers."""
    files = unpack(closed[which])
    said = json.loads(files[part])
    hidden = {
        re.sub(r"\.\d+", "", f"{part}:{path}")
        for path, value in leaves(said)
        if not is_found(
            edited(part, lambda content, path=path, value=value: set_at(content, path, another(value)))(files)
        )
    }
    assert sorted(name for name in hidden if not _UNTOLD.fullmatch(name)) == []


@pytest.mark.parametrize("part", _PARTS)
async def test_a_row_left_out_or_told_twice_is_refused(closed: dict[str, bytes], part: str):
    files = unpack(closed["settled"])
    said = json.loads(files[part])

    def at(content: Any, path: str) -> list[Any]:
        for name in path.split(".") if path else ():
            content = content[int(name) if name.isdigit() else name]
        rows: list[Any] = content
        return rows

    for path in lists(said):
        for change in (lambda rows: rows.pop(), lambda rows: rows.append(rows[-1])):
            planted = edited(part, lambda content, path=path, change=change: change(at(content, path)))(files)
            assert is_found(planted) or _UNTOLD.fullmatch(re.sub(r"\.\d+", "", f"{part}:{path}")), path


async def test_a_changed_line_of_what_it_rests_on_is_refused_and_so_is_a_chain_of_something_else(
    closed: dict[str, bytes],
):
    files = unpack(closed["settled"])
    lines = files[CHAINS].splitlines(keepends=True)
    last = {_chain_of(line): number for number, line in enumerate(lines)}
    for number in range(len(lines)):
        left_out = b"".join(lines[:number] + lines[number + 1 :])
        # What was decided of a line after its confirmation ends its chain. Whoever cuts that off and makes the list
        # fit is found by the archive's own hash alone, as it was told and recorded.
        cut_off = last[_chain_of(lines[number])] == number and b"-confirmed" not in lines[number]
        assert is_found({**files, CHAINS: left_out}) or cut_off, number
        changed = lines[number].replace(b"2024", b"2023", 1)
        if changed != lines[number]:
            assert is_found({**files, CHAINS: b"".join([*lines[:number], changed, *lines[number + 1 :]])}), number
    assert is_found({**files, CHAINS: files[CHAINS] + files[JOURNAL]})
    codes = {each.code for each in verify(pack(relisted({**files, CHAINS: b""}))).findings}
    assert "line-missing" in codes


def _chain_of(line: bytes) -> str:
    return str(json.loads(json.loads(line)["body"])["chain"])


async def test_the_second_format_is_not_passed_off_as_the_first_which_less_is_asked_of(closed: dict[str, bytes]):
    files = unpack(closed["settled"])
    manifest = json.loads(files[MANIFEST])
    del manifest["chains"]
    passed_off = {**files, MANIFEST: archives.written({**manifest, "format": FIRST_FORMAT})}
    assert {"unknown-file", "format"} <= {each.code for each in verify(pack(relisted(passed_off))).findings}
    without = {name: content for name, content in passed_off.items() if name != CHAINS}
    assert [each.code for each in verify(pack(relisted(without))).findings] == ["format"]
    second = {**without, MANIFEST: archives.written({**manifest, "format": archives.FORMAT})}
    assert "file-missing" in {each.code for each in verify(pack(relisted(second))).findings}


async def test_a_forged_end_that_claims_any_number_of_decisions_is_refused_at_once(closed: dict[str, bytes]):
    files = unpack(closed["settled"])
    manifest = json.loads(files[MANIFEST])
    manifest["chain"]["position"] = 10**15
    found = verify(pack({**files, MANIFEST: archives.written(manifest)})).findings
    assert {"line-missing", "end-differs"} <= {each.code for each in found}
    assert len(found) < 2_000


async def test_the_hash_of_what_was_taken_is_told_and_recorded_and_no_municipality_takes_one(
    shared: Funding, closed: dict[str, bytes]
):
    manifest = json.loads(unpack(closed["settled"])[MANIFEST])
    path = f"/v1/releases/{manifest['release_id']}/archive"
    answer = await shared.get(path, AUDITOR)
    sha256 = hashlib.sha256(answer.content).hexdigest()
    assert answer.headers["x-archive-sha256"] == sha256
    recorded = await shared.rows(
        "SELECT facts FROM journal_entry WHERE chain = :chain ORDER BY position DESC LIMIT 1",
        chain=f"reading/{manifest['project_id']}",
    )
    assert recorded[0]["facts"]["sha256"] == sha256
    for officer in (head(GUNSAN), clerk(GUNSAN)):
        assert (await shared.get(path, officer)).status_code == 403
        as_of = f"/v1/releases/{manifest['release_id']}/as-of"
        at = (shared.clock.now() - timedelta(seconds=1)).isoformat()
        assert (await shared.get(as_of, officer, at=at)).status_code == 403


async def test_more_decisions_than_an_archive_holds_are_refused_in_words(
    shared: Funding, closed: dict[str, bytes], monkeypatch: pytest.MonkeyPatch
):
    release = json.loads(unpack(closed["settled"])["payment.json"])["release"]
    monkeypatch.setattr(queries, "_MOST_DECISIONS", 5)
    answer = await shared.get(f"/v1/releases/{release['id']}/archive", AUDITOR)
    assert (answer.status_code, answer.json()["code"]) == (409, "project-too-long-for-an-archive")
    assert "5" in answer.json()["detail"]
