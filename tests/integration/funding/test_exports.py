"""What other people's programs make of our books: beancount adds the ledger up, an ISO 20022 reader reads the orders."""

import subprocess
import sys
from pathlib import Path

import pytest
from pyiso20022.pain.pain_001_001_09 import Document
from xsdata.formats.dataclass.parsers import XmlParser

from tests.support.funding import AUDITOR, GUNSAN, TREASURER, Funding, head
from tests.support.releases import ask_draw, ask_tranche, budgets, in_force, ordered

pytestmark = pytest.mark.anyio


def bean_check(folder: Path, content: str) -> str:
    """What `bean-check` complains of; nothing is no complaint."""
    path = folder / "ledger.beancount"
    path.write_text(content)
    program = Path(sys.executable).with_name("bean-check")
    done = subprocess.run([program, "--no-cache", path], capture_output=True, text=True, check=False)
    return done.stdout + done.stderr


async def test_bean_check_adds_the_ledger_up_and_finds_one_won_that_is_wrong(funding: Funding, tmp_path: Path):
    await budgets(funding)
    await funding.confirmed_line(1_000_000, GUNSAN)
    selected = await in_force(funding)
    assert (await ask_draw(funding, selected, 1_000)).status_code == 201
    ledger = (await funding.get("/v1/ledger/beancount", AUDITOR)).text
    assert bean_check(tmp_path, ledger) == ""
    for what in ("APPROPRIATION", "COMMITMENT", "RESERVATION", "Assets:Pending", "Equity:SmePledge"):
        assert what in ledger
    assert "does not balance" in bean_check(tmp_path, ledger.replace("  1000 KRW", "  1001 KRW", 1))
    balance = next(line for line in ledger.splitlines() if " balance Assets:Pending" in line)
    assert "Balance failed" in bean_check(tmp_path, ledger.replace(balance, balance.replace("1000 KRW", "999 KRW")))

    own = (await funding.get("/v1/ledger/beancount", head(GUNSAN))).text
    assert bean_check(tmp_path, own) == ""
    assert ("1000000 KRW" in own, "COMMITMENT" in own) == (True, False)


async def test_an_order_is_a_pain_001_that_an_independent_reader_understands(funding: Funding):
    await budgets(funding)
    selected = await in_force(funding)
    release = (await ask_tranche(funding, selected)).json()
    early = await funding.get(f"/v1/releases/{release['id']}/payment-order", TREASURER)
    assert (early.status_code, early.json()["code"]) == (409, "release-decided")
    release = await ordered(funding, release)
    answer = await funding.get(f"/v1/releases/{release['id']}/payment-order", TREASURER)
    assert answer.headers["content-type"].startswith("application/xml")
    initiation = XmlParser().from_bytes(answer.content, Document).cstmr_cdt_trf_initn
    assert (initiation.grp_hdr.nb_of_txs, initiation.grp_hdr.ctrl_sum) == ("1", release["amount_won"])
    (payment,) = initiation.pmt_inf
    (transfer,) = payment.cdt_trf_tx_inf
    assert (transfer.amt.instd_amt.value, transfer.amt.instd_amt.ccy) == (release["amount_won"], "KRW")
    assert transfer.pmt_id.end_to_end_id == release["id"].replace("-", "")
    assert transfer.cdtr_acct.id.othr.id == release["payee_account"]
    assert payment.dbtr.nm == "전북특별자치도"
    assert (await funding.get(f"/v1/releases/{release['id']}/payment-order", head(GUNSAN))).status_code == 403


async def test_what_the_standard_has_no_room_for_is_refused_and_not_cut(funding: Funding):
    await budgets(funding)
    selected = await in_force(funding)
    release = (await ask_draw(funding, selected, 1_000, supplier_account="계좌" * 20)).json()
    release = await ordered(funding, release)
    answer = await funding.get(f"/v1/releases/{release['id']}/payment-order", TREASURER)
    assert (answer.status_code, answer.json()["code"]) == (409, "payment-order-not-writable")
