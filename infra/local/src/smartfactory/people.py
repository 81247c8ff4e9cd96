"""Being somebody on this machine: tokens from the local issuer, and news for the outside registers."""

from collections.abc import Sequence
from dataclasses import asdict

from common.errors import Text
from common.http import BadAnswer, HttpClient
from contracts.roles import COMPANY_ROLES, MUNICIPALITY_ROLES, PROVINCE_ROLES, PROVINCE_TENANT, Role
from contracts.types import MUNICIPALITIES
from smartfactory.issuer.app import ADMIN_HEADER
from smartfactory.season.options import OutsideFirm, SignIn
from smartfactory.stack.faults import StackFault

_TOLD_AT_ONCE = 500
_OK = 200
_NO_CONTENT = 204
_TECHNOPARK_ROLES = frozenset({Role.TECHNOPARK_OPERATOR, Role.PANEL_MEMBER})


def role_named(name: str) -> Role:
    """The role of that name, or a fault that names all there are."""
    if name not in set(Role):
        raise StackFault(
            Text(f"{name}라는 역할이 없습니다.", f"There is no role {name}."), Text(", ".join(Role), ", ".join(Role))
        )
    return Role(name)


def tenant_of(role: Role) -> str:
    """The tenant of a role that has only one; a fault that says what to name when many have the role."""
    if role in MUNICIPALITY_ROLES:
        codes = ", ".join(f"{one.code} {one.ko}" for one in MUNICIPALITIES)
        remedy = Text(f"--tenant에 시·군 코드를 적어 주세요: {codes}", f"Name a municipality with --tenant: {codes}")
    elif role in COMPANY_ROLES:
        remedy = Text(
            "--tenant에 기업 id(UUID)를 적어 주세요. 새 기업이면 새 UUID를 쓰면 됩니다.",
            "Name a company id (a UUID) with --tenant; a new company takes a new one.",
        )
    elif role is Role.PERSON:
        remedy = Text("--tenant에 자기 계정(subject)을 적어 주세요.", "Name the own subject with --tenant.")
    elif role in PROVINCE_ROLES | {Role.AUDITOR}:
        return PROVINCE_TENANT
    elif role is Role.IDENTITY_PROVIDER:
        return "issuer"
    else:
        return "jtp" if role in _TECHNOPARK_ROLES else "samsung"
    raise StackFault(Text(f"{role} 토큰에는 소속이 필요합니다.", f"A token of {role} needs its tenant."), remedy)


class Outside:
    """The process that holds issuer and registers, seen from this machine's own programs."""

    def __init__(self, client: HttpClient, secret: str) -> None:
        self._client = client
        self._secret = secret

    async def issue_token(self, *, subject: str, role: str, tenant: str) -> str:
        """An access token for one person in one role."""
        wanted = {"subject": subject, "role": role, "tenant": tenant}
        answer = await self._client.post_json("/issuer/local/tokens", wanted, headers={ADMIN_HEADER: self._secret})
        return str(answer["access_token"])

    async def tell_people(self, people: Sequence[SignIn]) -> None:
        """Let the sign-in page offer these people."""
        answer = await self._client.send(
            "PUT",
            "/issuer/local/people",
            body=[
                {"name": each.who, "subject": each.subject, "role": each.role, "tenant": each.tenant} for each in people
            ],
            headers={ADMIN_HEADER: self._secret},
        )
        if answer.status != _NO_CONTENT:
            raise BadAnswer(f"the issuer refused the people: {answer.body}", status=answer.status)

    async def tell_registers(self, firms: Sequence[OutsideFirm]) -> None:
        """Make firms known to the tax office, the SME-status register and the debarment list."""
        for first in range(0, len(firms), _TOLD_AT_ONCE):
            told = [asdict(firm) for firm in firms[first : first + _TOLD_AT_ONCE]]
            answer = await self._client.send("PUT", "/registers/admin/firms", body=told)
            if answer.status != _OK:
                raise BadAnswer(f"the registers refused the firms: {answer.body}", status=answer.status)
