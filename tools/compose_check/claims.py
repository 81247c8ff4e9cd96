"""What must be true of the shipped compose file once it runs: each claim raises CheckFailed with what it saw."""

import json
import re
import urllib.request
from collections.abc import Callable
from http.cookiejar import CookieJar
from urllib.parse import parse_qsl, urlencode

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
_OFFICER, _OFFICERS_NAME = "province.officer:52:province-officer", "도 담당관"


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


def the_pages_let_people_sign_in(stack: Stack) -> str:
    """As a browser does it: to the issuer by the published port, back with a code, and on to the officers' day."""
    browser = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(CookieJar()))
    with browser.open(f"{stack.origin}/sign-in?next=/today", timeout=10) as answer:
        asked, _, query = answer.geturl().partition("?")
    if asked != f"{stack.origin}/issuer/authorize":
        raise CheckFailed(f"/sign-in leads to {asked}")
    form = urlencode([*parse_qsl(query), ("person", _OFFICER)]).encode()
    with browser.open(asked, data=form, timeout=10) as answer:
        came_to, text = answer.geturl(), answer.read().decode("utf-8")
    if came_to != f"{stack.origin}/today" or _OFFICERS_NAME not in text:
        raise CheckFailed(f"whoever chose {_OFFICER} came to {came_to}")
    return "a person signs in to the pages and finds the day's work"


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
    the_pages_let_people_sign_in,
    a_second_seed_changes_nothing,
)
