"""I9: no answer, event or log line carries another tenant's identifier."""

import re
from collections.abc import Mapping, Sequence

from contracts.roles import COMPANY_ROLES, MUNICIPALITY_ROLES
from smartfactory.check.claims import Claim
from smartfactory.snapshots import Databases
from tests.support.drills.history import History
from tests.support.drills.invariants.topics import Told

_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_OF_COMPANIES = """
    SELECT id::text, id::text FROM company
    UNION ALL SELECT id::text, company_id::text FROM worksite
    UNION ALL SELECT id::text, company_id::text FROM application
    UNION ALL SELECT id::text, company_id::text FROM project
"""
_OF_TOWNS = "SELECT id::text, municipality_code FROM budget_line WHERE municipality_code IS NOT NULL"
_LIMITED = {str(role) for role in (*COMPANY_ROLES, *MUNICIPALITY_ROLES)}


async def kept_apart(databases: Databases, history: History, told: Sequence[Told], logs: Mapping[str, str]) -> Claim:
    """Answers to a company or a town name nothing of another one; an event or a line of a log names one owner's things."""
    claim = Claim("I9")
    companies = {row[0]: row[1] for row in await databases["applicant"].fetch(_OF_COMPANIES)}
    towns = {row[0]: row[1] for row in await databases["funding"].fetch(_OF_TOWNS)}
    for phase in ("ok", "fail", "unknown"):
        for operation, end in history.ended(phase):  # type: ignore[arg-type]
            if operation.by.role in _LIMITED:
                strangers = _owners(end.body, companies if operation.by.role in COMPANY_ROLES else towns)
                where = f"answer to {operation.by.subject}: {operation.method} {operation.path}"
                claim.expect(where, expected=set(), found=strangers - {operation.by.tenant})
    for one in told:
        for owners in (companies, towns):
            named = _owners(one.value.decode(), owners)
            claim.expect(f"event {one.type} of {one.key}", expected=True, found=len(named) <= 1)
    for name, text in logs.items():
        for number, line in enumerate(text.splitlines(), start=1):
            claim.expect(f"{name}:{number}", expected=True, found=len(_owners(line, companies)) <= 1)
    return claim


def _owners(text: str, owners: Mapping[str, str]) -> set[str]:
    return {owners[one] for one in _UUID.findall(text) if one in owners}
