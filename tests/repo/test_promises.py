"""Every promise that is due is proved by a test that says so (docs/promises.md)."""

import pytest

from tools.catalogue.promises import Promise, Proof, faults, load, proofs

_TWO = """
import pytest

pytestmark = [pytest.mark.anyio, pytest.mark.promise("R1")]

@pytest.mark.promise("R2", "I4")
async def test_both(): ...

class TestMore:
    @pytest.mark.parametrize("x", [1])
    @pytest.mark.promise("R3")
    def test_third(self, x): ...

def not_a_test(): ...
"""


def test_every_promise_that_is_due_has_its_proof_and_no_mark_names_another() -> None:
    assert faults(load(), proofs()) == []


def test_marks_are_found_on_functions_methods_and_modules() -> None:
    found = [(proof.promise, proof.test) for proof in proofs({"tests/drill/test_two.py": _TWO})]

    assert found == [
        ("R1", "test_both"),
        ("R2", "test_both"),
        ("I4", "test_both"),
        ("R1", "test_third"),
        ("R3", "test_third"),
    ]


@pytest.mark.parametrize(
    ("promises", "found", "fault"),
    [
        ([Promise("R1", "x", None)], [], "R1 is due"),
        ([], [Proof("R99", "tests/test_x.py", "test_x")], "R99, which is not in"),
        ([Promise("Q7", "x", "later")], [], "Q7 is no id"),
    ],
    ids=["nothing proves it", "an unknown id", "no id at all"],
)
def test_what_is_missing_is_named(promises: list[Promise], found: list[Proof], fault: str) -> None:
    (only,) = faults(promises, found)

    assert fault in only


def test_what_is_not_due_yet_needs_no_proof() -> None:
    assert faults([Promise("R1", "x", "issue 8")], []) == []
