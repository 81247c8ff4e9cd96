"""Who a caller can be: the roles of the programme, as they stand in a token's `role` claim."""

from enum import StrEnum

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


COMPANY_ROLES = frozenset({Role.COMPANY_OWNER, Role.COMPANY_STAFF})
PROVINCE_ROLES = frozenset({Role.PROVINCE_OFFICER, Role.PROVINCE_APPROVER, Role.PROVINCE_TREASURER})
MUNICIPALITY_ROLES = frozenset({Role.MUNICIPALITY_OFFICER, Role.MUNICIPALITY_APPROVER, Role.MUNICIPALITY_CLIENT})
PARKED_EVENT_MENDERS = frozenset({Role.PLATFORM_OPERATOR})
PARKED_EVENT_READERS = PARKED_EVENT_MENDERS | {Role.AUDITOR}
EVERY_ROLE = frozenset(Role)
