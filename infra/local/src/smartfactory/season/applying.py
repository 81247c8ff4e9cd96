"""Companies apply: they register, describe their plant, draft a plan and hand it in before the deadline."""

from dataclasses import dataclass

from smartfactory.scenarios.firms import PlannedApplication, PlannedFirm
from smartfactory.season import people
from smartfactory.season.documents import hash_of
from smartfactory.season.origin import Json, Person
from smartfactory.season.stage import Stage

_CONSENTS = ("data_use", "credit_information", "no_duplicate_aid", "no_kickback")


@dataclass(frozen=True, slots=True)
class Case:
    """A plan that was handed in: what was planned of it, its id, and the version it was handed in as."""

    planned: PlannedApplication
    application_id: str
    version: int

    @property
    def owner(self) -> Person:
        """Whose it is."""
        return people.company_owner(self.planned.firm)


async def apply_all(stage: Stage, call_id: str) -> list[Case]:
    """Everybody applies; returns the cases in the scenario's order."""
    drafts: dict[str, tuple[str, int]] = {}
    cases: dict[str, Case] = {}

    async def draft(planned: PlannedApplication) -> None:
        drafted = await _draft(stage, planned, call_id)
        drafts[planned.entity] = drafted["id"], drafted["version"]

    async def submit(planned: PlannedApplication) -> None:
        application_id, version = drafts[planned.entity]
        submitted = await stage.origin.post(
            people.company_owner(planned.firm),
            f"/applicant/v1/applications/{application_id}/submissions",
            None,
            step="submit",
            entity=planned.entity,
            version=version,
        )
        cases[planned.entity] = Case(planned, application_id, submitted["version"])

    calendar, applications = stage.scenario.calendar, stage.cast.applications
    await stage.play(calendar.drafting_at, "companies register and draft", applications, draft)
    await stage.play(calendar.submitting_at, "plans submitted", applications, submit)
    return [cases[planned.entity] for planned in applications]


def plan_hash(planned: PlannedApplication, edition: int) -> str:
    """The hash of the made-up plan document in one of its editions."""
    return hash_of(f"{planned.project_title}/{planned.entity}/{edition}")


async def _draft(stage: Stage, planned: PlannedApplication, call_id: str) -> Json:
    firm, owner, entity = planned.firm, people.company_owner(planned.firm), planned.entity
    origin = stage.origin
    await origin.post(owner, "/applicant/v1/companies", _company(firm), step="register-company", entity=entity)
    path = f"/applicant/v1/companies/{firm.company_id}/worksites"
    worksite = await origin.post(owner, path, _worksite(firm), step="add-worksite", entity=entity)
    body = {
        "call_id": call_id,
        "type_code": planned.type_code,
        "worksite_id": worksite["id"],
        "total_cost_won": planned.total_cost_won,
        "project_title": planned.project_title,
        "plan_summary": planned.plan_summary,
        "plan_sha256": plan_hash(planned, 1),
        "supplier_business_number": planned.supplier_business_number,
        "self_pay_capacity_won": planned.self_pay_capacity_won,
        "concurrent_project": planned.concurrent_project,
        "consents": dict.fromkeys(_CONSENTS, True),
    }
    return await origin.post(owner, "/applicant/v1/applications", body, step="draft", entity=entity)


def _company(firm: PlannedFirm) -> dict[str, object]:
    return {
        "business_number": firm.business_number,
        "corporate_number": firm.corporate_number,
        "name": firm.name,
        "representative_name": firm.representative_name,
        "size_class": firm.size_class,
        "ksic_code": firm.ksic_code,
        "ksic_revision": firm.ksic_revision,
        "annual_sales_won": firm.annual_sales_won,
        "employees": firm.employees,
        "supported_before": firm.supported_before,
        "head_office_address": firm.head_office_address,
        "contact_email": f"office@firm-{firm.business_number}.example",
    }


def _worksite(firm: PlannedFirm) -> dict[str, object]:
    return {
        "name": f"{firm.name} 공장",
        "municipality_code": firm.written_code,
        "recorded_on": firm.recorded_on.isoformat(),
        "address": firm.plant_address,
        "factory_registration_number": firm.factory_registration_number,
        "manufacturing_floor_m2": firm.manufacturing_floor_m2,
        "in_industrial_complex": firm.in_industrial_complex,
    }
