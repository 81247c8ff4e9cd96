"""Rules on the edges of aiokafka (docs/kafka-edges.md): what was measured to lose, repeat or hang is not written at all."""

import ast
import re
import tomllib
from collections.abc import Iterator

from tests.repo.tree import Finding, Tree, calls, dotted, imports

KNOW_AIOKAFKA = tuple(
    f"libs/common/src/common/{name}.py"
    for name in ("kafka", "kafka_access", "kafka_history", "kafka_raw", "kafka_subscription")
)
_MUST_SAY = {
    "AIOKafkaConsumer": {"auto_offset_reset": "none", "enable_auto_commit": False},
    "AIOKafkaProducer": {"acks": "all", "enable_idempotence": True},
}
_TRANSACTIONS = {
    "begin_transaction",
    "commit_transaction",
    "abort_transaction",
    "send_offsets_to_transaction",
    "transaction_coordinator",
}
_ALEMBIC = "context.begin_transaction"
_NOT_BYTES = {"value_deserializer", "key_deserializer", "value_serializer", "key_serializer"}
_FETCHES = re.compile(r"(\.|^)(getmany|getone)$|[Ss]ubscription\.fetch$|consumer\.fetch$")
_FREEZERS = ("freezegun", "time_machine", "libfaketime")
_PIN = "aiokafka>=0.14,<0.15"


def no_kafka_transactions_and_no_static_membership(tree: Tree) -> list[Finding]:
    """A20, A21: neither fences what it promises to fence."""
    found = []
    for path, module in _shipped(tree):
        for call in calls(module):
            if (
                isinstance(call.func, ast.Attribute)
                and call.func.attr in _TRANSACTIONS
                and dotted(call.func) != _ALEMBIC
            ):
                found.append(Finding(path, call.lineno, f"{call.func.attr}: Kafka transactions are never relied on"))
            found += [
                Finding(path, call.lineno, f"{keyword.arg} is not used: see docs/kafka-edges.md")
                for keyword in call.keywords
                if keyword.arg in {"group_instance_id", "transactional_id"}
            ]
    return found


def consumers_fetch_batches(tree: Tree) -> list[Finding]:
    """A13: `async for` over a consumer only logs a record that is too large, and passes it over."""
    return [
        Finding(path, node.lineno, "async for over a consumer; use the batch fetch of common.kafka")
        for path, module in _shipped(tree)
        for node in ast.walk(module)
        if isinstance(node, ast.AsyncFor) and re.search("consumer|subscription|_reader$", dotted(node.iter).lower())
    ]


def kafka_hands_over_bytes(tree: Tree) -> list[Finding]:
    """A12: a deserializer that raises is an endless loop in which good records fetched before are never delivered."""
    return [
        Finding(path, call.lineno, f"{keyword.arg}: take bytes, and decode where a fault can be parked")
        for path, module in _shipped(tree)
        for call in calls(module)
        for keyword in call.keywords
        if keyword.arg in _NOT_BYTES
    ]


def clients_of_kafka_are_made_in_one_place_and_safely(tree: Tree) -> list[Finding]:
    """A5, A6, A22: the defaults acknowledge too early, commit by themselves and skip what they lost."""
    found = []
    for path, module in _shipped(tree):
        for call in calls(module):
            name = dotted(call.func).rpartition(".")[2]
            if name not in _MUST_SAY:
                continue
            if path not in KNOW_AIOKAFKA:
                found.append(Finding(path, call.lineno, f"{name} is made in common.kafka, nowhere else"))
            given = {
                one.arg: one.value.value
                for one in call.keywords
                if one.arg is not None and isinstance(one.value, ast.Constant)
            }
            found += [
                Finding(path, call.lineno, f"{name} needs {setting}={value!r}")
                for setting, value in _MUST_SAY[name].items()
                if given.get(setting) != value
            ]
    return found


def offsets_are_committed_by_name(tree: Tree) -> list[Finding]:
    """A9: `commit()` without offsets commits what was fetched, also what nobody has looked at."""
    return [
        Finding(path, call.lineno, "commit() without offsets commits what was only fetched")
        for path, module in _knowing(tree)
        for call in calls(module)
        if isinstance(call.func, ast.Attribute) and call.func.attr == "commit" and not (call.args or call.keywords)
    ]


