"""Alerts ask for what processes really export, every one has a page that says what to do, and somebody reads it all."""

import re
from collections.abc import Iterator

from tests.deploy.rendered import Rendered
from tools.deploy.rendering import ROOT

# Words of PromQL, and labels; what is left of an expression are names of metrics.
_WORD = re.compile(r"[a-zA-Z_:][a-zA-Z0-9_:]*")
_NOT_NAMES = {
    *("sum", "max", "min", "count", "by", "rate", "increase", "and", "unless", "or", "on", "ignoring", "offset"),
    *("histogram_quantile", "absent", "clamp_min"),
}
_HTTP = "http_server_request_duration_seconds"
"""FastAPI's own histogram of requests; tests/integration/web/test_process.py sees it exported."""
_DECLARED = re.compile(r"(counter|gauge)\(\s*\"([a-z_.]+)\",\s*\"([^\"]*)\"")


def alerts_ask_for_what_is_exported(rendered: Rendered) -> list[str]:
    known = set(exported())
    found = []
    for rules in rendered.of("PrometheusRule"):
        recorded = {rule["record"] for group in rules["spec"]["groups"] for rule in group["rules"] if "record" in rule}
        for group in rules["spec"]["groups"]:
            for rule in group["rules"]:
                name = rule.get("alert") or rule.get("record")
                found += [
                    f"{name} asks for {metric}, which no process exports"
                    for metric in sorted(_metrics(rule["expr"]) - known - recorded)
                ]
    return found


def every_alert_has_a_page(rendered: Rendered) -> list[str]:
    found = []
    for rules in rendered.of("PrometheusRule"):
        for rule in (rule for group in rules["spec"]["groups"] for rule in group["rules"] if "alert" in rule):
            page = ROOT / rule["annotations"].get("runbook", "nowhere")
            if not page.exists():
                found.append(f"{rule['alert']} has no page: {rule['annotations'].get('runbook')}")
            elif f"`{rule['alert']}`" not in page.read_text("utf-8"):
                found.append(f"{rule['alert']} is not named on its page")
            if rule.get("labels", {}).get("severity") not in {"page", "ticket"}:
                found.append(f"{rule['alert']} does not say whether it wakes somebody")
    return found


def every_process_is_read(rendered: Rendered) -> list[str]:
    """Where there is a Prometheus: a PodMonitor selects it and names a port that it has, and the services' own path."""
    if not rendered.of("PodMonitor"):
        return [] if rendered.overlay == "local" else ["nobody reads what processes export"]
    found = []
    for pod in (pod for pod in rendered.pods() if pod.component in {"api", "worker"}):
        reading = [
            endpoint
            for monitor in rendered.of("PodMonitor")
            if monitor["spec"]["selector"]["matchLabels"].items() <= pod.labels.items()
            for endpoint in monitor["spec"]["podMetricsEndpoints"]
        ]
        if [(each["port"], each.get("path")) for each in reading] != [("http", "/openmetrics")]:
            found.append(f"{pod.name} is read {len(reading)} times: {reading}")
        elif "http" not in pod.ports():
            found.append(f"{pod.name} has no port http")
    return found


def exported() -> Iterator[str]:
    """Every name under which a process exports a number: what the code declares, as OpenMetrics spells it."""
    for path in (*ROOT.glob("libs/common/src/common/**/*.py"), *ROOT.glob("services/*/src/**/*.py")):
        for kind, name, unit in _DECLARED.findall(path.read_text("utf-8")):
            spelt = name.replace(".", "_") + ("_seconds" if unit == "s" else "")
            yield f"{spelt}_total" if kind == "counter" else spelt
    yield from (f"{_HTTP}_{part}" for part in ("bucket", "count", "sum"))


def _metrics(expression: str) -> set[str]:
    bare = re.sub(r"\{[^}]*\}|\[[^\]]*\]|\"[^\"]*\"|\bby\s*\([^)]*\)|offset\s+\w+", " ", expression)
    return {word for word in _WORD.findall(bare) if word not in _NOT_NAMES}


RULES = (alerts_ask_for_what_is_exported, every_alert_has_a_page, every_process_is_read)
