"""What a season's tables said is what the databases hold: places, agreements, money by payer, the burden in truth."""

from dataclasses import asdict

from smartfactory.check import outcomes, standing
from smartfactory.check.claims import Claim
from smartfactory.season.comparison import province_won
from smartfactory.season.options import SeasonReport
from smartfactory.snapshots import Databases

_PLACES = "SELECT coalesce(sum(seats), 0)::bigint FROM place WHERE call_id = $1"
_IN_FORCE = "SELECT count(*) FROM agreement WHERE call_id = ANY ($1) AND state = 'EFFECTIVE'"
_PAID = """
    SELECT coalesce(sum(s.amount_won) FILTER (WHERE s.source <> 'SME'), 0)::bigint AS public_won,
           coalesce(sum(s.amount_won) FILTER (WHERE s.source = 'SME'), 0)::bigint AS sme_won,
           coalesce(sum(c.total_cost_won) FILTER (WHERE s.source = 'SME'), 0)::bigint AS cost_won
      FROM commitment c JOIN commitment_share s USING (project_id)
     WHERE c.call_id = ANY ($1) AND c.state = 'COMMITTED'
"""
_PROVINCE = """
    SELECT coalesce(sum(amount_won), 0)::bigint FROM budget_line
     WHERE source = 'PROVINCE' AND track = $1 AND fiscal_year = $2 AND state = 'CONFIRMED'
"""
_DONE_AT_FIRMS = """
    WITH own AS (
        SELECT r.id, r.state FROM residency r JOIN waiting_project w USING (project_id)
         WHERE w.call_id = ANY ($1) AND r.answered_at IS NOT NULL AND r.state <> 'DECLINED'
    )
    SELECT (SELECT count(*) FROM own WHERE state = 'ENDED') AS residencies_ended,
           (SELECT coalesce(sum(s.minutes * cardinality(s.mentor_ids)), 0)::bigint
              FROM mentor_session s JOIN own ON own.id = s.residency_id
             WHERE s.confirmed_at IS NOT NULL) AS know_how_minutes,
           count(i.id) AS items_found,
           count(i.id) FILTER (WHERE i.state = 'CLOSED') AS items_closed,
           count(i.id) FILTER (WHERE i.state = 'REJECTED') AS items_rejected
      FROM own LEFT JOIN improvement_item i ON i.residency_id = own.id
"""
_IN_THE_LEDGER_ONLY = frozenset({"due", "back"})
"""Of what is owed back the ledger knows no origin; what is shown of either origin is held against the cases."""


async def as_told(databases: Databases, report: SeasonReport) -> Claim:
    """Hold one season's shown figures against own SQL."""
    applicant, funding = databases["applicant"], databases["funding"]
    claim = Claim("tables-as-told")
    calls = [report.call_id, *report.extra_call_ids]
    paid = await funding.fetchrow(_PAID, calls)
    province = await funding.fetchval(_PROVINCE, report.track, report.year)
    told: dict[str, tuple[object, object]] = {
        "places": (await applicant.fetchval(_PLACES, report.call_id), report.places),
        "agreements in force": (
            await applicant.fetchval(_IN_FORCE, calls),
            sum(row.in_force for row in report.types),
        ),
        "public won": (paid["public_won"], report.public_won),
        "firms' won": (paid["sme_won"], report.sme_won),
        "burden in truth": (paid["sme_won"] * 10_000 // max(1, paid["cost_won"]), report.effective_burden_bp),
        "province's budget": (province, province_won(report)),
    }
    if report.standing:
        by_source = standing.of_source(await standing.in_the_ledger(funding), report.year, report.track)
        told["sources of money"] = (sorted(by_source), sorted(row.source for row in report.standing))
        for row in report.standing:
            of_row = by_source.get(row.source, {})
            expected = {state: won for state, won in of_row.items() if state not in _IN_THE_LEDGER_ONLY}
            found = {name.removesuffix("_won"): won for name, won in row.won.items() if won}
            told[f"money of {row.source} by state"] = (expected, found)
    if report.done_at_firms is not None:
        done = dict(await databases["mentoring"].fetchrow(_DONE_AT_FIRMS, calls))
        told["done at firms"] = (done, asdict(report.done_at_firms))
    if report.outcomes and report.gauge is not None:
        told |= await outcomes.medians(databases, report.outcomes)
        shown = sum(row.in_use or 0 for row in report.gauge.rows)
        told["factories in use"] = (await outcomes.in_use(databases), shown)
    for what, (held, said) in told.items():
        claim.expect(f"{report.scenario}: {what}", expected=held, found=said)
    return claim
