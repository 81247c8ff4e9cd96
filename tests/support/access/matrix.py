"""One row of the table against the application: every role on what is its own, another's, nobody's and not there."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from tests.support.access.worlds import STRAY, Answer, Ask, World
from tools.catalogue.permissions import ALLOWED, PUBLIC, SCOPES, Operation, Permissions

_RULES_SAY_NO = frozenset({409, 412})
_REFUSALS = frozenset({401, 403, 404})
_EACH_ROW = 207
_BOUND = ("company.", "municipality.", "province.")
ABSENT = "absent"


@dataclass(frozen=True)
class Cell:
    """One role, one scope and what the file says."""

    operation: Operation
    role: str
    scope: str
    expected: str

    def __str__(self) -> str:
        return f"{self.operation.name} by {self.role} on {self.scope}"


def cells_of(permissions: Permissions, operation: Operation) -> list[Cell]:
    """A row's cells. A tenant that does not fit its role is no tenant; what does not exist is a 404 to all who are allowed anything, and no news to the others."""
    cells = [
        Cell(operation, role, scope, permissions.answer(operation.name, role, scope))
        for role in permissions.roles
        for scope in SCOPES
    ]
    cells += [Cell(operation, role, STRAY, "401") for role in permissions.roles if role.startswith(_BOUND)]
    if "{" in operation.path:
        for role in permissions.roles:
            own = permissions.answer(operation.name, role, "own")
            cells.append(Cell(operation, role, ABSENT, "404" if own == ALLOWED else own))
    return cells


async def faults_of(world: World, cells: list[Cell]) -> list[str]:
    """Send every cell, first those to be refused; return what was answered otherwise, and what a refusal changed."""
    name, unseen = cells[0].operation.name, Unseen()
    refused = [cell for cell in cells if cell.expected != ALLOWED]
    before = await world.state()
    faults = [fault for cell in refused for fault in await _fault(world, cell, unseen)]
    after = await world.state()
    # An upload that refuses its only row is answered, and its answer kept under its key like every answer.
    kept = {"idempotency_key"} if str(_EACH_ROW) in cells[0].operation.document["responses"] else set()
    # A table without another's rows is answered and taken: it is recorded who took it.
    kept |= {"export_record", "outcome_reading"}
    faults += [
        f"{name}: a refused request changed {table}"
        for table in before
        if before[table] != after[table] and table not in kept
    ]
    faults += [f"{name}: {role} can tell another's thing from none" for role in unseen.told_apart()]
    return faults + [fault for cell in cells if cell.expected == ALLOWED for fault in await _fault(world, cell, unseen)]


class Unseen:
    """What each role was answered for another's thing and for none: the two must not differ."""

    def __init__(self) -> None:
        self._codes: dict[str, set[str]] = {}

    def add(self, cell: Cell, answer: Answer) -> None:
        if answer.status_code == 404:
            self._codes.setdefault(cell.role, set()).add(answer.json()["code"])

    def told_apart(self) -> list[str]:
        return [role for role, codes in self._codes.items() if len(codes) > 1]


async def _fault(world: World, cell: Cell, unseen: Unseen) -> list[str]:
    ask = world.ask(cell.operation.id, cell.role, cell.scope)
    answer = await world.send(ask, world.caller(cell.role, cell.scope))
    unseen.add(cell, answer)
    return [f"{cell}: {fault}; {answer.status_code} {answer.text[:200]}" for fault in _differences(cell, ask, answer)]


def _differences(cell: Cell, ask: Ask, answer: Answer) -> Iterator[str]:
    status, problem = _said(answer)
    in_list = ask.shows is not None and cell.scope != ABSENT
    if cell.expected == ALLOWED:
        if not (status < 300 or status in _RULES_SAY_NO):
            yield "should be allowed"
        elif in_list and str(ask.shows) not in answer.text:
            yield f"should be shown {ask.shows}"
    elif cell.expected == "404" and in_list and status == 200:
        if str(ask.shows) in answer.text:
            yield f"should not be shown {ask.shows}"
    elif status != int(cell.expected):
        yield f"should be {cell.expected}"
    if status in _REFUSALS and not problem.get("code"):
        yield "a refusal says why"
    if cell.role == PUBLIC and status == 401 and "www-authenticate" not in answer.headers:  # type: ignore[attr-defined]
        yield "a 401 names its scheme"


def _said(answer: Answer) -> tuple[int, Mapping[str, Any]]:
    """The answer's status and problem; of an upload those of its only row."""
    if answer.status_code == _EACH_ROW:
        (row,) = answer.json()["results"]
        return row["status"], row["problem"] or {}
    return answer.status_code, answer.json() if answer.status_code in _REFUSALS else {}
