"""What production refuses to start with, and that each refusal names the variable and the remedy."""

import pytest

from common.settings import ServiceSettings, SettingsRefusedError, load, refuse
from common.worker import kafka_options

PRODUCTION = {
    "APP_ENV": "production",
    "DATABASE_URL": "postgresql://app:secret-password@db/applicant",
    "ISSUER": "https://id.jeonbuk.go.kr",
    "JWKS_URL": "https://id.jeonbuk.go.kr/jwks.json",
    "CURSOR_SECRET": "0123456789abcdef0123456789abcdef",
    "ALLOWED_ORIGINS": "https://apply.jeonbuk.go.kr, https://office.jeonbuk.go.kr",
}


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch):
    def set_to(values: dict[str, str | None]) -> None:
        for name in ServiceSettings.model_fields:
            monkeypatch.delenv(name.upper(), raising=False)
        for name, value in values.items():
            if value is not None:
                monkeypatch.setenv(name, value)

    return set_to


def test_a_sound_production_starts(environment):
    environment(PRODUCTION)
    found = load(ServiceSettings)
    assert found.allowed_origins == ("https://apply.jeonbuk.go.kr", "https://office.jeonbuk.go.kr")
    assert "secret-password" not in repr(found)
    assert "0123456789abcdef" not in str(found.model_dump())


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"APP_ENV": None}, "APP_ENV is not set: set it to local, test or production"),
        ({"APP_ENV": "prod"}, "APP_ENV is wrong"),
        ({"DATABASE_URL": None}, "DATABASE_URL is not set"),
        ({"PROGRAMME_CLOCK_FILE": "/tmp/clock"}, "PROGRAMME_CLOCK_FILE is set: unset it"),
        ({"FAILPOINTS": "command.before_commit=kill9"}, "FAILPOINTS is set: unset it"),
        ({"ISSUER": "http://127.0.0.1:8080/issuer"}, "ISSUER is not https"),
        ({"ISSUER": None}, "ISSUER is not https"),
        ({"JWKS_URL": "http://id.jeonbuk.go.kr/jwks.json"}, "JWKS_URL is not https"),
        ({"CURSOR_SECRET": None}, "CURSOR_SECRET is the local default: set a random one"),
        ({"CURSOR_SECRET": "short"}, "CURSOR_SECRET is short"),
        ({"ALLOWED_ORIGINS": "*"}, "ALLOWED_ORIGINS holds *"),
        ({"HTTP_PORT": "70000"}, "HTTP_PORT is wrong"),
    ],
)
def test_an_unsound_production_does_not(environment, changed: dict[str, str | None], told: str):
    environment(PRODUCTION | changed)
    with pytest.raises(SettingsRefusedError) as refusal:
        load(ServiceSettings)
    assert told in str(refusal.value)
    assert "secret-password" not in str(refusal.value)


SIGNED_IN = {"KAFKA_SECURITY_PROTOCOL": "SASL_SSL", "KAFKA_USERNAME": "applicant", "KAFKA_PASSWORD": "secret-password"}


def test_a_worker_signs_in_at_kafka_by_scram_and_encrypts_and_hides_its_password(environment):
    environment(PRODUCTION | SIGNED_IN)
    config = load(ServiceSettings)
    assert config.kafka_faults() == []
    options = kafka_options("applicant", config)
    reach = options.reach()
    assert (reach["security_protocol"], reach["sasl_mechanism"]) == ("SASL_SSL", "SCRAM-SHA-512")
    assert (reach["sasl_plain_username"], reach["sasl_plain_password"]) == ("applicant", "secret-password")
    assert reach["ssl_context"].check_hostname
    assert reach.items() <= options.clients().items()
    assert "secret-password" not in repr(options) + repr(config)


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"KAFKA_SECURITY_PROTOCOL": None}, "KAFKA_SECURITY_PROTOCOL is not SASL_SSL: set it"),
        ({"KAFKA_SECURITY_PROTOCOL": "SASL_PLAINTEXT"}, "KAFKA_SECURITY_PROTOCOL is not SASL_SSL: set it"),
        ({"KAFKA_USERNAME": None}, "KAFKA_USERNAME is not set"),
        ({"KAFKA_PASSWORD": None}, "KAFKA_PASSWORD is not set"),
        (
            {"APP_ENV": "local", "KAFKA_SECURITY_PROTOCOL": "SASL_PLAINTEXT", "KAFKA_PASSWORD": None},
            "KAFKA_PASSWORD is",
        ),
    ],
)
def test_a_worker_that_would_speak_to_kafka_unsoundly_does_not_start(environment, changed, told: str):
    environment(PRODUCTION | SIGNED_IN | changed)
    with pytest.raises(SettingsRefusedError, match=told):
        refuse(load(ServiceSettings).kafka_faults())


def test_without_a_login_everybody_may_do_everything_where_that_is_allowed(environment):
    environment(PRODUCTION | {"APP_ENV": "local"})
    config = load(ServiceSettings)
    assert config.kafka_faults() == []
    assert kafka_options("applicant", config).reach() == {"bootstrap_servers": "127.0.0.1:9092"}


def test_all_faults_are_told_at_once(environment):
    environment({"APP_ENV": "production", "DATABASE_URL": "postgresql://db/applicant", "FAILPOINTS": "x=raise"})
    with pytest.raises(SettingsRefusedError) as refusal:
        load(ServiceSettings)
    assert len(str(refusal.value).splitlines()) == 4


def test_secrets_may_be_mounted_files(environment, monkeypatch: pytest.MonkeyPatch, tmp_path):
    environment(PRODUCTION | {"DATABASE_URL": None})
    (tmp_path / "database_url").write_text("postgresql://app:from-a-file@db/applicant")
    monkeypatch.setenv("SECRETS_DIR", str(tmp_path))
    assert "from-a-file" in load(ServiceSettings).database_url.get_secret_value()


def test_a_subclass_inherits_the_refusals(environment):
    class Settings(ServiceSettings):
        tax_office_url: str = "http://127.0.0.1:9"

        def production_faults(self) -> list[str]:
            return [*super().production_faults(), "TAX_OFFICE_URL is local: set it to the tax office's address"]

    environment(PRODUCTION)
    with pytest.raises(SettingsRefusedError, match="TAX_OFFICE_URL is local"):
        load(Settings)
