"""Every won is accounted for: one answer per project, exact shares, a ledger of sum zero, nothing above budget."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from smartfactory.check.arithmetic import shares_of
from smartfactory.check.claims import Claim
from smartfactory.scenarios.model import Scenario
from smartfactory.snapshots import Databases

Row = Mapping[str, Any]

_PROJECTS = """
    SELECT p.id, p.call_id, p.type_code, p.municipality_code, p.fiscal_year, p.track, p.state, p.promoted,
           a.total_cost_won, a.municipality_code AS applied_municipality, w.municipality_code AS worksite_municipality
      FROM project p JOIN application a ON a.id = p.application_id JOIN worksite w ON w.id = a.worksite_id
"""
_COMMITMENTS = "SELECT project_id, municipality_code, state, total_cost_won, cap_won FROM commitment"
_ANSWERS = """
    SELECT key AS project_id, count(*) AS answers FROM outbox
     WHERE topic = 'funding.commitment.v1'
       AND (type LIKE '%.commitment.committed.v_' OR type LIKE '%.commitment.refused.v_')
     GROUP BY key
"""
_IN_TURN = """
    SELECT c.project_id, c.call_id, c.turn FROM commitment c
      JOIN outbox o ON o.key = c.project_id AND o.topic = 'funding.commitment.v1'
       AND (o.type LIKE '%.commitment.committed.v_' OR o.type LIKE '%.commitment.refused.v_')
     ORDER BY o.id
"""
# Who was asked for once more, since two people discarded its request, comes behind all others.
_RANKED = """
    SELECT p.id AS project_id, r.position FROM project p
      JOIN ranking k ON k.call_id = p.call_id AND k.state = 'DECIDED'
      JOIN ranked_case r ON r.ranking_id = k.id AND r.application_id = p.application_id
     WHERE NOT p.promoted AND NOT EXISTS (
           SELECT FROM journal_entry j
            WHERE j.chain = 'project/' || p.id AND j.decision = 'commitment-requested-again')
"""
_SHARES = """
    SELECT s.project_id, s.source, s.amount_won, s.municipality_code,
           l.id AS line, l.source AS line_source, l.municipality_code AS line_municipality
      FROM commitment_share s LEFT JOIN budget_line l ON l.id = s.budget_line_id
"""
_LINES = """
    SELECT l.id, l.source, l.track, l.fiscal_year, l.municipality_code, l.amount_won, l.committed_won, l.state,
           coalesce((SELECT sum(s.amount_won) FROM commitment_share s JOIN commitment c USING (project_id)
                      WHERE s.budget_line_id = l.id AND c.state = 'COMMITTED'), 0)::bigint AS shares_won,
           coalesce((SELECT sum(e.amount_won) FROM ledger_entry e JOIN ledger_account a ON a.id = e.account_id
                      WHERE a.budget_line_id = l.id AND a.kind NOT IN ('APPROPRIATION', 'AVAILABLE')), 0)::bigint
               AS ledger_committed_won,
           coalesce((SELECT sum(e.amount_won) FROM ledger_entry e JOIN ledger_account a ON a.id = e.account_id
                      WHERE a.budget_line_id = l.id AND a.kind = 'AVAILABLE'), 0)::bigint AS ledger_available_won
      FROM budget_line l
"""
_TRANSFERS = "SELECT transfer_id, sum(amount_won)::bigint AS sum_won, count(*) AS entries FROM ledger_entry GROUP BY 1"
_ACCOUNTS = """
    SELECT a.id, a.balance_won, coalesce(sum(e.amount_won), 0)::bigint AS entries_won
      FROM ledger_account a LEFT JOIN ledger_entry e ON e.account_id = a.id GROUP BY a.id
"""
_ANSWER_OF_STATE = {"CONFIRMED": "COMMITTED", "NOT_FUNDED": "REFUSED"}


async def accounted(databases: Databases, scenarios: Sequence[Scenario]) -> list[Claim]:
    """All claims about money; what rests on a scenario's numbers, for each of them."""
    projects = {row["id"]: row for row in await databases["applicant"].fetch(_PROJECTS)}
    funding = databases["funding"]
    commitments = {row["project_id"]: row for row in await funding.fetch(_COMMITMENTS)}
    shares: dict[Any, list[Row]] = defaultdict(list)
    for row in await funding.fetch(_SHARES):
        shares[row["project_id"]].append(row)
    lines = await funding.fetch(_LINES)
    answers = {row["project_id"]: row["answers"] for row in await funding.fetch(_ANSWERS)}
    return [
        _answered(projects, commitments, answers),
        _in_turn(await funding.fetch(_IN_TURN), await databases["applicant"].fetch(_RANKED)),
        *(_recomputed(scenario, projects, commitments, shares) for scenario in scenarios),
        _in_its_municipality(projects, commitments, shares),
        _balanced(await funding.fetch(_TRANSFERS), await funding.fetch(_ACCOUNTS)),
        _within_budget(lines),
        *(_as_appropriated(scenario, lines) for scenario in scenarios),
    ]


def _answered(projects: Mapping[Any, Row], commitments: Mapping[Any, Row], answers: Mapping[Any, int]) -> Claim:
    claim = Claim("one-answer")
    for project_id, project in projects.items():
        commitment = commitments.get(project_id)
        claim.expect(f"funding.outbox, project {project_id}", expected=1, found=answers.get(project_id, 0))
        if project["state"] == "WITHDRAWN":
            continue
        claim.expect(
            f"applicant.project {project_id} is {project['state']}, funding.commitment",
            expected=_ANSWER_OF_STATE.get(project["state"], "an answer"),
            found=commitment["state"] if commitment else "no answer",
        )
    for project_id in commitments.keys() - projects.keys():
        claim.expect(f"funding.commitment {project_id}", expected="a project", found="no such project")
    return claim


