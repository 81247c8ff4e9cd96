"""Residencies are what the programme's rules allow, by the mentoring service's tables and SQL of the check's own."""

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from smartfactory.check.claims import Claim
from smartfactory.snapshots import Databases

_HELD = ("ASSIGNED", "ACCEPTED", "STARTED", "ENDED")
_ALL = "SELECT count(*) FROM residency WHERE state = ANY ($1)"
_TWICE_IN_A_WEEK = """
    SELECT a.id, a.team_id, b.first_week FROM residency a JOIN residency b
        ON a.team_id = b.team_id AND a.id < b.id
           AND a.first_week < b.first_week + 7 * b.weeks::int AND b.first_week < a.first_week + 7 * a.weeks::int
     WHERE a.state = ANY ($1) AND b.state = ANY ($1)
"""
_UNTRAINED = """
    SELECT r.id, m.mentor_id FROM residency r JOIN team_member m USING (team_id) JOIN mentor ON mentor.id = m.mentor_id
     WHERE r.state = ANY ($1)
       AND (mentor.trained_on IS NULL OR mentor.trained_on > (r.assigned_at AT TIME ZONE 'Asia/Seoul')::date)
"""
_IN_CONFLICT = """
    SELECT r.id, m.mentor_id FROM residency r JOIN team_member m USING (team_id) JOIN project_need n USING (project_id)
     WHERE r.state = ANY ($1) AND n.conflicts ? m.mentor_id::text
"""
_TOO_SHORT = """
    SELECT r.id FROM residency r JOIN project_need n USING (project_id)
     WHERE r.state = ANY ($1) AND r.weeks < n.residency_weeks
"""
_DECLINED_AGAIN = """
    SELECT r.id FROM residency r JOIN residency d USING (project_id, rotation_id)
     WHERE d.state = 'DECLINED' AND r.state = ANY ($1)
"""
_FOR_THE_DEAD = """
    SELECT r.id FROM residency r JOIN waiting_project w USING (project_id)
     WHERE r.state = ANY ($1) AND r.state <> 'ENDED' AND w.state IN ('WITHDRAWN', 'TERMINATED')
"""
_WHILE_SUSPENDED = """
    SELECT s.id FROM mentor_session s JOIN residency r ON r.id = s.residency_id JOIN project_pause p USING (project_id)
     WHERE r.state = ANY ($1 || ARRAY['RELEASED'])
       AND s.held_on > p.suspended_on AND (p.resumed_on IS NULL OR s.held_on < p.resumed_on)
"""
_NOT_WHILE_THERE = """
    SELECT s.id FROM mentor_session s JOIN residency r ON r.id = s.residency_id
     WHERE r.state <> ALL ($1 || ARRAY['RELEASED'])
        OR r.started_on IS NULL OR s.held_on < r.started_on OR s.held_on > r.ended_on
        OR NOT s.mentor_ids <@ ARRAY(SELECT m.mentor_id FROM team_member m WHERE m.team_id = r.team_id)
"""
_FOUND_BEFORE_ANYBODY_CAME = """
    SELECT i.id FROM improvement_item i JOIN residency r ON r.id = i.residency_id
     WHERE r.state <> ALL ($1 || ARRAY['RELEASED']) OR r.started_on IS NULL
        OR (i.found_at AT TIME ZONE 'Asia/Seoul')::date NOT BETWEEN r.started_on AND coalesce(r.ended_on, 'infinity')
        OR i.after_sha256 = i.before_sha256
"""
_NOT_AS_IN_THE_CALENDAR = """
    (SELECT rotation_id, project_id, first_week, weeks FROM residency WHERE state = ANY ($1)
     EXCEPT SELECT id, project_id, first_week, weeks FROM team_rotation)
    UNION ALL
    (SELECT id, project_id, first_week, weeks FROM team_rotation WHERE project_id IS NOT NULL
     EXCEPT SELECT rotation_id, project_id, first_week, weeks FROM residency WHERE state = ANY ($1))
"""
_PLANS = "SELECT id, given::text AS given, input_sha256, matched::text AS matched, cost, bound FROM mentor_plan"
_RULES = {
    "team-in-one-place": _TWICE_IN_A_WEEK,
    "trained-before-assigned": _UNTRAINED,
    "conflicts-kept": _IN_CONFLICT,
    "residency-long-enough": _TOO_SHORT,
    "declined-stays-declined": _DECLINED_AGAIN,
    "ended-project-has-no-team": _FOR_THE_DEAD,
    "no-visit-while-suspended": _WHILE_SUSPENDED,
    "visit-by-its-team-while-there": _NOT_WHILE_THERE,
    "improvement-found-while-there": _FOUND_BEFORE_ANYBODY_CAME,
    "residency-in-calendar": _NOT_AS_IN_THE_CALENDAR,
}


async def allowed(databases: Databases) -> list[Claim]:
    """Every rule of residencies, and that every plan is the optimum of the input that it names."""
    mentoring, claims = databases["mentoring"], []
    residencies = await mentoring.fetchval(_ALL, _HELD)
    for name, broken in _RULES.items():
        claim = Claim(name)
        claim.looked_at = residencies
        for row in await mentoring.fetch(broken, _HELD):
            claim.expect(f"mentoring.residency {dict(row)}", expected="allowed", found="not")
        claims.append(claim)
    optimal = Claim("plan-optimal")
    for row in await mentoring.fetch(_PLANS):
        given, where = json.loads(row["given"]), f"mentoring.mentor_plan {row['id']}"
        spoken = json.dumps(given, sort_keys=True, separators=(",", ":")).encode()
        optimal.expect(f"{where}, input", expected=row["input_sha256"], found=hashlib.sha256(spoken).hexdigest())
        if row["matched"] is not None:
            optimal.expect(f"{where}, cost", expected=row["bound"], found=row["cost"])
            optimal.expect(f"{where}, prices", expected=[], found=_unproven(given, json.loads(row["matched"])))
    return [*claims, optimal]


def _unproven(given: Mapping[str, Any], matched: Mapping[str, Any]) -> list[str]:
    """Pairs of the plan that cost something else than their prices: such a plan could be cheaper."""
    proof = matched["proof"]
    rotations = {each["id"]: each for each in given["rotations"]}
    holds = {each["id"]: each["holds"] for each in given["projects"]}
    found = []
    for pair in matched["pairs"]:
        price = proof["projects"][pair["project_id"]] + proof["rotations"][pair["rotation_id"]]
        moved = holds[pair["project_id"]] not in {None, pair["rotation_id"]}
        # A move costs what the rule's penalty is, which only the service knows: such a pair says nothing here.
        if not moved and price != pair["fit"]["cost"]:
            found.append(pair["project_id"])
        if rotations[pair["rotation_id"]]["team"] != pair["team_id"]:
            found.append(pair["rotation_id"])
    return found
