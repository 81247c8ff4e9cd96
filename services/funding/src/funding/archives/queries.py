"""One payment with all that explains it, packed so that anybody can verify it offline (`contracts.payment_archives`).

The journal's chain of the project is in it whole: a chain is of one project and holds no personal data, so nothing has
to be left out, and every line can be recomputed. No other project is in it. Beside it are the chains of what it rests
on: the budget lines with what was carried over, the split rule, the memorandum.
"""

from typing import Any
from uuid import UUID

from pydantic import BaseModel

from common import journal
from common.auth import Principal
from common.db import Transaction
from common.errors import RuleRefused, Text
from common.journal import End, Recorded
from common.portions import Portion
from contracts import payment_archives as archives
from contracts.archive_verifier import verifier
from contracts.payment_archives import Head
from funding.ledger import queries as ledger
from funding.lookbacks import queries as lookbacks
from funding.lookbacks.queries import MoneyView
from funding.memoranda import queries as memoranda
from funding.releases import queries as releases
from funding.releases.queries import ReleaseState, ReleaseView

_TRIES = 5
_MOST_DECISIONS = 10_000
_VERIFIER = verifier()
_README = """지급 보관 파일 · The archive of one payment

지급 한 건의 내용, 적용된 규칙, 증빙 해시, 결재, 은행 답변과 은행 확인, 원장 거래, 과제의 자부담·보류·정산·반환·환수,
예산의 이월, 그리고 과제와 그 근거의 결정 기록(해시로 이어짐)이 있습니다.
인터넷 없이 검증합니다(Python 3.10 이상):  python3 verify.py 보관파일.zip
결정 기록의 마지막 해시를 다른 경로(시점 조회의 chain.hash)로 받았다면 --head 해시, 보관 파일 자체의 해시(발급할 때의
X-Archive-SHA256, 조회 기록에 남음)를 받았다면 --sha256 해시, 증빙 원본이 있다면 --evidence 폴더 를 붙여 대조합니다.
증빙의 파일 형식·크기·검사 결과는 신청 서비스의 서류 목록에 있고, 여기에는 해시와 종류만 있습니다.
verify.py도 바꿔치기될 수 있으므로, 의심되면 따로 받은 검증기(smartfactory verify-archive)를 쓰십시오.

In it: the payment, the rules applied, hashes of its evidence, approvals, the bank's answer, what was found out there,
ledger transfers, the project's self-pay, holds, settlement, repayments and clawbacks, what was carried over, and the
decisions on all of it, each following from the one before by its hash.
Verify offline, with Python 3.10 or later: python3 verify.py archive.zip
With the last hash told by another way (chain.hash of the time machine): --head HASH; with the archive's own hash
(X-Archive-SHA256 when it was taken, kept in the journal of readings): --sha256 HASH; papers at hand: --evidence FOLDER.
Type, size and scan of a paper are in the applicant service's list of documents; here are its hash and what it is of.
Who forges an archive can forge verify.py: use your own copy, or smartfactory verify-archive. The hash chain shows that
nothing was changed after its last hash was told to you; it does not show who wrote it.
"""


class PaymentMoves(RuleRefused):
    """Decisions about this project are being taken at this very moment."""

    code = "payment-moves"
    title = Text("처리 중인 지급 건입니다", "The payment is on the move")
    detail = Text(
        "지금 이 과제의 결정이 이어지고 있습니다. 바뀐 것은 없습니다. 잠시 뒤에 다시 요청해 주세요.",
        "Decisions on this project are following one another just now. Nothing changed; ask again in a moment.",
    )


class ProjectTooLong(RuleRefused):
    """More decisions than an archive holds: far beyond what one project comes to in its years."""

    code = "project-too-long-for-an-archive"
    title = Text("보관 파일에 담기에는 기록이 너무 많습니다", "Too many decisions for one archive")
    detail = Text(
        "이 과제의 결정이 {decisions}건으로, 한 보관 파일에 담는 {most}건을 넘습니다. 시점 조회로 나누어 받아 주세요.",
        "This project has {decisions} decisions, and an archive holds {most}. Read them by part with the time machine.",
    )


