"""The public tables are worked out once and never shown when they no longer hold, whichever replica is asked."""

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, cast

import pytest
from sqlalchemy import text

from common.acting import THE_SERVICE
from common.clock import FixedClock
from common.consumer.rebuild import rebuild
from common.db import Database
from common.event import WireRecord, new_id
from common.kafka_history import History
from contracts.applicant import AgreementEffective, ProjectCompleted, ProjectSelected
from contracts.roles import Role
from metrics.main import SERVICE
from metrics.outcomes import store
from metrics.outcomes.domain.definitions import Wave
from metrics.outcomes.queries import published
from metrics.outcomes.queries.aggregates import read_public_outcomes
from smartfactory.stack.provision import DatabaseUrls
from tests.support.builders import project_selected
from tests.support.listening import NOW, Listener, listener
from tests.support.outcomes import AGREED, COMPLETED, REPORTING, SELECTED, facts, said, verified

pytestmark = pytest.mark.anyio
PUBLIC = "/v1/public/outcomes"
PUBLISHED = datetime(2024, 1, 10, 1, tzinfo=UTC)
FIRMS = 6


@pytest.fixture
def urls(fresh_databases: Callable[..., dict[str, DatabaseUrls]]) -> dict[str, DatabaseUrls]:
    return fresh_databases("metrics", migrated=True)


@pytest.fixture
async def metrics(urls: dict[str, DatabaseUrls]) -> AsyncIterator[Listener]:
    async with listener(SERVICE, urls) as running:
        running.clock.move_to(REPORTING)
        yield running


