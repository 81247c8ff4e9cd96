"""Taking tokens back: the operator's route, its event, and every service that hears it."""

import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from common.service import Service
from contracts.applicant import TokensRevoked
from contracts.roles import PROVINCE_TENANT, Role
from funding.main import SERVICE as FUNDING
from mentoring.main import SERVICE as MENTORING
from metrics.main import SERVICE as METRICS
from smartfactory.stack.provision import DatabaseUrls
from tests.support.applicant import Applicant, Person
from tests.support.listening import listener
from tests.support.tokens import IN_FORCE_SECONDS, ISSUER
from tests.support.waiting import eventually

PLATFORM = Person(Role.PLATFORM_OPERATOR, "platform", "operator-1")
_READS = {
    "funding": "/v1/budget-lines",
    "mentoring": "/v1/waiting-projects",
    "metrics": f"/v1/calls/{uuid.UUID(int=1)}/progress",
}


async def test_the_operator_takes_back_tokens_and_all_are_told(applicant: Applicant):
    somebody = Person(Role.AUDITOR, PROVINCE_TENANT, f"auditor-{uuid.uuid4()}")
    assert (await applicant.get("/v1/disclosures", by=somebody)).status_code == 200
    body = {"subject": somebody.subject, "role": "auditor", "reason": "STOLEN"}
    made = await applicant.made("/v1/token-revocations", body, by=PLATFORM)

    async def refused() -> bool:
        return (await applicant.get("/v1/disclosures", by=somebody)).status_code == 401

    await eventually(refused, deadline=IN_FORCE_SECONDS)
    told = await applicant.rows(
        "SELECT convert_from(payload, 'UTF8')::jsonb AS said FROM outbox WHERE key = :key", key=uuid.UUID(made["id"])
    )
    assert [row["said"]["subject"] for row in told] == [somebody.subject]
    journal = await applicant.rows(
        "SELECT facts FROM journal_entry WHERE chain = :chain", chain=f"revocation/{made['id']}"
    )
    assert somebody.subject not in str(journal), "the journal keeps no person"
    assert journal[0]["facts"]["reason"] == "STOLEN"


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"subject": "x", "token_id": "y"},
        {"token_id": "y", "role": "auditor"},
        {"subject": "x", "role": "emperor"},
        {"subject": "s\u043emeone"},
        {"subject": ""},
    ],
    ids=["nobody", "both", "role of one token", "no such role", "a Cyrillic letter", "empty"],
)
async def test_an_unclear_revocation_changes_nothing(applicant: Applicant, body: dict[str, Any]):
    before = await applicant.rows("SELECT count(*) FROM token_denial")
    answer = await applicant.post("/v1/token-revocations", {"reason": "MISTAKE", **body}, by=PLATFORM)
    assert answer.status_code == 422, answer.text
    assert await applicant.rows("SELECT count(*) FROM token_denial") == before


@pytest.mark.promise("R24")
@pytest.mark.parametrize("service", [FUNDING, MENTORING, METRICS], ids=lambda service: service.name)
async def test_who_hears_of_it_refuses_too(fresh_databases: Callable[..., dict[str, DatabaseUrls]], service: Service):
    urls = fresh_databases(service.name, migrated=True)
    revoked = TokensRevoked(
        revocation_id=uuid.uuid4(),
        issuer=ISSUER,
        issued_until=datetime.now(UTC) + timedelta(minutes=1),
        subject="someone",
        role="auditor",
    )
    async with listener(service, urls) as running:
        path = _READS[service.name]
        assert (await running.get(path, role="auditor")).status_code in {200, 404}
        await running.tell(revoked)

        async def refused() -> bool:
            return (await running.get(path, role="auditor")).status_code == 401

        await eventually(refused, deadline=IN_FORCE_SECONDS)
        assert (await running.get(path, role="province.officer")).status_code in {200, 404}
