"""What the report makes of a replay: who has everything once, who does not, and who was only lucky."""

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest

from metrics.webhooks.domain.messages import SAMSUNG
from smartfactory import cli
from smartfactory.sandbox import commands
from smartfactory.sandbox.gathering import handled_in
from smartfactory.sandbox.judging import Delivery, OnKafka, Seen, all_taken, judged
from smartfactory.sandbox.ledger import (
    Ledger,
    Ledgers,
    Overtaking,
    Repetition,
    Restarting,
    TellingOf,
    owner_named,
)
from smartfactory.sandbox.serving import refuse_elsewhere
from smartfactory.stack.datadir import PROGRAMME, SANDBOX, DataDirectory
from smartfactory.stack.faults import StackFault
from smartfactory.stack.ports import free_port

NOW = datetime(2024, 5, 20, 1, 0, tzinfo=UTC)
ONE, TWO, THREE, STRANGER = (UUID(int=number) for number in range(1, 5))
JEONJU = "52110"


def told(place: int, id_: UUID, *, days: int, owners: tuple[str, ...] = (SAMSUNG,)) -> TellingOf:
    return TellingOf(place=place, type="t", at=NOW + timedelta(days=days), messages=dict.fromkeys(owners, id_))


def ledger(**changes: object) -> Ledger:
    known = [told(0, ONE, days=0), told(2, THREE, days=2, owners=(SAMSUNG, JEONJU)), told(1, TWO, days=1)]
    return Ledger(**{"replay": 1, "said": "", "seed": 1, "began_at": NOW, "told": known, **changes})  # type: ignore[arg-type]


def on_kafka(*ids: UUID) -> list[OnKafka]:
    return [OnKafka(id=one, topic="t", partition=0, offset=offset) for offset, one in enumerate(ids)]


def seen(*ids: UUID, group: int = 0, deliveries: tuple[Delivery, ...] = ()) -> Seen:
    return Seen(records=on_kafka(*ids), group={("t", 0): group} if group else {}, in_feed=3, deliveries=deliveries)


def delivery(id_: UUID, *, state: str = "DELIVERED", attempts: int = 1, answered: int = 1, hours: int = 0) -> Delivery:
    return Delivery(
        event_id=id_, owner=SAMSUNG, url="http://127.0.0.1:1/", state=state, attempts=attempts, answered=answered,
        taken_at=NOW + timedelta(hours=hours) if answered else None,
    )  # fmt: skip


def test_what_is_repeated_and_what_was_held_back_is_what_naive_clients_double_and_lose() -> None:
    hooks = (delivery(ONE, attempts=3, answered=2), delivery(TWO), delivery(THREE, state="FAILED", answered=0))
    restarts = [Restarting(what="api", feed=2), Restarting(what="worker", feed=3)]
    verdict = judged(ledger(restarts=restarts), seen(ONE, THREE, TWO, ONE, group=3, deliveries=hooks))
    assert (verdict.kafka.events, verdict.kafka.records, verdict.kafka.acknowledged) == (3, 4, 3)
    assert verdict.naive.doubled_by_records == 1
    assert verdict.naive.lost_by_time == 1
    assert verdict.naive.doubled_by_webhooks == 1
    assert verdict.naive.doubled_by_streams == 2
    (endpoint,) = verdict.endpoints
    assert (endpoint.messages, endpoint.delivered, endpoint.sent, endpoint.taken) == (3, 2, 5, 3)
    assert verdict.received is None


@pytest.mark.parametrize(
    ("hooks", "misled"),
    [
        ((delivery(ONE, hours=2), delivery(TWO, hours=1)), 1),
        ((delivery(ONE, hours=1), delivery(TWO, hours=2)), 0),  # the worker was away, and the later one too
        ((delivery(ONE), delivery(TWO, state="FAILED", answered=0)), 0),
        ((delivery(TWO),), 0),  # the endpoint came when the first had been told
        ((), 0),
    ],
)
def test_whoever_took_a_webhook_behind_a_later_one_is_counted(hooks: tuple[Delivery, ...], misled: int) -> None:
    overtaken = [Overtaking(place=0, behind=1)]
    assert judged(ledger(overtaken=overtaken), seen(deliveries=hooks)).naive.misled_by_webhooks == misled


@pytest.mark.parametrize(
    ("handled", "missing", "doubled", "others"),
    [
        ([ONE, TWO, THREE], [], {}, 0),
        ([THREE, ONE], [TWO], {}, 0),
        ([ONE, TWO, THREE, ONE, ONE], [], {ONE: 3}, 0),
        ([ONE, TWO, THREE, STRANGER, STRANGER], [], {}, 1),
        ([], [ONE, THREE, TWO], {}, 0),
    ],
)
def test_a_client_has_everything_once_or_it_is_said_what_it_has_not(
    handled: list[UUID], missing: list[UUID], doubled: dict[UUID, int], others: int
) -> None:
    received = judged(ledger(), seen(), handled=handled).received
    assert received is not None
    assert (received.missing, received.doubled, received.others) == (missing, doubled, others)
    assert received.complete is (not missing and not doubled)


