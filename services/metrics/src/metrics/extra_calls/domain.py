"""The draft of an extra call as its form has it, and what the applicant service shows of calls."""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID
from zoneinfo import ZoneInfo

KST = ZoneInfo("Asia/Seoul")
FIELDS = ("title_ko", "title_en", "opens_at", "closes_at", "seats")
"""What a person writes; all else is offered by the day, or promised by the earlier call."""
EDITED = ("title_ko", "title_en", "opens_at", "closes_at")
"""What a person changes of a draft on its page."""
TERMS = (
    "track",
    "title_ko",
    "title_en",
    "fiscal_year",
    "opens_at",
    "closes_at",
    "split_rule_version",
    "types",
    "rates",
    "seat_lines",
    "planned_budget_lines",
    "panel_rule",
    "screening_rule_version",
    "supplement_days",
)
"""All that a call promises, as `editCall` takes it: a draft is replaced as a whole."""

_DRAFT = "DRAFT"
_SEATS = re.compile(r"[0-9]{1,4}")
_MOMENTS = ("%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S")
"""How a browser sends a date with a time, seconds only where there are some."""


@dataclass(frozen=True, slots=True)
class CallSeats:
    """One line of a call's seats."""

    type_code: str
    municipality_code: str
    seats: int


@dataclass(frozen=True, slots=True)
class CallMoney:
    """What one source plans for a call; a municipality's own names it."""

    source: str
    amount_won: int
    municipality_code: str | None = None


@dataclass(frozen=True, slots=True)
class CallType:
    """A type of a call and its cap."""

    type_code: str
    cap_won: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CallShown:
    """A call as the applicant service shows it, as far as pages read it."""

    id: UUID
    state: str
    track: str
    title_ko: str
    title_en: str
    fiscal_year: int
    opens_at: datetime
    closes_at: datetime
    split_rule_version: str
    screening_rule_version: str
    supplement_days: int
    types: tuple[CallType, ...]
    seat_lines: tuple[CallSeats, ...]
    planned_budget_lines: tuple[CallMoney, ...]
    version: int
    published_at: datetime | None = None

    @property
    def is_draft(self) -> bool:
        return self.state == _DRAFT

    def cap_won(self, type_code: str) -> int | None:
        """The most that a project of the type is paid, in won; none if the call has no such type."""
        return next((each.cap_won for each in self.types if each.type_code == type_code), None)

    def offers(self, type_code: str, municipality_code: str) -> bool:
        """Whether it has a seat of that type and municipality."""
        return any(
            line.seats and (line.type_code, line.municipality_code) == (type_code, municipality_code)
            for line in self.seat_lines
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Offered:
    """The seats that a day offers for one municipality, and what one of them costs each source at most, in won."""

    track: str
    fiscal_year: int
    type_code: str
    municipality_code: str
    seats: int
    of_one_seat: tuple[CallMoney, ...]


def seats_of(typed: str, *, most: int) -> int | None:
    """How many seats, if it is a number from one to what is offered."""
    seats = int(typed) if _SEATS.fullmatch(typed.strip()) else 0
    return seats if 0 < seats <= most else None


def moment_of(typed: str) -> str:
    """A date with a time as a form has it, which is Korean time; what is none is passed on, and refused there."""
    for form in _MOMENTS:
        try:
            return datetime.strptime(typed, form).replace(tzinfo=KST).isoformat()
        except ValueError:
            continue
    return typed


def draft_body(
    offered: Offered, copied: Mapping[str, object], typed: Mapping[str, str], *, seats: int
) -> dict[str, object]:
    """The whole draft: terms as the earlier call has them, titles and window as typed, money for as many seats."""
    return {
        **copied,
        "track": offered.track,
        "fiscal_year": offered.fiscal_year,
        "title_ko": typed.get("title_ko", "").strip(),
        "title_en": typed.get("title_en", "").strip(),
        "opens_at": moment_of(typed.get("opens_at", "")),
        "closes_at": moment_of(typed.get("closes_at", "")),
        "seat_lines": [
            {"type_code": offered.type_code, "municipality_code": offered.municipality_code, "seats": seats}
        ],
        "planned_budget_lines": [
            {
                "source": each.source,
                "municipality_code": each.municipality_code,
                "amount_won": each.amount_won * seats,
            }
            for each in offered.of_one_seat
        ],
    }


def edited_body(present: Mapping[str, object], typed: Mapping[str, str]) -> dict[str, object]:
    """The draft as it stands, with titles and window as typed."""
    written = {
        "title_ko": typed.get("title_ko", "").strip(),
        "title_en": typed.get("title_en", "").strip(),
        "opens_at": moment_of(typed.get("opens_at", "")),
        "closes_at": moment_of(typed.get("closes_at", "")),
    }
    return {name: present[name] for name in TERMS} | written


def typed_of(call: CallShown) -> dict[str, str]:
    """Titles and window of a call as its form has them."""
    return {
        "title_ko": call.title_ko,
        "title_en": call.title_en,
        "opens_at": _typed_moment(call.opens_at),
        "closes_at": _typed_moment(call.closes_at),
    }


def is_as_typed(call: CallShown, typed: Mapping[str, str]) -> bool:
    """Whether the call says already what was typed: the form came twice, or was taken without an answer."""
    moments = {name: moment_of(typed.get(name, "")) for name in ("opens_at", "closes_at")}
    titles = {name: typed.get(name, "").strip() for name in ("title_ko", "title_en")}
    says = {"title_ko": call.title_ko, "title_en": call.title_en}
    says |= {name: moment_of(typed_of(call)[name]) for name in moments}
    return says == titles | moments


def _typed_moment(moment: datetime) -> str:
    local = moment.astimezone(KST)
    return local.strftime(_MOMENTS[1] if local.second else _MOMENTS[0])


def drafts_for(calls: Collection[CallShown], type_code: str, municipality_code: str) -> list[CallShown]:
    """Those calls that somebody has begun for the same seats and nobody has published yet."""
    return [call for call in calls if call.is_draft and call.offers(type_code, municipality_code)]
