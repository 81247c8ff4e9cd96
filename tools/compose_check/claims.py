"""What must be true of the shipped compose file once it runs: each claim raises CheckFailed with what it saw."""

import json
import re
import subprocess
import time
import urllib.request
from collections.abc import Callable

from smartfactory.stack.provision import SERVICES
from tools.compose_check.commands import CheckFailed
from tools.compose_check.stack import Stack

_ALARMING = re.compile(r"Traceback|Exception|ERROR|FATAL|PANIC|\"level\": ?\"(error|critical)\"")
_INSIDE = """
import importlib.util, json, os, pathlib, sys
from importlib.metadata import distributions
packages = [each for each in sys.path if "site-packages" in each]
unwanted = ("smartfactory", "tools", "pytest", "pip", "setuptools", "ensurepip")
print(json.dumps({
    "user": [os.getuid(), os.getgid()],
    "held": sorted(each.metadata["Name"].lower() for each in distributions(path=packages)),
    "unwanted": [each for each in unwanted if importlib.util.find_spec(each)],
    "pip": [str(each) for each in pathlib.Path(sys.base_prefix).glob("lib/python3*/site-packages/pip*")],
}))
"""
_USER = [10001, 10001]
_SERVED = re.compile(r"^http_server_request_duration_seconds_count\{.*\} (\S+)", re.MULTILINE)
_STOPPED = ("applicant-api", "funding-worker", "applicant-worker", "funding-api")
_SEASON_SECONDS = 900.0
_GRACE_SECONDS = 45.0
_SOME_REQUESTS = 20


def images_hold_the_product_only(stack: Stack) -> str:
    """No tool, no issuer, no package manager; a user without rights."""
    for service in SERVICES:
        said = stack.engine.call(
            "run", "--rm", "--read-only", "--cap-drop=ALL", "--network=none",
            "--entrypoint=/opt/venv/bin/python", f"smartfactory-{service}:dev", "-c", _INSIDE,
        )  # fmt: skip
        found = json.loads(said.splitlines()[-1])
        if found["user"] != _USER or found["unwanted"] or found["pip"]:
            raise CheckFailed(f"the image of {service} holds or is what it must not: {said}")
        if not {"fastapi", "sqlalchemy", "aiokafka"} <= set(found["held"]):
            raise CheckFailed(f"the image of {service} lacks what it needs: {found['held']}")
    return f"{len(SERVICES)} images hold their service, no tool, no issuer and no pip, and run as 10001"


def an_image_without_settings_says_what_is_missing(stack: Stack) -> str:
    """All of it at once, in both languages, and no trace of a program's insides."""
    try:
        stack.engine.call("run", "--rm", "--env=HTTP_PORT=eighty", "smartfactory-applicant:dev", "worker")
    except CheckFailed as ended:
        said = str(ended)
    else:
        raise CheckFailed("a worker without settings started")
    told = ("ended with 2", "APP_ENV is not set", "DATABASE_URL is not set", "HTTP_PORT is wrong", "않았습니다")
    if missing := [each for each in told if each not in said]:
        raise CheckFailed(f"a worker without settings does not say {missing}: {said}")
    return "without settings a process ends with 2 and names all of them in both languages"


def people_can_sign_in(stack: Stack) -> str:
    """A token of the local issuer opens the seeded budget lines at the one origin, and none is refused."""
    token = stack.compose(
        "exec", "-T", "outside", "python", "-m", "smartfactory.compose", "token", "province.officer", seconds=60
    ).split()[-1]
    lines = _asked(stack, "/funding/v1/budget-lines", token)["items"]
    calls = _asked(stack, "/applicant/v1/calls", token)["items"]
    if not lines or not calls:
        raise CheckFailed(f"the seed left {len(lines)} budget lines and {len(calls)} calls")
    return f"a person signs in and finds {len(calls)} call and {len(lines)} budget lines"


def a_second_seed_changes_nothing(stack: Stack) -> str:
    """`up` again starts the seed again, which finds what it made."""
    said = stack.compose("run", "--rm", "seed", seconds=120)
    if "seeded before" not in said:
        raise CheckFailed(f"the second seed did not find the first: {said}")
    return "a second seed finds the first"


