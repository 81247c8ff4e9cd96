"""What every service reads from its environment, and what production refuses to start with.

A field is the environment variable of the same name in capitals. A service adds its own fields in a subclass.
"""

import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

from pydantic import AfterValidator, Field, SecretStr, ValidationError, model_validator
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from common import setting_texts
from common.errors import Text
from common.setting_texts import broker_list, database_address, listed_origin, web_address, web_origin

LOCAL_CURSOR_SECRET = "cursor-secret-for-local-and-test-only"  # noqa: S105  production refuses it by name
_SHORTEST_SECRET = 32
_STAND_INS: Mapping[str, object] = {"app_env": "local", "database_url": "postgresql://localhost/none"}

AppEnvironment = Literal["local", "test", "production"]

WebAddress = Annotated[str, AfterValidator(web_address)]
"""An http or https address with a host; a path may follow, and nothing after it."""
WebOrigin = Annotated[str, AfterValidator(web_origin)]
"""An http or https origin, kept as browsers write it."""
_ListedOrigin = Annotated[str, AfterValidator(listed_origin)]
DatabaseAddress = Annotated[SecretStr, AfterValidator(database_address)]
""""postgresql://role:password@host:port/database"."""


class SettingsRefusedError(Exception):
    """The environment cannot be started with; the message names each variable and its remedy, in both languages."""

    def __init__(self, faults: Sequence[Text]) -> None:
        self.faults = tuple(faults)
        super().__init__("\n".join(f"{fault.ko}\n  {fault.en}" for fault in self.faults))


