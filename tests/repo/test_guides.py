"""The guides for people in roles say what the system says, and the same in both languages."""

import re
from dataclasses import replace
from pathlib import Path

import pytest

from smartfactory.cli import app
from tests.repo.tree import ROOT
from tests.support.guides import (
    LANGUAGES,
    SECTIONS,
    Guide,
    differences,
    facts,
    faults,
    guides,
    links,
    read,
    shape,
    tokens,
)
from tests.support.quick_starts import steps
from tools.catalogue.permissions import load

KNOWN = facts(load())
GUIDES = {language: guides(language) for language in LANGUAGES}
_TUTORIAL = "docs/tutorial.md"
_ENGLISH = {
    "README.md": "README.ko.md",
    "docs/ko/README.md": "docs/en/README.md",
    "docs/ko/tutorial.md": "docs/tutorial.md",
}
"""What the Korean page points at, and the English one in its place."""

_BLOCK = re.compile(r"^```\w*\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_COMMAND = re.compile(r"`smartfactory ([a-z-]+)")


def _pages(language: str) -> dict[Path, str]:
    """A language's guides and tutorial."""
    found = [*sorted((ROOT / "docs" / language).glob("*.md")), *([ROOT / _TUTORIAL] if language == "en" else [])]
    return {path: path.read_text("utf-8") for path in found}


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_a_guide_names_exists_and_is_for_its_roles(language: str) -> None:
    assert {name: found for name, guide in GUIDES[language].items() if (found := faults(guide, KNOWN))} == {}


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_role_has_one_guide_and_the_index_says_which(language: str) -> None:
    named = [role for guide in GUIDES[language].values() for role in guide.roles]
    index = _pages(language)[ROOT / "docs" / language / "README.md"]

    assert sorted(named) == sorted(KNOWN.permissions.roles)
    for name, guide in GUIDES[language].items():
        (line,) = [line for line in index.splitlines() if f"]({name}.md)" in line]
        assert set(tokens(line)) == guide.roles, name


def test_both_languages_say_the_same() -> None:
    korean, english = (GUIDES[language] for language in LANGUAGES)

    assert korean.keys() == english.keys()
    mirrored = {name: replace(guide, head=guide.head.replace("../en/", "../ko/")) for name, guide in korean.items()}
    assert {name: found for name, guide in mirrored.items() if (found := differences(guide, english[name]))} == {}


def test_the_tutorial_has_the_same_commands_and_answers_in_both_languages() -> None:
    korean, english = ((ROOT / path).read_text("utf-8") for path in ("docs/ko/tutorial.md", _TUTORIAL))

    assert steps(korean) == steps(english)
    assert shape(korean) == shape(english)


def test_both_readmes_say_the_same() -> None:
    korean, english = ((ROOT / path).read_text("utf-8") for path in ("README.ko.md", "README.md"))
    of_korean = [_ENGLISH.get(target, target) for target in links(korean)]

    assert shape(korean) == shape(english)
    assert _without_remarks(korean) == _without_remarks(english)
    assert of_korean == links(english)
    assert [target for target in {*links(korean), *links(english)} if not (ROOT / target).exists()] == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_a_guide_points_at_is_there(language: str) -> None:
    gone = [
        f"{path.name}: {target}"
        for path, text in _pages(language).items()
        for target in links(text)
        if not (path.parent / target).is_file()
    ]
    commands = {name for text in _pages(language).values() for name in _COMMAND.findall(text)}

    assert gone == []
    assert commands <= set(app), "each is a command of the program"


def _without_remarks(page: str) -> list[str]:
    """Its commands and what they print."""
    lines = [line for block in _BLOCK.findall(page) for line in block.splitlines()]
    return [re.sub(r" +# .*$", "", line) for line in lines]


def _spoiled(about: str, old: str, new: str) -> Guide:
    """The firm's guide with one thing in a section said otherwise."""
    guide = GUIDES["en"]["firm"]
    sections = list(guide.sections)
    place = SECTIONS.index(about)
    assert old in sections[place]
    sections[place] = sections[place].replace(old, new, 1)
    return replace(guide, sections=sections)


@pytest.mark.parametrize(
    ("about", "old", "new", "found"),
    [
        ("pages", "`/firm`", "`/today`", "/today is no page for company.owner, company.staff, person"),
        ("calendar", "`POST /applicant/v1/companies`", "`POST /applicant/v1/firms`", "POST /applicant/v1/firms is no request"),
        ("calendar", "| `person` |", "| `company.staff` |", "company.staff may not POST /applicant/v1/invitation-acceptances"),
        ("calendar", "| `person` |", "| `company.staff` |", "person has nothing to do"),
        ("deadlines", "20 days", "21 days", "OBJECTION_WINDOW is [20] and not '21 days'"),
        ("deadlines", "[L1 art.36-2]", "`assumed`", "OBJECTION_WINDOW is known by"),
        ("deadlines", "| 30 days | `assumed`", "| 30 days | [L1 art.8]", "AGREEMENT_SIGNATURES is known by"),
        ("deadlines", "`OBJECTION_WINDOW`", "`NO_SUCH_DAY`", "NO_SUCH_DAY is no deadline of the rules"),
        ("unseen", "`GET /funding/v1/budget-lines`", "`GET /funding/v1/releases`", "company.owner may GET /funding/v1/releases"),
        ("refusals", "`window-closed`", "`window-shut`", "`window-shut` is no problem"),
        ("refusals", "`GET /funding/v1/release-holds`", "`GET /funding/v1/budget-lines`", "nobody of the guide may GET"),
    ],
)  # fmt: skip
def test_a_guide_that_says_what_is_not_so_is_found(about: str, old: str, new: str, found: str) -> None:
    assert any(fault.startswith(found) for fault in faults(_spoiled(about, old, new), KNOWN))


def test_another_number_of_days_until_one_is_told_again_is_found() -> None:
    province = GUIDES["ko"]["province"]
    sections = [section.replace("14일마다", "15일마다") for section in province.sections]

    assert faults(replace(province, sections=sections), KNOWN) == [
        "AGREEMENT_COVERAGE is told again every 14 days and not [15]"
    ]


def test_a_row_a_name_or_a_link_in_one_language_only_is_found() -> None:
    first = read("# A\n\nRole: `public`\n\n## 1\n\n| `/` | x |\n- [a](b.md)\n", "a", "en")
    second = read("# A\n\n역할: `public`\n\n## 1\n\n| `/gauge` | x |\n", "a", "ko")

    assert differences(first, second) == ["pages: names", "pages: links", "pages: lines"]
