"""What others check: checkov over what is rendered, hadolint over Dockerfiles, promtool over alerts and their tests."""

import json
from collections.abc import Mapping
from pathlib import Path

from tools.deploy.rendering import OVERLAYS, ROOT
from tools.deploy.steps import Failed, Skipped
from tools.deploy.tooling import environment, promtool, run

CHECKOV_SKIPPED: Mapping[str, str] = {
    "CKV_K8S_11": "a limit of cpu stops a loop in the middle of requests and heartbeats; requests share what there is",
    "CKV_K8S_15": "images are exact, so that pulling them again brings nothing",
    "CKV_K8S_40": "ours run as 10001; PostgreSQL's and Kafka's images know themselves by smaller numbers, locally",
    "CKV_K8S_25": "Caddy's program carries one right in its file; which pod may have which is our own rule",
    "CKV_K8S_43": "digests are asked of production by our own rule; a local image that nobody pushed has none",
    "CKV2_K8S_6": "it looks for a policy by labels alone; our own rule works out what all policies together allow",
}
ALERTS = ROOT / "infra/k8s/observability/alerts"


def checkov(folder: Path) -> str:
    """Run checkov over each overlay."""
    program = environment("checkov") / "checkov"
    passed = 0
    for overlay in OVERLAYS:
        done = run(
            [
                *(program, "--file", folder / f"{overlay}.yaml", "--framework", "kubernetes", "--skip-download"),
                *("--quiet", "--compact", "--output", "json", "--skip-check", ",".join(CHECKOV_SKIPPED)),
            ]
        )
        try:
            report = json.loads(done.stdout)
        except json.JSONDecodeError as broken:
            raise Failed(f"checkov said nothing to read\n{done.stderr[-1000:]}") from broken
        if report["summary"].get("parsing_errors"):
            raise Failed(f"checkov could not read all of {overlay}")
        faults = [f"{each['check_id']} {each['resource']}: {each['check_name']}" for each in _failed(report)]
        if faults:
            raise Failed(f"{overlay}\n" + "\n".join(faults))
        passed += report["summary"]["passed"]
    return f"{passed} passed, {len(CHECKOV_SKIPPED)} checks left out, for the reasons in {Path(__file__).name}"


def _failed(report: Mapping[str, Mapping[str, list[dict[str, str]]]]) -> list[dict[str, str]]:
    return report.get("results", {}).get("failed_checks", [])


def hadolint() -> str:
    """Read every Dockerfile of the repository."""
    files = sorted(path for path in (ROOT / "Dockerfile", *ROOT.glob("infra/**/Dockerfile")) if path.exists())
    if not files:
        raise Skipped("there is no Dockerfile")
    done = run([environment("tools") / "hadolint", *files])
    if done.returncode != 0:
        raise Failed((done.stdout + done.stderr).strip())
    return ", ".join(str(path.relative_to(ROOT)) for path in files)


def promtool_rules() -> str:
    """Read the alerts, and run their tests."""
    if not ALERTS.exists():
        raise Skipped("there are no alerts")
    program = promtool()
    rules, tests = sorted(ALERTS.glob("*.rules.yaml")), sorted(ALERTS.glob("*.test.yaml"))
    for what, files in (("check", rules), ("test", tests)):
        done = run([program, what, "rules", *files], cwd=ALERTS)
        if done.returncode != 0:
            raise Failed((done.stdout + done.stderr).strip()[-3000:])
    return f"{len(rules)} files of rules, {len(tests)} files of tests"
