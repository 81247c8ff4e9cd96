"""The tax office asked again, before the Technopark signs and before payments; one firm falls into arrears and pays."""

from collections.abc import Collection
from dataclasses import replace
from datetime import datetime

from smartfactory.season import people
from smartfactory.season.options import OutsideFirm
from smartfactory.season.origin import Json, until
from smartfactory.season.stage import Stage


async def known_before_signing(stage: Stage, project_id: str) -> None:
    """Wait until the tax office has said whether the firm is in arrears (rule R-06)."""
    path = f"/applicant/v1/agreements/{project_id}/standing-checks"

    async def answered() -> bool:
        items = (await stage.origin.get(people.OPERATOR, path))["items"]
        return bool(items) and items[0]["state"] == "ANSWERED"

    await until(answered, what=f"the tax office's answer about {project_id}", deadline_seconds=stage.patience_seconds)


async def good_before_payment(stage: Stage, project_id: str, at: datetime) -> None:
    """Wait for the answer that the approval has asked for; one that holds no longer is asked for anew (R-05, R-06)."""
    newest = await _answered(stage, project_id)
    if datetime.fromisoformat(newest["holds_until"]) <= at:
        await _ask_again(stage, project_id, at)
        await _answered(stage, project_id)


async def fall_into_arrears(stage: Stage, company_id: str) -> None:
    """From now on the tax office says that this firm owes taxes."""
    await stage.options.tell_registers([replace(outside_of(stage, company_id), tax_arrears=True)])


async def pay_arrears(stage: Stage, project_id: str, company_id: str, at: datetime) -> None:
    """Its money is seen to be held; it pays its taxes, somebody asks again, and the money is free."""
    path = f"/funding/v1/coverages/{project_id}"

    async def held() -> bool:
        items = (await stage.origin.get(people.AUDITOR, f"{path}/standings"))["items"]
        return any(item["state"] == "BAD" for item in items)

    async def free() -> bool:
        lines = (await stage.origin.get(people.AUDITOR, f"{path}/release-lines"))["lines"]
        return all("PROJECT_FIRM_STANDING" not in line["holds"] for line in lines)

    await until(held, what=f"the hold on {project_id}", deadline_seconds=stage.patience_seconds)
    await stage.options.tell_registers([outside_of(stage, company_id)])
    await _ask_again(stage, project_id, at)
    await until(free, what=f"the end of the hold on {project_id}", deadline_seconds=stage.patience_seconds)


def outside_of(stage: Stage, company_id: str) -> OutsideFirm:
    """The firm as the registers know it, in good standing at the tax office."""
    (number,) = {
        each.firm.business_number for each in stage.cast.applications if str(each.firm.company_id) == company_id
    }
    known = next(firm for firm in stage.cast.registers if firm.business_number == number)
    return replace(known, tax_state="ACTIVE", tax_arrears=False)


def one_of(releases: Collection[Json]) -> Json | None:
    """A release whose firm falls into arrears: the same in every run."""
    return min(releases, key=lambda release: str(release["company_id"]), default=None)


async def _answered(stage: Stage, project_id: str) -> Json:
    newest: list[Json] = []

    async def answered() -> bool:
        items = (await stage.origin.get(people.AUDITOR, f"/funding/v1/coverages/{project_id}/standings"))["items"]
        newest[:] = items[:1]
        return bool(items) and items[0]["state"] != "ASKED"

    await until(answered, what=f"the standing of {project_id}'s firm", deadline_seconds=stage.patience_seconds)
    return newest[0]


async def _ask_again(stage: Stage, project_id: str, at: datetime) -> None:
    await stage.origin.post(
        people.PROVINCE_TREASURER,
        f"/funding/v1/coverages/{project_id}/standings",
        None,
        step="ask-standing",
        entity=f"{project_id}/{at.isoformat()}",
    )
