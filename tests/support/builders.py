"""Ready-made values for tests: everything has a default, and a test names only what it is about."""

from uuid import UUID

from common.event import new_id
from contracts.applicant import ProjectSelected, ProjectWithdrawn

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


def project_withdrawn(selected: ProjectSelected) -> ProjectWithdrawn:
    """The same project gives its place back."""
    return ProjectWithdrawn(
        project_id=selected.project_id,
        application_id=selected.application_id,
        call_id=selected.call_id,
        type_code=selected.type_code,
        municipality_code=selected.municipality_code,
    )
