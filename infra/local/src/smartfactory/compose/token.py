"""Signing in on a developer's machine: `docker compose exec -T outside python -m smartfactory.compose token`."""

import asyncio
import os
import sys

from common.errors import Text
from common.http import HttpClient, HttpFault
from smartfactory.compose.outside import secret
from smartfactory.people import Outside, role_named, tenant_of
from smartfactory.stack.faults import StackFault

_USAGE = "token ROLE [TENANT [SUBJECT]]"
_ADDRESS = "http://127.0.0.1:8000"


def token(role: str = "", tenant: str = "", subject: str = "") -> int:
    """Print an access token, good for ten minutes, as `smartfactory token` does; run it where the issuer runs."""
    if not role:
        print(_USAGE, file=sys.stderr)
        return 2
    known = role_named(role)
    print(asyncio.run(_signed(subject or role.replace(".", "-"), known, tenant or tenant_of(known))))
    return 0


async def _signed(subject: str, role: str, tenant: str) -> str:
    try:
        async with HttpClient(os.environ.get("OUTSIDE_URL", _ADDRESS)) as client:
            return await Outside(client, secret()).issue_token(subject=subject, role=role, tenant=tenant)
    except HttpFault as fault:
        raise StackFault(
            Text("발급자가 응답하지 않습니다.", "The local issuer does not answer."),
            Text("docker compose ps로 outside의 상태를 보세요.", "See how `outside` is with `docker compose ps`."),
            detail=str(fault),
        ) from fault
