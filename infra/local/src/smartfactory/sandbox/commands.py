"""`smartfactory sandbox`: a place for integrators to try their client against a recorded season, and a report on it."""

import asyncio
import fcntl
import json
import logging
import os
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Annotated

import msgspec
from cyclopts import App, Parameter, validators
from rich.console import Console

from common.acting import THE_SERVICE
from common.clock import SystemClock
from common.db import Database
from common.errors import Text
from common.kafka import KafkaOptions
from smartfactory.console import GOOD, NOTE
from smartfactory.interrupts import Interrupts
from smartfactory.running import DATA_DIR, DataDir, application_urls, readable_urls, running_data
from smartfactory.sandbox import options, showing
from smartfactory.sandbox.gathering import handled_in, look
from smartfactory.sandbox.judging import Seen, all_taken, judged
from smartfactory.sandbox.ledger import Ledger, Ledgers, owner_named
from smartfactory.sandbox.options import Faults
from smartfactory.sandbox.pace import Pace
from smartfactory.sandbox.planning import Step, all_again, planned
from smartfactory.sandbox.recording import endings_of, the_season, to_tell, written
from smartfactory.sandbox.recording_command import record_season, write_recording
from smartfactory.sandbox.replaying import Replay
from smartfactory.sandbox.serving import ServeOptions, refuse_elsewhere, serve
from smartfactory.stack.datadir import SANDBOX, DataDirectory
from smartfactory.stack.faults import StackFault
from smartfactory.stack.logs import Loudness

SANDBOX_DIR = Path(".sandbox")

_INTERRUPTED = 130
_PORT, _KAFKA_PORT = 8080, 9092
_LOOK_SECONDS = 0.2

app = App(name="sandbox", help="Try a client against a recorded season: same topics, feed and webhooks, with faults.")

Count = Annotated[int, Parameter(validator=validators.Number(gte=0, lte=1_000))]
Seed = Annotated[int, Parameter(validator=validators.Number(gte=0, lt=2**31))]
Number = Annotated[int | None, Parameter(validator=validators.Number(gte=1))]
Port = Annotated[int, Parameter(validator=validators.Number(gte=1, lte=65_535))]

_real_time = SystemClock()


@app.default
def start(
    *,
    data_dir: DataDir = SANDBOX_DIR,
    port: Port = _PORT,
    kafka_port: Port = _KAFKA_PORT,
    logs: Loudness = Loudness.WARNINGS,
) -> int:
    """Start metrics, Kafka, the issuer and the gateway, say what to connect to, stay up until Ctrl-C.

    Parameters
    ----------
    port
        The one port of REST: tokens, the feed, webhooks' endpoints.
    kafka_port
        Kafka's port.
    logs
        How much of the services' logs to show here.
    """
    return serve(ServeOptions(data_dir=data_dir, port=port, kafka_port=kafka_port, logs=logs), Console(soft_wrap=True))


@app.command
def replay(
    *,
    speed: str = "1w/s",
    duplicates: Count = 0,
    gaps: Count = 0,
    restarts: str = "",
    only: str = "",
    seed: Seed = 1,
    again: bool = False,
    data_dir: DataDir = SANDBOX_DIR,
) -> int:
    """Tell the recorded season to the running sandbox, under ids that no replay had before.

    Parameters
    ----------
    speed
        How much programme time passes in a second, as 1d/s, 12h/s or 2w/s, or max.
    duplicates
        How many events are sent again, as after a relay that died: each with what followed it in its key.
    gaps
        How many keys are silent for a while and tell what they held back later, in their order.
    restarts
        What of ours is started anew in the midst, as worker,broker=2,api.
    only
        Kinds to tell, as residency,project.selected; all without it.
    seed
        Where the faults come; the same seed, the same places.
    again
        Tell the newest replay once more under the same ids, as after a log that was lost.
    """
    faults = Faults(duplicates=duplicates, gaps=gaps, restarts=options.restarts_of(restarts), seed=seed)
    programme_seconds, kinds = options.speed_of(speed), options.kinds_of(only)
    data = _running(data_dir)
    if again and (duplicates or gaps or restarts or only):
        raise StackFault(
            Text("--again은 다른 조건과 함께 쓸 수 없습니다.", "--again goes with no fault and no choice of kinds."),
            Text("--again만 쓰거나 빼 주세요.", "Say --again alone, or leave it away."),
        )
    ledgers = Ledgers(data.sandbox)
    data.sandbox.mkdir(exist_ok=True)
    with _alone(data):
        if again:
            ledger = ledgers.get(None)
            events = to_tell(the_season(), replay=ledger.replay)
            steps = all_again([*events, *endings_of(events)], [one.place for one in ledger.told])
        else:
            number = max(ledgers.numbers, default=0) + 1
            said = f"--speed {speed} --duplicates {duplicates} --gaps {gaps} --restarts {restarts or '-'} --seed {seed}"
            ledger = Ledger(replay=number, said=said, seed=seed, began_at=_real_time.now())
            steps = planned(to_tell(the_season(), replay=number), kinds, faults)
        _pause_file(data).unlink(missing_ok=True)  # what was held before is over
        pace = Pace(programme_seconds, is_paused=_pause_file(data).exists)
        return asyncio.run(_replay(data, ledger, steps, pace, Console(soft_wrap=True)))


@app.command
def pause(*, data_dir: DataDir = SANDBOX_DIR) -> int:
    """Hold a replay where it is; nothing is told until `resume`."""
    data = _running(data_dir)
    _pause_file(data).touch()
    Console().print(f"{NOTE} 재생을 멈췄습니다. smartfactory sandbox resume · replays are held until `resume`")
    return 0


