"""Municipalities support what is built: an officer visits, and a firm's ticket is taken and closed before its day."""

from datetime import timedelta

from smartfactory.season import people
from smartfactory.season.origin import Json
from smartfactory.season.stage import Stage

_VISIT_AHEAD = timedelta(days=1)
_VISIT_LONG = timedelta(hours=2)
_DUE_AHEAD = timedelta(days=21)


async def support_some(stage: Stage, call_id: str) -> None:
    """For the same projects that are amended: a visit on the calendar, and a ticket from its request to its outcome."""
    part = stage.scenario.amending
    if part is None:
        return
    origin, at = stage.origin, part.asked_at.value
    owners = {str(each.firm.company_id): people.company_owner(each.firm) for each in stage.cast.applications}
    found = await origin.pages(people.AUDITOR, "/applicant/v1/agreements", call_id=call_id, state="EFFECTIVE")
    chosen = sorted(found, key=lambda each: each["application_id"])[: part.amendments.value]
    tickets: dict[str, Json] = {}

    async def visit(agreement: Json) -> None:
        starts_at = at + _VISIT_AHEAD
        body = {
            "purpose": "구축 현장 확인 (가상)",
            "place": "사업장 (가상)",
            "starts_at": starts_at.isoformat(),
            "ends_at": (starts_at + _VISIT_LONG).isoformat(),
        }
        path, entity = f"/applicant/v1/agreements/{agreement['project_id']}/site-visits", agreement["application_id"]
        officer = people.municipality_officer(agreement["municipality_code"])
        await origin.post(officer, path, body, step="plan-visit", entity=entity)

    async def ask(agreement: Json) -> None:
        body = {"kind": "PERMIT", "request": "증설 인허가 (가상)", "due_on": (at + _DUE_AHEAD).date().isoformat()}
        path, entity = (
            f"/applicant/v1/agreements/{agreement['project_id']}/support-tickets",
            agreement["application_id"],
        )
        tickets[entity] = await origin.post(
            owners[agreement["company_id"]], path, body, step="open-ticket", entity=entity
        )

    async def close(agreement: Json) -> None:
        entity, officer = agreement["application_id"], people.municipality_officer(agreement["municipality_code"])
        path = f"/applicant/v1/support-tickets/{tickets[entity]['id']}"
        taken = await origin.post(
            officer, f"{path}/owners", None, step="take-ticket", entity=entity, version=tickets[entity]["version"]
        )
        body = {"outcome": "DONE", "words": "허가가 나왔습니다 (가상)."}
        await origin.post(
            officer, f"{path}/outcomes", body, step="close-ticket", entity=entity, version=taken["version"]
        )

    await stage.play(part.asked_at, "site visits planned", chosen, visit)
    await stage.play(part.asked_at, "permits asked for", chosen, ask)
    await stage.play(part.decided_at, "permits had", chosen, close)
