"""Stories and edges of domain.md section 7, as the databases of a whole season tell them: across services, by SQL."""

import asyncio
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import asyncpg
import pytest

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
