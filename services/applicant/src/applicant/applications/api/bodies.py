"""What callers send about applications."""

from typing import Annotated
from uuid import UUID

from pydantic import Field

from applicant.applications.commands import Consents, Plan, SupplementItem, Verdict
from common.web import Body
from contracts.types import Won, parse_business_number

_Title = Annotated[str, Field(min_length=1, max_length=200)]
_Summary = Annotated[str, Field(min_length=1, max_length=4000)]
_Sha256 = Annotated[str, Field(pattern="^[0-9a-f]{64}$", description="SHA-256 of the plan document (사업계획서).")]
_BusinessNumber = Annotated[str, Field(max_length=20)]
_Cost = Annotated[int, Field(gt=0, le=100_000_000_000)]
_Capacity = Annotated[int, Field(ge=0)]


class ConsentsBody(Body):
    """The consents and pledges; a draft may lack some, a submission none."""

    data_use: bool
    credit_information: bool
    no_duplicate_aid: bool
    no_kickback: bool

    def consents(self) -> Consents:
        return Consents(**self.model_dump())


class DraftApplication(Body):
    """A worksite's plan for one type of one call. Money is in won, without VAT."""

    call_id: UUID
    type_code: str = Field(min_length=1, max_length=16)
    worksite_id: UUID
    total_cost_won: _Cost
    project_title: _Title
    plan_summary: _Summary
    plan_sha256: _Sha256
    supplier_business_number: _BusinessNumber
    self_pay_capacity_won: _Capacity
    concurrent_project: bool = Field(description="Building under another body's smart-factory scheme now (rule R-07).")
    consents: ConsentsBody

    def plan(self) -> Plan:
        return Plan(
            total_cost_won=Won(self.total_cost_won),
            project_title=self.project_title,
            plan_summary=self.plan_summary,
            plan_sha256=self.plan_sha256,
            supplier_business_number=parse_business_number(self.supplier_business_number),
            self_pay_capacity_won=Won(self.self_pay_capacity_won),
            concurrent_project=self.concurrent_project,
            consents=self.consents.consents(),
        )


class SupplementApplication(Body):
    """The answer to a request: the fields that change, the cost not among them; null leaves a field as it is."""

    project_title: _Title | None = None
    plan_summary: _Summary | None = None
    plan_sha256: _Sha256 | None = None
    supplier_business_number: _BusinessNumber | None = None
    self_pay_capacity_won: _Capacity | None = None
    concurrent_project: bool | None = None
    factory_registration_number: str | None = Field(None, min_length=1, max_length=50)

    def changes(self) -> dict[str, object]:
        """The plan's fields to change, by name."""
        changes = self.model_dump(exclude_none=True, exclude={"factory_registration_number"})
        if self.supplier_business_number is not None:
            changes["supplier_business_number"] = parse_business_number(self.supplier_business_number)
        return changes


class ReviseApplication(Body):
    """The fields of a draft to change; null leaves a field as it is."""

    total_cost_won: _Cost | None = None
    project_title: _Title | None = None
    plan_summary: _Summary | None = None
    plan_sha256: _Sha256 | None = None
    supplier_business_number: _BusinessNumber | None = None
    self_pay_capacity_won: _Capacity | None = None
    concurrent_project: bool | None = None
    consents: ConsentsBody | None = None

    def changes(self) -> dict[str, object]:
        """The plan's fields to change, by name."""
        changes = self.model_dump(exclude_none=True, exclude={"consents"})
        if self.supplier_business_number is not None:
            changes["supplier_business_number"] = parse_business_number(self.supplier_business_number)
        if self.consents is not None:
            changes["consents"] = self.consents.consents()
        return changes


class WithdrawApplication(Body):
    reason: str = Field(min_length=1, max_length=500)


class SupplementItemBody(Body):
    rule: str | None = Field(None, max_length=10, description="The rule it would satisfy, as R-13.")
    request: str = Field(min_length=1, max_length=500)


class RequestSupplement(Body):
    items: list[SupplementItemBody] = Field(min_length=1, max_length=20)

    def wanted(self) -> tuple[SupplementItem, ...]:
        return tuple(SupplementItem(item.rule, item.request) for item in self.items)


class ConfirmEligibility(Body):
    """What the officer confirms; refused when the findings say otherwise."""

    confirmed: Verdict
