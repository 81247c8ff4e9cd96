"""The ways a rule can be broken, said for people and for machines, and knowing nothing of HTTP.

A feature declares one class per broken rule (`QuotaFull`) under the kind that says what the caller can do about it.
`common.web.problems` turns the kind into a status and the texts into problem+json.
"""

from dataclasses import dataclass
from typing import ClassVar


@dataclass(frozen=True, slots=True)
class Text:
    """One sentence in both languages; `{name}` placeholders are filled from the error's facts."""

    ko: str
    en: str


class DomainError(Exception):
    """A rule of the programme said no. What the caller sent is kept out; nothing has changed.

    Subclass one of the kinds below, never this class. `facts` are the values the texts name; they must hold no
    personal data, since they reach logs, parked events and the caller.
    """

    code: ClassVar[str]
    title: ClassVar[Text]
    detail: ClassVar[Text]

    def __init__(self, **facts: object) -> None:
        self.facts = facts
        super().__init__(self.detail.en.format_map(facts))


class NotFound(DomainError):
    """The thing does not exist, or is another tenant's: the two answers are the same on purpose."""


class NotPermitted(DomainError):
    """The caller may see this thing, but may not do this to it."""


class InvalidInput(DomainError):
    """The input breaks a rule that needs no stored state to check. `field` (a JSON Pointer) may be among the facts."""


class RuleRefused(DomainError):
    """The request is well formed, and the programme's rules refuse it in the present state."""


class TooOften(DomainError):
    """The caller may, but not so soon or so often; `retry_after_seconds` among the facts says when to come again."""


class StaleVersion(DomainError):
    """The caller decided on a version that is no longer the current one. `current_version` is among the facts."""
