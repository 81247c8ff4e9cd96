"""`make deploy-check`: what can be known of infra/k8s without a cluster and without containers, in a few minutes.

Every overlay is rendered, held against Kubernetes' schemas and the definitions of custom resources, read by checkov and
hadolint, its alerts are tried by promtool, and our own rules say whether it fits the code. What cannot run here is
skipped with its reason; the exit code is 1 if anything failed.
"""

import subprocess
import sys
from collections.abc import Callable

from tools.deploy import custom_resources, outside_checks, schemas
from tools.deploy.rendering import CACHE, OVERLAYS, ROOT, text_of
from tools.deploy.steps import Failed, Outcome, take
from tools.deploy.tooling import environment, run

RENDERED = CACHE / "rendered"


def _tools() -> str:
    programs = environment("tools")
    return ", ".join(sorted(each.name for each in programs.iterdir() if each.name in {"kubectl", "hadolint"}))


def _render() -> str:
    RENDERED.mkdir(parents=True, exist_ok=True)
    for overlay in OVERLAYS:
        try:
            text = text_of(overlay)
        except subprocess.CalledProcessError as refused:
            raise Failed(f"{overlay}\n{refused.stderr.strip()}") from refused
        (RENDERED / f"{overlay}.yaml").write_text(text, "utf-8")
    return ", ".join(OVERLAYS)


def _our_rules() -> str:
    done = run([sys.executable, "-m", "pytest", "-q", "--no-header", "tests/deploy"], cwd=ROOT)
    if done.returncode != 0:
        raise Failed("tests/deploy\n" + done.stdout[-6000:] + done.stderr[-1000:])
    return done.stdout.strip().splitlines()[-1]


FOUNDATIONS = 2
"""So many steps at first give the others what they look at."""
STEPS: tuple[tuple[str, Callable[[], str]], ...] = (
    ("tools are there", _tools),
    ("every overlay renders", _render),
    ("Kubernetes' own schemas, strictly", lambda: schemas.check(RENDERED)),
    ("definitions of custom resources", lambda: custom_resources.check(RENDERED)),
    ("checkov", lambda: outside_checks.checkov(RENDERED)),
    ("hadolint", outside_checks.hadolint),
    ("promtool", outside_checks.promtool_rules),
    ("our rules and cross-references, wrong manifests refused", _our_rules),
)


def main() -> int:
    outcomes: list[Outcome] = []
    for title, step in STEPS:
        outcomes.append(take(title, step))
        print(outcomes[-1], flush=True)
        if outcomes[-1].state == "FAILED" and len(outcomes) <= FOUNDATIONS:
            break
    counted = {state: sum(each.state == state for each in outcomes) for state in ("passed", "skipped", "FAILED")}
    print(f"\ndeploy-check: {counted['passed']} passed, {counted['skipped']} skipped, {counted['FAILED']} failed")
    return 1 if counted["FAILED"] else 0


if __name__ == "__main__":
    sys.exit(main())
