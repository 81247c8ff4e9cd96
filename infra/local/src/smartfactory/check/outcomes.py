"""What firms reported is what counts: as it was said then, looked at by another person, and summed up again here."""

from collections.abc import Mapping, Sequence
from fractions import Fraction
from statistics import median
from typing import Any

from smartfactory.check.claims import Claim
from smartfactory.season.options import OutcomeRow
from smartfactory.snapshots import Databases

Row = Mapping[str, Any]

_WHOLE_BP = 10_000
_REPORTS = """
    SELECT r.id, r.wave, r.state, r.decided_by = r.reported_by AS by_one,
           (SELECT count(*) FROM journal_entry j WHERE j.decision = 'outcome-reported'
               AND j.facts::jsonb ->> 'outcome_report_id' = r.id::text
               AND j.facts::jsonb -> 'figures' = r.figures) AS as_said,
           (SELECT count(*) FROM journal_entry j WHERE j.decision = 'outcome-' || lower(r.state)
               AND j.facts::jsonb ->> 'outcome_report_id' = r.id::text) AS decided,
           p.completed_at <= r.reported_at AS after_completion
      FROM outcome_report r JOIN outcome_project p USING (project_id)
"""
_CLOSED = """
    SELECT c.project_id, c.wave, c.response,
           (SELECT count(*) FROM outbox o WHERE o.event_id = c.event_id AND o.key = c.project_id
               AND o.occurred_at = c.ended_at
               AND convert_from(o.payload, 'UTF8')::jsonb ->> 'response' = c.response) AS told,
           CASE WHEN EXISTS (SELECT FROM outcome_report r WHERE r.project_id = c.project_id AND r.wave = c.wave
               AND r.reported_at < c.ended_at AND NOT (r.state = 'RETURNED' AND r.decided_at < c.ended_at))
               THEN 'RESPONDED' ELSE 'NO_RESPONSE' END AS found
      FROM outcome_wave_closing c
"""
_TOLD_CLOSED = "SELECT count(*) FROM outbox WHERE type LIKE '%.outcome-wave-closed.v1'"
# Three months of running, thirty days to report, and more than any holidays can add to those.
_FIRST_WAVE_OVER = """
    SELECT p.project_id, (SELECT count(*) FROM outcome_wave_closing c
               WHERE c.project_id = p.project_id AND c.wave = 'COMPLETION') AS closings
      FROM outcome_project p WHERE p.completed_at + interval '3 months 44 days' < $1
"""
_LATEST = "SELECT max(occurred_at) FROM outbox"
_COUNTING = """
    SELECT DISTINCT ON (project_id, wave) project_id, wave, figure ->> 'kpi' AS kpi,
           (figure ->> 'numerator')::bigint AS numerator, (figure ->> 'denominator')::bigint AS denominator
      FROM outcome_report, jsonb_array_elements(figures) figure
     WHERE state = 'VERIFIED' AND wave IN ('BASELINE', 'COMPLETION') AND figure ->> 'kpi' = $1
     ORDER BY project_id, wave, number DESC
"""
_IN_USE = """
    SELECT count(DISTINCT w.worksite_id) FROM outcome_report r
      JOIN site s USING (project_id) JOIN application_worksite w USING (application_id)
     WHERE r.state = 'VERIFIED' AND r.wave <> 'BASELINE' AND s.terminated_at IS NULL AND s.completed_at IS NOT NULL
       AND NOT EXISTS (SELECT FROM outcome_silence o WHERE o.project_id = r.project_id AND o.reason = 'CLOSED'
                          AND o.recorded_at >= r.decided_at)
"""
_FALLING = frozenset({"Q1", "C1", "D2"})
"""The KPIs of which less is better (domain.md section 4)."""


async def verified(databases: Databases) -> Claim:
    """Every report holds the figures of its journal entry; what counts was decided by another, after the completion."""
    claim = Claim("outcome-as-reported")
    for row in await databases["metrics"].fetch(_REPORTS):
        where = f"metrics.outcome_report {row['id']}"
        claim.expect(f"{where}, entries that say its figures", expected=1, found=row["as_said"])
        if row["state"] != "REPORTED":
            claim.expect(f"{where}, decided by its reporter", expected=False, found=row["by_one"])
            claim.expect(f"{where}, entries of its decision", expected=1, found=row["decided"])
        if row["wave"] != "BASELINE":
            claim.expect(f"{where}, reported after the completion", expected=True, found=row["after_completion"])
    return claim


async def waves_closed(databases: Databases) -> Claim:
    """Every wave that is over is closed, and told once, as its last day left it."""
    claim = Claim("outcome-wave-told")
    metrics = databases["metrics"]
    closed = await metrics.fetch(_CLOSED)
    for row in closed:
        where = f"metrics.outcome_wave_closing {row['project_id']} {row['wave']}"
        claim.expect(f"{where}, events that tell it", expected=1, found=row["told"])
        claim.expect(f"{where}, what was reported in time", expected=row["found"], found=row["response"])
    claim.expect("metrics.outbox, waves told", expected=len(closed), found=await metrics.fetchval(_TOLD_CLOSED))
    latest = await databases["funding"].fetchval(_LATEST)
    for row in await metrics.fetch(_FIRST_WAVE_OVER, latest):
        where = f"metrics.outcome_wave_closing {row['project_id']}, closings of its first wave"
        claim.expect(where, expected=1, found=row["closings"])
    return claim


async def in_use(databases: Databases) -> int:
    """Worksites whose figures after completion were verified, and whose firm was not found closed since."""
    found: int = await databases["metrics"].fetchval(_IN_USE)
    return found


async def medians(databases: Databases, told: Sequence[OutcomeRow]) -> dict[str, tuple[object, object]]:
    """For each row that was told, how many firms count and their median, from the raw figures: held and said."""
    compared: dict[str, tuple[object, object]] = {}
    for row in told:
        figures = await databases["metrics"].fetch(_COUNTING, row.kpi)
        changes = _changes(figures, row)
        held = (len(changes), _in_bp(median(changes)) if changes else None)
        compared[f"{row.kpi} in {row.change_kind}"] = (held, (row.n_valid, row.median_bp))
    return compared


def _changes(figures: Sequence[Row], row: OutcomeRow) -> list[Fraction]:
    """How much better each firm's value became that has one of before and one of after."""
    values = {(each["project_id"], each["wave"]): Fraction(each["numerator"], each["denominator"]) for each in figures}
    changes = []
    for (project, wave), after in values.items():
        before = values.get((project, "BASELINE"))
        if wave == "COMPLETION" and before is not None:
            gain = before - after if row.kpi in _FALLING else after - before
            changes.append(gain / before if row.change_kind == "PERCENT" else gain)
    return changes


def _in_bp(value: Fraction) -> int:
    """Rounded to a basis point, halves away from zero."""
    whole = int(abs(value) * _WHOLE_BP + Fraction(1, 2))
    return whole if value >= 0 else -whole
