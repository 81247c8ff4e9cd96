"""What the roles are called."""

from collections.abc import Mapping
from types import MappingProxyType

from common.errors import Text

ROLE_NAMES: Mapping[str, Text] = MappingProxyType(
    {
        "company.owner": Text("도입기업 대표", "Adopting firm, owner"),
        "company.staff": Text("도입기업 담당자", "Adopting firm, staff"),
        "technopark.operator": Text("전북테크노파크 담당자", "Technopark operator"),
        "panel.member": Text("평가위원", "Panel member"),
        "province.officer": Text("도 담당관", "Province officer"),
        "province.approver": Text("도 결재자", "Province approver"),
        "province.treasurer": Text("도 회계책임자", "Province treasurer"),
        "municipality.officer": Text("시·군 담당관", "Municipality officer"),
        "municipality.approver": Text("시·군 결재자", "Municipality approver"),
        "municipality.client": Text("시·군 시스템", "Municipality, machine"),
        "forum.member": Text("상생협의회 위원", "Forum member"),
        "mentor.lead": Text("멘토단장", "Mentor lead"),
        "mentor": Text("멘토", "Mentor"),
        "supplier": Text("공급기업", "Supplier"),
        "accountant": Text("정산 회계법인", "Accountant"),
        "auditor": Text("감사", "Auditor"),
        "platform.operator": Text("플랫폼 운영자", "Platform operator"),
        "samsung.client": Text("삼성 시스템", "Samsung, machine"),
        "identity.provider": Text("인증기관 시스템", "Identity provider, machine"),
        "person": Text("역할이 없는 개인", "A person without a role"),
    }
)
SOURCE_NAMES: Mapping[str, Text] = MappingProxyType(
    {
        "NATIONAL": Text("국비", "National"),
        "PROVINCE": Text("도비", "Province"),
        "MUNICIPALITY": Text("시·군비", "Municipality"),
        "SAMSUNG": Text("삼성", "Samsung"),
        "SME": Text("자부담", "Firm's own share"),
    }
)