class ServiceSettings(BaseSettings):
    """The settings all services share."""

    model_config = SettingsConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)

    app_env: AppEnvironment = Field(description="Where this runs; no default, so nobody runs production by chance.")
    database_url: DatabaseAddress = Field(
        description="PostgreSQL address of the service's own database, as its app role."
    )
    migrations_database_url: DatabaseAddress | None = Field(
        None, description="The same database as its owner role, for `migrate`; the app role has no right to DDL."
    )
    database_pool_size: int = Field(10, ge=1, le=50, description="Connections to PostgreSQL per process.")

    kafka_bootstrap_servers: Annotated[str, AfterValidator(broker_list)] = Field(
        "127.0.0.1:9092", description="Kafka brokers, `host:port` joined by commas."
    )
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

    issuer: WebAddress = Field("http://127.0.0.1:8080/issuer", description="The only accepted `iss` of access tokens.")
    audience: str = Field("smartfactory", description="The value access tokens must carry in `aud`.")
    jwks_url: WebAddress = Field(
        "http://127.0.0.1:8080/issuer/jwks.json", description="Where the issuer publishes its signing keys."
    )

    http_host: str = Field("127.0.0.1", description="Address the API process listens on.")
    http_port: int = Field(8000, ge=0, le=65535, description="Port of the API process.")
    worker_port: int = Field(8001, ge=0, le=65535, description="Port of the worker's health and metrics pages.")
    http_connections_max: int = Field(
        1_000, ge=1, description="Connections a process holds at once, slow ones included; one more gets 503."
    )
    root_path: str = Field("", description="Path prefix that the gateway strips, such as `/orders`.")
    allowed_origins: Annotated[tuple[_ListedOrigin, ...], NoDecode] = Field(
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

    def production_faults(self) -> list[Text]:
        """Say what forbids production, each with the variable and the remedy; a subclass adds its own, `load` asks."""
        faults = []
        if self.programme_clock_file is not None:
            faults.append(
                Text(
                    "PROGRAMME_CLOCK_FILE이 설정되어 있습니다: 지우세요. 운영에서는 실제 시각을 씁니다",
                    "PROGRAMME_CLOCK_FILE is set: unset it, production runs on real time",
                )
            )
        if self.failpoints:
            faults.append(
                Text(
                    "FAILPOINTS가 설정되어 있습니다: 지우세요. 장애 주입은 시험 설치에서만 합니다",
                    "FAILPOINTS is set: unset it, faults are injected in test installations only",
                )
            )
        identity = Text("신원 확인 시스템의 https 주소를 적으세요", "set it to the identity provider's https address")
        for name, address in (("ISSUER", self.issuer), ("JWKS_URL", self.jwks_url)):
            faults += https_faults(name, address, identity)
        faults += own_key_faults("CURSOR_SECRET", self.cursor_secret, LOCAL_CURSOR_SECRET)
        if "*" in self.allowed_origins:
            faults.append(
                Text(
                    "ALLOWED_ORIGINS에 *가 있습니다: 화면을 제공하는 출처를 하나씩 적으세요",
                    "ALLOWED_ORIGINS holds *: list the origins of the front ends",
                )
            )
        return faults

    def kafka_faults(self) -> list[Text]:
        """Say what forbids to speak to Kafka like this. An API, which does not, needs no password for it."""
        faults = []
        if self.app_env == "production" and self.kafka_security_protocol != "SASL_SSL":
            faults.append(
                Text(
                    "KAFKA_SECURITY_PROTOCOL이 SASL_SSL이 아닙니다: 그렇게 적으세요. 운영에서는 인증하고 암호화합니다",
                    "KAFKA_SECURITY_PROTOCOL is not SASL_SSL: set it, production signs in and encrypts",
                )
            )
        if self.kafka_security_protocol != "PLAINTEXT":
            given = {"KAFKA_USERNAME": self.kafka_username, "KAFKA_PASSWORD": self.kafka_password}
            faults += [
                Text(
                    f"{name}이(가) 설정되지 않았습니다: 이 서비스의 것을 적으세요",
                    f"{name} is not set: set the principal's own",
                )
                for name, value in given.items()
                if not value
            ]
        return faults


def https_faults(name: str, address: str, remedy: Text) -> list[Text]:
    """Say that an address is not https, and what to set it to."""
    if address.startswith("https://"):
        return []
    return [Text(f"{name}이(가) https가 아닙니다: {remedy.ko}", f"{name} is not https: {remedy.en}")]


def own_key_faults(name: str, key: SecretStr, local: str) -> list[Text]:
    """Say that a key is the one that everybody knows, or one that can be guessed."""
    secret = key.get_secret_value()
    if secret != local and len(secret) >= _SHORTEST_SECRET:
        return []
    ko, en = ("로컬 기본값입니다", "is the local default") if secret == local else ("짧습니다", "is short")
    return [
        Text(
            f"{name}이(가) {ko}: {_SHORTEST_SECRET}자 이상의 무작위 값을 적으세요",
            f"{name} {en}: set a random one of {_SHORTEST_SECRET} characters or more",
        )
    ]


_Settings = TypeVar("_Settings", bound=ServiceSettings)


def load(kind: type[_Settings], *, speaks_to_kafka: bool = False) -> _Settings:
    """Read the environment and the mounted secrets in SECRETS_DIR, or raise `SettingsRefusedError` with every fault.

    A process that speaks to Kafka is also asked how.
    """
    folder = os.environ.get("SECRETS_DIR") or None
    if folder is not None and not Path(folder).is_dir():
        raise SettingsRefusedError([_no_folder(folder)])
    try:
        found = kind(_secrets_dir=folder)
    except ValidationError as error:
        broken = {str(fault["loc"][0]) for fault in error.errors(include_url=False, include_input=False)}
        # What stands beside the broken ones is judged too: whoever mends one a start would need many starts.
        filled: dict[str, Any] = {name: _stand_in(name, kind.model_fields[name]) for name in broken}
        beside = _forbidden(kind(_secrets_dir=folder, **filled), speaks_to_kafka=speaks_to_kafka)
        mine = [fault for fault in beside if fault.en.split(" ")[0].lower() not in broken]
        raise SettingsRefusedError([*_broken(kind, error), *mine]) from None
    refuse(_forbidden(found, speaks_to_kafka=speaks_to_kafka))
    return found


def refuse(faults: Sequence[Text]) -> None:
    """Raise `SettingsRefusedError` if there are any."""
    if faults:
        raise SettingsRefusedError(faults)


def _forbidden(config: ServiceSettings, *, speaks_to_kafka: bool) -> list[Text]:
    return [
        *(config.production_faults() if config.app_env == "production" else ()),
        *(config.kafka_faults() if speaks_to_kafka else ()),
    ]


def _broken(kind: type[ServiceSettings], error: ValidationError) -> Iterator[Text]:
    for fault in error.errors(include_url=False, include_input=False):
        field = str(fault["loc"][0])
        yield (
            setting_texts.missing(field)
            if fault["type"] == "missing"
            else setting_texts.wrong(field, kind.model_fields[field], str(fault.get("ctx", {}).get("error", "")))
        )


def _stand_in(name: str, field: FieldInfo) -> object:
    """Something that is right in the place of what is not; where nobody says that this is production, it is none."""
    return _STAND_INS[name] if field.is_required() else field.get_default(call_default_factory=True, validated_data={})


def _no_folder(folder: str) -> Text:
    return Text(
        f"SECRETS_DIR이(가) 잘못되었습니다: {folder} 폴더가 없습니다. 비밀 값 파일이 있는 폴더를 적거나 지우세요",
        f"SECRETS_DIR is wrong: there is no folder {folder}. Set it to the folder of the secrets, or unset it",
    )
