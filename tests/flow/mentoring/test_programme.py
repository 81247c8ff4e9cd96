"""The mentorship programme across processes: what people decide over HTTP, the service's own worker tells on Kafka."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from common.event import WireRecord, decode, open_envelope
from common.kafka import KafkaOptions, Publisher
from common.kafka_history import History
from contracts.mentoring import MentorTrainingCompleted, ResidencyAssigned
from contracts.roles import Role
from mentoring.main import SERVICE
from smartfactory.stack.migrations import topics
from smartfactory.stack.provision import DatabaseUrls
from smartfactory.stack.topics import have_topics
from tests.support.listening import NOW, listener
from tests.support.mentoring import (
    confirm_plan,
    made,
    matching_rule,
    needs,
    open_cohort,
    project_confirmed,
    recruit,
    request_plan,
    state_needs,
    train,
    trained_team,
)
from tests.support.records import wire
from tests.support.servers import Servers
from tests.support.waiting import eventually


async def test_who_completed_the_training_is_told_to_everybody(
    servers: Servers, fresh_databases: Callable[..., dict[str, DatabaseUrls]], topic_prefix: str
):
    urls = fresh_databases("mentoring", migrated=True)
    options = KafkaOptions(bootstrap_servers=servers.bootstrap_servers, client_id="test", topic_prefix=topic_prefix)
    await have_topics(options, topics())
    async with listener(SERVICE, urls) as mentoring:
        worker = servers.service("mentoring", "worker", urls["mentoring"], topic_prefix=topic_prefix).start()
        cohort = await open_cohort(mentoring)
        mentors = [await recruit(mentoring, cohort, f"mentor-{number}") for number in range(3)]
        await train(mentoring, cohort, *mentors[:2])

        async def told() -> list[WireRecord]:
            assert worker.exit_code() is None, worker.log
            async with History(options, [MentorTrainingCompleted.TOPIC]) as history:
                found = [record async for batch in history.to_the_end() for record in batch]
            return found if len(found) >= 2 else []

        heard = [
            decode(*open_envelope(record), MentorTrainingCompleted)
            for record in await eventually(told, deadline=60, what="two mentors on the topic")
        ]
        assert sorted(str(each.key) for each in heard) == sorted(mentors[:2])
        assert worker.stop() == 0


async def test_story_7_the_plan_says_who_has_no_slot_and_what_a_team_of_two_would_change(
    servers: Servers, fresh_databases: Callable[..., dict[str, DatabaseUrls]], topic_prefix: str
):
    urls = fresh_databases("mentoring", migrated=True)
    options = KafkaOptions(bootstrap_servers=servers.bootstrap_servers, client_id="test", topic_prefix=topic_prefix)
    await have_topics(options, topics())
    projects = [project_confirmed() for _ in range(3)]
    publisher = Publisher(options)
    await publisher.start()
    published = await publisher.publish([wire(each, 1, at=NOW) for each in projects], deadline_seconds=60)
    await publisher.close()
    assert all(published.acknowledged), published.fault
    async with listener(SERVICE, urls) as mentoring:
        worker = servers.service("mentoring", "worker", urls["mentoring"], topic_prefix=topic_prefix).start()

        async def waiting() -> bool:
            assert worker.exit_code() is None, worker.log
            listed = await mentoring.get("/v1/waiting-projects", role=Role.MENTOR_LEAD)
            return len(listed.json()["items"]) == 3

        await eventually(waiting, deadline=60, what="three projects that wait")
        cohort = await open_cohort(mentoring)
        team = await trained_team(mentoring, cohort, "one", ("2024-06-03", 6), ("2024-07-15", 6))
        await made(mentoring, "POST", "/v1/matching-rules", matching_rule(), role=Role.MENTOR_LEAD)
        for project in projects:
            await state_needs(mentoring, project.project_id, needs(6))
        plan = await request_plan(mentoring)

        async def matched() -> bool:
            assert worker.exit_code() is None, worker.log
            seen = await mentoring.get(f"/v1/mentor-plans/{plan}", role=Role.AUDITOR)
            return bool(seen.json()["state"] == "PROPOSED")

        await eventually(matched, deadline=60, what="the plan")
        two = {"mentor_ids": team["mentor_ids"], "like_team_id": team["id"]}
        slots = {"rotations": [{"first_week": "2025-03-03", "weeks": 6}, {"first_week": "2025-04-14", "weeks": 6}]}
        for what_if in (slots | two, slots | {"like_team_id": team["id"]}):
            await made(mentoring, "POST", f"/v1/mentor-plans/{plan}/what-ifs", what_if, role=Role.MENTOR_LEAD)

        async def answered() -> Any:
            assert worker.exit_code() is None, worker.log
            asked = (await mentoring.get(f"/v1/mentor-plans/{plan}", role=Role.AUDITOR)).json()["what_ifs"]
            return asked if all(each["state"] == "ANSWERED" for each in asked) else None

        moved, more = await eventually(answered, deadline=60, what="both what-ifs")
        # The team's own two mentors cannot be in two teams: theirs is no more, and its firms wait until March.
        assert moved["result"]["placed"] == 2
        assert {each["first_week"] for each in moved["result"]["shifted"]} <= {"2025-03-03", "2025-04-14"}
        assert (more["result"]["placed_before"], more["result"]["placed"]) == (2, 3)
        changed = [*more["result"]["gains"], *more["result"]["shifted"]]
        assert (len(more["result"]["gains"]), more["result"]["loses"]) == (1, [])
        assert "2025-03-03" in {each["first_week"] for each in changed}
        confirmed = await confirm_plan(mentoring, plan)
        assert confirmed.status_code == 201, confirmed.text
        assert [each["why"] for each in confirmed.json()["left_out"]] == ["OTHERS_FIT_BETTER"]

        async def told() -> list[WireRecord]:
            async with History(options, [ResidencyAssigned.TOPIC]) as history:
                found = [record async for batch in history.to_the_end() for record in batch]
            return found if len(found) >= 2 else []

        records = await eventually(told, deadline=60, what="two residencies on the topic")
        heard = [decode(*open_envelope(record), ResidencyAssigned) for record in records]
        assert {each.key for each in heard} == {UUID(each["id"]) for each in team["rotations"]}
        assert worker.stop() == 0
