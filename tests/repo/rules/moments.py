"""Rules on time: programme time comes from the clock, real time is used in few named places, tests wait and never sleep."""

import ast

from tests.repo.tree import Finding, Tree, calls, dotted

_READS_THE_WALL_CLOCK = {
    "datetime.now",
    "datetime.utcnow",
    "datetime.today",
    "datetime.datetime.now",
    "datetime.datetime.utcnow",
    "date.today",
    "datetime.date.today",
    "time.time",
    "time.time_ns",
    "func.now",
    "sa.func.now",
    "func.current_timestamp",
    "func.current_date",
    "func.clock_timestamp",
}
_SLEEPS = {"time.sleep", "asyncio.sleep", "anyio.sleep", "sleep"}

REAL_TIME_ALLOWED = {
    "libs/common/src/common/clock.py": "the one door to either time",
}
SLEEP_ALLOWED = {
    "tests/support/waiting.py": "polls a condition until a deadline: the wait every other test uses",
}


def only_the_clock_knows_the_time(tree: Tree) -> list[Finding]:
    """Windows, dates and rule versions follow programme time; a wall clock read elsewhere would not move with it."""
    return [
        Finding(path, call.lineno, f"{dotted(call.func)}() reads the wall clock; take `now` as an argument")
        for path, module in tree.production()
        if path not in REAL_TIME_ALLOWED
        for call in calls(module)
        if dotted(call.func) in _READS_THE_WALL_CLOCK
    ]


def tests_wait_for_conditions(tree: Tree) -> list[Finding]:
    return [
        Finding(path, call.lineno, "a test waits for a condition (tests.support.waiting), it does not sleep")
        for path, module in tree.python("tests/")
        if path not in SLEEP_ALLOWED
        for call in calls(module)
        if dotted(call.func) in _SLEEPS and not _yields_the_loop(call)
    ]


def _yields_the_loop(call: ast.Call) -> bool:
    return bool(call.args) and isinstance(call.args[0], ast.Constant) and call.args[0].value == 0


RULES = (only_the_clock_knows_the_time, tests_wait_for_conditions)
