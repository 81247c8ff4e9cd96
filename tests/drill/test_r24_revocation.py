"""Tokens are taken back in one service and refused by all, over the real broker (promise R24)."""

import time
import uuid
from collections.abc import Callable
from contextlib import ExitStack

import httpx2
import pytest

from common.kafka import KafkaOptions
from contracts.roles import PROVINCE_TENANT, Role
from smartfactory.stack.migrations import topics
from smartfactory.stack.provision import DatabaseUrls
from smartfactory.stack.topics import have_topics
from tests.support.drills.figures import Drill
from tests.support.issuing import answers, api_of
from tests.support.key_server import serving_keys
from tests.support.servers import Servers
from tests.support.tokens import ISSUER, Issuer
from tests.support.waiting import eventually_now

_READS = {
    "applicant": "/v1/disclosures",
    "funding": "/v1/budget-lines",
    "mentoring": "/v1/waiting-projects",
    "metrics": f"/v1/calls/{uuid.UUID(int=1)}/progress",
}


@pytest.mark.promise("R24")
async def test_a_revocation_reaches_every_service(
    drill: Drill, servers: Servers, fresh_databases: Callable[..., dict[str, DatabaseUrls]], topic_prefix: str
):
    """An auditor's tokens are taken back: how long until the last service refuses them."""
    services = drill.scale(ci=("applicant", "mentoring"), full=tuple(_READS))
    rounds = drill.scale(ci=2, full=10)
    options = KafkaOptions(bootstrap_servers=servers.bootstrap_servers, client_id="drill", topic_prefix=topic_prefix)
    await have_topics(options, topics())
    urls, issuer = fresh_databases(*services, migrated=True), Issuer()
    with serving_keys(issuer) as keys, ExitStack() as stack:
        settings = {"ISSUER": ISSUER, "JWKS_URL": keys.jwks_url}
        clients = {name: stack.enter_context(api_of(servers, name, urls[name], settings))[1] for name in services}
        for name in services:
            worker = servers.service(name, "worker", urls[name], topic_prefix=topic_prefix).start()
            pages = stack.enter_context(httpx2.Client(base_url=f"http://127.0.0.1:{worker.env['WORKER_PORT']}"))
            eventually_now(lambda worker=worker, pages=pages: answers(worker, pages, "/readyz"), deadline=60)
        slowest = max(_revoked(clients, issuer, f"auditor-{number}") for number in range(rounds))
    drill.figure("services", len(services))
    limit = drill.scale(ci="<= 15", full="<= 4")
    drill.figure("slowest of all services and rounds", slowest, unit="s", limit=limit)


def _revoked(clients: dict[str, httpx2.Client], issuer: Issuer, subject: str) -> float:
    """Seconds from the operator's answer until the last service refused."""
    auditor = issuer.headers(role=Role.AUDITOR, tenant=PROVINCE_TENANT, subject=subject)
    operator = issuer.headers(role=Role.PLATFORM_OPERATOR, tenant="platform", subject="operator-1")
    assert {
        name: client.get(_READS[name], headers=auditor).status_code for name, client in clients.items()
    }.items() <= {(name, status) for name in clients for status in (200, 404)}
    body = {"subject": subject, "reason": "ROLE_ENDED"}
    answer = clients["applicant"].post(
        "/v1/token-revocations", json=body, headers=operator | {"Idempotency-Key": f"revocation-of-{subject}"}
    )
    assert answer.status_code == 201, answer.text
    began = time.monotonic()
    for name, client in clients.items():
        eventually_now(
            lambda name=name, client=client: client.get(_READS[name], headers=auditor).status_code == 401,
            what=f"{name} refuses",
        )
    return time.monotonic() - began
