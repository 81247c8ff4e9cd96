"""A season tells how far it is: one line a step where nobody watches, a bar where somebody does."""

import io
from datetime import UTC, datetime

from rich.console import Console

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
    assert text.startswith("2024-04-03 16:30 KST  plans submitted: 2/2 in ")
    assert text.count("\n") == 1
    assert "\x1b" not in text


def test_a_person_sees_a_bar() -> None:
    text = told(terminal=True)
    assert "\x1b[" in text
    assert "2/2" in text
