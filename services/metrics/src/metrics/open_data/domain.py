"""How open data names things, and which version of that counts on a day."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID, uuid5

from common.errors import NotFound, RuleRefused, Text


class OpenCallUnknown(NotFound):
    """No call of this id was published."""

    code = "open-call-unknown"
    title = Text("그런 공고가 없습니다", "No such call")
    detail = Text("게시된 공고 가운데 이 번호는 없습니다.", "No published call has this id.")


class TooFewOpenGrants(RuleRefused):
    """So few awards of a year may be published that none is: the standard knows no file without a grant."""

    code = "open-grants-too-few"
    title = Text("공개할 내역이 너무 적습니다", "Too few awards to publish")
    detail = Text(
        "{fiscal_year}년에 공개할 수 있는 내역이 {minimum}건보다 적어 공개하지 않습니다.",
        "Fewer than {minimum} awards of {fiscal_year} may be published, so none is.",
    )


@dataclass(frozen=True, slots=True)
class Funder:
    """A body whose budget bears a part of an award."""

    id: str
    name: str


@dataclass(frozen=True, slots=True)
class OpenDataRule:
    """A version of how awards and calls are published; each assumed value says so in its source."""

    version: str
    valid_from: date
    note: str
    prefix: str
    prefix_source: str
    funder_id: str
    funder_name: str
    state: Funder
    municipalities: Funder
    """Those of several municipalities, where it is not told which."""
    funders_source: str
    region: str
    country_code: str
    currency: str
    least_won: int
    least_source: str
    unnamed: str
    unnamed_source: str

    def grant_id(self, commitment_id: UUID) -> str:
        """The same for ever, and of the commitment: partners know a project's id and must not find its money by it.

        Not the commitment's id itself, which tells its time to the millisecond, and so whose selection it followed.
        """
        return f"{self.prefix}-{uuid5(commitment_id, 'grant')}"

    def municipality_id(self, code: str) -> str:
        """A municipality as a funder."""
        return f"{self.prefix}-org-{code}"

    def recipient_id(self, commitment_id: UUID) -> str:
        """An id of its own for each award: two awards of one firm are not told to be of the same."""
        return f"{self.prefix}-org-{uuid5(commitment_id, 'recipient')}"


def in_force(rules: Sequence[OpenDataRule], day: date) -> OpenDataRule:
    """The newest version whose first day has come; before the first, that one."""
    ordered = sorted(rules, key=lambda rule: rule.valid_from)
    return next((rule for rule in reversed(ordered) if rule.valid_from <= day), ordered[0])
