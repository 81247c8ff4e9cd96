"""Stories and edges of domain.md section 7, as the databases of a whole season tell them: across services, by SQL."""

import asyncio
from collections.abc import Callable, Iterator, Mapping
from datetime import timedelta
from typing import Any

import asyncpg
import pytest

from common.clock import KST
from smartfactory.stack import ports
from smartfactory.stack.postgres import PostgresOptions, start_postgres
from tests.flow.season.conftest import Played

Rows = list[Mapping[str, Any]]
Ask = Callable[[str, str], Rows]


@pytest.fixture(scope="module")
def ask(played: Played) -> Iterator[Ask]:
    """A question in SQL to one service's database; nothing but PostgreSQL runs."""
    log = played.directory / "postgres-stories.log"
    postgres = start_postgres(PostgresOptions(directory=played.directory / "postgres", log=log, port=ports.free_port()))
    postgres.await_ready()

    async def fetch(service: str, question: str) -> Rows:
        connection = await asyncpg.connect(postgres.admin.url(service).replace("+asyncpg", ""))
        try:
            return [dict(row) for row in await connection.fetch(question)]
        finally:
            await connection.close()

    yield lambda service, question: asyncio.run(fetch(service, question))
    postgres.stop()


def test_story_2_no_agreement_is_in_force_before_province_municipality_and_firm_have_covered(ask: Ask) -> None:
    in_force = {
        row["project_id"]: row["effective_at"]
        for row in ask("applicant", "SELECT project_id, effective_at FROM agreement WHERE effective_at IS NOT NULL")
    }
    covered = ask(
        "funding",
        "SELECT project_id, array_agg(source) AS sources, count(*) FILTER (WHERE covered_at IS NULL) AS open,"
        " max(covered_at) AS last FROM coverage_line GROUP BY project_id",
    )
    of = {row["project_id"]: row for row in covered}
    paying = ask(
        "funding",
        "SELECT project_id, array_agg(source) AS sources FROM commitment_share WHERE amount_won > 0 GROUP BY project_id",
    )
    shares = {row["project_id"]: set(row["sources"]) for row in paying}
    assert in_force
    assert any({"PROVINCE", "MUNICIPALITY", "SME"} <= shares[project_id] for project_id in in_force)
    for project_id, effective_at in in_force.items():
        assert shares[project_id] <= set(of[project_id]["sources"])
        assert (of[project_id]["open"], of[project_id]["last"] <= effective_at) == (0, True)


def test_story_3_each_refusal_carries_its_clause_the_appeal_date_and_a_notice(ask: Ask) -> None:
    refused = ask(
        "applicant",
        "SELECT id, eligibility->'failed_rules' AS failed, appeal_until,"
        " (SELECT count(*) FROM notice WHERE notice.application_id = application.id AND state = 'SENT') AS told,"
        " (SELECT jsonb_agg(finding->>'source') FROM screening, jsonb_array_elements(findings) AS finding"
        "   WHERE screening.application_id = application.id AND finding->>'outcome' = 'FAIL') AS clauses"
        " FROM application WHERE eligibility->>'failed_rules' <> '[]'",
    )
    assert refused
    for each in refused:
        assert each["appeal_until"] is not None
        assert each["told"] >= 1
        assert each["clauses"] not in {None, "[]"}
        assert '""' not in each["clauses"]


def test_story_4_who_declared_a_conflict_scored_nothing_of_that_firm_and_the_case_was_scored_by_others(
    ask: Ask,
) -> None:
    declared = ask(
        "applicant",
        "SELECT application_id,"
        " (SELECT count(*) FROM score_sheet s WHERE s.application_id = c.application_id"
        "   AND s.member_id = c.member_id) AS own,"
        " (SELECT count(*) FROM score_sheet s WHERE s.application_id = c.application_id) AS others,"
        " (SELECT count(*) FROM journal_entry j WHERE j.chain = 'application/' || c.application_id"
        "   AND j.decision LIKE '%conflict%')"
        " + (SELECT count(*) FROM coaching k WHERE c.statement = 'coaching/' || k.id) AS recorded"
        " FROM conflict_of_interest c",
    )
    assert declared
    assert [(row["own"], row["others"] > 0, row["recorded"] > 0) for row in declared] == [(0, True, True)] * len(
        declared
    )


