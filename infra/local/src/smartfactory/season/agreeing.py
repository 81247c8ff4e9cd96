"""Agreements: issued by the Technopark, signed by firm, supplier and Technopark, covered by everybody who pays."""

from collections.abc import Mapping
from typing import Any

from smartfactory.season import people
from smartfactory.season.documents import hash_of
from smartfactory.season.origin import Json, Person, until
from smartfactory.season.rechecking import known_before_signing
from smartfactory.season.stage import Stage

_FIRST = 1
"""A draft and an open coverage are always in their first version: played again, the requests are the same."""


async def agree_all(stage: Stage, call_id: str) -> frozenset[str]:
    """Bring the agreement of every confirmed project into force; returns these projects."""
    origin, calendar = stage.origin, stage.scenario.calendar
    owners = {str(each.firm.company_id): people.company_owner(each.firm) for each in stage.cast.applications}
    found = await origin.pages(people.AUDITOR, "/applicant/v1/agreements", call_id=call_id)
    agreements = [agreement for agreement in found if agreement["state"] not in {"LAPSED", "WITHDRAWN"}]
    signed: dict[str, Json] = {}
    coverages: list[Json] = []

    async def issue(agreement: Json) -> None:
        path = f"/applicant/v1/agreements/{agreement['project_id']}/issues"
        entity = agreement["application_id"]
        signed[agreement["project_id"]] = await origin.post(
            people.OPERATOR, path, None, step="issue-agreement", entity=entity, version=_FIRST
        )

    async def sign(agreement: Json) -> None:
        supplier = people.supplier(agreement["supplier_business_number"])
        for by in (owners[agreement["company_id"]], supplier):
            signed[agreement["project_id"]] = await _sign(stage, agreement, by, signed[agreement["project_id"]])

    async def countersign(agreement: Json) -> None:
        project_id = agreement["project_id"]
        await known_before_signing(stage, project_id)
        signed[project_id] = await _sign(stage, agreement, people.OPERATOR, signed[project_id])

    async def cover(coverage: Json) -> None:
        for line in coverage["lines"]:
            await _cover(stage, coverage, line, owners[coverage["company_id"]])

    async def wait_for(path: str, state: str) -> list[Json]:
        return await _wait_for(stage, path, state, call_id, {agreement["project_id"] for agreement in agreements})

    async def opened(_what: str) -> None:
        coverages[:] = await wait_for("/funding/v1/coverages", "")

    async def in_force(_what: str) -> None:
        await wait_for("/applicant/v1/agreements", "EFFECTIVE")
        await wait_for("/funding/v1/coverages", "GRANTED")

    await stage.play(calendar.agreements_issued_at, "agreements issued", agreements, issue)
    await stage.play(calendar.agreements_signed_at, "agreements signed", agreements, sign)
    await stage.play(calendar.agreements_signed_at, "taxes looked at, countersigned", agreements, countersign)
    await stage.play(calendar.agreements_signed_at, "funding asks for cover", ["all"], opened)
    await stage.play(calendar.shares_covered_at, "shares covered", coverages, cover)
    await stage.play(calendar.shares_covered_at, "agreements in force", ["all"], in_force)
    return frozenset(agreement["project_id"] for agreement in agreements)


async def _wait_for(stage: Stage, path: str, state: str, call_id: str, wanted: set[str]) -> list[Json]:
    """The rows of a call, once those of all wanted projects are there in this state."""
    rows: list[Json] = []

    async def reached() -> bool:
        rows[:] = await stage.origin.pages(people.AUDITOR, path, call_id=call_id)
        return {row["project_id"] for row in rows if not state or row["state"] == state} >= wanted

    await until(reached, what=f"{path} {state}".strip(), deadline_seconds=stage.options.settle_deadline_seconds)
    return rows


async def _sign(stage: Stage, agreement: Json, by: Person, read: Mapping[str, Any]) -> Json:
    """Sign what the plan costs in all, the self-pay part of which the supplier is paid too."""
    body = {
        "plan_sha256": hash_of(f"final-plan/{agreement['application_id']}"),
        "supplier_contract_won": agreement["total_cost_won"],
    }
    path = f"/applicant/v1/agreements/{agreement['project_id']}/signatures"
    entity = f"{agreement['application_id']}/{by.role}"
    return await stage.origin.post(by, path, body, step="sign-agreement", entity=entity, version=read["version"])


async def _cover(stage: Stage, coverage: Json, line: Json, owner: Person) -> None:
    by, reference = people.PROVINCE_TREASURER, "가상 교부결정 2024-1"
    if line["source"] == "MUNICIPALITY":
        by = people.municipality_approver(line["municipality_code"])
    if line["source"] == "SME":
        by, reference = owner, "가상 자부담 계좌"
    body = {"reference": reference, "evidence_sha256": hash_of(f"cover/{coverage['project_id']}/{line['source']}")}
    path = f"/funding/v1/coverages/{coverage['project_id']}/lines/{line['source']}/confirmations"
    entity = f"{coverage['project_id']}/{line['source']}"
    await stage.origin.post(by, path, body, step="cover-line", entity=entity, version=_FIRST)
