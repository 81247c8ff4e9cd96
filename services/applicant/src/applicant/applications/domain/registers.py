"""What the outside registers are asked about a case, and what each can answer."""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum


class Register(StrEnum):
    """One question of a screening round; the supplier is looked up in the same exclusion list as the company."""

    TAX_OFFICE = "TAX_OFFICE"
    SME_STATUS = "SME_STATUS"
    DEBARMENT = "DEBARMENT"
    SUPPLIER_DEBARMENT = "SUPPLIER_DEBARMENT"


class BusinessStatus(StrEnum):
    ACTIVE = "ACTIVE"
    SUSPENDED = "SUSPENDED"
    CLOSED = "CLOSED"


@dataclass(frozen=True, slots=True)
class TaxStatus:
    """The tax office on the day asked about (rules R-05 and R-06)."""

    status: BusinessStatus
    national_tax_arrears: bool
    local_tax_arrears: bool
    checked_at: str


@dataclass(frozen=True, slots=True)
class SizeCertificate:
    """The size certificate on record; all `None` when there is none (rule R-02)."""

    size_class: str | None = None
    certificate_number: str | None = None
    valid_from: date | None = None
    valid_to: date | None = None


@dataclass(frozen=True, slots=True)
class Exclusion:
    """An entry of the exclusion list, found by number and never by name (rules R-10 and R-11)."""

    excluded: bool
    until: date | None = None
    ground: str | None = None

    def holds_on(self, day: date) -> bool:
        """Tell whether the exclusion is in force; one without an end is."""
        return self.excluded and (self.until is None or day <= self.until)


@dataclass(frozen=True, slots=True)
class RegisterAnswers:
    """All answers of one round: a case is judged only once every register has answered."""

    tax: TaxStatus
    certificate: SizeCertificate
    exclusion: Exclusion
    supplier_exclusion: Exclusion
