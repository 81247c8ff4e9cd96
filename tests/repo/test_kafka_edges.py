"""What must never be asked of aiokafka is found in this repository's code, and the local broker is set up to suit."""

import re
from pathlib import Path

import pytest

from smartfactory.stack.kafka import KafkaOptions, _properties
from tests.repo.rules import kafka
from tests.repo.tree import ROOT, repository


@pytest.mark.promise("A5", "A6", "A7", "A9", "A11", "A12", "A13", "A20", "A21", "A22", "A25", "A26")
def test_what_is_forbidden_of_aiokafka_is_nowhere_in_the_code() -> None:
    """That each rule bites is seen in test_rules.py."""
    tree = repository()

    assert [finding for rule in kafka.RULES for finding in rule(tree)] == []


@pytest.mark.promise("A22", "A23")
def test_the_local_broker_makes_no_topic_by_itself_and_keeps_offsets_for_a_month(tmp_path: Path) -> None:
    options = KafkaOptions(directory=tmp_path, log=tmp_path / "log", port=1, controller_port=2)

    settings = dict(line.split("=", 1) for line in _properties(options).splitlines())

    assert settings["auto.create.topics.enable"] == "false"
    assert int(settings["offsets.retention.minutes"]) >= 30 * 24 * 60


def test_the_page_of_edges_has_a_row_for_each_and_every_proof_it_names_exists() -> None:
    rows = _rows((ROOT / "docs/kafka-edges.md").read_text("utf-8"))

    assert list(rows) == [f"A{number}" for number in range(1, 27)]
    assert [fault for edge, proof in rows.items() for fault in _faults(edge, proof)] == []


@pytest.mark.parametrize(
    ("proof", "fault"),
    [
        ("none", "A3 names no proof"),
        ("lint `no_such_rule`", "A3: there is no rule no_such_rule"),
        ("`flow/messaging/test_watchdog.py::test_gone`", "A3: there is no test test_gone"),
        (
            "`repo/test_kafka_edges.py::test_the_local_broker_makes_no_topic_by_itself_and_keeps_offsets_for_a_month`",
            "A3: ",
        ),
    ],
)
def test_a_row_without_a_true_proof_is_found(proof: str, fault: str) -> None:
    assert any(found.startswith(fault) for found in _faults("A3", proof))


def _rows(page: str) -> dict[str, str]:
    cells = [line.strip("|").split("|") for line in page.splitlines() if line.startswith("| A")]
    return {row[0].strip(): row[3] for row in cells}


def _faults(edge: str, proof: str) -> list[str]:
    """What is not true of a row's last cell: a proof that is not there, or a test that is not marked with the edge."""
    tests = re.findall(r"`([\w/]+\.py)::(\w+)`", proof)
    lints = re.findall(r"lint `(\w+)`", proof)
    found = [] if tests or lints else [f"{edge} names no proof"]
    known = {rule.__name__ for rule in kafka.RULES}
    found += [f"{edge}: there is no rule {lint}" for lint in lints if lint not in known]
    for path, test in tests:
        text = (ROOT / "tests" / path).read_text("utf-8")
        marked = re.search(rf"(@pytest\.mark\.promise\([^)]*\)\n)?(async )?def {test}\(", text)
        if marked is None:
            found.append(f"{edge}: there is no test {test}")
        elif f'"{edge}"' not in (marked[1] or ""):
            found.append(f"{edge}: {test} is not marked with it")
    return found