@pytest.fixture
def worked_out(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """A line for each time that a process works tables out."""
    made: list[str] = []
    tables = published.public_outcomes

    def public_outcomes(*given: Any, **named: Any) -> Any:
        made.append(str(named["as_of"]))
        return tables(*given, **named)

    monkeypatch.setattr(published, "public_outcomes", public_outcomes)
    return made


async def _surveyed(metrics: Listener) -> tuple[list[ProjectSelected], list[WireRecord]]:
    firms = [project_selected(municipality_code="52110", type_code="JS1", track="B") for _ in range(FIRMS)]
    told = [
        *((each, SELECTED) for each in firms),
        *((AgreementEffective(**facts(each)), AGREED) for each in firms),
        *((ProjectCompleted(**facts(each), completion_id=new_id()), COMPLETED) for each in firms),
    ]
    records = [metrics.record(event, at=at) for event, at in told]
    await metrics.apply(records)
    for firm in firms:
        await verified(metrics, firm, said("BASELINE", {"P1": (100, 10)}))
        await verified(metrics, firm, said("COMPLETION", {"P1": (120, 10)}))
    metrics.clock.move_to(PUBLISHED)
    return firms, records


async def _total(metrics: Listener) -> dict[str, Any]:
    answer = await metrics.get(PUBLIC)
    assert answer.status_code == 200, answer.text
    return next(each for each in answer.json()["aggregates"] if (each["kpi"], each["dimension"]) == ("P1", "TOTAL"))


async def test_however_many_ask_at_once_the_tables_are_worked_out_once(
    metrics: Listener, worked_out: list[str]
) -> None:
    await _surveyed(metrics)
    answers = await asyncio.gather(*(metrics.get(PUBLIC) for _ in range(12)))
    assert {each.status_code for each in answers} == {200}
    assert len({each.content for each in answers}) == 1
    assert (await metrics.get("/v1/public/outcome-benchmarks")).status_code == 200
    assert worked_out == ["2023-12-31"]


async def test_a_file_for_everybody_works_nothing_out_that_is_kept(metrics: Listener, worked_out: list[str]) -> None:
    await _surveyed(metrics)
    files = [await metrics.get("/v1/public/exports/outcomes?headings=names") for _ in range(2)]
    assert {each.status_code for each in files} == {200}
    assert files[0].content == files[1].content
    assert (await _total(metrics))["median_bp"] == 2000
    assert ",2000," in files[0].text, "a number stands without quotes"
    assert worked_out == ["2023-12-31"]


async def test_what_is_kept_is_what_one_transaction_works_out(
    metrics: Listener, monkeypatch: pytest.MonkeyPatch
) -> None:
    await _surveyed(metrics)
    monkeypatch.setattr(published, "_PROJECTS_AT_ONCE", 2)
    async with metrics.database.transaction() as tx:
        whole = await read_public_outcomes(tx, Wave.COMPLETION, now=PUBLISHED, minimum=5)
    assert (await metrics.get(PUBLIC)).json() == whole.model_dump(mode="json")


async def test_what_was_read_before_is_known_by_its_tag(metrics: Listener) -> None:
    await _surveyed(metrics)
    first = await metrics.get(PUBLIC)
    tag = first.headers["etag"]
    for listed in (tag, f"W/{tag}", f'"another", {tag}', "*"):
        again = await metrics.http.get(PUBLIC, headers={"If-None-Match": listed})
        assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", tag)
    assert (await metrics.http.get(PUBLIC, headers={"If-None-Match": '"another"'})).status_code == 200
    other = await metrics.http.get(f"{PUBLIC}?wave=YEAR_1", headers={"If-None-Match": tag})
    assert other.status_code == 200


async def test_a_report_that_is_verified_or_corrected_by_the_day_is_seen_by_the_next_request_of_every_replica(
    metrics: Listener, urls: dict[str, DatabaseUrls], worked_out: list[str]
) -> None:
    firms, _ = await _surveyed(metrics)
    async with listener(SERVICE, urls) as replica:
        replica.clock.move_to(PUBLISHED)
        for each in (metrics, replica):
            assert (await _total(each))["median_bp"] == 2000
        # The clock of an installation may go back; so may the day on which a late event happened.
        for at, figures in enumerate((150, 170)):
            metrics.clock.move_to(REPORTING)
            for firm in firms[at:]:
                await verified(metrics, firm, said("COMPLETION", {"P1": (figures, 10)}, reason="MISTAKE"))
            metrics.clock.move_to(PUBLISHED)
            for each in (metrics, replica):
                assert (await _total(each))["median_bp"] == 100 * figures - 10_000
        path = f"/v1/projects/{firms[0].project_id}/outcome-silences"
        metrics.clock.move_to(REPORTING)
        silence = {"wave": "COMPLETION", "reason": "CLOSED"}
        assert (await metrics.post(path, silence, role=Role.TECHNOPARK_OPERATOR)).status_code == 201
        metrics.clock.move_to(PUBLISHED)
        await _total(replica)
    assert len(worked_out) == 7, "by each replica at first and after each of two rounds, and after the silence"


async def test_what_has_no_effect_by_the_day_works_nothing_out_anew(metrics: Listener, worked_out: list[str]) -> None:
    firms, _ = await _surveyed(metrics)
    before = await metrics.get(PUBLIC)
    await verified(metrics, firms[0], said("COMPLETION", {"P1": (1, 10)}, reason="MISTAKE"))
    late = project_selected()
    await metrics.tell(late, at=SELECTED)
    await metrics.tell(ProjectCompleted(**facts(late), completion_id=new_id()), at=PUBLISHED)
    assert (await metrics.get(PUBLIC)).content == before.content
    assert worked_out == ["2023-12-31"]
    metrics.clock.move_to(datetime(2024, 6, 30, 15, tzinfo=UTC))
    assert (await metrics.get(PUBLIC)).json()["as_of"] == "2024-06-30"
    assert worked_out == ["2023-12-31", "2024-06-30"]


async def test_a_completion_that_is_heard_of_late_is_due_at_once(metrics: Listener) -> None:
    await _surveyed(metrics)
    assert (await _total(metrics))["n_due"] == FIRMS
    late = project_selected()
    await metrics.tell(late, at=SELECTED)
    await metrics.tell(ProjectCompleted(**facts(late), completion_id=new_id()), at=COMPLETED)
    assert (await _total(metrics))["n_due"] == FIRMS + 1


async def test_a_rebuild_is_seen_by_the_next_request(metrics: Listener, urls: dict[str, DatabaseUrls]) -> None:
    _, records = await _surveyed(metrics)
    true = await metrics.get(PUBLIC)
    owner = Database(urls["metrics"].owner, application_name="rebuild", acting=THE_SERVICE, pool_size=1)
    try:
        async with owner.transaction() as tx:
            await tx.execute(text("UPDATE outcome_project SET completed_at = NULL"))
        assert (await _total(metrics))["n_due"] is None
        await rebuild(
            owner,
            cast("History", _Log(records)),
            SERVICE.handlers,
            SERVICE.projection,  # type: ignore[arg-type]  it has one
            service="metrics",
            clock=FixedClock(NOW),
            tables=SERVICE.all_tables(),
        )
        assert (await metrics.get(PUBLIC)).content == true.content
        async with owner.transaction() as tx:
            await tx.execute(text("TRUNCATE outcome_project"))
        assert (await _total(metrics))["n_due"] is None
    finally:
        await owner.dispose()


async def test_another_version_of_the_rules_is_another_publication(
    metrics: Listener, monkeypatch: pytest.MonkeyPatch
) -> None:
    await _surveyed(metrics)
    assert (await metrics.get(PUBLIC)).json()["rule_version"] == "2024-1"
    (rules,) = store.rule_versions().values()
    newer = replace(rules, version="2024-2", kpis=tuple(replace(each, edition=2) for each in rules.kpis))
    monkeypatch.setattr(
        store, "_RULES", {"2024-1": replace(rules, valid_from=rules.valid_from.replace(year=2020)), "2024-2": newer}
    )
    answer = (await metrics.get(PUBLIC)).json()
    assert answer["rule_version"] == "2024-2"
    assert {each["n_valid"] for each in answer["aggregates"] if each["dimension"] == "TOTAL"} == {None}


class _Log:
    """The log of Kafka, as far as a rebuild reads it."""

    def __init__(self, records: list[WireRecord]) -> None:
        self._records = records

    async def to_the_end(self) -> AsyncIterator[list[WireRecord]]:
        told, self._records = self._records, []
        yield told