def test_a_municipality_is_asked_only_for_its_own() -> None:
    received = judged(ledger(), seen(), owner=owner_named(JEONJU, ledger()), handled=[THREE]).received
    assert received is not None
    assert received.complete
    assert owner_named("Samsung", ledger()) == SAMSUNG
    with pytest.raises(StackFault, match="told 52999 nothing") as fault:
        owner_named("52999", ledger())
    assert "samsung, 52110" in fault.value.remedy.ko


def test_all_is_taken_when_the_group_is_at_the_end_and_no_webhook_is_on_its_way() -> None:
    assert all_taken(seen(ONE, group=1, deliveries=(delivery(ONE), delivery(TWO, state="GIVEN_UP", answered=0))))
    assert not all_taken(seen(ONE, TWO, group=1))
    assert not all_taken(seen(ONE))
    assert not all_taken(seen(ONE, group=1, deliveries=(delivery(ONE, state="FAILED", answered=0),)))


def test_the_ids_of_a_file_are_the_first_of_each_line_and_no_file_is_said(tmp_path: Path) -> None:
    path = tmp_path / "handled.txt"
    path.write_bytes(f"{ONE} project.selected {TWO}\nnothing\n\xff {THREE}\n{ONE}".encode("latin-1"))
    assert handled_in(path) == [ONE, THREE, ONE]
    with pytest.raises(StackFault, match="cannot be read"):
        handled_in(tmp_path / "nowhere.txt")


def test_a_replay_is_found_again_and_one_that_never_was_is_said(tmp_path: Path) -> None:
    ledgers = Ledgers(tmp_path / "sandbox")
    with pytest.raises(StackFault, match="Nothing was replayed"):
        ledgers.get(None)
    kept = ledger(again=[Repetition(place=0, on_kafka=[ONE], by_webhook=1)])
    ledgers.keep(kept)
    ledgers.keep(ledger(replay=12))
    assert ledgers.get(1) == kept
    assert ledgers.get(None).replay == 12
    with pytest.raises(StackFault, match="no replay 7"):
        ledgers.get(7)


@pytest.mark.parametrize(
    "environment",
    [{"APP_ENV": "production"}, {"KAFKA_BOOTSTRAP_SERVERS": "k:9092"}, {"METRICS_DATABASE_URL": "postgresql://m"}],
)
def test_where_other_peoples_data_is_there_is_no_sandbox(environment: dict[str, str]) -> None:
    with pytest.raises(StackFault):
        refuse_elsewhere(environment)
    refuse_elsewhere({"APP_ENV": "test", "FUNDING_DATABASE_URL": "postgresql://f"})


@pytest.mark.parametrize(("fact", "said"), [("ports", "the programme's data"), ("purpose", "a sandbox's data")])
def test_what_holds_other_data_is_refused_by_the_commands_before_anything_starts(
    fact: str, said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("APP_ENV", "KAFKA_BOOTSTRAP_SERVERS", "METRICS_DATABASE_URL"):
        monkeypatch.delenv(name, raising=False)
    directory = DataDirectory(tmp_path)
    directory.hold()
    directory.remember(fact, SANDBOX)
    directory.release()
    if fact == "ports":
        code = commands.start(data_dir=tmp_path, port=free_port(), kafka_port=free_port())
        with pytest.raises(StackFault, match=said):
            commands.replay(data_dir=tmp_path)
    else:
        code = cli.run(season=False, data_dir=tmp_path, port=free_port())
    printed = " ".join(capsys.readouterr().out.split())
    assert code == 1
    assert said in printed
    assert re.search("자료가 있어", printed)
    assert {path.name for path in tmp_path.iterdir()} == {f"{fact}.json", "lock", "format-version"}


def test_without_a_sandbox_that_runs_there_is_nothing_to_replay_to(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("APP_ENV", "KAFKA_BOOTSTRAP_SERVERS", "METRICS_DATABASE_URL"):
        monkeypatch.delenv(name, raising=False)
    for command in (commands.replay, commands.pause, commands.resume, commands.report):
        with pytest.raises(StackFault, match="No sandbox is running"):
            command(data_dir=tmp_path / "nowhere")
    with pytest.raises(StackFault, match="is no speed"):
        commands.replay(speed="fast", data_dir=tmp_path / "nowhere")


def test_a_directory_is_for_one_purpose_for_ever(tmp_path: Path) -> None:
    new, old = DataDirectory(tmp_path / "new"), DataDirectory(tmp_path / "old")
    for data in (new, old):
        data.root.mkdir()
    new.dedicate(SANDBOX)
    new.dedicate(SANDBOX)
    with pytest.raises(StackFault, match="a sandbox's data"):
        new.dedicate(PROGRAMME)
    old.remember("ports", {"kafka": 1})
    with pytest.raises(StackFault, match="the programme's data"):
        old.dedicate(SANDBOX)
    old.dedicate(PROGRAMME)