async def pack_archive(tx: Transaction, release_id: UUID, *, by: Principal) -> tuple[ReleaseView, bytes]:
    """The archive of a payment as it stands; raises ReleaseUnknown, or PaymentMoves while nobody can say how it does.

    Each decision lengthens a chain: where all have the same end before and after reading, it was read of one moment.
    """
    release = await releases.get_release(tx, release_id, by=by)
    chain = f"project/{release.project_id}"
    for _ in range(_TRIES):
        head = await journal.end_of(tx, chain)
        if head.position > _MOST_DECISIONS:
            raise ProjectTooLong(decisions=head.position, most=_MOST_DECISIONS)
        files, beside = await _files(tx, release_id, chain, head, by=by)
        ends = [await journal.end_of(tx, each.chain) for each in beside]
        if await journal.end_of(tx, chain) == head and ends == [End(e.position, bytes.fromhex(e.hash)) for e in beside]:
            break
    else:
        raise PaymentMoves
    files[archives.MANIFEST] = archives.manifest_of(
        files,
        release_id=str(release_id),
        project_id=str(release.project_id),
        head=_head(chain, head),
        beside=beside,
    )
    return release, archives.pack(files)


async def _files(
    tx: Transaction, release_id: UUID, chain: str, head: End, *, by: Principal
) -> tuple[dict[str, bytes], list[Head]]:
    entries = await journal.entries_of(tx, chain, after=0, until=head.position)
    release = await releases.get_release(tx, release_id, by=by)
    approvals = await releases.approvals_given(tx, release_id)
    # Each row of a list was decided at least once: a chain that is not too long bounds them all.
    money = await lookbacks.money_of(tx, release.project_id, Portion(size=_MOST_DECISIONS), by=by)
    rules = await lookbacks.rules_of(tx, money, by=by)
    agreed = money.commitment.memorandum_id
    memorandum = None if agreed is None else await memoranda.get_memorandum(tx, agreed, by=by)
    bank = await releases.bank_answer(tx, release_id)
    transfers = await ledger.transfers_named(tx, bank.transfers, by=by)
    said: dict[str, Any] = {
        "payment.json": {"release": _plain(release), "approvals": [_plain(each) for each in approvals]},
        "money.json": _plain(money),
        "rules.json": {**_plain(rules), "memorandum": None if memorandum is None else _plain(memorandum)},
        "bank.json": _plain(bank),
        "ledger.json": [_plain(each) for each in transfers],
        "evidence.json": sorted({each for entry in entries for each in entry.evidence}),
    }
    files = {name: archives.written(content) for name, content in said.items()}
    files[archives.JOURNAL] = b"".join(_line(entry) for entry in entries)
    files[archives.CHAINS], beside = await _chains(tx, money)
    files["README.txt"], files[archives.VERIFIER] = _README.encode(), _VERIFIER
    if release.ordered_at is not None and release.state is not ReleaseState.VOIDED:
        files[archives.ORDER] = await releases.get_payment_order(tx, release_id, by=by)
    return files, beside


async def _chains(tx: Transaction, money: MoneyView) -> tuple[bytes, list[Head]]:
    """What the payment rests on beside its project: its budget lines with carry-overs, its rule, its memorandum."""
    shares = money.commitment.shares
    chains = sorted({f"budget-line/{share.budget_line_id}" for share in shares if share.budget_line_id is not None})
    chains.append(f"split-rule/{money.commitment.split_rule_version}")
    if money.commitment.memorandum_id is not None:
        chains.append(f"memorandum/{money.commitment.memorandum_id}")
    lines, heads = b"", []
    for chain in chains:
        head = await journal.end_of(tx, chain)
        if head.position > _MOST_DECISIONS:
            raise ProjectTooLong(decisions=head.position, most=_MOST_DECISIONS)
        entries = await journal.entries_of(tx, chain, after=0, until=head.position)
        lines += b"".join(_line(entry) for entry in entries)
        heads.append(_head(chain, head))
    return lines, heads


def _head(chain: str, end: End) -> Head:
    return Head(chain=chain, position=end.position, hash=end.hash.hex())


def _line(entry: Recorded) -> bytes:
    return archives.line_of(entry.position, entry.hash.hex(), entry.body.decode())


def _plain(view: BaseModel) -> dict[str, Any]:
    return view.model_dump(mode="json")
