"""Sessions that both sides confirm, and items from found to closed: the rules by themselves."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime
from uuid import UUID

import pytest

from mentoring.visits import domain
from mentoring.visits.domain import Item, ItemState, Kpi, Place, RejectReason, Session, Stay

NOW = datetime(2024, 6, 10, 1, tzinfo=UTC)
TODAY = date(2024, 6, 10)
STAY = Stay(
    residency_id=UUID(int=1),
    state="STARTED",
    members=frozenset({UUID(int=2), UUID(int=3)}),
    started_on=date(2024, 6, 3),
    ended_on=None,
)
SESSION = Session(
    id=UUID(int=4),
    residency_id=UUID(int=1),
    held_on=date(2024, 6, 5),
    minutes=180,
    place=Place.AT_FIRM,
    mentor_ids=(UUID(int=2),),
    recorded_by="mentor",
    recorded_at=NOW,
)
ITEM = Item(
    id=UUID(int=5),
    residency_id=UUID(int=1),
    kpi=Kpi.DEFECTS,
    before_sha256="0" * 64,
    found_by="mentor",
    found_at=NOW,
    changed_by="mentor",
    changed_at=NOW,
)


@pytest.mark.parametrize(("held_on", "stay"), [
    (date(2024, 6, 2), STAY),
    (date(2024, 6, 11), STAY),
    (date(2024, 6, 8), replace(STAY, ended_on=date(2024, 6, 7))),
    (date(2024, 6, 5), replace(STAY, started_on=None, state="ACCEPTED")),
])  # fmt: skip
def test_a_session_was_in_the_time_of_the_residency_and_is_not_to_come(held_on: date, stay: Stay) -> None:
    assert domain.record_session(SESSION, STAY, today=TODAY) is SESSION
    with pytest.raises(domain.NotAtTheFirm):
        domain.record_session(replace(SESSION, held_on=held_on), stay, today=TODAY)


def test_only_mentors_of_the_team_were_there() -> None:
    with pytest.raises(domain.NotOfTheTeam):
        domain.record_session(replace(SESSION, mentor_ids=(UUID(int=2), UUID(int=9))), STAY, today=TODAY)


def test_the_firm_confirms_a_session_once_as_it_was_read() -> None:
    with pytest.raises(domain.SessionStale):
        domain.confirm_session(SESSION, version=2, by="firm", now=NOW)
    confirmed = domain.confirm_session(SESSION, version=1, by="firm", now=NOW)
    with pytest.raises(domain.SessionConfirmed):
        domain.confirm_session(confirmed, version=2, by="firm", now=NOW)


_STEPS: dict[str, Callable[[Item], Item]] = {
    "agree": lambda item: domain.agree_item(item, version=item.version, by="firm", now=NOW),
    "begin": lambda item: domain.begin_item(item, version=item.version, by="mentor", now=NOW),
    "close": lambda item: domain.close_item(item, after_sha256="1" * 64, version=item.version, by="mentor", now=NOW),
    "reject": lambda item: domain.reject_item(item, RejectReason.TOO_COSTLY, version=item.version, by="firm", now=NOW),
}
_ALLOWED = {
    ItemState.FOUND: {"agree", "reject"},
    ItemState.AGREED: {"begin", "reject"},
    ItemState.IN_PROGRESS: {"close", "reject"},
    ItemState.CLOSED: set[str](),
    ItemState.REJECTED: set[str](),
}


def test_an_item_goes_its_one_way_and_no_other() -> None:
    for state, allowed in _ALLOWED.items():
        for name, step in _STEPS.items():
            item = replace(ITEM, state=state)
            if name in allowed:
                assert step(item).version == item.version + 1
            else:
                with pytest.raises(domain.ItemNotInState):
                    step(item)
    with pytest.raises(domain.ItemStale):
        domain.agree_item(ITEM, version=7, by="firm", now=NOW)
