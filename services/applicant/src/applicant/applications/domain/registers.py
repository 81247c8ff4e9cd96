"""What the outside registers are asked about a case, and what each can answer."""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from contracts.standings import BusinessStatus


class Register(StrEnum):
    """One question of a screening round; the supplier is looked up in the same exclusion list as the company."""

    TAX_OFFICE = "TAX_OFFICE"
    SME_STATUS = "SME_STATUS"
    DEBARMENT = "DEBARMENT"
    SUPPLIER_DEBARMENT = "SUPPLIER_DEBARMENT"


@dataclass(frozen=True, slots=True)
class TaxStatus:
    """The tax office on the day asked about: alive, and in arrears with national or local tax (rules R-05, R-06)."""

    business_number: str
    status: BusinessStatus
    national_tax_arrears: bool
    local_tax_arrears: bool


@dataclass(frozen=True, slots=True)
class SizeCertificate:
    """The size certificate and the support history; no class means no certificate (rules R-02, R-07 and R-08)."""

    business_number: str
    size_class: str | None
    certificate_number: str | None
    concurrent_project: bool
    supported_before: bool
    valid_from: date | None = None
    valid_to: date | None = None

    def covers(self, day: date) -> bool:
        """Tell whether the certificate was valid that day; one without an end is."""
        begun = self.valid_from is not None and self.valid_from <= day
        return begun and (self.valid_to is None or day <= self.valid_to)


@dataclass(frozen=True, slots=True)
class Exclusion:
    """The exclusion list and the supplier pool, looked up by number and never by name (rules R-10 and R-11)."""

    business_number: str
    excluded: bool
    registered_supplier: bool
    until: date | None = None
    ground: str | None = None

    def holds_on(self, day: date) -> bool:
        """Tell whether the exclusion is in force; one without an end is."""
        return self.excluded and (self.until is None or day <= self.until)


RegisterAnswer = TaxStatus | SizeCertificate | Exclusion


@dataclass(frozen=True, slots=True)
class RegisterAnswers:
    """All answers of one round: a case is judged only once every register has answered."""

    tax: TaxStatus
    certificate: SizeCertificate
    exclusion: Exclusion
    supplier_exclusion: Exclusion
