"""One payment with all that explains it, packed so that anybody can verify it offline (`contracts.payment_archives`).

The journal's chain of the project is in it whole: a chain is of one project and holds no personal data, so nothing has
to be left out, and every line can be recomputed. No other project is in it.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any
from uuid import UUID

from pydantic import BaseModel

from common import journal
from common.auth import Principal
from common.db import Transaction
from common.errors import RuleRefused, Text
from common.journal import Recorded
from contracts import payment_archives as archives
from funding.ledger import queries as ledger
from funding.lookbacks import queries as lookbacks
from funding.memoranda import queries as memoranda
from funding.releases import queries as releases
from funding.releases.queries import ReleaseState, ReleaseView

_TRIES = 5
_VERIFIER = Path(archives.__file__).read_bytes()
_README = """지급 보관 파일 · The archive of one payment

지급 한 건의 내용, 적용된 규칙, 증빙 해시, 결재, 은행 답변, 원장 거래와 과제의 결정 기록(해시로 이어짐)이 있습니다.
인터넷 없이 검증합니다(Python 3.9 이상):  python3 verify.py 보관파일.zip
결정 기록의 마지막 해시를 다른 경로(시점 조회의 chain.hash)로 받았다면 --head 해시,
증빙 원본이 있다면 --evidence 폴더 를 붙여 대조합니다.
verify.py도 바꿔치기될 수 있으므로, 의심되면 따로 받은 검증기(smartfactory verify-archive)를 쓰십시오.

In it: the payment, the rules applied, hashes of its evidence, approvals, the bank's answer, ledger transfers, and the
project's decisions, each following from the one before by its hash. Verify offline: python3 verify.py archive.zip
With the last hash told by another way (chain.hash of the time machine): --head HASH; papers at hand: --evidence FOLDER.
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


async def pack_archive(tx: Transaction, release_id: UUID, *, by: Principal) -> tuple[ReleaseView, bytes]:
    """The archive of a payment as it stands; raises ReleaseUnknown, or PaymentMoves while nobody can say how it does.

    Each decision lengthens the chain: where it has the same end before and after reading, all was read of one moment.
    """
    release = await releases.get_release(tx, release_id, by=by)
    before = await journal.entries_of(tx, f"project/{release.project_id}")
    for _ in range(_TRIES):
        files = await _files(tx, release_id, before, by=by)
        after = await journal.entries_of(tx, f"project/{release.project_id}")
        if after[-1].hash == before[-1].hash:
            break
        before = after
    else:
        raise PaymentMoves
    files[archives.MANIFEST] = archives.manifest_of(
        files,
        release_id=str(release_id),
        project_id=str(release.project_id),
        position=before[-1].position,
        head=before[-1].hash.hex(),
    )
    return release, archives.pack(files)


async def _files(tx: Transaction, release_id: UUID, entries: Sequence[Recorded], *, by: Principal) -> dict[str, bytes]:
    release = await releases.get_release(tx, release_id, by=by)
    approvals = await releases.approvals_given(tx, release_id)
    money = await lookbacks.money_of(tx, release.project_id, by=by)
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
    files["README.txt"], files[archives.VERIFIER] = _README.encode(), _VERIFIER
    if release.ordered_at is not None and release.state is not ReleaseState.VOIDED:
        files[archives.ORDER] = await releases.get_payment_order(tx, release_id, by=by)
    return files


def _line(entry: Recorded) -> bytes:
    return archives.line_of(entry.position, entry.hash.hex(), entry.body.decode())


def _plain(view: BaseModel) -> dict[str, Any]:
    return view.model_dump(mode="json")