def _in_turn(answers: Sequence[Row], ranked: Sequence[Row]) -> Claim:
    """Funding answered each call's requests in their turn, and those of its decision in the order of its ranking."""
    claim = Claim("answered-in-turn")
    positions = {row["project_id"]: row["position"] for row in ranked}
    of_call: dict[Any, list[Row]] = defaultdict(list)
    for row in answers:
        claim.expect(
            f"funding.commitment {row['project_id']}", expected="a turn", found="a turn" if row["turn"] else "none"
        )
        of_call[row["call_id"]].append(row)
    for call_id, rows in of_call.items():
        turns = [row["turn"] or 0 for row in rows]
        claim.expect(f"funding.outbox, call {call_id}: turns", expected=sorted(turns), found=turns)
        places = [positions[row["project_id"]] for row in rows if row["project_id"] in positions]
        claim.expect(f"funding.outbox, call {call_id}: as ranked", expected=sorted(places), found=places)
    return claim


def _recomputed(
    scenario: Scenario, projects: Mapping[Any, Row], commitments: Mapping[Any, Row], shares: Mapping[Any, list[Row]]
) -> Claim:
    claim = Claim("shares-to-the-won")
    for project_id, commitment in commitments.items():
        project = projects.get(project_id)
        if commitment["state"] != "COMMITTED" or project is None or not _of(scenario, project):
            continue
        expected = shares_of(
            project["total_cost_won"],
            cap_won=scenario.types[project["type_code"]].cap_won.value,
            rates_bp=scenario.split.rates_bp.value,
            capped=scenario.split.capped_sources.value,
        )
        found = {share["source"]: share["amount_won"] for share in shares[project_id]}
        claim.expect(f"funding.commitment_share of {project_id}", expected=expected, found=found)
    return claim


def _in_its_municipality(
    projects: Mapping[Any, Row], commitments: Mapping[Any, Row], shares: Mapping[Any, list[Row]]
) -> Claim:
    claim = Claim("wrong-municipality")
    for project_id, project in projects.items():
        code = project["worksite_municipality"]
        where = f"project {project_id}"
        claim.expect(f"applicant.application of {where}", expected=code, found=project["applied_municipality"])
        claim.expect(f"applicant.project {project_id}", expected=code, found=project["municipality_code"])
        if project_id in commitments:
            claim.expect(
                f"funding.commitment of {where}", expected=code, found=commitments[project_id]["municipality_code"]
            )
        for share in shares[project_id]:
            line = share["source"], share["municipality_code"], share["line_source"], share["line_municipality"]
            if share["line"] is None:
                continue
            town = code if share["source"] == "MUNICIPALITY" else None
            due = share["source"], town, share["source"], town
            claim.expect(f"funding.commitment_share {share['source']} of {where}", expected=due, found=line)
    return claim


def _balanced(transfers: list[Row], accounts: list[Row]) -> Claim:
    claim = Claim("ledger-balanced")
    for row in transfers:
        claim.expect(f"funding.ledger_transfer {row['transfer_id']}", expected=0, found=row["sum_won"])
    for row in accounts:
        where = f"funding.ledger_account {row['id']}"
        claim.expect(where, expected=row["entries_won"], found=row["balance_won"])
    claim.expect("funding.ledger_account, all", expected=0, found=sum(row["balance_won"] for row in accounts))
    return claim


def _within_budget(lines: list[Row]) -> Claim:
    claim = Claim("within-budget")
    for line in lines:
        where = f"funding.budget_line {line['source']} {line['municipality_code'] or ''} {line['fiscal_year']}"
        granted = line["amount_won"] if line["state"] == "CONFIRMED" else 0
        claim.expect(f"{where}: shares", expected=line["committed_won"], found=line["shares_won"])
        claim.expect(f"{where}: ledger committed", expected=line["committed_won"], found=line["ledger_committed_won"])
        claim.expect(
            f"{where}: ledger available",
            expected=granted - line["committed_won"],
            found=line["ledger_available_won"],
        )
        over_won = max(0, line["shares_won"] - granted)
        claim.expect(f"{where}: above its budget", expected=0, found=over_won)
    return claim


def _as_appropriated(scenario: Scenario, lines: list[Row]) -> Claim:
    claim = Claim("as-appropriated")
    found = {
        (line["source"], line["municipality_code"]): line["amount_won"]
        for line in lines
        if _of(scenario, line) and line["state"] == "CONFIRMED"
    }
    expected: dict[tuple[str, str | None], int] = {
        (source, None): part.confirmed_won.value for source, part in scenario.budgets.shared.items()
    }
    for code, amount_won in scenario.budgets.municipality_confirmed_won.value.items():
        expected["MUNICIPALITY", code] = amount_won
    for place in expected.keys() | found.keys():
        claim.expect(f"funding.budget_line {place}", expected=expected.get(place), found=found.get(place))
    return claim


def _of(scenario: Scenario, row: Row) -> bool:
    return (row["fiscal_year"], row["track"]) == (scenario.call.fiscal_year.value, scenario.call.track.value)
