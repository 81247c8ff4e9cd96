"""Broken tokens over real HTTP to a real service process (promise R23): refused, told in the log, and nothing else."""

import re
import uuid
from collections.abc import AsyncIterator, Mapping

import httpx2
import pytest

from common.db import Database
from contracts.roles import Role
from smartfactory.stack.provision import DatabaseUrls
from tests.support.applicant import company_body
from tests.support.broken_tokens import Forger
from tests.support.examining import digest_of_tables
from tests.support.issuing import api_of
from tests.support.key_server import KeyServer, serving_keys
from tests.support.servers import Servers, ServiceProcess
from tests.support.tokens import ISSUER, Issuer
from tests.support.waiting import eventually_now

OURS = Issuer()
COMPANY = "0199f1b0-1d20-7c31-9b52-3c1e8f40a1c0"
NAMES = sorted(Forger(OURS, role=Role.COMPANY_OWNER, tenant=COMPANY).broken())
_REASON = re.compile(r"an access token was refused: ([^\"\\]+)")


class Service:
    """The applicant service's API as a process, with its own database and an issuer that notes what it is asked."""

    def __init__(self, process: ServiceProcess, client: httpx2.Client, keys: KeyServer, urls: DatabaseUrls) -> None:
        self.process, self.client, self.keys = process, client, keys
        self.owner = Database(urls.owner, application_name="examiner", pool_size=1)
        self.forger = Forger(OURS, role=Role.COMPANY_OWNER, tenant=COMPANY, outside=f"{keys.origin}/evil")
        self.before: Mapping[str, str] = {}

    def register(self, *authorizations: bytes, **query: str) -> httpx2.Response:
        """Ask for something that would be done if the caller were believed."""
        headers = [(b"idempotency-key", str(uuid.uuid4()).encode())]
        headers += [(b"authorization", each) for each in authorizations]
        return self.client.post("/v1/companies", json=company_body(), params=query, headers=headers)

    def reasons(self) -> list[str]:
        """Why tokens were refused, by the log."""
        return _REASON.findall(self.process.log)


@pytest.fixture(scope="module")
async def service(session_servers: Servers) -> AsyncIterator[Service]:
    urls = session_servers.fresh_databases(["applicant"], migrated=True)["applicant"]
    with (
        serving_keys(OURS) as keys,
        api_of(session_servers, "applicant", urls, {"ISSUER": ISSUER, "JWKS_URL": keys.jwks_url}) as (process, client),
    ):
        running = Service(process, client, keys, urls)
        running.before = await digest_of_tables(running.owner)
        yield running
        await running.owner.dispose()
        process.kill()
    session_servers.drop_databases([urls])


def _refused(answer: httpx2.Response, *, code: str = "token-refused") -> None:
    assert answer.status_code == 401, answer.text
    assert answer.headers["content-type"].startswith("application/problem+json")
    assert answer.headers["www-authenticate"].startswith('Bearer realm="smartfactory"')
    assert answer.json()["code"] == code


@pytest.mark.promise("R23")
@pytest.mark.parametrize("name", NAMES)
async def test_a_broken_token_opens_nothing(service: Service, name: str):
    token, told = service.forger.broken()[name](), len(service.reasons())
    answer = service.register(b"Bearer " + token.encode("latin-1"))
    _refused(answer)
    assert 'error="invalid_token"' in answer.headers["www-authenticate"]
    eventually_now(lambda: len(service.reasons()) == told + 1, what="the log says why")
    parts = [part for part in token.split(".") if len(part) > 16]
    assert [part for part in (token, *parts) if part in service.process.log or part in answer.text] == []


@pytest.mark.promise("R23")
async def test_a_token_counts_in_one_place_only(service: Service):
    good = service.forger.signed().encode()
    _refused(service.register(b"Bearer " + good, b"Bearer " + good))
    _refused(service.register(b"Bearer " + good, b"Basic eA=="))
    for authorization in (b"Basic " + good, b"Bearer", good, b"Token " + good, b"Bearer\t" + good):
        _refused(service.register(authorization), code="token-missing")
    _refused(service.register(access_token=good.decode()), code="token-missing")


@pytest.mark.promise("R23")
@pytest.mark.parametrize(
    ("role", "tenant"),
    [
        ("company.owner", "52110"),
        ("company.owner", COMPANY.upper() + " "),
        ("municipality.approver", "52"),
        ("municipality.officer", "45110"),
        ("province.treasurer", "52110"),
        ("province.emperor", "52"),
        ("COMPANY.OWNER", COMPANY),
        ("service", "52"),
    ],
)
async def test_a_role_that_is_none_or_of_another_tenant_is_no_proof(service: Service, role: str, tenant: str):
    _refused(service.register(b"Bearer " + service.forger.signed(role=role, tenant=tenant).encode()))


@pytest.mark.promise("R23")
async def test_a_route_for_everybody_does_not_pass_over_a_broken_token(service: Service):
    expired = service.forger.broken()["expired"]()
    _refused(service.client.get("/v1/calls", headers={"Authorization": f"Bearer {expired}"}))
    assert service.client.get("/v1/calls").status_code == 200


@pytest.mark.promise("R23")
async def test_all_of_them_left_no_trace_and_the_good_token_does_what_they_could_not(service: Service):
    """Last of all: the request that was refused every time was a request that works."""
    assert await digest_of_tables(service.owner) == service.before
    assert set(service.keys.asked) <= {"/jwks.json"}, "a token chose where its key comes from"
    answer = service.register(b"bearer " + service.forger.signed().encode())
    assert answer.status_code == 201, answer.text
    assert answer.json()["id"] == COMPANY
    assert await digest_of_tables(service.owner) != service.before
