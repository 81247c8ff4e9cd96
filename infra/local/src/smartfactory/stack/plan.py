"""What runs in one installation: which process gets which ports, addresses and settings. Decides, starts nothing."""

import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from smartfactory.stack import kafka_users, ports
from smartfactory.stack.datadir import DataDirectory
from smartfactory.stack.ports import LOOPBACK
from smartfactory.stack.process import Command
from smartfactory.stack.provision import SERVICES, DatabaseUrls

AUDIENCE = "smartfactory"
PAGES = "smartfactory-pages"
ROLES = ("api", "worker")
_DRAWS_PAGES, _READ_BY_PAGES = "metrics", ("applicant", "funding", "mentoring")
_SESSION_MS = 6_000
_SERVERS = ("postgres", "kafka", "kafka-controller", "outside")


@dataclass(frozen=True, slots=True, kw_only=True)
class ExistingServers:
    """Servers that somebody else runs and we only use."""

    kafka: str | None
    databases: Mapping[str, DatabaseUrls]

    @classmethod
    def of(cls, environment: Mapping[str, str]) -> "ExistingServers":
        """KAFKA_BOOTSTRAP_SERVERS, <SERVICE>_DATABASE_URL and <SERVICE>_MIGRATIONS_DATABASE_URL."""
        databases = {}
        for service in SERVICES:
            url = environment.get(f"{service.upper()}_DATABASE_URL")
            if url:
                owner = environment.get(f"{service.upper()}_MIGRATIONS_DATABASE_URL", url)
                databases[service] = DatabaseUrls(application=url, owner=owner)
        return cls(kafka=environment.get("KAFKA_BOOTSTRAP_SERVERS") or None, databases=databases)


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """The ports of an installation, and the command of each of our own processes."""

    data: DataDirectory
    port: int
    ports: Mapping[str, int]
    bootstrap_servers: str
    failpoints: Mapping[str, str]
    kafka_passwords: Mapping[str, str] = field(default_factory=dict)
    """By principal, where the broker asks who one is and lets nobody do more than his contracts say."""

    @property
    def origin(self) -> str:
        """The one address people use."""
        return f"http://{LOOPBACK}:{self.port}"

    @property
    def issuer(self) -> str:
        """The `iss` of local tokens: a name without our port, for the same people come back on another one."""
        return f"http://{LOOPBACK}/issuer"

    def address(self, name: str) -> str:
        """Where one process answers by itself, behind the gateway."""
        return f"http://{LOOPBACK}:{self.ports[name]}"

    @property
    def upstream_ports(self) -> dict[str, int]:
        """What the gateway publishes."""
        return {service: self.ports[f"{service}-api"] for service in SERVICES} | {"outside": self.ports["outside"]}

    def outside(self) -> Command:
        """Issuer, registers and mail port."""
        return Command(
            name="outside",
            argv=(sys.executable, "-m", "smartfactory.outside"),
            log=self.data.logs / "outside.log",
            env={
                "APP_ENV": "local",
                "ISSUER": self.issuer,
                "AUDIENCE": AUDIENCE,
                "OUTSIDE_DIRECTORY": str(self.data.outside),
                "OUTSIDE_SECRET": self.data.local_secret(),
                "PROGRAMME_CLOCK_FILE": str(self.data.clock_file),
                "HTTP_PORT": str(self.ports["outside"]),
                "ISSUER_ADDRESS": f"{self.origin}/issuer",
                **self._sign_in(),
            },
        )

    def service(self, service: str, role: str, urls: DatabaseUrls) -> Command:
        """One process of a service: its `api` or its `worker`."""
        name = f"{service}-{role}"
        registers = f"{self.address('outside')}/registers"
        env = {
            "APP_ENV": "local",
            "DATABASE_URL": urls.application,
            "KAFKA_BOOTSTRAP_SERVERS": self.bootstrap_servers,
            # On one machine nothing pauses for long: the successor of a killed worker need not wait half a minute.
            "KAFKA_SESSION_TIMEOUT_MS": str(_SESSION_MS),
            "ISSUER": self.issuer,
            "AUDIENCE": AUDIENCE,
            "JWKS_URL": f"{self.address('outside')}/issuer/jwks.json",
            "ROOT_PATH": f"/{service}",
            "ALLOWED_ORIGINS": self.origin,
            "HTTP_HOST": LOOPBACK,
            "HTTP_PORT": str(self.ports[f"{service}-api"]),
            "WORKER_PORT": str(self.ports[f"{service}-worker"]),
            "PROGRAMME_CLOCK_FILE": str(self.data.clock_file),
            "SPAN_FILE": str(self.data.spans / f"{name}.jsonl"),
            "TAX_OFFICE_URL": f"{registers}/tax-office",
            "SME_STATUS_URL": f"{registers}/sme-status",
            "DEBARMENT_URL": f"{registers}/debarment",
            "MAIL_URL": f"{self.address('outside')}/mail",
            "BANK_URL": f"{registers}/bank",
            "DOCUMENTS_FOLDER": str(self.data.documents),
            **self._neighbours(service),
            # Who tries webhooks out has the receiver on the same machine.
            "WEBHOOK_LOOPBACK": "true",
            # As short as it may be: what a killed worker had under way waits for its successor this long.
            "WEBHOOK_LEASE_SECONDS": "20",
        }
        if service == "metrics":
            env |= self._sign_in() | {
                # Not by way of the gateway, which is not there yet when a service starts.
                "SIGN_IN_DISCOVERY_URL": f"{self.address('outside')}/issuer/.well-known/openid-configuration",
            }
        if role == "worker":  # an API does not speak to Kafka
            env |= kafka_users.environment(self.kafka_passwords, service)
        if name in self.failpoints:
            env["FAILPOINTS"] = self.failpoints[name]
        log = self.data.logs / f"{name}.log"
        return Command(name=name, argv=(sys.executable, "-m", f"{service}.main", role), log=log, env=env)

    def _neighbours(self, service: str) -> dict[str, str]:
        """Whom pages are read from: not by way of the gateway, which is not there yet when a service starts."""
        others = _READ_BY_PAGES if service == _DRAWS_PAGES else ()
        return {f"{each.upper()}_URL": self.address(f"{each}-api") for each in others}

    def _sign_in(self) -> dict[str, str]:
        """What the issuer and the pages know of each other."""
        return {
            "PAGES_ORIGIN": self.origin,
            "SIGN_IN_CLIENT_ID": PAGES,
            "SIGN_IN_CLIENT_SECRET": self.data.sign_in_secret(),
        }


def choose_ports(remembered: object, is_taken: Callable[[int], bool], *, kafka: int | None = None) -> dict[str, int]:
    """A port per process, the same as last time where it is still free, so that addresses stay. Kafka's can be said."""
    last = (remembered if isinstance(remembered, dict) else {}) | ({} if kafka is None else {"kafka": kafka})
    chosen: dict[str, int] = {}
    for name in (*_SERVERS, *(f"{service}-{role}" for service in SERVICES for role in ROLES)):
        port = last.get(name)
        if not isinstance(port, int) or port in chosen.values() or is_taken(port):
            port = ports.free_port()
        while port in chosen.values():
            port = ports.free_port()
        chosen[name] = port
    return chosen