@app.command
def resume(*, data_dir: DataDir = SANDBOX_DIR) -> int:
    """Let a held replay go on from where it is."""
    _pause_file(_running(data_dir)).unlink(missing_ok=True)
    Console().print(f"{GOOD} 이어집니다 · it goes on")
    return 0


@app.command
def report(
    *,
    replay: Number = None,
    received: Path | None = None,
    whose: Annotated[str, Parameter(name="--as")] = "samsung",
    wait: Annotated[float, Parameter(validator=validators.Number(gte=0, lte=600))] = 0.0,
    as_json: Annotated[bool, Parameter(name="--json")] = False,
    data_dir: DataDir = SANDBOX_DIR,
) -> int:
    """Say what was told how often, what was acknowledged, and what a naive client would have lost or doubled.

    Parameters
    ----------
    replay
        Which replay; the newest without it.
    received
        A file with the id of each event that your client handled, one on a line: the exit code says whether it has
        everything once.
    whose
        Whose client that is: samsung, or a municipality's code.
    wait
        Seconds to wait at most until the group and the receivers have taken everything.
    as_json
        For programs.
    """
    data = _running(data_dir)
    ledger = Ledgers(data.sandbox).get(replay)
    owner = owner_named(whose, ledger)
    handled = None if received is None else handled_in(received)
    seen = asyncio.run(_looked(data, ledger, wait=wait))
    verdict = judged(ledger, seen, owner=owner, handled=handled)
    if as_json:
        said = msgspec.to_builtins(verdict) | {"ledger": ledger.replay}
        print(json.dumps(said, ensure_ascii=False, indent=1))
    else:
        showing.show_verdict(Console(soft_wrap=True), verdict)
    return 0 if verdict.received is None or verdict.received.complete else 1


@app.command
def record(*, to: Path, season: str, data_dir: DataDir = DATA_DIR) -> int:
    """Make the recording anew from a season that was played in an installation of the programme.

    Parameters
    ----------
    to
        The file to write.
    season
        What was played, to be said in the recording.
    data_dir
        The installation of the programme, which must be running.
    """
    recording = asyncio.run(record_season(readable_urls(running_data(data_dir)), season=season))
    if not recording.events:
        raise StackFault(
            Text("기록할 이벤트가 없습니다.", "There is no event to record."),
            Text("시즌을 먼저 실행해 주세요: smartfactory run", "Play a season first: `smartfactory run`."),
        )
    write_recording(written(recording), to)
    Console().print(f"{GOOD} 이벤트 {len(recording.events)}건을 기록했습니다 · events recorded: {to}")
    return 0


async def _replay(data: DataDirectory, ledger: Ledger, steps: Sequence[Step], pace: Pace, console: Console) -> int:
    # A broker that is restarted is no news: the replay waits for it.
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
    metrics = _metrics(data)
    with Interrupts() as interrupts:
        try:
            watch = partial(showing.show_step, console)
            await Replay(data, metrics, _kafka(data), ledger, pace, watch).run(steps)
        except asyncio.CancelledError:
            if not interrupts.fired:
                raise
            console.print(f"{NOTE} 재생을 그만두었습니다 · the replay was broken off; what it told stands.")
            return _INTERRUPTED
        finally:
            await metrics.dispose()
    showing.show_end(console, ledger)
    return 0


async def _looked(data: DataDirectory, ledger: Ledger, *, wait: float) -> Seen:
    metrics, ends = _metrics(data), time.monotonic() + wait
    try:
        while True:
            seen = await look(ledger, metrics=metrics, kafka=_kafka(data))
            if all_taken(seen) or time.monotonic() >= ends:
                return seen
            await asyncio.sleep(_LOOK_SECONDS)
    finally:
        await metrics.dispose()


def _running(data_dir: Path) -> DataDirectory:
    """The sandbox that runs there; raises StackFault where there is none, or what is there is no sandbox."""
    refuse_elsewhere(os.environ)
    data = DataDirectory(data_dir)
    if data.purpose not in {None, SANDBOX}:
        data.dedicate(SANDBOX)
    if not data.is_held():
        raise StackFault(
            Text(f"{data.root}에서 실행 중인 연습용 설치가 없습니다.", f"No sandbox is running on {data.root}."),
            Text("smartfactory sandbox를 먼저 실행해 주세요.", "Start it first with `smartfactory sandbox`."),
        )
    return data


@contextmanager
def _alone(data: DataDirectory) -> Iterator[None]:
    with (data.sandbox / "lock").open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise StackFault(
                Text("다른 재생이 진행 중입니다.", "Another replay is under way."),
                Text("끝날 때까지 기다리거나 Ctrl-C로 그만두세요.", "Wait for its end, or break it off with Ctrl-C."),
            ) from None
        yield


def _metrics(data: DataDirectory) -> Database:
    url = application_urls(data)["metrics"]
    return Database(url, application_name="smartfactory-sandbox", pool_size=2, acting=THE_SERVICE)


def _kafka(data: DataDirectory) -> KafkaOptions:
    chosen = data.recall("ports")
    port = chosen["kafka"] if isinstance(chosen, dict) else 0
    return KafkaOptions(bootstrap_servers=f"127.0.0.1:{port}", client_id="smartfactory-sandbox")


def _pause_file(data: DataDirectory) -> Path:
    data.sandbox.mkdir(exist_ok=True)
    return data.sandbox / "paused"
