"""The tax office in tests: what it says of firms, to funding as the applicant service tells it, and to that itself."""

import hashlib
from datetime import datetime
from typing import Any
from uuid import UUID

from applicant.applications.commands.register_checks import Answer
from applicant.standings import commands
from common.clock import KST
from common.db import Database
from contracts.applicant import StandingFound
from contracts.roles import Role
from tests.support.funding import Funding

_ASKED = """
    SELECT id, project_id, company_id FROM standing WHERE project_id = :project AND state = 'ASKED'
"""
GOOD: dict[str, Any] = {"status": "ACTIVE", "national_tax_arrears": False, "local_tax_arrears": False}
IN_ARREARS = GOOD | {"national_tax_arrears": True}


async def found(funding: Funding, project_id: UUID | str, **changes: Any) -> StandingFound | None:
    """What the applicant service would tell about the question that waits, if one does."""
    rows = await funding.rows(_ASKED, project=UUID(str(project_id)))
    if not rows:
        return None
    now = funding.clock.now()
    values: dict[str, Any] = {
        "standing_id": rows[0]["id"],
        "project_id": rows[0]["project_id"],
        "company_id": rows[0]["company_id"],
        **GOOD,
        "about": now.astimezone(KST).date(),
        "answered_at": now,
        "answer_sha256": hashlib.sha256(str(rows[0]["id"]).encode()).hexdigest(),
    }
    return StandingFound(**(values | changes))


async def told(funding: Funding, project_id: UUID | str, **changes: Any) -> bool:
    """Let funding hear the answer to the question that waits; False if none does."""
    answer = await found(funding, project_id, **changes)
    if answer is not None:
        await funding.handle(answer)
    return answer is not None


async def tax_office_answers(database: Database, now: datetime, **changes: Any) -> int:
    """Let the applicant service's worker hear the same answer to all that it has to ask; returns how much that was."""
    async with database.transaction() as tx:
        claims = await commands.claim_checks(tx, most=100, lease_seconds=60)
        for claim in claims:
            content = {"business_number": claim.business_number, **GOOD, **changes}
            sha256 = hashlib.sha256(str(claim.check_id).encode()).hexdigest()
            about = now.astimezone(KST).date()
            await commands.keep_answer(tx, claim, Answer(content, sha256), about=about, now=now)
    return len(claims)


async def discarded(service: Any, person: Any) -> None:
    """Let two people drop the one event that is parked in this service, as its `person`s."""
    path = f"/v1/parked-events/{await service.value('SELECT id FROM parked_event WHERE resolved_at IS NULL')}"
    first, second = (person(role=Role.PLATFORM_OPERATOR, tenant="platform", subject=f"mender-{n}") for n in (1, 2))
    asked = await service.post(f"{path}/discards", {"reason": "잘못된 이벤트"}, by=first)
    assert asked.status_code == 200, asked.text
    version = int(asked.headers["ETag"].strip('"'))
    confirmed = await service.post(f"{path}/discard-confirmations", by=second, version=version)
    assert confirmed.status_code == 200, confirmed.text
