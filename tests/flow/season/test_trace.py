"""One case followed through all services after a season: complete, in order, and found by any of its marks."""

import json
from collections import Counter
from collections.abc import Mapping

import asyncpg
import pytest
from rich.console import Console

from smartfactory.trace_command import as_json, as_table
from smartfactory.tracing import Happening, Kind, follow
from tests.flow.season.conftest import Databases

pytestmark = pytest.mark.anyio

_PROMOTED = "SELECT id::text, application_id::text FROM project WHERE promoted AND state = 'CONFIRMED' LIMIT 1"


async def row(urls: Mapping[str, str], service: str, sql: str, *arguments: object) -> asyncpg.Record:
    connection = await asyncpg.connect(urls[service])
    try:
        return await connection.fetchrow(sql, *arguments)
    finally:
        await connection.close()


def lines(story: list[Happening], *kinds: Kind) -> list[tuple[str, str]]:
    return [(one.service, one.what) for one in story if one.kind in kinds]


async def test_a_project_is_followed_from_the_draft_to_the_last_service_that_heard_of_it(databases: Databases) -> None:
    urls = databases.urls()
    project, application = await row(urls, "applicant", _PROMOTED)
    story = await follow(urls, project)
    told = [line for line in lines(story, Kind.EVENT) if line[0] != "metrics"]
    outside = [what for service, what in lines(story, Kind.EVENT) if service == "metrics"]
    assert outside[:3] == [
        "partner.project.selected.v1",
        "partner.project.agreement-effective.v1",
        "partner.mentoring.residency-assigned.v1",
    ]
    assert len(outside) == len(set(outside)), "partners are told each once"
    assert told[:11] == [
        ("applicant", "application.submitted.v1"),
        ("applicant", "application.found-eligible.v1"),
        ("applicant", "application.ranked.v1"),
        ("applicant", "selection.commitment-requested.v1"),
        ("applicant", "application.ranked.v1"),
        ("applicant", "project.selected.v1"),
        ("funding", "commitment.committed.v1"),
        ("applicant", "project.confirmed.v1"),
        ("applicant", "project.agreement-signed.v1"),
        ("funding", "commitment.coverage-completed.v1"),
        ("applicant", "project.agreement-effective.v1"),
    ]
    assert told[11:13] == [
        ("mentoring", "rotation.residency-assigned.v1"),
        ("mentoring", "rotation.residency-accepted.v1"),
    ]
    since = {name: [what for service, what in told[13:] if service == name] for name, _ in told}
    assert all(since.values()), "then money, visits and inspections alternate"
    # Which project moved up is for the season to say: it may be the one whose supplier goes bankrupt.
    if since["applicant"][-1] == "project.terminated.v1":
        assert since["applicant"][-2:] == ["project.suspended.v1", "project.terminated.v1"]
        assert since["mentoring"][-1] == "rotation.residency-released.v1"
    else:
        assert since["applicant"] == ["project.interim-inspection-passed.v1", "project.completed.v1"]
        assert since["mentoring"] == [
            "rotation.residency-started.v1",
            "rotation.improvement-item-closed.v1",
            "rotation.residency-ended.v1",
        ]
    assert story[0].what == "application-drafted"
    assert [one.at for one in story] == sorted(one.at for one in story)
    applied = lines(story, Kind.APPLIED)
    assert {service for service, what in applied if what == "project.confirmed.v1"} == {
        "funding",
        "mentoring",
        "metrics",
    }
    times_told = Counter(what for _, what in told)
    assert all(count == times_told[what] for (_, what), count in Counter(applied).items()), "each is applied once"
    assert all(one.delay_ms is not None and one.delay_ms >= 0 for one in story if one.kind is Kind.APPLIED)
    decided = {what for _, what in lines(story, Kind.DECISION)}
    assert {"application-submitted", "eligibility-decided", "project-selected", "project-committed"} <= decided
    own = {project, application, f"project/{project}", f"application/{application}"}
    others = {one.service for one in story if one.of not in own}
    # Its turn, what the tax office says of its firm before each payment, the payments, its team, and who counts.
    assert others == {"applicant", "funding", "mentoring", "metrics"}
    assert await follow(urls, application) == story, "the application and its project are one case"


async def test_a_request_is_followed_to_what_it_set_off_in_other_services(databases: Databases) -> None:
    urls = databases.urls()
    (project, _) = await row(urls, "applicant", _PROMOTED)
    told = await row(
        urls,
        "funding",
        "SELECT correlation_id, event_id::text, split_part(traceparent, '-', 2) FROM outbox WHERE key::text = $1 ORDER BY id",
        project,
    )
    story = await follow(urls, told[0])
    assert {one.correlation_id for one in story if one.kind in {Kind.EVENT, Kind.APPLIED}} == {told[0]}
    assert ("applicant", "selection-decided") in lines(story, Kind.DECISION)
    assert {"commitment-refused", "project-committed"} <= {what for _, what in lines(story, Kind.DECISION)}
    assert "application-submitted" not in {one.what for one in story}, "that was another request"
    assert await follow(urls, told[1]) == story, "an event leads to all that its request set off"
    assert await follow(urls, told[2]) == story, "one request, one trace"


async def test_what_is_parked_and_settled_is_part_of_the_story(databases: Databases) -> None:
    urls = databases.urls()
    (project, _) = await row(urls, "applicant", _PROMOTED)
    broken = databases.broken_copy(
        "funding",
        f"""
        INSERT INTO parked_event (identity, topic, partition, kafka_offset, key, sequence, type, record_headers, reason,
            detail, resolved_at, resolution, resolved_by)
        VALUES ('planted', 'applicant.project.v1', 0, 1, '{project}', 9, 'a.b.c.project.withdrawn.v1', '[]', 'refused',
            'rule: secret', now() + interval '1 minute', 'redriven', 'platform.operator:-:lee')
        """,
    )
    story = await follow(databases.urls(funding=broken), project)
    parked, resolved = story[-2:]
    assert (parked.kind, parked.service, parked.sequence) == (Kind.PARKED, "funding", 9)
    assert "refused" in parked.note
    assert (resolved.kind, resolved.note, resolved.actor) == (Kind.RESOLVED, "redriven", "platform.operator:-:lee")
    assert "secret" not in as_json(story)


async def test_the_story_is_readable_by_a_person_and_by_a_program(databases: Databases) -> None:
    urls = databases.urls()
    (project, _) = await row(urls, "applicant", _PROMOTED)
    story = await follow(urls, project)
    console = Console(width=400)
    with console.capture() as capture:
        console.print(as_table(story))
    text = capture.get()
    assert "실제 시각" in text
    assert "programme time" in text
    assert text.count("처리 applied") == len(lines(story, Kind.APPLIED))
    assert f"project/{project}" in text
    told = json.loads(as_json(story))
    assert [one["what"] for one in told] == [one.what for one in story]
    assert {one["kind"] for one in told} == {"event", "applied", "decision"}


@pytest.mark.parametrize("wanted", ["nobody-knows-this", "0199f1c2-6a5e-7d30-9c41-8d2b6a51e0f3", "a" * 32, "'; --"])
async def test_of_an_unknown_mark_there_is_no_story(databases: Databases, wanted: str) -> None:
    assert await follow(databases.urls(), wanted) == []
