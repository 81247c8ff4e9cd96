"""Ready-made values for tests: everything has a default, and a test names only what it is about."""

from uuid import UUID

from common.event import new_id
from contracts.applicant import (
    AgreementEffective,
    AgreementSigned,
    CommitmentRequested,
    ProjectSelected,
    ProjectWithdrawn,
)
from contracts.funding import ProjectCommitted, Share

# What the applicant service tells of projects.


def project_selected(**changes: object) -> ProjectSelected:
    """A Track B project of Jeonju: 100M won under a cap of 80M, by the rule `b-2024`."""
    values: dict[str, object] = {
        "project_id": new_id(),
        "application_id": new_id(),
        "call_id": UUID(int=2024),
        "type_code": "JS2",
        "municipality_code": "52110",
        "company_id": new_id(),
        "fiscal_year": 2024,
        "track": "B",
        "total_cost_won": 100_000_000,
        "cap_won": 80_000_000,
        "split_rule_version": "b-2024",
    }
    return ProjectSelected(**(values | changes))  # type: ignore[arg-type]


def commitment_requested(selected: ProjectSelected) -> CommitmentRequested:
    """The same project's money is asked for in its turn."""
    names = (
        "project_id", "application_id", "call_id", "type_code", "municipality_code", "company_id", "fiscal_year",
        "track", "total_cost_won", "cap_won", "split_rule_version",
    )  # fmt: skip
    return CommitmentRequested(**{name: getattr(selected, name) for name in names})


def project_withdrawn(selected: ProjectSelected) -> ProjectWithdrawn:
    """The same project gives its place back."""
    return ProjectWithdrawn(
        project_id=selected.project_id,
        application_id=selected.application_id,
        call_id=selected.call_id,
        type_code=selected.type_code,
        municipality_code=selected.municipality_code,
    )


def agreement_signed(selected: ProjectSelected, commitment_id: UUID, **changes: object) -> AgreementSigned:
    """The three parties of the same project have signed."""
    values: dict[str, object] = {
        "project_id": selected.project_id,
        "application_id": selected.application_id,
        "call_id": selected.call_id,
        "type_code": selected.type_code,
        "municipality_code": selected.municipality_code,
        "company_id": selected.company_id,
        "commitment_id": commitment_id,
        "total_cost_won": selected.total_cost_won,
        "supplier_contract_won": selected.total_cost_won,
    }
    return AgreementSigned(**(values | changes))  # type: ignore[arg-type]


def agreement_effective(selected: ProjectSelected) -> AgreementEffective:
    """The same project's agreement is in force."""
    return AgreementEffective(
        project_id=selected.project_id,
        application_id=selected.application_id,
        call_id=selected.call_id,
        type_code=selected.type_code,
        municipality_code=selected.municipality_code,
    )


# What the funding service tells of projects.


def shares_of(total_cost_won: int, municipality_code: str) -> list[Share]:
    """Track B's split without a cap: 55.08 % province, 32.13 % municipality, the rest the firm's."""
    province_won, municipality_won = total_cost_won * 5508 // 10_000, total_cost_won * 3213 // 10_000
    return [
        Share(source="PROVINCE", amount_won=province_won),
        Share(source="MUNICIPALITY", municipality_code=municipality_code, amount_won=municipality_won),
        Share(source="SME", amount_won=total_cost_won - province_won - municipality_won),
    ]


def project_committed(**changes: object) -> ProjectCommitted:
    """A Track B project of Jeonju whose money stands."""
    values: dict[str, object] = {
        "project_id": new_id(),
        "commitment_id": new_id(),
        "call_id": UUID(int=2024),
        "municipality_code": "52110",
        "fiscal_year": 2024,
        "track": "B",
        "total_cost_won": 40_000_000,
        "nominal_burden_bp": 1279,
        "effective_burden_bp": 1279,
        "split_rule_version": "b-2024",
        "balances": [],
    } | changes
    shares = shares_of(int(str(values["total_cost_won"])), str(values["municipality_code"]))
    return ProjectCommitted(**({"shares": shares} | values))  # type: ignore[arg-type]
