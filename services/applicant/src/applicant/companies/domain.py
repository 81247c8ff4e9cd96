"""What a company and a worksite are, and what must hold before either is stored."""

import re
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from uuid import UUID

from common.errors import InvalidInput, NotFound, RuleRefused, StaleVersion, Text
from contracts.types import BusinessNumber, MunicipalityCode, Won, municipality_at, parse_business_number

_CORPORATE_NUMBER_DIGITS = 13
_KSIC = re.compile(r"[A-U]?[0-9]{2,5}")
# One address that a mail port can take; whether somebody reads it, only a delivery shows.
_EMAIL = re.compile(r"[A-Za-z0-9._%+-]{1,64}@(?:[A-Za-z0-9-]{1,63}\.){1,8}[A-Za-z]{2,63}")


class SizeClass(StrEnum):
    """The size a company states; the register's certificate decides (rule R-02)."""

    SMALL = "SMALL"
    MEDIUM = "MEDIUM"
    MID_SIZED = "MID_SIZED"
    LARGE = "LARGE"


class CompanyNotFound(NotFound):
    code = "company-not-found"
    title = Text("기업을 찾을 수 없습니다", "There is no such company")
    detail = Text(
        "아직 등록하지 않았거나 볼 수 없는 기업입니다. 기업 id를 확인하고, 자기 기업이면 먼저 등록해 주세요.",
        "It is not registered, or not one that you may see. Check its id; register your own company first.",
    )


class WorksiteNotFound(NotFound):
    code = "worksite-not-found"
    title = Text("사업장을 찾을 수 없습니다", "There is no such worksite")
    detail = Text(
        "사업장 번호를 확인해 주세요. 이 기업에 등록된 사업장만 쓸 수 있습니다.",
        "Check its id: only a worksite registered for this company can be used.",
    )


class CompanyAlreadyRegistered(RuleRefused):
    """One tenant is one company, and one business number belongs to one company."""

    code = "company-already-registered"
    title = Text("이미 등록된 기업입니다", "The company is registered already")
    detail = Text(
        "이 계정 또는 사업자등록번호로 등록된 기업이 있습니다. 새로 저장된 것은 없습니다.",
        "This account or business number already has a company. Nothing was stored.",
    )


class WorksiteAlreadyRegistered(RuleRefused):
    code = "worksite-already-registered"
    title = Text("이미 등록된 사업장입니다", "The worksite is registered already")
    detail = Text(
        "같은 이름의 사업장이 이 기업에 등록되어 있습니다. 새로 저장된 것은 없습니다.",
        "The company already has a worksite of this name. Nothing was stored.",
    )


class InvalidCorporateNumber(InvalidInput):
    """The check digit is not asked for: numbers issued since 2025 may not carry one (domain.md section 9)."""

    code = "invalid-corporate-number"
    title = Text("법인등록번호가 올바르지 않습니다", "The corporate number is not valid")
    detail = Text("법인등록번호는 숫자 13자리입니다.", "A corporate registration number has thirteen digits.")


class InvalidIndustryCode(InvalidInput):
    code = "invalid-industry-code"
    title = Text("산업분류코드가 올바르지 않습니다", "The industry code is not valid")
    detail = Text(
        "한국표준산업분류 코드는 2~5자리 숫자이며 앞에 대분류 문자를 붙일 수 있습니다.",
        "A KSIC code has two to five digits, with or without the section letter.",
    )


class InvalidContactEmail(InvalidInput):
    code = "invalid-contact-email"
    title = Text("전자우편 주소가 올바르지 않습니다", "The e-mail address is not valid")
    detail = Text(
        "통지를 받을 전자우편 주소 하나를 적어 주세요. 예: office@example.com",
        "Give one e-mail address to which notices go. For example: office@example.com",
    )


class CompanyHasChanged(StaleVersion):
    code = "company-has-changed"
    title = Text("그사이 기업 정보가 바뀌었습니다", "The company has changed meanwhile")
    detail = Text(
        "현재 판은 {current_version}입니다. 바뀐 것은 없습니다. 다시 읽고 처리해 주세요.",
        "The current version is {current_version}. Nothing was changed. Read it again.",
    )


@dataclass(frozen=True, slots=True)
class CompanyFacts:
    """What a company says of itself. Names and the address may be personal data and stay in this service."""

    business_number: BusinessNumber
    corporate_number: str | None
    name: str
    representative_name: str
    size_class: SizeClass
    ksic_code: str
    ksic_revision: str
    annual_sales_won: Won
    employees: int
    supported_before: bool
    head_office_address: str
    contact_email: str | None = None
    """Where its notices go; a person's address is personal data and stays in this table."""


@dataclass(frozen=True, slots=True)
class Company:
    """An adopting company; its id is the tenant of its people's tokens."""

    id: UUID
    facts: CompanyFacts
    version: int


@dataclass(frozen=True, slots=True)
class WorksiteFacts:
    """A plant as its company describes it, with the municipality as it was written and as it counts today."""

    name: str
    code_as_written: str
    recorded_on: date
    municipality_code: MunicipalityCode
    address: str
    factory_registration_number: str | None
    manufacturing_floor_m2: int
    in_industrial_complex: bool


@dataclass(frozen=True, slots=True)
class Worksite:
    id: UUID
    company_id: UUID
    facts: WorksiteFacts
    version: int


def checked_business_number(text: str) -> BusinessNumber:
    """Rule R-04, before anything is stored."""
    return parse_business_number(text)


def checked_corporate_number(text: str | None) -> str | None:
    """Thirteen digits, hyphens allowed; none for a sole proprietor."""
    if text is None:
        return None
    digits = re.sub(r"[\s-]", "", text)
    if not re.fullmatch(rf"[0-9]{{{_CORPORATE_NUMBER_DIGITS}}}", digits):
        raise InvalidCorporateNumber
    return digits


def checked_contact_email(text: str | None) -> str | None:
    """One address, as it is written to; none is allowed."""
    if text is None:
        return None
    stripped = text.strip()
    if not _EMAIL.fullmatch(stripped):
        raise InvalidContactEmail
    return stripped


def check_version(company: Company, read_version: int) -> None:
    """Refuse a change decided on another version than the present one."""
    if company.version != read_version:
        raise CompanyHasChanged(current_version=company.version)


def checked_ksic_code(text: str) -> str:
    """A KSIC code, with or without the section letter; whether it is manufacturing is rule R-03's business."""
    code = text.strip().upper()
    if not _KSIC.fullmatch(code):
        raise InvalidIndustryCode
    return code


def counted_municipality(code_as_written: str, recorded_on: date) -> MunicipalityCode:
    """The present code of the municipality that the code on the record means (domain.md section 3.1)."""
    return municipality_at(code_as_written, recorded_on).code
