"""What every service reads from its environment, and what production refuses to start with.

A field is the environment variable of the same name in capitals. A service adds its own fields in a subclass.
"""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Literal, Self, TypeVar

from pydantic import Field, SecretStr, ValidationError, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

LOCAL_CURSOR_SECRET = "cursor-secret-for-local-and-test-only"  # noqa: S105  production refuses it by name
_SHORTEST_SECRET = 32

AppEnvironment = Literal["local", "test", "production"]


class SettingsRefusedError(Exception):
    """The environment cannot be started with; the message names each variable and its remedy."""


class ServiceSettings(BaseSettings):
    """The settings all services share."""

    model_config = SettingsConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)

    app_env: AppEnvironment = Field(description="Where this runs; no default, so nobody runs production by chance.")
    database_url: SecretStr = Field(description="PostgreSQL address of the service's own database, as its app role.")
    migrations_database_url: SecretStr | None = Field(
        None, description="The same database as its owner role, for `migrate`; the app role has no right to DDL."
    )
    database_pool_size: int = Field(10, ge=1, le=50, description="Connections to PostgreSQL per process.")

    kafka_bootstrap_servers: str = Field("127.0.0.1:9092", description="Kafka brokers, `host:port` joined by commas.")
    kafka_security_protocol: Literal["PLAINTEXT", "SASL_PLAINTEXT", "SASL_SSL"] = Field(
        "PLAINTEXT", description="How a worker speaks to Kafka; in production it starts with `SASL_SSL` only."
    )
    kafka_username: str = Field("", description="The service's principal on Kafka, unless the protocol is PLAINTEXT.")
    kafka_password: SecretStr | None = Field(None, description="Its password, proved by SCRAM-SHA-512.")
    kafka_ca_file: Path | None = Field(
        None, description="Who must have signed the brokers' certificates, in PEM; unset trusts the machine's own list."
    )
    kafka_topic_prefix: str = Field("", description="Put before every topic name; for tests that share a broker.")
    kafka_group_prefix: str = Field("", description="Put before the consumer group id; the same use.")
    kafka_session_timeout_ms: int = Field(
        30_000, ge=1_000, description="After so long without a heartbeat a consumer's work goes to another one."
    )

    issuer: str = Field("http://127.0.0.1:8080/issuer", description="The only accepted `iss` of access tokens.")
    audience: str = Field("smartfactory", description="The value access tokens must carry in `aud`.")
    jwks_url: str = Field(
        "http://127.0.0.1:8080/issuer/jwks.json", description="Where the issuer publishes its signing keys."
    )

    http_host: str = Field("127.0.0.1", description="Address the API process listens on.")
    http_port: int = Field(8000, ge=0, le=65535, description="Port of the API process.")
    worker_port: int = Field(8001, ge=0, le=65535, description="Port of the worker's health and metrics pages.")
    http_connections_max: int = Field(
        1_000, ge=1, description="Connections a process holds at once, slow ones included; one more gets 503."
    )
    root_path: str = Field("", description="Path prefix that the gateway strips, such as `/orders`.")
    allowed_origins: Annotated[tuple[str, ...], NoDecode] = Field(
        (), description="Browser origins that may call the API, joined by commas; none by default."
    )
    max_body_bytes: int = Field(262_144, ge=1024, description="Largest request body; a larger one gets 413.")
    max_upload_rows: int = Field(
        100, ge=1, le=1_000, description="Most rows of one upload, which has to end within the deadline; more get 413."
    )
    request_timeout_seconds: float = Field(
        10.0,
        gt=0,
        description="Deadline of one request, its arrival included; then 503, or 408 while it still arrives.",
    )
    shutdown_delay_seconds: float = Field(
        0.0, ge=0, description="How long the API answers on after SIGTERM while `/readyz` already says no."
    )
    cursor_secret: SecretStr = Field(
        SecretStr(LOCAL_CURSOR_SECRET), description="Key that signs page cursors; the same for all replicas."
    )

    programme_clock_file: Path | None = Field(
        None, description="File with the programme's instant in local and test installations; unset means real time."
    )
    span_file: Path | None = Field(None, description="File that finished spans are appended to, one JSON a line.")
    log_json: bool = Field(default=True, description="One JSON object a line; `false` prints for a person's eye.")
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field("INFO", description="Least level that is logged.")
    failpoints: str = Field("", description="Faults to inject, `name=action;...`; refused in production.")
    version: str = Field("0.0.0+unknown", description="Commit or release this process was built from, for `/version`.")

    @model_validator(mode="before")
    @classmethod
    def _origins_are_a_comma_list(cls, values: object) -> object:
        if isinstance(values, dict) and isinstance(values.get("allowed_origins"), str):
            origins = values["allowed_origins"].split(",")
            return values | {"allowed_origins": tuple(origin.strip() for origin in origins if origin.strip())}
        return values

    @model_validator(mode="after")
    def _production_is_strict(self) -> Self:
        if self.app_env == "production":
            faults = self.production_faults()
            if faults:
                raise ValueError("; ".join(faults))
        return self

    def production_faults(self) -> list[str]:
        """Say what forbids production, each with the variable and the remedy; a subclass adds its own."""
        faults = []
        if self.programme_clock_file is not None:
            faults.append("PROGRAMME_CLOCK_FILE is set: unset it, production runs on real time")
        if self.failpoints:
            faults.append("FAILPOINTS is set: unset it, faults are injected in test installations only")
        faults.extend(
            f"{name} is not https: set it to the identity provider's https address"
            for name, address in (("ISSUER", self.issuer), ("JWKS_URL", self.jwks_url))
            if not address.startswith("https://")
        )
        secret = self.cursor_secret.get_secret_value()
        if secret == LOCAL_CURSOR_SECRET:
            faults.append("CURSOR_SECRET is the local default: set a random one of 32 characters or more")
        elif len(secret) < _SHORTEST_SECRET:
            faults.append("CURSOR_SECRET is short: set a random one of 32 characters or more")
        if "*" in self.allowed_origins:
            faults.append("ALLOWED_ORIGINS holds *: list the origins of the front ends")
        return faults

    def kafka_faults(self) -> list[str]:
        """Say what forbids to speak to Kafka like this. An API, which does not, needs no password for it."""
        faults = []
        if self.app_env == "production" and self.kafka_security_protocol != "SASL_SSL":
            faults.append("KAFKA_SECURITY_PROTOCOL is not SASL_SSL: set it, production signs in and encrypts")
        if self.kafka_security_protocol != "PLAINTEXT":
            given = {"KAFKA_USERNAME": self.kafka_username, "KAFKA_PASSWORD": self.kafka_password}
            faults += [f"{name} is not set: set the principal's own" for name, value in given.items() if not value]
        return faults


_Settings = TypeVar("_Settings", bound=ServiceSettings)


def load(kind: type[_Settings]) -> _Settings:
    """Read the environment and the mounted secrets in SECRETS_DIR, or raise `SettingsRefusedError`."""
    try:
        return kind(_secrets_dir=os.environ.get("SECRETS_DIR"))
    except ValidationError as error:
        raise SettingsRefusedError("\n".join(_remedies(error))) from None


def refuse(faults: Sequence[str]) -> None:
    """Raise `SettingsRefusedError` if there are any."""
    if faults:
        raise SettingsRefusedError("\n".join(faults))


def _remedies(error: ValidationError) -> list[str]:
    lines = []
    for fault in error.errors(include_url=False, include_input=False):
        name = ".".join(str(part) for part in fault["loc"]).upper()
        if fault["type"] == "missing":
            choices = " to local, test or production" if name == "APP_ENV" else ""
            lines.append(f"{name} is not set: set it{choices}")
        elif name:
            lines.append(f"{name} is wrong: {fault['msg']}")
        else:
            lines.extend(fault["msg"].removeprefix("Value error, ").split("; "))
    return lines
