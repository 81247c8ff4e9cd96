"""Korean, unless English is preferred."""

import string

import pytest

from common.errors import Text
from common.web.faults import json_pointer
from common.web.kinds import catalogue
from common.web.language import preferred, say


@pytest.mark.parametrize(
    ("header", "language"),
    [
        (None, "ko"),
        ("", "ko"),
        ("en", "en"),
        ("EN-us", "en"),
        ("ko", "ko"),
        ("ko-KR,ko;q=0.9,en-US;q=0.8", "ko"),
        ("en-GB,en;q=0.9,ko;q=0.8", "en"),
        ("en;q=0.5,ko;q=0.5", "ko"),
        ("fr,de", "ko"),
        ("en;q=0", "ko"),
        ("en;q=x", "ko"),
        ("en;q=nan", "ko"),
        (";;;,,=q", "ko"),
        ("*", "ko"),
        ("en" * 10_000, "ko"),
    ],
)
def test_the_preferred_language(header: str | None, language: str):
    assert preferred(header) == language


def test_both_languages_of_every_problem_name_the_same_facts():
    def names(text: str) -> set[str]:
        return {name for _, name, _, _ in string.Formatter().parse(text) if name}

    for kind in catalogue().values():
        for text in (kind.title, kind.detail):
            assert text.ko.strip(), kind.code
            assert text.en.strip(), kind.code
            assert names(text.ko) == names(text.en), kind.code
            assert any("가" <= letter <= "힣" for letter in text.ko), kind.code


def test_say():
    text = Text(ko="예", en="yes")
    assert (say(text, "ko"), say(text, "en")) == ("예", "yes")


def test_pointers_escape_what_rfc_6901_escapes():
    assert json_pointer(("types", 0, "a/b~c")) == "/types/0/a~1b~0c"
