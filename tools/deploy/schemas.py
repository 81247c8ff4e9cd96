"""Rendered objects against Kubernetes' published schemas, where an unknown field is a fault."""

from pathlib import Path

from tools.deploy.rendering import OVERLAYS, is_built_in, objects
from tools.deploy.steps import Failed
from tools.deploy.tooling import environment, run

VERSIONS = ("1.32", "1.37")
"""The oldest that has all we use (a pause before the end, by name), and the newest whose schemas are at hand."""


def check(folder: Path) -> str:
    """Validate each overlay for each version; objects of operators are another step's."""
    program = environment("tools") / "kubernetes-validate"
    seen = 0
    for overlay in OVERLAYS:
        wanted = sum(is_built_in(each) for each in objects((folder / f"{overlay}.yaml").read_text("utf-8")))
        for version in VERSIONS:
            done = run([program, "-k", version, "--strict", folder / f"{overlay}.yaml"])
            lines = (done.stdout + done.stderr).splitlines()
            faults = [line for line in lines if line.startswith("ERROR")]
            passed = sum(" passed for resource " in line for line in lines)
            # Whoever broke off in the middle has found no fault in the rest.
            if faults or done.returncode or passed != wanted:
                told = [f"{passed} of {wanted} objects were validated", *lines[-20:]]
                raise Failed(f"{overlay} for {version}\n" + "\n".join(faults or told))
        seen += wanted
    return f"{seen} objects, for {' and '.join(VERSIONS)}"
