"""Being somebody on this machine: tokens from the local issuer, and news for the outside registers."""

from collections.abc import Sequence
from dataclasses import asdict

from common.http import BadAnswer, HttpClient
from smartfactory.issuer.app import ADMIN_HEADER
from smartfactory.season.options import OutsideFirm

_TOLD_AT_ONCE = 500
_OK = 200


class Outside:
    """The process that holds issuer and registers, seen from this machine's own programs."""

    def __init__(self, client: HttpClient, secret: str) -> None:
        self._client = client
        self._secret = secret

    async def issue_token(self, *, subject: str, role: str, tenant: str | None) -> str:
        """An access token for one person in one role."""
        wanted = {"subject": subject, "role": role, "tenant": tenant}
        answer = await self._client.post_json("/issuer/local/tokens", wanted, headers={ADMIN_HEADER: self._secret})
        return str(answer["access_token"])

    async def tell_registers(self, firms: Sequence[OutsideFirm]) -> None:
        """Make firms known to the tax office, the SME-status register and the debarment list."""
        for first in range(0, len(firms), _TOLD_AT_ONCE):
            told = [asdict(firm) for firm in firms[first : first + _TOLD_AT_ONCE]]
            answer = await self._client.send("PUT", "/registers/admin/firms", body=told)
            if answer.status != _OK:
                raise BadAnswer(f"the registers refused the firms: {answer.body}", status=answer.status)
