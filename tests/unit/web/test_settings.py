"""What production refuses to start with, and that each refusal names the variable and the remedy."""

import pytest

from common.errors import Text
from common.settings import ServiceSettings, SettingsRefusedError, load
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
        ({"ALLOWED_ORIGINS": "https://apply.jeonbuk.go.kr/"}, "ALLOWED_ORIGINS is wrong: it must be an origin like"),
        ({"HTTP_PORT": "70000"}, "HTTP_PORT is wrong"),
    ],
)
def test_an_unsound_production_does_not(environment, changed: dict[str, str | None], told: str):
    environment(PRODUCTION | changed)
    with pytest.raises(SettingsRefusedError) as refusal:
        load(ServiceSettings)
    assert told in str(refusal.value)
    assert "secret-password" not in str(refusal.value)


def test_origins_are_kept_as_browsers_write_them(environment):
    environment(
        PRODUCTION | {"ALLOWED_ORIGINS": "HTTPS://Apply.Jeonbuk.go.kr:443,http://127.0.0.1:80,http://[::1]:8080"}
    )
    assert load(ServiceSettings).allowed_origins == (
        "https://apply.jeonbuk.go.kr",
        "http://127.0.0.1",
        "http://[::1]:8080",
    )


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
        load(ServiceSettings, speaks_to_kafka=True)
    assert load(ServiceSettings), "an API does not speak to Kafka, and starts"


def test_without_a_login_everybody_may_do_everything_where_that_is_allowed(environment):
    environment(PRODUCTION | {"APP_ENV": "local"})
    config = load(ServiceSettings)
    assert config.kafka_faults() == []
    assert kafka_options("applicant", config).reach() == {"bootstrap_servers": "127.0.0.1:9092"}


def test_all_faults_are_told_at_once_in_both_languages(environment):
    environment(
        {
            "APP_ENV": "production",
            "DATABASE_URL": "no address",
            "HTTP_PORT": "eighty",
            "LOG_LEVEL": "LOUD",
            "ISSUER": "https://id.jeonbuk.go.kr",
            "JWKS_URL": "id.jeonbuk.go.kr/keys",
            "KAFKA_BOOTSTRAP_SERVERS": "kafka",
            "FAILPOINTS": "x=raise",
        }
    )
    with pytest.raises(SettingsRefusedError) as refusal:
        load(ServiceSettings, speaks_to_kafka=True)
    told = {fault.en.split(" ")[0]: fault for fault in refusal.value.faults}
    assert list(told) == [
        "DATABASE_URL",
        "KAFKA_BOOTSTRAP_SERVERS",
        "JWKS_URL",
        "HTTP_PORT",
        "LOG_LEVEL",
        "FAILPOINTS",
        "CURSOR_SECRET",
        "KAFKA_SECURITY_PROTOCOL",
    ]
    for name, fault in told.items():
        assert fault.ko.startswith(name)
        assert any("가" <= letter <= "힣" for letter in fault.ko)
        assert f"{fault.ko}\n  {fault.en}" in str(refusal.value)


@pytest.mark.parametrize(
    ("setting", "value", "must"),
    [
        ("HTTP_PORT", "70000", "it must be a whole number of at least 0, at most 65535"),
        ("REQUEST_TIMEOUT_SECONDS", "0", "it must be a number above 0"),
        ("DATABASE_POOL_SIZE", "many", "it must be a whole number of at least 1, at most 50"),
        ("LOG_JSON", "maybe", "it must be true or false"),
        ("LOG_LEVEL", "info", "it must be one of DEBUG, INFO, WARNING, ERROR"),
        ("DATABASE_URL", "mysql://db/applicant", "it must be an address like postgresql://"),
        (
            "DATABASE_URL",
            "postgresql://app:secret-password@db:port/applicant",
            "it must be an address like postgresql://",
        ),
        ("DATABASE_URL", "", "it must be an address like postgresql://"),
        ("ISSUER", "http://", "it must be an address like https://host/path"),
        ("JWKS_URL", "https://id/keys?all", "it must be an address like https://host/path"),
        ("KAFKA_BOOTSTRAP_SERVERS", "kafka-1:9092,kafka-2", "it must be `host:port`"),
    ],
)
def test_a_malformed_setting_is_told_what_it_must_be_and_its_value_is_not_repeated(environment, setting, value, must):
    environment(PRODUCTION | {"APP_ENV": "test", setting: value})
    with pytest.raises(SettingsRefusedError) as refusal:
        load(ServiceSettings)
    (fault,) = refusal.value.faults
    assert fault.en.startswith(f"{setting} is wrong: {must}")
    assert "secret-password" not in str(refusal.value)


def test_a_folder_of_secrets_that_is_not_there_is_said(environment, monkeypatch: pytest.MonkeyPatch, tmp_path):
    environment(PRODUCTION)
    monkeypatch.setenv("SECRETS_DIR", str(tmp_path / "nowhere"))
    with pytest.raises(SettingsRefusedError, match="SECRETS_DIR is wrong: there is no folder"):
        load(ServiceSettings)


def test_secrets_may_be_mounted_files(environment, monkeypatch: pytest.MonkeyPatch, tmp_path):
    environment(PRODUCTION | {"DATABASE_URL": None})
    (tmp_path / "database_url").write_text("postgresql://app:from-a-file@db/applicant")
    monkeypatch.setenv("SECRETS_DIR", str(tmp_path))
    assert "from-a-file" in load(ServiceSettings).database_url.get_secret_value()


def test_a_subclass_inherits_the_refusals(environment):
    class Settings(ServiceSettings):
        tax_office_url: str = "http://127.0.0.1:9"

        def production_faults(self) -> list[Text]:
            told = Text(
                "TAX_OFFICE_URL이 로컬 주소입니다", "TAX_OFFICE_URL is local: set it to the tax office's address"
            )
            return [*super().production_faults(), told]

    environment(PRODUCTION)
    with pytest.raises(SettingsRefusedError, match="TAX_OFFICE_URL is local"):
        load(Settings)
