"""From form to payout, as the tutorial's reader goes: every command of the page on a whole installation of its own."""

import asyncio
import os
import sys
from pathlib import Path

from tests.repo.tree import ROOT
from tests.support.live_programme import Programme
from tests.support.quick_starts import faults_of, run_all, steps

_SECONDS = 900.0


async def test_every_command_of_the_tutorial_takes_an_application_from_form_to_payout(
    programme: Programme, tmp_path: Path
) -> None:
    found = steps((ROOT / "docs/tutorial.md").read_text("utf-8"))
    env = {
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}", "LC_ALL": "C.UTF-8", "HOME": str(tmp_path),
        "ORIGIN": programme.origin, "RUN": str(programme.data),
    }  # fmt: skip

    printed = await asyncio.to_thread(run_all, found, tmp_path, env, seconds=_SECONDS)

    assert len(printed) == len(found) > 20
    assert {number: faults for number, step in enumerate(found) if (faults := faults_of(step, printed[number]))} == {}
