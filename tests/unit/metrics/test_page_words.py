"""What pages say: every sentence in both languages with the same facts in it, and numbers as people read them."""

import importlib
import pkgutil
import re
from collections.abc import Iterator
from string import Formatter

import pytest

import metrics.pages.domain as pages
from common.errors import Text
from metrics.pages.domain.charts import gauge_bar
from metrics.pages.domain.figures import exact_won, number, percent, points, short_won
from metrics.pages.domain.places import tiles

_HANGUL = re.compile("[가-힣]")


def texts() -> Iterator[tuple[str, Text]]:
    for found in pkgutil.iter_modules(pages.__path__):
        module = importlib.import_module(f"{pages.__name__}.{found.name}")
        for name, thing in vars(module).items():
            if isinstance(thing, type) and thing.__module__ == module.__name__:
                yield from ((f"{name}.{key}", text) for key, text in vars(thing).items() if isinstance(text, Text))


def fields(sentence: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(sentence) if name}


def test_every_sentence_is_there_in_both_languages_with_the_same_facts() -> None:
    found = dict(texts())
    assert len(found) > 40
    for name, text in found.items():
        assert fields(text.ko) == fields(text.en), name
        assert text.ko.strip(), name
        assert text.en.strip(), name
        if name != "ShellWords.other_language":
            assert _HANGUL.search(text.ko), name
            assert not _HANGUL.search(text.en), name


@pytest.mark.parametrize(
    ("won", "ko", "en"),
    [
        (0, "0원", "₩0"),
        (9_999, "9,999원", "₩9,999"),
        (41_237, "4만원", "₩41,237"),
        (26_500_000, "2,650만원", "₩26.5 million"),
        (99_995_000, "1억원", "₩100.0 million"),
        (796_000_000, "7억 9,600만원", "₩796.0 million"),
        (999_960_000, "9억 9,996만원", "₩1.00 billion"),
        (12_345_670_000, "123억 4,567만원", "₩12.35 billion"),
        (1_000_000_000_000, "1조원", "₩1,000.00 billion"),
        (-58_000_000, "−5,800만원", "−₩58.0 million"),
    ],
)
def test_won_as_people_say_it(won: int, ko: str, en: str) -> None:
    assert (short_won(won, "ko"), short_won(won, "en")) == (ko, en)


def test_exact_won_and_changes_keep_their_units() -> None:
    assert (exact_won(1_234_567, "ko"), exact_won(-1_234_567, "en")) == ("1,234,567원", "−₩1,234,567")
    assert number(12_345) == "12,345"
    assert (percent(4_400), percent(-155), percent(0), percent(4)) == ("+44.0%", "−1.6%", "0.0%", "0.0%")
    assert (points(1_400, "ko"), points(1_400, "en")) == ("+14.0%p", "+14.0 pp")


def test_a_bar_is_measured_against_its_target_and_never_leaves_it() -> None:
    bar = gauge_bar([150, None, 75], target=300, plan=100)
    assert [(piece.x, piece.width) for piece in bar.pieces] == [(0, 500), (500, 0), (500, 250)]
    assert (bar.target_x, bar.plan_x) == (1000, 333)
    over = gauge_bar([600], target=300, plan=None)
    assert (over.pieces[0].width, over.target_x, over.plan_x) == (1000, 500, None)


def test_all_fourteen_places_are_drawn_whatever_is_known_of_them() -> None:
    drawn = {tile.code: tile for tile in tiles({"52110": 8, "52130": 1, "52740": None, "52790": 0})}
    assert len(drawn) == 14
    assert [drawn[code].level for code in ("52110", "52130", "52740", "52790", "52800")] == [4, 1, 0, 0, 0]
