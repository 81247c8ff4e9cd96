"""What counts toward 300, counted again from the applicant service's own tables, and the steps behind each completion.

The rule is said here a second time, in SQL: a worksite with a passed completion inspection whose agreement was not
terminated, once. Whatever the gauge shows must follow from that.
"""

from collections.abc import Mapping
from typing import Any

from smartfactory.check.claims import Claim
from smartfactory.snapshots import Databases

Row = Mapping[str, Any]

_BUILT = """
    SELECT b.project_id, b.municipality_code, b.state, b.completed_at, b.terminated_at, a.worksite_id,
           (SELECT count(*) FROM completion c WHERE c.project_id = b.project_id AND c.state = 'PASSED') AS passed,
           (SELECT count(*) FROM interim_inspection i
             WHERE i.project_id = b.project_id AND i.state = 'PASSED') AS inspected,
           (SELECT count(*) FROM build_change x WHERE x.project_id = b.project_id AND x.kind = 'TERMINATION'
               AND x.state = 'APPROVED' AND x.decided_by <> x.proposed_by AND x.fault_party IS NOT NULL) AS ended
      FROM build b JOIN application a ON a.id = b.application_id
"""
_SHOWN = """
    SELECT s.project_id, s.municipality_code, s.completed_at, s.terminated_at, w.worksite_id
      FROM site s LEFT JOIN application_worksite w USING (application_id) WHERE s.agreed_at IS NOT NULL
"""
_PEOPLE = """
    SELECT c.id, s.signed_by IN (c.audited_by, c.concluded_by, c.checked_by) AS by_party,
           c.audited_by = c.concluded_by OR c.audited_by = c.checked_by AS by_one,
           c.demonstrated_by_own_staff AND c.installed_as_planned AND c.functions_work AND c.targets_reached AS whole
      FROM completion c JOIN agreement_signature s USING (project_id)
     WHERE c.state = 'PASSED' AND s.party <> 'OPERATOR'
"""
_IN_FORCE = "SELECT project_id FROM agreement WHERE state = 'EFFECTIVE'"


async def counted(databases: Databases) -> list[Claim]:
    """Three claims: each end has its steps, people were different, and the gauge counts what was built."""
    applicant = databases["applicant"]
    built = await applicant.fetch(_BUILT)
    return [
        _stepwise(built, {row["project_id"] for row in await applicant.fetch(_IN_FORCE)}),
        _by_others(await applicant.fetch(_PEOPLE)),
        _as_built(built, await databases["metrics"].fetch(_SHOWN)),
    ]


def _stepwise(built: list[Row], in_force: set[Any]) -> Claim:
    claim = Claim("build-step-missing")
    claim.expect("applicant.build, one per agreement in force", expected=in_force, found=_ids(built))
    for row in built:
        where = f"applicant.build {row['project_id']}"
        completed = row["completed_at"] is not None
        claim.expect(f"{where}, completions passed", expected=int(completed), found=row["passed"])
        if completed:
            claim.expect(f"{where}, interim inspections passed", expected=1, found=row["inspected"])
        terminated = row["state"] == "TERMINATED"
        claim.expect(f"{where}, terminations by two people", expected=int(terminated), found=row["ended"])
        claim.expect(f"{where}, day of termination", expected=terminated, found=row["terminated_at"] is not None)
    return claim


def _by_others(people: list[Row]) -> Claim:
    claim = Claim("inspected-by-others")
    for row in people:
        where = f"applicant.completion {row['id']}"
        found = (bool(row["by_party"]), bool(row["by_one"]), bool(row["whole"]))
        claim.expect(f"{where}, by a party, by one person, whole", expected=(False, False, True), found=found)
    return claim


def _as_built(built: list[Row], shown: list[Row]) -> Claim:
    claim = Claim("gauge-differs")
    for name, expected, found in (
        ("worksites counted", _counted(built), _counted(shown)),
        ("projects terminated", _terminated(built), _terminated(shown)),
    ):
        for place in sorted({row["municipality_code"] for row in [*built, *shown]}):
            where = f"metrics.site {place}, {name}"
            claim.expect(where, expected=expected.get(place, 0), found=found.get(place, 0))
    return claim


def _counted(rows: list[Row]) -> dict[str, int]:
    """Per municipality the worksites with a completion that stands, each at the project that completed first."""
    first: dict[Any, Row] = {}
    for row in sorted(rows, key=lambda row: (row["completed_at"] is None, row["completed_at"])):
        if row["completed_at"] is not None and row["terminated_at"] is None:
            first.setdefault(row["worksite_id"], row)
    return _tally(list(first.values()))


def _terminated(rows: list[Row]) -> dict[str, int]:
    return _tally([row for row in rows if row["terminated_at"] is not None])


def _tally(rows: list[Row]) -> dict[str, int]:
    tally: dict[str, int] = {}
    for row in rows:
        tally[row["municipality_code"]] = tally.get(row["municipality_code"], 0) + 1
    return tally


def _ids(rows: list[Row]) -> set[Any]:
    return {row["project_id"] for row in rows}
