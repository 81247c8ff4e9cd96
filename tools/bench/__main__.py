"""`make bench`: starts all that is measured, measures it round after round, ends it, and writes the report."""

import argparse
import shutil
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import uvloop

from tools.bench import probe, statements, suites
from tools.bench.applications import Applications
from tools.bench.ground import Ground
from tools.bench.measured.ageing import Ageing
from tools.bench.measured.aggregates import Aggregates
from tools.bench.measured.chain import Chain
from tools.bench.measured.codec import Codec
from tools.bench.measured.cohorts import Cohorts
from tools.bench.measured.commands import Commands
from tools.bench.measured.consuming import Consuming
from tools.bench.measured.edge import EdgeCost
from tools.bench.measured.matching import MatchingPlans
from tools.bench.measured.memory import Memory
from tools.bench.measured.outside import Outside
from tools.bench.measured.rebuilding import Rebuilding
from tools.bench.measured.relay import RelayDrain
from tools.bench.measured.waking import Waking
from tools.bench.report import Report
from tools.bench.suites import Suite

_SERVICES = ("applicant", "funding", "metrics", "mentoring")
_ROUNDS, _MINUTES = 15, 24.0
_ONLY_NAMED = frozenset({"cohorts", "aggregates"})
"""To prepare these, or a round of them, takes minutes: they are measured when they are asked for."""
_REPORTS = Path(__file__).parents[2] / "docs" / "bench"


def main() -> int:
    """Run it; 1 when a figure is void."""
    arguments = _arguments()
    only = {name.strip() for name in arguments.only.split(",") if name.strip()}
    folder = Path(tempfile.mkdtemp(prefix="smartfactory-bench-"))
    try:
        return uvloop.run(_run(arguments, only, folder))
    finally:
        shutil.rmtree(folder, ignore_errors=True)


async def _run(arguments: argparse.Namespace, only: set[str], folder: Path) -> int:
    began = time.monotonic()
    ground = Ground(folder, _SERVICES)
    applications = Applications(ground)
    wanted = [one for one in _suites(ground, applications) if only & _ids(one) or not (only or one.name in _ONLY_NAMED)]
    try:
        facts = await _start(ground, wanted)
        until = began + arguments.minutes * 60
        readings = await suites.run(wanted, rounds=arguments.rounds, seed=arguments.seed, until=until, say=_say)
        told = await _statements(ground, applications)
        report = Report(
            readings,
            command=" ".join(("make bench", *([f'ARGS="{given}"'] if (given := " ".join(sys.argv[1:])) else []))),
            seed=arguments.seed,
            seconds=time.monotonic() - began,
            facts=facts,
            statements=told,
        )
        sys.stdout.write(report.text())
        if arguments.write is not None or not only:
            _say(f"written to {report.write(arguments.write or _REPORTS)}")
        return 1 if report.void else 0
    finally:
        ground.stop()


async def _statements(ground: Ground, applications: Applications) -> Sequence[str]:
    if "applicant-api" not in ground.children:
        return ()
    try:
        return await statements.of_one_submission(ground, applications)
    except Exception as error:  # noqa: BLE001  the figures are worth reporting without it
        _say(f"the statements of a submission could not be counted: {error}")
        return ()


async def _start(ground: Ground, wanted: Sequence[Suite]) -> dict[str, str]:
    """Start the servers if anything needs them, and say what they are."""
    if all(isinstance(suite, Codec | MatchingPlans) for suite in wanted):
        return {}
    _say("starting PostgreSQL and Kafka")
    await ground.issuer.start()
    ground.start_servers()
    await ground.make_topics()
    async with ground.administrator("applicant") as admin:
        postgres = await admin.fetchval("SHOW server_version")
    flushes = probe.flushes_per_second(ground.folder)
    return {
        "PostgreSQL": f"{postgres}, fsync on, shipped settings",
        "Kafka": f"{ground.kafka_version()}, one broker, acks of all replicas",
        "disk": f"{flushes:,.0f} flushes of 8 KiB a second",
    }


def _ids(suite: Suite) -> set[str]:
    return {figure.id.split()[0] for figure in suite.figures}


def _suites(ground: Ground, applications: Applications) -> Sequence[Suite]:
    return [
        Commands(ground, applications),
        EdgeCost(ground),
        RelayDrain(ground),
        Ageing(ground),
        Consuming(ground),
        Chain(ground, applications),
        Waking(ground),
        Codec(),
        MatchingPlans(ground),
        Rebuilding(ground),
        Outside(ground),
        Cohorts(ground),
        Aggregates(ground),
        Memory(ground),
    ]


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument(
        "--rounds", type=int, default=_ROUNDS, help="rounds per figure (15; fewer claim no difference below 1.3x)"
    )
    parser.add_argument("--only", default="", help="figures to measure, joined by commas: P1,P3")
    parser.add_argument("--seed", type=int, default=1, help="fixes the order of suites and variants")
    parser.add_argument("--minutes", type=float, default=_MINUTES, help="begin no round after so many minutes")
    parser.add_argument(
        "--write", type=Path, default=None, help="folder for the dated report (docs/bench when all is measured)"
    )
    return parser.parse_args()


def _say(text: str) -> None:
    sys.stderr.write(f"bench: {text}\n")


if __name__ == "__main__":
    sys.exit(main())
