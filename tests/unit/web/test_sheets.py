"""Spreadsheets in and out: what leaves never is a formula and comes back as it was; what comes in is a table or refused."""

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.sheets import BOM, NotASheet, Unreadable, cell_name, is_formula, neutral, plain, read_csv, write_csv

RISKY = ("=", "+", "-", "@", "\t", "\r", "\n", "\0", "＝", "＋", "－", "＠")
_texts = st.text(
    st.sampled_from([*RISKY, "'", '"', ";", ",", " ", "\ufeff", "\u200b", "a", "1", "가", "#"]), max_size=12
)


def _cells(content: bytes) -> list[list[str]]:
    """What any program that reads CSV sees."""
    assert content.startswith(BOM)
    return list(csv.reader(io.StringIO(content.removeprefix(BOM).decode(), newline=""), strict=True))


@pytest.mark.promise("R30")
@given(st.lists(st.one_of(_texts, st.text(max_size=20)), min_size=1, max_size=6))
def test_no_text_that_leaves_is_a_formula_and_every_one_comes_back(texts: list[str]):
    (row,) = _cells(write_csv([["x", *texts]]))
    assert not any(is_formula(cell) for cell in row)
    assert [plain(cell) for cell in row] == ["x", *texts]


@pytest.mark.promise("R30")
@pytest.mark.parametrize(
    "first", [*RISKY, *(f"{unseen}{sign}" for unseen in " \u200b\ufeff" for sign in "=+-@＝")], ids=repr
)
def test_what_begins_like_a_formula_is_neutralised(first: str):
    text = f"{first}HYPERLINK(1)"
    (row,) = _cells(write_csv([["x", text, f'"{text}', f";{text}", f",{text}"]]))
    assert row == ["x", f"'{text}", f'"{text}', f";{text}", f",{text}"], "what is no separator parts no cell"


@pytest.mark.promise("R30")
@given(st.lists(st.integers(), min_size=1))
def test_numbers_stay_numbers(numbers: list[int]):
    content = write_csv([numbers])
    assert content == BOM + ",".join(map(str, numbers)).encode() + b"\r\n"


def test_what_is_written_is_what_excel_opens():
    assert write_csv([["이름", 1, None], ["a;b", 2, "=1+1"]]) == BOM + ('"이름",1,""\r\n"a;b",2,"\'=1+1"\r\n'.encode())


@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r"], ids=repr)
@pytest.mark.parametrize("mark", [b"", BOM], ids=["plain", "bom"])
def test_rows_are_numbered_as_a_spreadsheet_shows_them(ending: str, mark: bytes):
    lines = ["# 안내", "", "code,name", '1,"두 줄', '이름"', ",,", "#2,예시", "3,다"]
    rows = read_csv(mark + ending.join(lines).encode())
    assert [row.number for row in rows] == [3, 4, 7]
    assert rows[1].cells == ("1", f"두 줄{ending}이름")


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("재원,금액\n시비,1".encode("cp949"), Unreadable.ENCODING),
        ("재원,금액\n시비,1".encode("utf-16"), Unreadable.ENCODING),
        (b"a;b\n1;2", Unreadable.DELIMITER),
        (b"a\tb\n1\t2", Unreadable.DELIMITER),
        (b'a,b\n1,"2', Unreadable.QUOTES),
        (b'a,b\n1,"2"3', Unreadable.QUOTES),
        (b"", Unreadable.EMPTY),
        (b"# only words\n\n,,\n", Unreadable.EMPTY),
    ],
)
def test_what_is_no_table_is_refused_for_its_reason(content: bytes, reason: Unreadable):
    with pytest.raises(NotASheet) as refused:
        read_csv(content)
    assert refused.value.reason is reason


def test_cells_are_named_as_in_a_spreadsheet():
    assert [cell_name(7, position) for position in (0, 1, 25, 26, 51, 52, 701, 702)] == [
        "A7", "B7", "Z7", "AA7", "AZ7", "BA7", "ZZ7", "AAA7",
    ]  # fmt: skip


@given(_texts)
def test_a_cell_that_leaves_twice_is_still_no_formula(text: str):
    assert plain(plain(neutral(neutral(text)))) == text