def nothing_alarming_was_said(stack: Stack) -> str:
    """Somebody who starts it for the first time reads its logs."""
    lines = stack.logs().splitlines()
    alarming = [line for line in lines if _ALARMING.search(line)]
    if alarming:
        raise CheckFailed("the logs hold:\n" + "\n".join(alarming[:20]))
    return f"nothing alarming in {len(lines)} lines of logs"


def stopping_under_load_loses_nothing(stack: Stack) -> str:
    """Processes are stopped and started again while a whole season is played, from the applications to its end.

    Each ends by itself within its grace; the season gets its answer to every request; and afterwards every claim about
    the four databases holds: nothing lost, nothing done twice, every won where it belongs.
    """
    season = stack.start("run", "--rm", "season")
    took: list[float] = []
    try:
        for service in _STOPPED:
            _let_work(stack, season)
            took.append(_stopped(stack, service))
            stack.engine.call("start", stack.container(service))
            stack.wait_until_healthy([service], seconds=120)
        said, _ = season.communicate(timeout=_SEASON_SECONDS)
    finally:
        if season.poll() is None:
            season.terminate()
            season.wait(30)
    if season.returncode:
        raise CheckFailed("the season did not come to its end:\n" + "\n".join(said.splitlines()[-30:]))
    judged = stack.compose("run", "--rm", "check", seconds=300)
    requests = re.findall(r"([\d,]+) requests", said)
    verdict = next((line for line in judged.splitlines() if "check holds" in line), "the check holds")
    return (
        f"{', '.join(_STOPPED)} stopped under load in {', '.join(f'{each:.1f}' for each in took)} s;"
        f" {requests[-1] if requests else 'all'} requests answered; {verdict.strip()}"
    )


def _let_work(stack: Stack, season: "subprocess.Popen[str]") -> None:
    """Wait until the system has answered some more requests than it had."""
    before, ends = _served(stack), time.monotonic() + 60
    while _served(stack) < before + _SOME_REQUESTS:
        if season.poll() is not None or time.monotonic() > ends:
            raise CheckFailed("the season asks for nothing")
        time.sleep(0.2)


def _served(stack: Stack) -> int:
    """How many requests the applicant and funding APIs have answered since each was started."""
    total = 0
    for service in ("applicant", "funding"):
        try:
            page = _page(stack, f"/{service}/openmetrics")
        except OSError:
            continue
        total += sum(int(float(each)) for each in _SERVED.findall(page))
    return total


def _stopped(stack: Stack, service: str) -> float:
    began = time.monotonic()
    container = stack.container(service)
    stack.engine.call("stop", f"--time={_GRACE_SECONDS:.0f}", container, seconds=_GRACE_SECONDS + 20)
    seconds = time.monotonic() - began
    state = json.loads(stack.engine.call("inspect", container))[0]["State"]
    if state["ExitCode"] != 0 or state["OOMKilled"] or seconds >= _GRACE_SECONDS:
        raise CheckFailed(f"{service} ended with {state['ExitCode']} after {seconds:.1f} s, and did not end by itself")
    return seconds


def _asked(stack: Stack, path: str, token: str) -> dict[str, list[object]]:
    answer: dict[str, list[object]] = json.loads(_page(stack, path, {"Authorization": f"Bearer {token}"}))
    return answer


def _page(stack: Stack, path: str, headers: dict[str, str] | None = None) -> str:
    request = urllib.request.Request(f"{stack.origin}{path}", headers=headers or {})  # noqa: S310  http to ourselves
    with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310  the same
        text: str = answer.read().decode("utf-8")
    return text


CLAIMS: tuple[Callable[[Stack], str], ...] = (
    images_hold_the_product_only,
    an_image_without_settings_says_what_is_missing,
    nothing_alarming_was_said,
    people_can_sign_in,
    a_second_seed_changes_nothing,
    stopping_under_load_loses_nothing,
)
