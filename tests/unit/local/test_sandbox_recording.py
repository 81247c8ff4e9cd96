"""The recording that comes with the sandbox: of today's contracts, of every kind, and of nothing that must not leave."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec
import pytest
from msgspec.structs import fields

from contracts import partner
from metrics.partners import commands as partners
from metrics.webhooks.commands.telling import TOLD, messages_of, told_fields
from metrics.webhooks.domain.messages import SAMSUNG, TO_SAMSUNG
from smartfactory.sandbox.recording import endings_of, read, received_as, recorded, the_season, to_tell, written
from smartfactory.sandbox.recording_command import rows_in_order
from tests.support.builders import project_selected

RECORDING = the_season()
AGAIN = "play a season and make it anew: docs/partner/sandbox.md, at its end"
NOW = datetime(2024, 5, 20, 1, 0, tzinfo=UTC)
_A_CODE = re.compile(r"[A-Z0-9_.-]+", re.ASCII)
_A_MOMENT = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}(T[0-9:.]+(Z|\+09:00))?", re.ASCII)


def test_it_has_the_very_fields_that_leave_by_todays_contracts() -> None:
    stale = {
        one.type
        for one in RECORDING.events
        if one.told.keys() != told_fields(one.contract) & {each.name for each in fields(one.contract)}
    }
    assert not stale, AGAIN


def test_it_has_every_kind_that_samsung_is_told() -> None:
    told = to_tell(RECORDING, replay=1)
    heard = [*told, *endings_of(told)]
    kinds = {message.type for one in heard for message in one.messages if message.owner == SAMSUNG}
    assert kinds == TO_SAMSUNG, AGAIN
    assert {one.recorded.contract for one in told} >= partners.SEEN
    assert all(one.messages for one in told), "and nothing that nobody is told"


def test_nothing_of_money_scores_or_persons_is_in_it() -> None:
    seen = {
        name for cls in vars(partner).values() if hasattr(cls, "__struct_fields__") for name in cls.__struct_fields__
    }
    for one in RECORDING.events:
        if one.contract in partners.SEEN and one.contract.__module__ == "contracts.mentoring":
            assert one.told.keys() <= seen, one.type
        for name, value in one.told.items():
            assert not re.search(r"_won$|_bp$|score|rank|name|company|account|phone|mail", name), name
            assert isinstance(value, bool | int) or _A_CODE.fullmatch(value) or _A_MOMENT.fullmatch(value), (
                name,
                value,
            )


def test_the_events_that_are_told_keep_what_was_made_up_to_themselves() -> None:
    made_up = {one.place: one.event for one in to_tell(RECORDING, replay=1)}
    for one in to_tell(RECORDING, replay=1):
        said = msgspec.json.encode([message.data for message in one.messages]).decode()
        assert "SANDBOX" not in said
        for field in set(type(one.event).__struct_fields__) - one.recorded.told.keys():
            assert field not in [name for message in one.messages for name in message.data], (one.place, field)
    assert any("SANDBOX" in str(event) for event in made_up.values()), "something was made up"


def test_ids_are_the_replays_own_and_the_same_when_it_is_told_again() -> None:
    first, same, second = (to_tell(RECORDING, replay=number) for number in (1, 1, 2))
    ids = [{message.id for one in told for message in one.messages} for told in (first, same, second)]
    keys = [{one.event.key for one in told} for told in (first, same, second)]
    assert ids[0] == ids[1]
    assert not ids[0] & ids[2]
    assert keys[0] == keys[1]
    assert not keys[0] & keys[2]


def test_what_is_recorded_is_read_again_and_half_a_file_is_none() -> None:
    content = written(RECORDING)
    assert read(content) == RECORDING
    assert len(content) < 100_000
    for broken in (b"", b"{}", content[: len(content) // 2], content + content.splitlines()[-1]):
        with pytest.raises(msgspec.MsgspecError):
            read(broken)


def test_a_recording_is_of_what_is_told_and_numbers_stand_for_ids() -> None:
    selected = project_selected(promoted=True)
    (one,) = recorded([(selected, NOW)], season="test").events
    assert (one.told["project_id"], one.told["application_id"], one.told["promoted"]) == (1, 2, True)
    assert "company_id" not in one.told
    assert "total_cost_won" not in one.told
    (told,) = to_tell(recorded([(selected, NOW)], season="test"), replay=9)
    by_hand = messages_of(told.event, received_as(told.id, told.event, NOW))
    assert {message.owner for message in by_hand} == {SAMSUNG, selected.municipality_code}
    assert type(selected) in TOLD


def test_a_key_keeps_its_order_whatever_the_programmes_clock_did() -> None:
    def row(key: int, sequence: int, hours: int) -> dict[str, Any]:
        at = NOW + timedelta(hours=hours)
        return {"topic": "t", "key": UUID(int=key), "sequence": sequence, "occurred_at": at, "recorded_at": at}

    rows = [row(2, 2, 6), row(1, 2, 3), row(1, 1, 5), row(2, 1, 4)]
    found = [(one["key"].int, one["sequence"]) for one in rows_in_order(rows)]
    assert found[0] == (2, 1)
    assert found[-1] == (2, 2)
    assert [sequence for key, sequence in found if key == 1] == [1, 2]
