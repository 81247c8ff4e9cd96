"""Releases in tests: a project in force with its self-pay proven, and one request for each step that people take."""

import itertools
from typing import Any

from pydantic import SecretStr

from contracts.applicant import ProjectSelected
from contracts.roles import Role
from funding.releases.jobs import Bank, post_payments, settle_orders
from funding.settings import Settings
from tests.support import standings
from tests.support.builders import agreement_effective, agreement_signed, project_selected
from tests.support.funding import APPROVER, JEONJU, TREASURER, Funding, Person, head
from tests.support.offers import without_offers

ACCOUNT = "전북은행 가상계좌 1"
OPERATOR = Person(Role.TECHNOPARK_OPERATOR, "jtp", "operator")
SECOND_APPROVER = Person(Role.PROVINCE_APPROVER, "52", "approver-2")
PROVINCE_WON, MUNICIPALITY_WON, SME_WON = 50_451_563, 29_429_521, 20_118_916
"""What b-2024 makes of 100M won under a cap of 80M; read again from the lines where a test needs it."""


def owner_of(selected: ProjectSelected) -> Person:
    return Person(Role.COMPANY_OWNER, str(selected.company_id), "owner")


async def budgets(funding: Funding) -> None:
    """A rule and lines that are large enough."""
    await funding.confirmed_rule()
    await funding.confirmed_line(10_000_000_000)
    await funding.confirmed_line(5_000_000_000, JEONJU)


async def in_force(funding: Funding, *, proven: bool = True, **changes: object) -> ProjectSelected:
    """A project whose agreement is in force; with `proven`, its firm has paid its share."""
    selected = project_selected(**changes)
    await funding.deliver(selected)
    commitment_id = await funding.value(
        "SELECT id FROM commitment WHERE project_id = :project", project=selected.project_id
    )
    await funding.deliver(agreement_signed(selected, commitment_id))
    for source, by in (("PROVINCE", TREASURER), ("MUNICIPALITY", head(JEONJU)), ("SME", owner_of(selected))):
        path = f"/v1/coverages/{selected.project_id}/lines/{source}/confirmations"
        body = {"reference": ACCOUNT, "evidence_sha256": "e" * 64}
        answer = await funding.post(path, body, by=by, version=1)
        assert answer.status_code == 201, answer.text
    if proven:
        await prove_self_pay(funding, selected)
    await funding.deliver(agreement_effective(selected))
    return selected


async def prove_self_pay(funding: Funding, selected: ProjectSelected) -> None:
    """The firm pays what it owes from its own account, and the operator verifies it."""
    path = f"/v1/coverages/{selected.project_id}"
    due = (await funding.get(f"{path}/self-pay", OPERATOR)).json()["self_pay_won"]
    body = {
        "amount_won": due, "paid_on": "2024-05-20", "from_account": ACCOUNT,
        "bank_reference": f"JB-{selected.project_id}", "evidence_sha256": "f" * 64,
    }  # fmt: skip
    payment = (await funding.post(f"{path}/self-payments", body, by=owner_of(selected))).json()
    verified = await funding.post(
        f"/v1/self-payments/{payment['id']}/verifications", {"payer": "ADOPTER"}, by=OPERATOR, version=1
    )
    assert verified.status_code == 201, verified.text


async def lines(funding: Funding, selected: ProjectSelected) -> dict[str, Any]:
    """What each public source may still release, by source."""
    answer = await funding.get(f"/v1/coverages/{selected.project_id}/release-lines", OPERATOR)
    assert answer.status_code == 200, answer.text
    return {line["source"]: line for line in answer.json()["lines"]}


async def ask_tranche(funding: Funding, selected: ProjectSelected, gate: str = "AGREEMENT_EFFECTIVE", **changes: Any):
    """The firm asks for what the gate frees of the province's share."""
    due = next(each for each in (await lines(funding, selected))["PROVINCE"]["tranches"] if each["gate"] == gate)
    body = {"gate": gate, "amount_won": due["amount_won"]} | changes
    path = f"/v1/coverages/{selected.project_id}/lines/PROVINCE/releases"
    return await funding.post(path, body, by=owner_of(selected))


async def ask_draw(funding: Funding, selected: ProjectSelected, amount_won: int, number: int = 1, **changes: Any):
    """The firm asks to pay an invoice of its supplier out of its municipality's share."""
    invoice = {
        "invoice_number": f"20240610-41000001-{number:08d}", "invoice_sha256": "c" * 64,
        "supplier_business_number": "104-81-34567", "supplier_account": "가상 공급기업 계좌",
    }  # fmt: skip
    body = {"amount_won": amount_won, "invoice": invoice | changes}
    path = f"/v1/coverages/{selected.project_id}/lines/MUNICIPALITY/releases"
    return await funding.post(path, body, by=owner_of(selected))


async def approve(funding: Funding, release: Any, by: Person, **changes: Any):
    """One officer's yes; with the last the tax office is asked, and says what `standing` does: that all is well."""
    version = changes.get("version", release["version"])
    answer = await funding.post(f"/v1/releases/{release['id']}/approvals", by=by, version=version)
    standing = changes.get("standing", standings.GOOD)
    if standing is not None and answer.status_code == 201 and answer.json()["state"] == "APPROVED":
        await standings.told(funding, release["project_id"], **standing)
    return answer


async def order(funding: Funding, release: Any, by: Person = TREASURER, **changes: Any):
    version = changes.get("version", release["version"])
    return await funding.post(f"/v1/releases/{release['id']}/orders", by=by, version=version)


async def approved(funding: Funding, release: Any, **changes: Any) -> Any:
    """Both officers say yes: for a municipality's line one of them is its own."""
    second = head(JEONJU) if release["source"] == "MUNICIPALITY" else SECOND_APPROVER
    for officer in (APPROVER, second):
        answer = await approve(funding, release, officer, **changes)
        assert answer.status_code == 201, answer.text
        release = answer.json()
    assert release["state"] == "APPROVED"
    return release


async def ordered(funding: Funding, release: Any) -> Any:
    answer = await order(funding, await approved(funding, release))
    assert answer.status_code == 201, answer.text
    return answer.json()


async def place_hold(funding: Funding, selected: ProjectSelected, by: Person, source: str = "PROVINCE", **changes: Any):
    body = {"reason": "SUPPLIER_INSOLVENT"} | changes
    return await funding.post(f"/v1/coverages/{selected.project_id}/lines/{source}/holds", body, by=by)


async def read(funding: Funding, release: Any) -> Any:
    answer = await funding.get(f"/v1/releases/{release['id']}", OPERATOR)
    assert answer.status_code == 200, answer.text
    return without_offers(answer.json())


class Working:
    """The worker's two jobs against one bank, a round at a time, with no wait between the tries of an order."""

    def __init__(self, funding: Funding, bank_url: str) -> None:
        moment = 0.000_001
        self.funding = funding
        self.settings = Settings(
            app_env="test",
            database_url=SecretStr(funding.urls.application),
            bank_url=bank_url,
            bank_lease_seconds=moment,
            bank_first_wait_seconds=moment,
            bank_longest_wait_seconds=moment,
            bank_give_up_seconds=moment,
        )
        # Long hours pass between two questions, so that a bank that was silent is not left alone.
        self.bank = Bank(self.settings, monotonic=map(float, itertools.count(step=1_000)).__next__)

    async def round(self) -> None:
        await settle_orders(self.bank, self.settings, self.funding.database, self.funding.clock)
        while await post_payments(self.funding.database, self.funding.clock):
            pass
