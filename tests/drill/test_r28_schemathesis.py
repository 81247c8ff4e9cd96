"""Promise R28: whatever is sent to a service, it answers what its OpenAPI document says, in every role."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import pytest

from smartfactory.stack.provision import SERVICES, DatabaseUrls
from tests.support.drills.figures import Drill
from tests.support.fuzzing.run import api_process, fuzz
from tests.support.servers import Servers

_SHORT = ("applicant",)
"""The service of the short slice: the one with most routes. Building the requests of all four takes a minute."""

_PHASES = ("--phases", "coverage,fuzzing,stateful")


@pytest.mark.promise("R28")
def test_every_answer_is_a_documented_one(
    drill: Drill, servers: Servers, fresh_databases: Callable[..., dict[str, DatabaseUrls]], tmp_path: Path
) -> None:
    """Schemathesis, with every check on, finds no answer of any service that its own document does not allow."""
    seconds, services = drill.scale(ci=12, full=110), drill.scale(ci=_SHORT, full=SERVICES)
    urls = fresh_databases(*services, migrated=True)
    # The short slice tries the same cases each time; new ones are what the whole drill looks for.
    seed = drill.scale(ci=("--seed", "28"), full=())
    with ExitStack() as stack:
        targets = {name: stack.enter_context(api_process(servers, name, urls[name])) for name in services}
        with ThreadPoolExecutor(len(targets)) as pool:
            runs = {
                name: pool.submit(fuzz, target, [*_PHASES, *seed, "--max-time", str(seconds)], folder=tmp_path)
                for name, target in targets.items()
            }
        found = {name: run.result() for name, run in runs.items()}
        faults = sum(target.server_errors() for target in targets.values())

    drill.figure("cases tried", sum(each.cases for each in found.values()), limit=f">= {drill.scale(ci=20, full=2000)}")
    drill.figure("operations tried", sum(each.operations for each in found.values()))
    untried = sum(each.untried for each in found.values())
    drill.figure("operations left out", untried, limit=drill.scale(ci="", full="== 0"))
    broken = {name: each for name, each in found.items() if each.broken}
    assert not broken, "\n".join(each.printed for each in broken.values())
    drill.figure("checks broken", len(broken), limit="== 0")
    drill.figure("unexpected faults in the services' logs", faults, limit="== 0")
