"""How a page writes what it is handed: numbers, won, days, moments, places and addresses, in one language."""

from datetime import date, datetime
from urllib.parse import quote, urlencode

from fastapi import Request
from markupsafe import Markup

from common.clock import KST
from common.web.language import Language
from common.web.methods import route_path
from contracts.types import MUNICIPALITIES
from metrics.pages.api.routing import LANGUAGE
from metrics.pages.domain import figures

_NAMES = {str(each.code): each for each in MUNICIPALITIES}
_SUFFIXES = ("-si", "-gun")


class Writing:
    """`f` in a template."""

    def __init__(self, request: Request, language: Language) -> None:
        self.language = language
        self.other: Language = "en" if language == "ko" else "ko"
        self.path = route_path(request)
        self._query = [(name, value) for name, value in request.query_params.multi_items() if name != LANGUAGE]
        self._keeps_language = LANGUAGE in request.query_params

    def link(self, path: str, **query: object) -> str:
        """The address of another page, in the language that this one was asked for."""
        wanted = {name: str(value) for name, value in query.items() if value is not None}
        kept = {LANGUAGE: self.language} if self._keeps_language else {}
        asked = urlencode({**wanted, **kept})
        return f"{path}?{asked}" if asked else path

    @property
    def in_other_language(self) -> str:
        """The address of this page in the other language."""
        return f"{quote(self.path)}?{urlencode([*self._query, (LANGUAGE, self.other)])}"

    def number(self, value: int) -> str:
        return figures.number(value)

    def won(self, value: int) -> Markup:
        """As people say it, with the exact amount behind it."""
        short, exact = figures.short_won(value, self.language), figures.exact_won(value, self.language)
        return Markup('<data class="won" value="{}" title="{}">{}</data>').format(value, exact, short)

    def percent(self, basis_points: int) -> str:
        return figures.percent(basis_points)

    def points(self, basis_points: int) -> str:
        return figures.points(basis_points, self.language)

    def day(self, day: date) -> Markup:
        said = f"{day.year}년 {day.month}월 {day.day}일" if self.language == "ko" else f"{day:%-d %B %Y}"
        return Markup('<time datetime="{}">{}</time>').format(day.isoformat(), said)

    def moment(self, moment: datetime) -> Markup:
        """In Korean time, whoever reads it."""
        local = moment.astimezone(KST)
        return Markup('<time datetime="{}">{} KST</time>').format(
            local.isoformat(timespec="seconds"), f"{local:%Y-%m-%d %H:%M}"
        )

    def place(self, code: str) -> str:
        """A municipality's name."""
        found = _NAMES.get(code)
        return code if found is None else found.ko if self.language == "ko" else found.en

    def short_place(self, code: str) -> str:
        """The same where there is little room."""
        name = self.place(code)
        return next((name.removesuffix(suffix) for suffix in _SUFFIXES if name.endswith(suffix)), name)
