"""The end of the money: last parts paid, books settled within two months, the rest paid back, a clawback."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from smartfactory.scenarios.parts import ClawbackPart, ClosingWave
from smartfactory.season import people
from smartfactory.season.documents import hash_of
from smartfactory.season.origin import Json, Person, until
from smartfactory.season.releasing import INVOICED_SHARE, decide, invoice, order_payment, supplier_of, wait_until_paid
from smartfactory.season.stage import Stage

_FIRST = 1
"""What nobody has acted on is in its first version: played again, the requests are the same."""
_WHOLE_BP = 10_000
_LAST_GATES = ("INTERIM_PASSED", "COMPLETED")


async def settle_wave(stage: Stage, wave: ClosingWave | None, builds: Sequence[Json]) -> None:
    """Pay what the completed builds of a wave still get, then settle their books until every treasury has its own."""
    part = stage.scenario.closing
    if part is None or wave is None:
        return
    owners = _owners(stage)
    ids = [build["project_id"] for build in builds]
    coverages = await _of_projects(stage, "/funding/v1/coverages", ids)
    found = await _opened(stage, ids)
    await _pay_last_parts(stage, wave, coverages, owners)

    async def report(settlement: Json) -> None:
        body = {
            "spent_won": settlement["total_cost_won"] * part.spent_bp.value // _WHOLE_BP,
            "interest_won": part.interest_won.value,
            "report_sha256": hash_of(f"report/{settlement['project_id']}"),
        }
        owner = owners[settlement["company_id"]]
        read = await _step(stage, owner, settlement, "reports", body, version=_FIRST)
        body = {"accountant": people.ACCOUNTANT.subject}
        settlement |= await _step(stage, people.OPERATOR, read, "assignments", body)

    async def attest(settlement: Json) -> None:
        body = {"attestation_sha256": hash_of(f"attestation/{settlement['project_id']}")}
        settlement |= await _step(stage, people.ACCOUNTANT, settlement, "attestations", body)

    async def fix(settlement: Json) -> None:
        settlement |= await _step(stage, people.PROVINCE_APPROVER, settlement, "fixings", None)

    await stage.play(wave.reported_at, "settlements reported", found, report)
    await stage.play(wave.attested_at, "settlements attested", found, attest)
    await stage.play(wave.fixed_at, "amounts fixed, refunds ordered", found, fix)
    await _pay_back(stage, wave, {settlement["id"] for settlement in found}, owners)


async def claw_back(stage: Stage, builds: Sequence[Json]) -> None:
    """What was paid to terminated projects: notice, the firm's opinion, a finding, a decision by another."""
    part = stage.scenario.closing
    if part is None:
        return
    owners, case = _owners(stage), part.clawback
    ids = [build["project_id"] for build in builds]
    found: list[Json] = []

    async def opened(_what: str) -> None:
        async def all_open() -> bool:
            found[:] = await _of_projects(stage, "/funding/v1/recoveries", ids)
            return len(found) == len(ids)

        await until(all_open, what="the cases of clawback", deadline_seconds=stage.options.settle_deadline_seconds)

    async def notice(recovery: Json) -> None:
        recovery |= await _step(stage, people.PROVINCE_OFFICER, recovery, "notices", None, version=_FIRST)

    async def speak(recovery: Json) -> None:
        body = {"document_sha256": hash_of(f"opinion/{recovery['project_id']}")}
        recovery |= await _step(stage, owners[recovery["company_id"]], recovery, "opinions", body)

    async def propose(recovery: Json) -> None:
        body = {
            "recover_bp": part.recover_bp.value,
            "interest_won": 0,
            "surcharge_bp": 0,
            "debar_months": 0,
            "finding_sha256": hash_of(f"finding/{recovery['project_id']}"),
        }
        recovery |= await _step(stage, people.PROVINCE_OFFICER, recovery, "proposals", body)

    async def decide_case(recovery: Json) -> None:
        recovery |= await _step(stage, people.PROVINCE_APPROVER, recovery, "decisions", None)

    await stage.play(case.noticed_at, "cases of clawback opened", ["all"], opened)
    await stage.play(case.noticed_at, "notice of clawback given", found, notice)
    await stage.play(case.spoken_at, "firms give their opinions", found, speak)
    await stage.play(case.proposed_at, "clawbacks proposed", found, propose)
    await stage.play(case.decided_at, "clawbacks decided", found, decide_case)
    await _pay_back(stage, case, {recovery["id"] for recovery in found}, owners)


