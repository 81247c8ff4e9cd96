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
    "libs/common/src/common/idempotency.py": "a key is kept for seven days of real time, whatever the programme's clock says",
    "tools/bench/applications.py": "a call that is open in real time, which the measured services run on",
    "tools/bench/issuer.py": "tokens live in real time",
    "tools/bench/measured/chain.py": "commit times are PostgreSQL's wall clock, compared with ours",
    "tools/bench/report.py": "the date of a run",
    "infra/local/src/smartfactory/stack/process.py": "a child's start is compared with the kernel's process table",
}
_REAL_TIME_COLUMN = "recorded_at"
SLEEP_ALLOWED = {
    "tests/support/waiting.py": "polls a condition until a deadline: the wait every other test uses",
    "tests/support/drills/pacing.py": "the rate at which people come, and how long a fault lasts, are what a drill is about",
    "tests/flow/messaging/test_kills.py": "the time between two cuts is the fault",
    "tests/integration/web/test_db.py": "being cancelled half way through a slow commit is the fault",
    "tests/integration/web/notebook/main.py": "a route that is slower than the deadline, for the test of the deadline",
}


def only_the_clock_knows_the_time(tree: Tree) -> list[Finding]:
    """Windows, dates and rule versions follow programme time; a wall clock read elsewhere would not move with it.

    `recorded_at` is real by definition, so that column may be filled by the database.
    """
    return [finding for finding in reads_of_the_wall_clock(tree) if finding.path not in REAL_TIME_ALLOWED]


def reads_of_the_wall_clock(tree: Tree) -> list[Finding]:
    found = []
    for path, module in tree.production():
        recorded = {
            id(call)
            for node in ast.walk(module)
            if (isinstance(node, ast.AnnAssign) and dotted(node.target) == _REAL_TIME_COLUMN)
            or (isinstance(node, ast.keyword) and node.arg == _REAL_TIME_COLUMN)
            for call in ast.walk(node)
        }
        found += [
            Finding(path, call.lineno, f"{dotted(call.func)}() reads the wall clock; take `now` as an argument")
            for call in calls(module)
            if dotted(call.func) in _READS_THE_WALL_CLOCK and id(call) not in recorded
        ]
    return found


def tests_wait_for_conditions(tree: Tree) -> list[Finding]:
    return [finding for finding in sleeps(tree) if finding.path not in SLEEP_ALLOWED]


def sleeps(tree: Tree) -> list[Finding]:
    return [
        Finding(path, call.lineno, "a test waits for a condition (tests.support.waiting), it does not sleep")
        for path, module in tree.python("tests/")
        for call in calls(module)
        if dotted(call.func) in _SLEEPS and not _yields_the_loop(call)
    ]


def _yields_the_loop(call: ast.Call) -> bool:
    return bool(call.args) and isinstance(call.args[0], ast.Constant) and call.args[0].value == 0


RULES = (only_the_clock_knows_the_time, tests_wait_for_conditions)
