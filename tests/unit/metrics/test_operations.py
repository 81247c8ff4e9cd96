"""How far a service is behind the others, from what the two tell; and what is not known is not said."""

from datetime import UTC, datetime, timedelta
from typing import Any

from metrics.operations.domain import Behind, Check, Parked, Place, State, Unsent, bad, behind, sum_of

AT = datetime(2024, 5, 20, 1, 0, tzinfo=UTC)
PROJECTS, CALLS, PARTNERS = "applicant.project.v1", "applicant.call.v1", "partner.project.v1"


def state(service: str, **changes: Any) -> State:
    told: dict[str, Any] = {
        "service": service, "running_version": "1", "ready": True, "checks": (), "relay_leads": True,
        "unsent_events": Unsent(0, None), "parked_events": Parked(0, 0, None), "listens_to": (), "sent": (),
        "heard": (), "read_at": AT,
    }  # fmt: skip
    return State(**(told | changes))


def test_a_service_is_behind_by_what_was_sent_and_it_has_not_heard_partition_by_partition() -> None:
    writer = state("applicant", sent=(Place(PROJECTS, 0, 9), Place(PROJECTS, 1, 4), Place(CALLS, 0, 70)))
    listener = state("funding", listens_to=(PROJECTS,), heard=(Place(PROJECTS, 0, 7), Place(PROJECTS, 1, 4)))
    assert behind(listener, {"applicant": writer, "funding": listener}) == [Behind(PROJECTS, 2)]


def test_a_partition_of_which_nothing_was_heard_is_behind_from_its_first_record() -> None:
    writer = state("applicant", sent=(Place(PROJECTS, 0, 9),))
    for heard in ((), (Place(PROJECTS, 0, -1),)):
        listener = state("funding", listens_to=(PROJECTS,), heard=heard)
        assert behind(listener, {"applicant": writer}) == [Behind(PROJECTS, 10)]


def test_what_was_heard_before_its_sender_has_noted_it_is_no_debt() -> None:
    writer = state("applicant", sent=(Place(PROJECTS, 0, 9),))
    listener = state("funding", listens_to=(PROJECTS,), heard=(Place(PROJECTS, 0, 12),))
    assert behind(listener, {"applicant": writer}) == [Behind(PROJECTS, 0)]


def test_a_topic_on_which_nothing_was_ever_sent_is_read_to_its_end() -> None:
    listener = state("funding", listens_to=(CALLS,))
    assert behind(listener, {"applicant": state("applicant")}) == [Behind(CALLS, 0)]


def test_while_a_writer_is_away_neither_the_topic_nor_the_sum_is_known() -> None:
    listener = state("funding", listens_to=(PROJECTS, PARTNERS))
    lags = behind(listener, {"metrics": state("metrics", sent=(Place(PARTNERS, 0, 2),))})
    assert lags == [Behind(PROJECTS, None), Behind(PARTNERS, 3)]
    assert sum_of(lags) is None
    assert (sum_of(lags[1:]), sum_of([])) == (3, 0)


def test_only_what_is_missing_is_a_complaint_and_nothing_has_waited_less_than_no_time() -> None:
    good, missing = Check("database", True, "answers"), Check("schema", False, "the schema is old")
    assert bad((good, missing)) == [missing]
    told = state("metrics")
    assert told.waited(AT - timedelta(minutes=3)) == timedelta(minutes=3)
    assert told.waited(AT + timedelta(seconds=1)) == timedelta()
    assert told.waited(None) is None