def test_story_6_each_draw_had_its_invoice_the_firms_own_money_and_two_approvers_and_a_third_who_ordered(
    ask: Ask,
) -> None:
    drawn = ask(
        "funding",
        "SELECT invoice_sha256, state, requested_by, ordered_by, amount_won,"
        " (SELECT array_agg(approver) FROM release_approval WHERE release_id = release.id) AS approvers,"
        " (SELECT array_agg(body) FROM release_approval WHERE release_id = release.id) AS bodies,"
        " (SELECT committed_won FROM release_line l WHERE l.project_id = release.project_id"
        "   AND l.source = release.source) AS committed,"
        " (SELECT coalesce(sum(amount_won), 0) FROM self_payment p WHERE p.project_id = release.project_id"
        "   AND state IN ('VERIFIED', 'ACCEPTED') AND verified_at <= requested_at) AS proven,"
        " (SELECT amount_won FROM coverage_line c WHERE c.project_id = release.project_id AND source = 'SME') AS due"
        " FROM release WHERE mode = 'DRAW'",
    )
    assert drawn
    for each in drawn:
        assert each["invoice_sha256"]
        assert set(each["bodies"]) == {"PROVINCE", "MUNICIPALITY"}
        people = [each["requested_by"], *each["approvers"], each["ordered_by"]]
        assert len(set(people)) == len(people) >= 4
        assert each["amount_won"] <= each["committed"]
        assert each["proven"] >= each["due"]


def test_edge_1_the_shares_of_every_project_are_its_whole_cost_and_a_cap_only_raises_the_firms(
    ask: Ask,
) -> None:
    split = ask(
        "funding",
        "SELECT total_cost_won, nominal_burden_bp, effective_burden_bp,"
        " (SELECT sum(amount_won) FROM commitment_share s WHERE s.project_id = commitment.project_id) AS shared"
        " FROM commitment",
    )
    assert split
    assert all(row["shared"] == row["total_cost_won"] for row in split)
    assert all(0 < row["nominal_burden_bp"] <= row["effective_burden_bp"] for row in split)


def test_edge_6_after_a_termination_nothing_more_is_ordered_and_the_fault_is_named(ask: Ask) -> None:
    ended = ask(
        "applicant",
        "SELECT b.project_id, b.terminated_at, c.fault_party, c.proposed_by <> c.decided_by AS two"
        " FROM build b JOIN build_change c ON c.project_id = b.project_id AND c.kind = 'TERMINATION'"
        " WHERE b.state = 'TERMINATED' AND c.state = 'APPROVED'",
    )
    assert ended
    for each in ended:
        assert each["fault_party"] is not None
        assert each["two"]
        later = ask(
            "funding",
            f"SELECT id FROM release WHERE project_id = '{each['project_id']}'"
            f" AND ordered_at > '{each['terminated_at'].isoformat()}'",
        )
        assert later == []


def test_edge_3_a_plant_counts_for_the_municipality_that_its_old_or_its_new_code_means(ask: Ask) -> None:
    """45110 on papers of 2023 and 52111 of a 2024 address are both Jeonju, in every service that counts or pays."""
    written = ask(
        "applicant",
        "SELECT w.code_as_written, w.municipality_code, p.id AS project_id FROM worksite w"
        " JOIN application a ON a.worksite_id = w.id LEFT JOIN project p ON p.application_id = a.id"
        " WHERE w.code_as_written <> w.municipality_code",
    )
    assert {row["code_as_written"][:2] for row in written} == {"45", "52"}, "both ways of writing are in the season"
    towns = {"110": "52110", "111": "52110", "113": "52110", "130": "52130", "720": "52720"}
    assert all(towns[row["code_as_written"][2:]] == row["municipality_code"] for row in written)
    wanted = {row["project_id"]: row["municipality_code"] for row in written if row["project_id"]}
    for service, counts in (
        ("funding", "SELECT project_id, municipality_code FROM commitment"),
        ("mentoring", "SELECT project_id, municipality_code FROM waiting_project"),
        ("metrics", "SELECT project_id, municipality_code FROM site"),
    ):
        counted = {row["project_id"]: row["municipality_code"] for row in ask(service, counts)}
        shared = wanted.keys() & counted.keys()
        assert shared, service
        assert {project: counted[project] for project in shared} == {project: wanted[project] for project in shared}


