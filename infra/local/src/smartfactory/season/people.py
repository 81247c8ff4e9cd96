"""Who takes part in a season: the province, the Technopark, the municipalities, the panels and the companies."""

from dataclasses import dataclass
from uuid import UUID

from contracts.roles import PROVINCE_TENANT, Role
from contracts.types import municipality
from smartfactory.scenarios.firms import PlannedFirm
from smartfactory.scenarios.model import Scenario
from smartfactory.season.origin import Person

_TECHNOPARK = "jtp"
FORUM = "forum"

PROVINCE_OFFICER = Person("도 담당관 Province officer", "province-officer", Role.PROVINCE_OFFICER, PROVINCE_TENANT)
PROVINCE_APPROVER = Person("도 결재자 Province approver", "province-approver", Role.PROVINCE_APPROVER, PROVINCE_TENANT)
SECOND_PROVINCE_APPROVER = Person(
    "도 결재자 2 Second province approver", "province-approver-2", Role.PROVINCE_APPROVER, PROVINCE_TENANT
)
PROVINCE_TREASURER = Person(
    "도 세입세출 담당 Province treasurer", "province-treasurer", Role.PROVINCE_TREASURER, PROVINCE_TENANT
)
OPERATOR = Person("전북테크노파크 Technopark operator", "technopark-operator", Role.TECHNOPARK_OPERATOR, _TECHNOPARK)
MENTOR_LEAD = Person("멘토단장 Mentor lead", "mentor-lead", Role.MENTOR_LEAD, _TECHNOPARK)
SAMSUNG = Person("삼성 멘토 시스템 Samsung's mentor system", "samsung-mentor", Role.SAMSUNG_CLIENT, "samsung")
INSPECTOR = Person("전북테크노파크 점검자 Inspector", "technopark-inspector", Role.TECHNOPARK_OPERATOR, _TECHNOPARK)
MENTOR = Person("전담멘토 Mentor", "mentor-of-the-season", Role.MENTOR, _TECHNOPARK)
ACCOUNTANT = Person("정산 회계법인 Accountant", "accountant", Role.ACCOUNTANT, "accounting-firm")
AUDITOR = Person("감사 Auditor", "auditor", Role.AUDITOR, PROVINCE_TENANT)


def mentor(subject: str) -> Person:
    """One of Samsung's retired experts, by their account."""
    return Person(f"삼성 멘토 {subject} Mentor", subject, Role.MENTOR, _TECHNOPARK)


def forum_member(number: int) -> Person:
    """Somebody of a member firm of the CEO Forum."""
    return Person(f"상생협의회 위원 {number} Forum member", f"forum-{number}", Role.FORUM_MEMBER, FORUM)


@dataclass(frozen=True, slots=True)
class Panel:
    """The experts who score one type of project."""

    type_code: str
    members: tuple[Person, ...]


def municipality_officer(code: str) -> Person:
    """Who proposes the municipality's budget line."""
    return Person(
        f"{municipality(code).ko} 담당 {municipality(code).en} officer",
        f"officer-{code}",
        Role.MUNICIPALITY_OFFICER,
        code,
    )


def municipality_approver(code: str) -> Person:
    """Who confirms it."""
    return Person(
        f"{municipality(code).ko} 결재 {municipality(code).en} approver",
        f"approver-{code}",
        Role.MUNICIPALITY_APPROVER,
        code,
    )


def company_owner(firm: PlannedFirm) -> Person:
    """The owner of a made-up firm."""
    return Person(f"{firm.name} 대표 owner", _owner_subject(firm.company_id), Role.COMPANY_OWNER, str(firm.company_id))


def supplier(business_number: str) -> Person:
    """A made-up supplier, known by its business number."""
    return Person(f"공급기업 {business_number} supplier", f"supplier-{business_number}", Role.SUPPLIER, business_number)


def panels(scenario: Scenario) -> list[Panel]:
    """One panel per type, of as many made-up experts as the scenario says."""
    return [
        Panel(type_code, tuple(_member(type_code, number) for number in range(1, scenario.panel.members.value + 1)))
        for type_code in scenario.types
    ]


def _member(type_code: str, number: int) -> Person:
    return Person(
        f"{type_code} 평가위원 {number} panel member",
        f"panel-{type_code.lower()}-{number}",
        Role.PANEL_MEMBER,
        _TECHNOPARK,
    )


def _owner_subject(company_id: UUID) -> str:
    return f"owner-{company_id}"
