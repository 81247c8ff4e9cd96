"""The guides for people in roles (docs/ko, docs/en), read as tables, and the facts that they are held against."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.repo.tree import ROOT
from tools.catalogue.permissions import ALLOWED, PUBLIC, SCOPES, Permissions

LANGUAGES = ("ko", "en")
SECTIONS = ("pages", "calendar", "deadlines", "unseen", "refusals")
"""What the sections of a guide are about, in their order; their headings are words of its language."""

_SERVICES = ("applicant", "funding", "mentoring", "metrics")
_TOKEN = re.compile(r"`([^`]+)`")
_REQUEST = re.compile(r"(?:GET|POST|PUT|PATCH|DELETE) /.+")
_LINK = re.compile(r"\]\(([^)#]+)(?:#[^)]*)?\)")
_REPEATED = re.compile(r"(\d+)일마다|every (\d+) days")
_TAG = re.compile(r"\[[A-Z][^\]]*\]")
_SENTENCE_ENDS = re.compile(r"\.(?:\s|$)")


@dataclass(frozen=True)
class Guide:
    """One page in one language: what stands before its first section, and its sections."""

    name: str
    language: str
    head: str
    sections: Sequence[str]

    @property
    def roles(self) -> set[str]:
        """Those whom it is for, as the line below its title says."""
        line = next((line for line in self.head.splitlines() if line.startswith(("역할", "Role"))), "")
        return {token for token in tokens(line) if not _REQUEST.fullmatch(token)}

    def section(self, about: str) -> str:
        return self.sections[SECTIONS.index(about)]

    def rows(self, about: str) -> list[list[str]]:
        """The cells of a section's table, without its head."""
        lines = [line for line in self.section(about).splitlines() if line.startswith("|")]
        return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:]]


@dataclass(frozen=True)
class Duration:
    """How long a rule's time is, how often it is told again once it has passed, and whence that is known."""

    numbers: Sequence[int]
    repeated: int | None
    source: str


@dataclass(frozen=True)
class Facts:
    """What the system says itself: its permissions, requests by operation, problems, and the rules' times."""

    permissions: Permissions
    operations: Mapping[str, str]
    """The operation as the permissions name it, by its request at the one origin."""
    problems: frozenset[str]
    durations: Mapping[str, Duration]

    def may(self, role: str, request: str) -> bool:
        """Whether the role is allowed it on anything at all."""
        operation = self.operations[request]
        return any(self.permissions.answer(operation, role, scope) == ALLOWED for scope in SCOPES)

    def sees(self, role: str, page: str) -> bool:
        named = self.permissions.pages.get(f"GET {page}", ())
        return any(name in {PUBLIC, role} or _is_of(role, name) for name in named)


def tokens(text: str) -> list[str]:
    """What stands in backticks."""
    return _TOKEN.findall(text)


def requests(text: str) -> list[str]:
    return [token for token in tokens(text) if _REQUEST.fullmatch(token)]


def links(text: str) -> list[str]:
    """Relative addresses that a page points at, pictures among them."""
    return [target for target in _LINK.findall(text) if not target.startswith(("http:", "https:"))]


def shape(text: str) -> list[str]:
    """What kind of line follows which: headings, rows, points, pictures, prose."""
    return [line[:1] if line[:1] in {"#", "|", "-", "!"} else "x" for line in text.splitlines() if line.strip()]


def read(text: str, name: str, language: str) -> Guide:
    head, *sections = re.split(r"^## .*$", text, flags=re.MULTILINE)
    return Guide(name, language, head, sections)


def guides(language: str, root: Path = ROOT) -> dict[str, Guide]:
    """The guides of a language by name: its pages with sections for a role, not the index nor the tutorial."""
    found = [read(path.read_text("utf-8"), path.stem, language) for path in (root / "docs" / language).glob("*.md")]
    return {guide.name: guide for guide in sorted(found, key=lambda each: each.name) if guide.roles}


def facts(permissions: Permissions) -> Facts:
    operations = {
        f"{method.upper()} /{service}{path}": f"{service}.{described['operationId']}"
        for service in _SERVICES
        for path, methods in _json(f"docs/api/{service}.json")["paths"].items()
        for method, described in methods.items()
    }
    problems = re.findall(r"^\| `([a-z-]+)` \| \d{3} \|", (ROOT / "docs/problems.md").read_text("utf-8"), re.MULTILINE)
    return Facts(permissions, operations, frozenset(problems), dict(_durations()))


def faults(guide: Guide, known: Facts) -> list[str]:
    """Where a guide says what is not so, or leaves one of its roles with nothing to do."""
    if len(guide.sections) != len(SECTIONS):
        return [f"it has {len(guide.sections)} sections and not {', '.join(SECTIONS)}"]
    strange = [f"{role} is no role" for role in sorted(guide.roles - known.permissions.roles.keys())]
    text = "\n".join([guide.head, *guide.sections])
    unknown = [f"{each} is no request" for each in requests(text) if each not in known.operations]
    if strange or unknown:
        return strange + unknown
    return [
        *_of_pages(guide, known),
        *_of_calendar(guide, known),
        *_of_deadlines(guide, known),
        *_of_unseen(guide, known),
        *_of_refusals(guide, known),
    ]