async def _pay_last_parts(
    stage: Stage, wave: ClosingWave, coverages: Sequence[Json], owners: Mapping[str, Person]
) -> None:
    asked: list[Json] = []

    async def ask(coverage: Json) -> None:
        asked.extend(await _ask_last_parts(stage, wave.asked_at.value, coverage, owners[coverage["company_id"]]))

    async def approve(release: Json) -> None:
        approvers = [people.PROVINCE_APPROVER, people.SECOND_PROVINCE_APPROVER][: release["province_approvals_due"]]
        if release["municipality_approvals_due"]:
            approvers.append(people.municipality_approver(release["municipality_code"]))
        for by in approvers:
            release |= await decide(stage, release, "approvals", by)

    async def order(release: Json) -> None:
        release |= await order_payment(stage, release, wave.ordered_at.value)

    async def paid(_what: str) -> None:
        await wait_until_paid(stage, asked)

    await stage.play(wave.asked_at, "last parts asked for", coverages, ask)
    await stage.play(wave.approved_at, "last parts approved", asked, approve)
    await stage.play(wave.ordered_at, "last payments ordered", asked, order)
    await stage.play(wave.ordered_at, "bank pays the last parts", ["all"], paid)


async def _ask_last_parts(stage: Stage, at: datetime, coverage: Json, owner: Person) -> list[Json]:
    """The tranches of the gates that were passed since, and the rest of the deposited money."""
    project = coverage["project_id"]
    path = f"/funding/v1/coverages/{project}"
    shares = {line["source"]: line["amount_won"] for line in coverage["lines"]}
    asked = []
    for line in (await stage.origin.get(people.AUDITOR, f"{path}/release-lines"))["lines"]:
        source = line["source"]
        bodies: list[dict[str, object]] = [
            {"amount_won": each["amount_won"], "gate": each["gate"]}
            for each in line["tranches"]
            if each["gate"] in _LAST_GATES
        ]
        if not line["tranches"]:
            rest_won = shares[source] - shares[source] // INVOICED_SHARE
            bodies = [{"amount_won": rest_won, "invoice": invoice(f"{project}/last", at, supplier_of(stage, coverage))}]
        for body in bodies:
            entity = f"{project}/{source}/{body.get('gate', 'last')}"
            asked.append(
                await stage.origin.post(
                    owner, f"{path}/lines/{source}/releases", body, step="request-release", entity=entity
                )
            )
    return asked


async def _opened(stage: Stage, ids: Sequence[str]) -> list[Json]:
    """The settlements that funding has opened for completed projects: it hears of them by events."""
    found: list[Json] = []

    async def all_open() -> bool:
        found[:] = await _of_projects(stage, "/funding/v1/settlements", ids)
        return len(found) == len(ids)

    await until(all_open, what="the settlements", deadline_seconds=stage.options.settle_deadline_seconds)
    return found


async def _pay_back(
    stage: Stage, when: ClosingWave | ClawbackPart, origins: set[str], owners: Mapping[str, Person]
) -> None:
    orders = [
        each
        for each in await stage.origin.pages(people.AUDITOR, "/funding/v1/repayments")
        if each["origin_id"] in origins
    ]

    async def pay(repayment: Json) -> None:
        body = {
            "paid_on": when.repaid_at.value.date().isoformat(),
            "bank_reference": f"repayment/{repayment['id']}",
            "evidence_sha256": hash_of(f"repayment/{repayment['project_id']}/{repayment['source']}"),
        }
        owner = owners[repayment["company_id"]]
        repayment |= await _step(stage, owner, repayment, "payments", body, version=_FIRST)

    async def confirm(repayment: Json) -> None:
        own = repayment["source"] == "MUNICIPALITY"
        by = people.municipality_approver(repayment["municipality_code"]) if own else people.PROVINCE_TREASURER
        body = {"receipt_reference": f"세외수입 {repayment['id'][-6:]}"}
        repayment |= await _step(stage, by, repayment, "confirmations", body)

    await stage.play(when.repaid_at, "money paid back", orders, pay)
    await stage.play(when.confirmed_at, "treasuries confirm it", orders, confirm)


async def _step(
    stage: Stage, by: Person, thing: Json, what: str, body: Mapping[str, object] | None, *, version: int | None = None
) -> Json:
    kind = "settlements" if "spent_won" in thing else "recoveries" if "ground" in thing else "repayments"
    return await stage.origin.post(
        by,
        f"/funding/v1/{kind}/{thing['id']}/{what}",
        body,
        step=f"{kind}-{what}",
        entity=str(thing["id"]),
        version=thing["version"] if version is None else version,
    )


async def _of_projects(stage: Stage, path: str, ids: Sequence[str]) -> list[Json]:
    wanted = set(ids)
    return [each for each in await stage.origin.pages(people.AUDITOR, path) if each["project_id"] in wanted]


def _owners(stage: Stage) -> dict[str, Person]:
    return {str(each.firm.company_id): people.company_owner(each.firm) for each in stage.cast.applications}
