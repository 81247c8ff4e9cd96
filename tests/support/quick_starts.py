"""Pages of commands that somebody follows: what they tell to run, what they show for it, and what it came to."""

import json
import re
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_BLOCK = re.compile(r"^```(bash|json|http|csv|text)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_THE_SAME = {"code", "status", "state", "row", "rows", "accepted", "refused", "field", "cell", "happened"}
_MARK = "-- end of block --"


@dataclass(frozen=True)
class Step:
    """One block of commands, and the answer that the page shows for its last one."""

    commands: str
    kind: str | None
    shown: str


def steps(page: str) -> list[Step]:
    """The page's blocks of commands in their order; what stands in ```sh is told and not run."""
    found: list[Step] = []
    for kind, content in _BLOCK.findall(page):
        if kind == "bash":
            found.append(Step(content, None, ""))
        else:
            assert found[-1].kind is None, "two answers to one block"
            found[-1] = Step(found[-1].commands, kind, content)
    return found


def run_all(found: Sequence[Step], folder: Path, env: Mapping[str, str], *, seconds: float) -> list[str]:
    """What each block printed, run one after another in one shell."""
    script = "set -euo pipefail\n" + "".join(f"{step.commands}\necho; echo '{_MARK}'\n" for step in found)
    done = subprocess.run(
        ["bash", "-c", script], cwd=folder, env=env, capture_output=True, timeout=seconds, check=False
    )
    assert done.returncode == 0, done.stderr.decode() + done.stdout.decode()
    return done.stdout.decode("utf-8-sig").split(f"\n{_MARK}\n")[:-1]


def differences(shown: Any, answered: Any, at: str = "") -> Iterator[str]:
    """Where an answer lacks what the page shows, or has it in another kind; amounts and ids may differ."""
    if isinstance(shown, dict) and isinstance(answered, dict):
        for name, value in shown.items():
            if name not in answered:
                yield f"{at}/{name} is missing"
            else:
                yield from differences(value, answered[name], f"{at}/{name}")
    elif isinstance(shown, list) and isinstance(answered, list):
        if len(answered) < len(shown):
            yield f"{at} has {len(answered)} entries and {len(shown)} are shown"
        for number, (value, other) in enumerate(zip(shown, answered, strict=False)):
            yield from differences(value, other, f"{at}/{number}")
    elif type(shown) is not type(answered) or (at.rpartition("/")[2] in _THE_SAME and shown != answered):
        yield f"{at} is {answered!r} and {shown!r} is shown"


def faults_of(step: Step, printed: str) -> list[str]:
    """How what was printed differs from what the page shows."""
    if step.kind == "json":
        return list(differences(json.loads(step.shown), json.loads(printed.strip().splitlines()[-1])))
    if step.kind == "http":
        status, *headers = step.shown.strip().splitlines()
        lines = printed.replace("\r", "").splitlines()
        names = {line.partition(":")[0].lower() for line in lines}
        wanted = [header.partition(":")[0] for header in headers]
        return [f"{lines[0]} is not {status}"] * (lines[0].split()[1] != status.split()[1]) + [
            f"no header {name}" for name in wanted if name.lower() not in names
        ]
    if step.kind in {"csv", "text"}:
        said = printed.replace('"', "")
        return [f"no line {line}" for line in step.shown.strip().splitlines() if line.removesuffix("...") not in said]
    return []