def differences(one: Guide, other: Guide) -> list[str]:
    """Where two languages of a guide do not say the same: other names in a section, more rows, another link."""
    if len(one.sections) != len(other.sections):
        return ["other sections"]
    parts = [("head", one.head, other.head), *zip(SECTIONS, one.sections, other.sections, strict=False)]
    return [
        f"{part}: {what}"
        for part, first, second in parts
        for what, names in (("names", tokens), ("links", links), ("lines", shape))
        if sorted(names(first)) != sorted(names(second))
    ]


def _of_pages(guide: Guide, known: Facts) -> Iterator[str]:
    for page in (token for row in guide.rows("pages") for token in tokens(row[0])):
        if not any(known.sees(role, page) for role in guide.roles):
            yield f"{page} is no page for {', '.join(sorted(guide.roles))}"


def _of_calendar(guide: Guide, known: Facts) -> Iterator[str]:
    busy = set()
    for _time, what, asked, who in guide.rows("calendar"):
        roles = tokens(who)
        busy |= set(roles)
        if not roles or not requests(asked) or not set(roles) <= guide.roles:
            yield f"{what!r} is not told with a request for roles of the guide"
            continue
        yield from (f"{role} may not {each}" for each in requests(asked) for role in roles if not known.may(role, each))
    yield from (f"{role} has nothing to do" for role in sorted(guide.roles - busy))


def _of_deadlines(guide: Guide, known: Facts) -> Iterator[str]:
    for what, length, source, afterwards in guide.rows("deadlines"):
        name = tokens(what)[0]
        duration = known.durations.get(name)
        if duration is None:
            yield f"{name} is no deadline of the rules"
            continue
        if [int(number) for number in re.findall(r"\d+", length)] != list(duration.numbers):
            yield f"{name} is {list(duration.numbers)} and not {length!r}"
        again = [int(one or other) for one, other in _REPEATED.findall(afterwards)]
        if again and again != [duration.repeated]:
            yield f"{name} is told again every {duration.repeated} days and not {again}"
        assumed = duration.source.startswith("assumed")
        if assumed != ("assumed" in source) or not (assumed or set(_TAG.findall(source)) & _tags(duration)):
            yield f"{name} is known by {duration.source!r} and not {source!r}"


def _of_unseen(guide: Guide, known: Facts) -> Iterator[str]:
    """Each point's first sentence names what is refused; what follows may say where to look instead."""
    for point in (line for line in guide.section("unseen").splitlines() if line.startswith("-")):
        end = _SENTENCE_ENDS.search(point)
        first, rest = (point[: end.end()], point[end.end() :]) if end else (point, "")
        for each in requests(first):
            yield from (f"{role} may {each}" for role in sorted(guide.roles) if known.may(role, each))
        yield from _nobodys(guide, known, rest)
    for about in ("pages", "deadlines", "refusals"):
        yield from _nobodys(guide, known, guide.section(about))


def _nobodys(guide: Guide, known: Facts, text: str) -> Iterator[str]:
    for each in requests(text):
        if not any(known.may(role, each) for role in guide.roles):
            yield f"nobody of the guide may {each}"


def _of_refusals(guide: Guide, known: Facts) -> Iterator[str]:
    rows = guide.rows("refusals")
    if not rows:
        yield "it says nothing of refusals"
    yield from (f"{row[0]} is no problem" for row in rows if not set(tokens(row[0])) & known.problems)


def _is_of(role: str, group: str) -> bool:
    return group.endswith(".*") and role.startswith(group.removesuffix("*"))


def _tags(duration: Duration) -> set[str]:
    return set(_TAG.findall(duration.source))


def _durations() -> Iterator[tuple[str, Duration]]:
    applicant, funding = "services/applicant/src/applicant", "services/funding/src/funding"
    for each in _newest(f"{applicant}/deadline_rules")["deadlines"]:
        days = [] if each["days"] is None else [each["days"]]
        yield each["kind"], Duration(days, each["repeat_days"], each["source"])
    for each in _newest(f"{applicant}/inspection_rules")["deadlines"]:
        yield each["kind"], Duration([each["days_max"]], None, each["source"])
    amendments = _newest(f"{applicant}/amendment_rules")
    for name in ("days_after_cause", "months_before_end"):
        yield name, Duration([amendments[name]], None, amendments["window_source"])
    closing = _newest(f"{funding}/closing_rules")
    for name in ("report_months", "refund_days", "opinion_days", "payment_days", "objection_days"):
        yield name, Duration([closing[name]], None, closing[f"{name.partition('_')[0]}_source"])
    lapses = _newest(f"{funding}/lapse_rules")
    yield "alert_days", Duration(lapses["alert_days"], None, lapses["source"])
    today = _newest("services/metrics/src/metrics/today_rules")
    yield "due_soon_days", Duration([today["due_soon_days"]], None, today["due_soon_source"])


def _newest(folder: str) -> Any:
    found = [_json(str(path.relative_to(ROOT))) for path in sorted((ROOT / folder).glob("*.json"))]
    return max(found, key=lambda rules: rules["valid_from"])


def _json(path: str) -> Any:
    return json.loads((ROOT / path).read_text("utf-8"))
