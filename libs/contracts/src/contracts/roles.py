"""Who a caller can be: the roles of the programme, as they stand in a token's `role` claim."""

from enum import StrEnum
from typing import Final
from uuid import UUID

from contracts.types import MUNICIPALITIES

PROVINCE_TENANT = "52"


class Role(StrEnum):
    """One role per token; the tenant beside it says whose (company id, municipality code or the province)."""

    COMPANY_OWNER = "company.owner"
    COMPANY_STAFF = "company.staff"
    TECHNOPARK_OPERATOR = "technopark.operator"
    PANEL_MEMBER = "panel.member"
    PROVINCE_OFFICER = "province.officer"
    PROVINCE_APPROVER = "province.approver"
    PROVINCE_TREASURER = "province.treasurer"
    MUNICIPALITY_OFFICER = "municipality.officer"
    MUNICIPALITY_APPROVER = "municipality.approver"
    MUNICIPALITY_CLIENT = "municipality.client"
    FORUM_MEMBER = "forum.member"
    MENTOR_LEAD = "mentor.lead"
    MENTOR = "mentor"
    SUPPLIER = "supplier"
    ACCOUNTANT = "accountant"
    AUDITOR = "auditor"
    PLATFORM_OPERATOR = "platform.operator"
    SAMSUNG_CLIENT = "samsung.client"
    IDENTITY_PROVIDER = "identity.provider"
    """The issuer itself, which asks what an account holds before it issues a token for it."""
    PERSON = "person"
    """Somebody who is known and holds nothing: may accept an invitation. The tenant is the own subject."""


COMPANY_ROLES = frozenset({Role.COMPANY_OWNER, Role.COMPANY_STAFF})
PROVINCE_ROLES = frozenset({Role.PROVINCE_OFFICER, Role.PROVINCE_APPROVER, Role.PROVINCE_TREASURER})
MUNICIPALITY_ROLES = frozenset({Role.MUNICIPALITY_OFFICER, Role.MUNICIPALITY_APPROVER, Role.MUNICIPALITY_CLIENT})
PARKED_EVENT_MENDERS = frozenset({Role.PLATFORM_OPERATOR})
PARKED_EVENT_READERS = PARKED_EVENT_MENDERS | {Role.AUDITOR}
EVERY_ROLE = frozenset(Role)
ROLES_V1: Final = (
    "service",
    "public",
    "company.owner",
    "company.staff",
    "technopark.operator",
    "panel.member",
    "province.officer",
    "province.approver",
    "province.treasurer",
    "municipality.officer",
    "municipality.approver",
    "municipality.client",
    "forum.member",
    "mentor.lead",
    "mentor",
    "supplier",
    "accountant",
    "auditor",
    "platform.operator",
    "samsung.client",
    "identity.provider",
    "person",
)
"""Whom the migrations made known to PostgreSQL, with the service itself and the public: it stays as it is. A new role
gets a list of its own, and each service a migration with it."""

_MUNICIPALITY_CODES = frozenset(str(each.code) for each in MUNICIPALITIES)


def tenant_fits(role: str, tenant: str | None) -> bool:
    """Whether a token of this role may carry this tenant, by which it is decided what is somebody's own."""
    if role in COMPANY_ROLES:
        return _is_uuid(tenant)
    if role in MUNICIPALITY_ROLES:
        return tenant in _MUNICIPALITY_CODES
    if role in PROVINCE_ROLES:
        return tenant == PROVINCE_TENANT
    return role in EVERY_ROLE


def _is_uuid(text: str | None) -> bool:
    try:
        return text is not None and str(UUID(text)) == text
    except ValueError:
        return False
