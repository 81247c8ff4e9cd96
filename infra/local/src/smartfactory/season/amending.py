"""Some plans change while they are built: the firm asks, supplier and Technopark agree, the province decides."""

from smartfactory.season import people
from smartfactory.season.documents import hash_of
from smartfactory.season.origin import Json
from smartfactory.season.stage import Stage


async def amend_some(stage: Stage, call_id: str) -> None:
    """Amend as many agreements as the scenario says, the first by their applications' names."""
    part = stage.scenario.amending
    if part is None:
        return
    origin = stage.origin
    owners = {str(each.firm.company_id): people.company_owner(each.firm) for each in stage.cast.applications}
    found = await origin.pages(people.AUDITOR, "/applicant/v1/agreements", call_id=call_id, state="EFFECTIVE")
    chosen = sorted(found, key=lambda each: each["application_id"])[: part.amendments.value]
    amendments: dict[str, Json] = {}
    asked_on = part.asked_at.value.date().isoformat()

    async def ask(agreement: Json) -> None:
        plan = hash_of(f"amended-plan/{agreement['application_id']}")
        body = {
            "cause": "DESIGN_CHANGE",
            "cause_on": asked_on,
            "reason": "설비 배치를 바꿉니다 (가상).",
            "evidence_sha256": [plan],
            "plan_sha256": plan,
        }
        path = f"/applicant/v1/agreements/{agreement['project_id']}/amendments"
        entity = agreement["application_id"]
        owner = owners[agreement["company_id"]]
        amendments[entity] = await origin.post(owner, path, body, step="ask-amendment", entity=entity)

    async def agree(agreement: Json) -> None:
        entity = agreement["application_id"]
        for by in (people.supplier(agreement["supplier_business_number"]), people.OPERATOR):
            read = amendments[entity]
            amendments[entity] = await origin.post(
                by,
                f"/applicant/v1/amendments/{read['id']}/consents",
                None,
                step="agree-amendment",
                entity=f"{entity}/{by.role}",
                version=read["version"],
            )

    async def decide(agreement: Json) -> None:
        entity = agreement["application_id"]
        read = amendments[entity]
        body = {"verdict": "APPROVED", "reason": "총사업비와 목표가 그대로입니다 (가상)."}
        path = f"/applicant/v1/amendments/{read['id']}/decisions"
        await origin.post(
            people.PROVINCE_APPROVER, path, body, step="decide-amendment", entity=entity, version=read["version"]
        )

    await stage.play(part.asked_at, "amendments asked for", chosen, ask)
    await stage.play(part.asked_at, "amendments agreed to", chosen, agree)
    await stage.play(part.decided_at, "amendments decided", chosen, decide)
