"""A season tells how far it is: one line a step where nobody watches, a bar where somebody does."""

import ast
import io
import re
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console

from smartfactory import season
from smartfactory.season.steps import KOREAN
from smartfactory.season.telling import Telling

AT = datetime(2024, 4, 3, 7, 30, tzinfo=UTC)


def told(*, terminal: bool) -> str:
    console = Console(file=io.StringIO(), force_terminal=terminal, width=120)
    with Telling(console).step(AT, "plans submitted", 2) as advance:
        advance()
        advance()
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def test_a_log_gets_one_plain_line_in_korean_time() -> None:
    text = told(terminal=False)
    assert text.startswith("2024-04-03 16:30 KST  사업계획서 제출 · plans submitted: 2/2 in ")
    assert text.count("\n") == 1
    assert "\x1b" not in text


def test_a_person_sees_a_bar() -> None:
    text = told(terminal=True)
    assert "\x1b[" in text
    assert "2/2" in text


def test_a_long_step_says_how_many_how_fast_and_with_what_memory_in_both_languages() -> None:
    console = Console(file=io.StringIO(), width=120)
    with Telling(console, every_seconds=0).step(AT, "plans submitted", 3) as advance:
        for _ in range(3):
            advance()
    assert isinstance(console.file, io.StringIO)
    first, second, last = console.file.getvalue().splitlines()
    assert "plans submitted: 1/3건, 초당 " in first
    assert re.search(r" · 1/3 done, [\d.,]+/s, \d+ s, memory [\d,]+ MB$", first), first
    assert int(re.search(r"memory ([\d,]+) MB", first)[1].replace(",", "")) > 0  # type: ignore[index]
    assert "2/3건" in second
    assert "plans submitted: 3/3 in " in last


def test_every_step_of_a_season_has_its_name_in_korean() -> None:
    played = {
        argument.value
        for file in Path(season.__file__).parent.glob("*.py")
        for call in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(call, ast.Call) and ast.unparse(call.func) in {"stage.play", "stage.note", "complete"}
        for argument in call.args
        if isinstance(argument, ast.Constant) and isinstance(argument.value, str)
    }
    assert played == KOREAN.keys()
