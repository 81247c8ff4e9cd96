"""The fixture `drill`, and the report at the end: DRILL_SIZE says how large (ci, full), DRILL_REPORTS where it is kept."""

import os
import time
from collections.abc import AsyncIterator, Iterator
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from smartfactory.stack.provision import SERVICES, DatabaseUrls
from tests.support.access.building import BUILT_OF, built_worlds
from tests.support.access.worlds import World
from tests.support.drills.figures import Drill, Size
from tests.support.drills.installation import Installation
from tests.support.drills.report import Outcome, text_of
from tests.support.servers import Servers

_drill = pytest.StashKey[Drill]()
_outcomes = pytest.StashKey[list[Outcome]]()
_began = pytest.StashKey[float]()
_failed = pytest.StashKey[bool]()
_standing = pytest.StashKey[Installation]()


def _size() -> Size:
    size = os.environ.get("DRILL_SIZE", "ci")
    if size not in {"ci", "full"}:
        raise pytest.UsageError(f"DRILL_SIZE is ci or full, not {size!r}")
    return "full" if size == "full" else "ci"


def pytest_sessionstart(session: pytest.Session) -> None:
    session.config.stash[_outcomes] = []
    session.config.stash[_began] = time.monotonic()


@pytest.fixture(scope="session")
def crashable_servers() -> Iterator[Servers]:
    """Servers of the installation's own, which its drills crash and starve while others' drills run on the shared ones."""
    servers = Servers(durable=True)
    # Here, on the main thread, whose end would take them with it: drills do much in other threads.
    assert servers.postgres.answers()
    servers.kafka.start()
    servers.start_by_forking([*(f"{service}.main" for service in SERVICES), "tests.support.parcels.main"])
    yield servers
    servers.close()


@pytest.fixture
def installation(
    crashable_servers: Servers, request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Installation]:
    """One installation for many drills, with all that happened in it; after a drill that failed, a new one."""
    stash = request.config.stash
    if stash.get(_standing, None) is None:
        stash[_standing] = Installation(crashable_servers, tmp_path_factory.mktemp("installation"))
    standing = stash[_standing]
    standing.start()
    yield standing
    if request.node.stash.get(_failed, False):
        standing.close()
        del stash[_standing]


@pytest.fixture(scope="session")
def owned_urls(session_servers: Servers) -> Iterator[dict[str, DatabaseUrls]]:
    """The databases of `owned_worlds`."""
    urls = session_servers.fresh_databases(BUILT_OF, migrated=True)
    yield urls
    session_servers.stop_processes()
    session_servers.drop_databases(list(urls.values()))


@pytest.fixture(scope="session")
async def owned_worlds(owned_urls: dict[str, DatabaseUrls]) -> AsyncIterator[dict[str, World]]:
    """Each service with the things of two owners in it: built once, for all drills that go through every route."""
    async with built_worlds(owned_urls) as worlds:
        yield worlds


@pytest.fixture
def drill(request: pytest.FixtureRequest) -> Drill:
    """This drill's size and figures."""
    made = Drill(_size())
    request.node.stash[_drill] = made
    return made


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Iterator[None]:
    report = yield
    item.stash[_failed] = item.stash.get(_failed, False) or report.failed
    if report.when == "call" or (report.when == "setup" and report.failed):
        marks = [id_ for mark in item.iter_markers("promise") for id_ in mark.args]
        made = item.stash.get(_drill, None)
        told = (getattr(item, "function", None) and item.function.__doc__) or item.name.replace("_", " ")
        outcome = Outcome(
            promises=tuple(marks),
            name=item.nodeid,
            says=" ".join(told.split()).rstrip("."),
            passed=report.passed,
            seconds=call.duration,
            figures=tuple(made.figures) if made else (),
        )
        item.config.stash[_outcomes].append(outcome)
    return report


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    outcomes = config.stash.get(_outcomes, [])
    if not outcomes:
        return
    text = text_of(outcomes, size=_size(), seconds=time.monotonic() - config.stash[_began])
    folder = os.environ.get("DRILL_REPORTS")
    if folder is None:
        terminalreporter.write_line(text)
        return
    place = Path(folder) / f"{datetime.now(ZoneInfo('Asia/Seoul')).date().isoformat()}.md"
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_text(text, encoding="utf-8")
    terminalreporter.write_line(f"drills: the report is in {place}")