def test_edge_4_money_of_one_fiscal_year_pays_into_the_next_and_the_settlement_counts_from_completion(
    ask: Ask,
) -> None:
    built = {
        row["project_id"]: row["completed_at"]
        for row in ask("applicant", "SELECT project_id, completed_at FROM build WHERE state = 'COMPLETED'")
    }
    crossed = ask(
        "funding",
        "SELECT c.project_id, s.due_on, s.rule_version, c.fiscal_year,"
        " (SELECT array_agg(DISTINCT l.fiscal_year) FROM commitment_share h JOIN budget_line l"
        "   ON l.id = h.budget_line_id WHERE h.project_id = c.project_id) AS years_of_money,"
        " (SELECT max(r.ordered_at) FROM release r WHERE r.project_id = c.project_id) AS last_paid"
        " FROM commitment c JOIN settlement s ON s.project_id = c.project_id",
    )
    later = [each for each in crossed if built[each["project_id"]].year > each["fiscal_year"]]
    assert later
    for each in later:
        assert each["years_of_money"] == [each["fiscal_year"]], "a commitment keeps its year's money"
        assert each["last_paid"].year == each["fiscal_year"] + 1, "and that money is paid in the next"
        completed = built[each["project_id"]].astimezone(KST).date()
        assert timedelta(days=59) <= each["due_on"] - completed <= timedelta(days=66), "two months, to a working day"
    uncarried = ask(
        "funding",
        "SELECT DISTINCT l.id FROM release r JOIN commitment_share h ON h.project_id = r.project_id"
        " AND h.source = r.source JOIN budget_line l ON l.id = h.budget_line_id"
        " WHERE extract(year FROM r.ordered_at AT TIME ZONE 'Asia/Seoul') > l.fiscal_year"
        " AND NOT EXISTS (SELECT FROM carry_over o WHERE o.budget_line_id = l.id AND o.state = 'CONFIRMED'"
        "   AND o.to_year = l.fiscal_year + 1 AND o.proposed_by <> o.confirmed_by)",
    )
    assert uncarried == [], "two people carried over every line that paid after its year"


def test_edge_9_a_firm_that_is_ended_stays_in_the_denominator(ask: Ask) -> None:
    """Of the traps what the programme measures so far: who is ended counts as ended and does not drop out."""
    sites = ask(
        "metrics",
        "SELECT project_id, agreed_at, terminated_at, completed_at FROM site"
        " WHERE call_id IN (SELECT call_id FROM site WHERE terminated_at IS NOT NULL)",
    )
    agreed, ended, completed = (
        {row["project_id"] for row in sites if row[moment] is not None}
        for moment in ("agreed_at", "terminated_at", "completed_at")
    )
    effective = ask("applicant", "SELECT project_id FROM agreement WHERE effective_at IS NOT NULL")
    assert agreed <= {row["project_id"] for row in effective}
    assert ended
    assert not ended & completed
    assert ended | completed == agreed


def test_edge_9_every_completed_factory_is_asked_for_its_outcomes_from_the_day_of_its_inspection(ask: Ask) -> None:
    asked = ask(
        "metrics",
        "SELECT project_id, company_id, agreed_at, completed_at FROM outcome_project WHERE completed_at IS NOT NULL",
    )
    built = ask(
        "applicant",
        "SELECT b.project_id, p.company_id, a.effective_at AS agreed_at, b.completed_at"
        " FROM build b JOIN agreement a USING (project_id) JOIN application p ON p.id = b.application_id"
        " WHERE b.completed_at IS NOT NULL",
    )
    assert built

    def told(rows: Rows) -> set[tuple[Any, ...]]:
        return {tuple(row[name] for name in ("project_id", "company_id", "agreed_at", "completed_at")) for row in rows}

    assert told(asked) == told(built)


def test_rules_r_05_and_r_06_are_looked_at_again_and_a_firm_in_arrears_is_paid_once_it_is_good(ask: Ask) -> None:
    bad = ask("funding", "SELECT project_id, answered_at FROM standing WHERE state = 'BAD'")
    assert bad, "a firm of the season falls into arrears"
    for held in bad:
        project = held["project_id"]
        holds = ask(
            "funding",
            f"SELECT placed_at, lifted_at FROM release_hold WHERE project_id = '{project}'"
            " AND reason = 'PROJECT_FIRM_STANDING'",
        )
        assert holds
        assert all(hold["lifted_at"] is not None for hold in holds)
        paid = ask("funding", f"SELECT ordered_at FROM release WHERE project_id = '{project}' AND state = 'POSTED'")
        assert paid
        assert all(release["ordered_at"] >= hold["lifted_at"] for release in paid for hold in holds)
    ordered = ask(
        "funding", "SELECT count(*) AS all, count(standing_id) AS on_one FROM release WHERE ordered_at IS NOT NULL"
    )
    assert ordered[0]["all"] == ordered[0]["on_one"] > 0
