"""The first public money: firms prove their self-pay and ask, two officers approve, a third orders, the bank pays."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

from smartfactory.season import people, rechecking
from smartfactory.season.documents import hash_of
from smartfactory.season.origin import Json, Person, until
from smartfactory.season.stage import Stage

_FIRST = 1
INVOICED_SHARE = 2
"""A supplier invoices half of what the municipality pays: made up, like all of the season's papers."""
_ENDED = frozenset({"POSTED", "VOIDED"})


async def release_all(stage: Stage, in_force: Collection[str]) -> list[Json]:
    """Bring the first tranche and the first draw of every project in force to the bank; returns the releases."""
    calendar = stage.scenario.calendar
    owners = {str(each.firm.company_id): people.company_owner(each.firm) for each in stage.cast.applications}
    coverages = [each for each in await _coverages(stage) if each["project_id"] in in_force]
    asked: list[Json] = []
    found: list[Json] = []

    async def prove(coverage: Json) -> None:
        await _prove_self_pay(stage, coverage, owners[coverage["company_id"]])

    async def ask(coverage: Json) -> None:
        asked.extend(await _ask(stage, coverage, owners[coverage["company_id"]]))

    async def approve(release: Json) -> None:
        approvers = [people.PROVINCE_APPROVER, people.SECOND_PROVINCE_APPROVER][: release["province_approvals_due"]]
        if release["municipality_approvals_due"]:
            approvers.append(people.municipality_approver(release["municipality_code"]))
        for by in approvers:
            release |= await decide(stage, release, "approvals", by)

    async def order(release: Json) -> None:
        release |= await order_payment(stage, release, calendar.first_releases_ordered_at.value)

    async def fall_behind(late: Json) -> None:
        await rechecking.fall_into_arrears(stage, late["company_id"])

    async def catch_up(late: Json) -> None:
        at = calendar.first_releases_approved_at.value
        await rechecking.pay_arrears(stage, late["project_id"], late["company_id"], at)

    async def paid(_what: str) -> None:
        found.extend(await wait_until_paid(stage, asked))

    await stage.play(calendar.self_pay_proven_at, "self-pay proven", coverages, prove)
    await stage.play(calendar.first_releases_asked_at, "first money asked for", coverages, ask)
    late = [each for each in (rechecking.one_of(asked),) if each is not None]
    await stage.play(calendar.first_releases_approved_at, "a firm falls into arrears", late, fall_behind)
    await stage.play(calendar.first_releases_approved_at, "releases approved", asked, approve)
    await stage.play(calendar.first_releases_approved_at, "its money held until it paid", late, catch_up)
    await stage.play(calendar.first_releases_ordered_at, "payments ordered", asked, order)
    await stage.play(calendar.first_releases_ordered_at, "bank pays, ledger posts", ["all"], paid)
    return found


async def wait_until_paid(stage: Stage, asked: Sequence[Json]) -> list[Json]:
    """What was ordered comes to its end at the bank and in the ledger; returns how."""
    wanted = {release["id"] for release in asked}
    found: list[Json] = []

    async def all_paid() -> bool:
        rows = await stage.origin.pages(people.AUDITOR, "/funding/v1/releases")
        found[:] = [row for row in rows if row["id"] in wanted]
        return {row["id"] for row in found if row["state"] in _ENDED} == wanted

    await until(all_paid, what="the bank's payments", deadline_seconds=stage.options.settle_deadline_seconds)
    return found


async def _coverages(stage: Stage) -> list[Json]:
    return await stage.origin.pages(people.AUDITOR, "/funding/v1/coverages", state="GRANTED")


async def _prove_self_pay(stage: Stage, coverage: Json, owner: Person) -> None:
    own = [line for line in coverage["lines"] if line["source"] == "SME"]
    if not own:
        return
    (line,) = own
    project, path = coverage["project_id"], f"/funding/v1/coverages/{coverage['project_id']}/self-payments"
    body = {
        "amount_won": line["amount_won"],
        "paid_on": stage.scenario.calendar.self_pay_proven_at.value.date().isoformat(),
        "from_account": line["reference"],
        "bank_reference": f"self-pay/{project}",
        "evidence_sha256": hash_of(f"self-pay/{project}"),
    }
    payment = await stage.origin.post(owner, path, body, step="record-self-payment", entity=project)
    await stage.origin.post(
        people.OPERATOR,
        f"/funding/v1/self-payments/{payment['id']}/verifications",
        {"payer": "ADOPTER"},
        step="verify-self-payment",
        entity=project,
        version=_FIRST,
    )


async def _ask(stage: Stage, coverage: Json, owner: Person) -> list[Json]:
    """A tranche where a gate frees one, a draw against an invoice where money is deposited."""
    project = coverage["project_id"]
    path = f"/funding/v1/coverages/{project}"
    shares = {line["source"]: line["amount_won"] for line in coverage["lines"]}
    at = stage.scenario.calendar.first_releases_asked_at.value
    asked = []
    for line in (await stage.origin.get(people.AUDITOR, f"{path}/release-lines"))["lines"]:
        source = line["source"]
        freed = [each for each in line["tranches"] if each["gate"] == "AGREEMENT_EFFECTIVE"]
        body: dict[str, object] = {
            "amount_won": shares[source] // INVOICED_SHARE,
            "invoice": invoice(project, at, supplier_of(stage, coverage)),
        }
        if freed:
            body = {"amount_won": freed[0]["amount_won"], "gate": "AGREEMENT_EFFECTIVE"}
        entity = f"{project}/{source}"
        asked.append(
            await stage.origin.post(
                owner, f"{path}/lines/{source}/releases", body, step="request-release", entity=entity
            )
        )
    return asked


async def decide(stage: Stage, release: Mapping[str, object], what: str, by: Person) -> Json:
    """One person's step of a release, on the version that was read."""
    version = release["version"]
    return await stage.origin.post(
        by,
        f"/funding/v1/releases/{release['id']}/{what}",
        None,
        step=f"release-{what}",
        entity=f"{release['id']}/{by.subject}",
        version=version if isinstance(version, int) else _FIRST,
    )


async def order_payment(stage: Stage, release: Json, at: datetime) -> Json:
    """The treasurer orders, once the tax office has said that the firm is in good standing."""
    await rechecking.good_before_payment(stage, release["project_id"], at)
    return await decide(stage, release, "orders", people.PROVINCE_TREASURER)


def supplier_of(stage: Stage, coverage: Json) -> str:
    """The supplier that a firm's plan names, and its agreement with it."""
    suppliers = {str(each.firm.company_id): each.supplier_business_number for each in stage.cast.applications}
    return suppliers[coverage["company_id"]]


def invoice(about: str, day: datetime, supplier: str) -> dict[str, str]:
    """A made-up e-tax invoice of the made-up supplier that the agreement names."""
    digest = hash_of(f"invoice/{about}")
    return {
        "invoice_number": f"{day:%Y%m%d}-{digest[:8]}-{digest[8:16]}",
        "invoice_sha256": digest,
        "supplier_business_number": supplier,
        "supplier_account": "가상 공급기업 계좌",
    }
