"""Promise R24 against the real issuer: keys change under load, invented keys come in floods, the issuer is killed."""

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Self

import httpx2
import pytest

from contracts.roles import PROVINCE_TENANT, Role
from smartfactory.stack.provision import DatabaseUrls
from tests.support.drills.figures import Drill
from tests.support.issuing import IssuerProcess, api_of, issuer_process
from tests.support.key_server import serving_keys
from tests.support.servers import Servers
from tests.support.tokens import ISSUER, Issuer

_ASKED = "/v1/waiting-projects"
_ROTATED_EVERY_SECONDS = 5.0
_LEAST_BETWEEN_FETCHES_SECONDS = 10.0


class Callers:
    """Threads that go on asking with a good token, each fetched anew after a few requests, and count the answers."""

    def __init__(self, client: httpx2.Client, token: Callable[[], str], *, threads: int) -> None:
        self._client, self._token = client, token
        self._stop = threading.Event()
        self.statuses: Counter[int] = Counter()
        self.slowest_seconds = 0.0
        self._lock = threading.Lock()
        self._threads = [threading.Thread(target=self._ask) for _ in range(threads)]

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_exception: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join(30)

    def _ask(self) -> None:
        while not self._stop.is_set():
            headers = {"Authorization": f"Bearer {self._token()}"}
            for _ in range(5):
                began = time.monotonic()
                answer = self._client.get(_ASKED, headers=headers)
                with self._lock:
                    self.statuses[answer.status_code] += 1
                    self.slowest_seconds = max(self.slowest_seconds, time.monotonic() - began)


@pytest.fixture
def client(servers: Servers, urls: DatabaseUrls, issuer: IssuerProcess) -> Iterator[httpx2.Client]:
    """Of a service that believes the issuer."""
    with api_of(servers, "mentoring", urls, issuer.settings) as (_, opened):
        yield opened


@pytest.fixture
def urls(fresh_databases: Callable[..., dict[str, DatabaseUrls]]) -> DatabaseUrls:
    return fresh_databases("mentoring", migrated=True)["mentoring"]


@pytest.fixture
def issuer(servers: Servers) -> Iterator[IssuerProcess]:
    with issuer_process(servers) as running:
        yield running


def _officer(issuer: IssuerProcess) -> Callable[[], str]:
    return lambda: issuer.token(role=Role.PROVINCE_OFFICER, tenant=PROVINCE_TENANT)


@pytest.mark.promise("R24")
def test_keys_change_every_five_seconds_and_nobody_notices(drill: Drill, issuer: IssuerProcess, client: httpx2.Client):
    """The issuer changes its signing key every five seconds while callers ask with ever new tokens."""
    rotations = drill.scale(ci=2, full=10)
    first, signed_by = issuer.token(role=Role.PROVINCE_OFFICER, tenant=PROVINCE_TENANT), set()
    with Callers(client, _officer(issuer), threads=3) as callers:
        for _ in range(rotations):
            threading.Event().wait(_ROTATED_EVERY_SECONDS)
            signed_by.add(issuer.rotate())
    assert client.get(_ASKED, headers={"Authorization": f"Bearer {first}"}).status_code == 200
    assert len(signed_by) == rotations
    drill.figure("requests", sum(callers.statuses.values()), limit="> 50")
    drill.figure("false 401", callers.statuses[401], limit="== 0")
    drill.figure("other than 200", sum(callers.statuses.values()) - callers.statuses[200], limit="== 0")


@pytest.mark.promise("R24")
def test_a_flood_of_invented_keys_reaches_nobody(drill: Drill, servers: Servers, urls: DatabaseUrls):
    """Tokens with key ids that nobody has, while good ones go on; the issuer is hardly asked."""
    floods = drill.scale(ci=300, full=10_000)
    ours, stranger = Issuer(), Issuer()
    good, claims = ours.token(role=Role.PROVINCE_OFFICER, tenant=PROVINCE_TENANT), stranger.claims(role="auditor")
    with (
        serving_keys(ours) as keys,
        api_of(servers, "mentoring", urls, {"ISSUER": ISSUER, "JWKS_URL": keys.jwks_url}) as (_, client),
    ):
        began, forged = time.monotonic(), Counter[int]()

        def invented(number: int) -> None:
            token = stranger.sign(claims, {"kid": f"invented-{number}"})
            forged[client.get(_ASKED, headers={"Authorization": f"Bearer {token}"}).status_code] += 1

        with Callers(client, lambda: good, threads=1) as callers, ThreadPoolExecutor(4) as pool:
            list(pool.map(invented, range(floods)))
        allowed = 1 + int((time.monotonic() - began) // _LEAST_BETWEEN_FETCHES_SECONDS)
    drill.figure("invented keys", floods)
    drill.figure("of them refused", forged[401], limit=f"== {floods}")
    drill.figure("fetches of keys", len(keys.asked), limit=f"<= {allowed}")
    drill.figure("false 401", callers.statuses[401], limit="== 0")
    drill.figure("good requests meanwhile", callers.statuses[200], limit="> 10")


@pytest.mark.promise("R24")
def test_the_issuer_is_killed_and_known_keys_serve_on(drill: Drill, issuer: IssuerProcess, client: httpx2.Client):
    """The issuer is killed: tokens it has signed are believed, those of unknown keys are refused, and it may come back."""
    token = issuer.token(role=Role.PROVINCE_OFFICER, tenant=PROVINCE_TENANT)
    asked = {"Authorization": f"Bearer {token}"}
    assert client.get(_ASKED, headers=asked).status_code == 200
    issuer.process.kill()
    unknown = Issuer("of-nobody").token(role=Role.PROVINCE_OFFICER, tenant=PROVINCE_TENANT)
    with Callers(client, lambda: token, threads=2) as callers:
        ends = time.monotonic() + drill.scale(ci=3, full=30)
        while time.monotonic() < ends:
            assert client.get(_ASKED, headers={"Authorization": f"Bearer {unknown}"}).status_code == 401
    drill.figure("requests while the issuer is away", callers.statuses[200], unit="requests", limit="> 20")
    drill.figure("other than 200", sum(callers.statuses.values()) - callers.statuses[200], limit="== 0")
    limit = drill.scale(ci="< 8", full="< 2")
    drill.figure("slowest of them", callers.slowest_seconds, unit="s", limit=limit)
    issuer.start()
    assert client.get(_ASKED, headers=asked).status_code == 200
    assert client.get(_ASKED, headers={"Authorization": f"Bearer {_officer(issuer)()}"}).status_code == 200