def a_fetch_is_never_cut_short(tree: Tree) -> list[Finding]:
    """A11: a fetch that is cancelled or timed out leaves the consumer's poll clock standing for ever."""
    return [
        Finding(path, call.lineno, f"a deadline around {dotted(call.func)}; give the fetch its own timeout")
        for path, module in _shipped(tree)
        for limited in _limited(module)
        for call in calls(limited)
        if _FETCHES.search(dotted(call.func))
    ]


def every_stop_of_a_client_is_bounded(tree: Tree) -> list[Finding]:
    """A3, A24: `stop()` may flush for ever, hang, or raise CancelledError into the steps that follow."""
    found = []
    for path, module in _knowing(tree):
        bounded = {id(argument) for call in calls(module) if dotted(call.func) == "bounded" for argument in call.args}
        found += [
            Finding(path, call.lineno, f"{dotted(call.func)}() outside bounded(...)")
            for call in calls(module)
            if isinstance(call.func, ast.Attribute)
            and (call.func.attr == "stop" or (call.func.attr == "close" and dotted(call.func.value).endswith("client")))
            and id(call) not in bounded
        ]
    return found


def nobody_cancels_what_they_did_not_start(tree: Tree) -> list[Finding]:
    """A7: when somebody cancels the producer's own task, sends hang without a word."""
    return [
        Finding(path, call.lineno, "asyncio.all_tasks(): end the tasks you started, the clients' own are theirs")
        for path, module in _shipped(tree)
        for call in calls(module)
        if dotted(call.func).rpartition(".")[2] == "all_tasks"
    ]


def no_clock_is_frozen(tree: Tree) -> list[Finding]:
    """A25: Kafka's client waits by the clock; a frozen one hangs it. Programme time is an argument instead."""
    found = [
        Finding(path, line, f"{name} freezes the clock that Kafka's client waits by")
        for path, module in tree.python()
        for line, name in imports(module)
        if name.split(".")[0] in _FREEZERS
    ]
    for path, text in tree.files.items():
        if path.endswith("pyproject.toml"):
            found += [
                Finding(path, 1, f"{name} is installed; it freezes the clock that Kafka's client waits by")
                for name in _FREEZERS
                if re.search(rf'"{name.replace("_", "[-_]")}\b', text)
            ]
    return found


def aiokafka_is_the_one_that_was_examined(tree: Tree) -> list[Finding]:
    """A26: every edge was measured on this version; another one is examined before it is taken."""
    path = "libs/common/pyproject.toml"
    wanted = tomllib.loads(tree.files[path]).get("project", {}).get("dependencies", [])
    pins = [one for one in wanted if one.startswith("aiokafka")]
    return [Finding(path, 1, f"{pin} instead of {_PIN}") for pin in pins if pin != _PIN]


def _shipped(tree: Tree) -> Iterator[tuple[str, ast.Module]]:
    """All but the benchmark, which measures the bare client beside what is shipped."""
    return ((path, module) for path, module in tree.production() if not path.startswith("tools/bench/"))


def _knowing(tree: Tree) -> Iterator[tuple[str, ast.Module]]:
    for path, module in _shipped(tree):
        if any(name.split(".")[0] == "aiokafka" for _, name in imports(module)):
            yield path, module


def _limited(module: ast.Module) -> Iterator[ast.Module]:
    """What stands under a deadline: inside `wait_for(...)`, or below `async with asyncio.timeout(...)`."""
    for node in ast.walk(module):
        if isinstance(node, ast.Call) and dotted(node.func).rpartition(".")[2] == "wait_for":
            yield ast.Module([ast.Expr(argument) for argument in node.args], [])
        elif isinstance(node, ast.AsyncWith) and any(
            isinstance(item.context_expr, ast.Call)
            and dotted(item.context_expr.func).rpartition(".")[2] in {"timeout", "timeout_at", "move_on_after"}
            for item in node.items
        ):
            yield ast.Module(node.body, [])


RULES = (
    no_kafka_transactions_and_no_static_membership,
    consumers_fetch_batches,
    kafka_hands_over_bytes,
    clients_of_kafka_are_made_in_one_place_and_safely,
    offsets_are_committed_by_name,
    a_fetch_is_never_cut_short,
    every_stop_of_a_client_is_bounded,
    nobody_cancels_what_they_did_not_start,
    no_clock_is_frozen,
    aiokafka_is_the_one_that_was_examined,
)
